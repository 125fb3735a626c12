import math

import numpy as np
import pytest
import torch

from core.errors import TrainingError
from core.evaluate.ranks import Ranks
from core.kg.splits import without_pairs
from core.kge.interactions import INTERACTIONS
from core.kge.kernels import loops
from core.kge.losses import ANCHORS, cosine_anchor
from core.kge.sampling import ChunkSampler
from core.kge.scoring import KgeScorer
from core.kge.training import choose_device
from tests.core.kge.tables import INTERACTION_NAMES, new_trainer, random_text, run_settings, trained
from tests.toy import graph_of

GENES, DRUGS, DISEASES = 6, 5, 4  #: of the planted graph: genes; drugs and diseases a gene


def planted_graph():
    """Every drug treats all diseases of the gene that it inhibits: knowing the gene is knowing the treatment."""
    nodes = [(f"Gene::{g}", f"gene {g}", "Gene", "") for g in range(GENES)]
    drugs = {(g, i): f"Compound::{g}-{i}" for g in range(GENES) for i in range(DRUGS)}
    diseases = {(g, i): f"Disease::{g}-{i}" for g in range(GENES) for i in range(DISEASES)}
    nodes += [(drug, drug, "Compound", "") for drug in drugs.values()] + [(d, d, "Disease", "") for d in diseases.values()]
    edges = [(drug, "inhibits", f"Gene::{g}", "", "") for (g, _), drug in drugs.items()]
    edges += [(disease, "associated_with", f"Gene::{g}", "", "") for (g, _), disease in diseases.items()]
    edges += [(drug, "treats", d, "", "") for (g, _), drug in drugs.items() for (of, _), d in diseases.items() if g == of]
    return graph_of(nodes, edges)


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
@pytest.mark.parametrize("objective", ["sigmoid", "softmax"])
def test_a_planted_pattern_is_learned(interaction, objective):
    graph = planted_graph()
    test = graph.pairs("treats")[::7]
    larger = {"epochs": 40, "learning_rate": 0.1, "batch_size": 64, "chunk_size": 16, "negatives": 16, "objective": objective}
    model = trained(
        without_pairs(graph, test), run_settings(model={"interaction": interaction, "dim": 32, "gamma": 4.0}, **larger)
    )
    scores = KgeScorer("run", model, graph.relation_rows(["treats"])).scores(graph.drugs, test[:, 1])
    known = {tuple(pair) for pair in graph.pairs("treats").tolist()}
    left_out = np.array([[(drug, disease) in known for drug in graph.drugs.tolist()] for disease in test[:, 1].tolist()])
    ranks = Ranks.of_targets(scores, np.searchsorted(graph.drugs, test[:, 0]), left_out)
    chance = (1 + (GENES - 1) * DRUGS + 1) / 2  # among the drugs of the other genes and itself
    assert (ranks.candidates == (GENES - 1) * DRUGS + 1).all()
    assert ranks.realistic.mean() < chance / 4


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_text_of_no_weight_is_the_plain_model_exactly(toy, interaction, optimizer):
    shape = {"model": {"interaction": interaction}, "epochs": 3, "optimizer": optimizer, "learning_rate": 0.01}
    plain = trained(toy, run_settings(**shape))
    with_text = run_settings(text={"mode": "full", "rho": 1.0, "anchor_weight": 0.0}, **shape)
    injected = trained(toy, with_text, random_text(toy, 8))
    assert torch.equal(plain.entities, injected.entities)
    assert torch.equal(plain.relations, injected.relations)


def test_text_of_some_weight_is_another_model(toy):
    plain = trained(toy, run_settings(epochs=1))
    injected = trained(toy, run_settings(text={"mode": "full", "anchor_weight": 0.0}, epochs=1), random_text(toy, 8))
    assert not torch.allclose(plain.entities, injected.entities)


class TwoTables:
    """LLaDR as it is written: e = rho * u + (1 - rho) * t with u learned; dense, triple by triple, with autograd."""

    def __init__(self, graph, settings, text, start):
        self.graph, self.settings = graph, settings
        self.t = torch.from_numpy(text.vectors)
        self.u, self.r = start.entities.data.clone(), start.relations.data.clone()
        self.sums = {"u": torch.zeros(len(self.u)), "r": torch.zeros(len(self.r))}

    def step(self, batch):
        rho, zeta = self.settings.text.rho, self.settings.text.anchor_weight
        u, r = self.u.clone().requires_grad_(), self.r.clone().requires_grad_()
        e = rho * u + (1 - rho) * self.t
        rows = sorted({*batch.heads.ravel().tolist(), *batch.tails.ravel().tolist(), *batch.negatives.ravel().tolist()})
        anchor = torch.stack([ANCHORS[self.settings.text.anchor](e[i][None], self.t[i][None])[0] for i in rows]).mean()
        loss = self.settings.training.link_weight * self.link(batch, e, r) + zeta * anchor
        loss.backward()
        for name, table, gradient in (("u", self.u, u.grad), ("r", self.r, r.grad)):
            self.sums[name] += gradient.square().mean(1)
            table -= self.settings.training.learning_rate * gradient / (self.sums[name].sqrt() + 1e-10)[:, None]

    def link(self, batch, e, r):
        total = 0.0
        for k, c in zip(*np.nonzero(batch.weights), strict=True):
            head, relation = int(batch.heads[k, c]), int(batch.relations[k, c])
            kept = batch.negatives[k][~batch.known[k, c]].tolist()
            right = -torch.nn.functional.logsigmoid(self.score(e, r, head, relation, int(batch.tails[k, c])))
            wrong = torch.zeros(())
            if kept:
                scores = torch.stack([self.score(e, r, head, relation, tail) for tail in kept])
                shares = (self.settings.training.adversarial_temperature * scores).softmax(0).detach()
                wrong = -(shares * torch.nn.functional.logsigmoid(-scores)).sum()
            total = total + float(batch.weights[k, c]) * (right + wrong)
        return total / float(batch.weights.sum())

    def score(self, e, r, head, relation, tail):
        interaction = INTERACTIONS[self.settings.model.interaction]
        return interaction.triple_scores(e[head][None], r[relation][None], e[tail][None], self.settings.model.gamma)[0]


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
@pytest.mark.parametrize("anchor", ANCHORS)
def test_one_table_is_the_two_tables_of_the_paper(toy, interaction, anchor):
    settings = run_settings(text={"mode": "full", "anchor": anchor}, model={"interaction": interaction}, learning_rate=0.05)
    text = random_text(toy, 8)
    trainer, base = new_trainer(toy, settings, text), new_trainer(toy, run_settings(model={"interaction": interaction}))
    slow = TwoTables(toy, settings, text, base.model)  # the base model starts at u
    for batch in list(trainer.sampler.epoch(0))[:5]:
        trainer.step(batch)
        slow.step(batch)
    rho = settings.text.rho
    torch.testing.assert_close(trainer.model.entities.data, rho * slow.u + (1 - rho) * slow.t, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(trainer.model.relations.data, slow.r, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
def test_the_same_seed_gives_the_same_bits(toy, interaction):
    settings = run_settings(text={"mode": "full"}, model={"interaction": interaction}, epochs=3, seed=7)
    first, again = (trained(toy, settings, random_text(toy, 8)) for _ in range(2))
    other = trained(toy, settings.replace(training={"seed": 8}), random_text(toy, 8))
    assert torch.equal(first.entities, again.entities)
    assert torch.equal(first.relations, again.relations)
    assert not torch.equal(first.entities, other.entities)


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
def test_threads_of_the_loops_change_no_bit(toy, interaction, monkeypatch):
    settings = run_settings(text={"mode": "full"}, model={"interaction": interaction}, epochs=2)
    alone = trained(toy, settings, random_text(toy, 8))
    monkeypatch.setattr(loops, "WORTH_A_THREAD", 0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    shared = trained(toy, settings, random_text(toy, 8))
    assert torch.equal(alone.entities, shared.entities)
    assert torch.equal(alone.relations, shared.relations)


def test_the_anchor_pulls_vectors_to_their_text(toy):
    text = random_text(toy, 8)

    def distance(weight):
        model = trained(toy, run_settings(text={"mode": "full", "anchor_weight": weight}, epochs=20), text)
        return cosine_anchor(model.entities, model.text).mean().item()

    assert distance(20.0) < distance(2.0) < distance(0.0)


def test_an_event_an_epoch_tells_the_losses(toy):
    settings = run_settings(text={"mode": "full", "anchor_weight": 0.5}, epochs=30, learning_rate=0.1)
    events = list(new_trainer(toy, settings, random_text(toy, 8)).run())
    assert [(event.epoch, event.epochs) for event in events] == [(number, 30) for number in range(1, 31)]
    for event in events:
        assert event.loss == pytest.approx(1.8 * event.link + 0.5 * event.anchor, rel=1e-5)
        assert event.triples == 2 * len(toy.training_triples)
    assert events[-1].link < 0.5 * events[0].link


def test_the_base_model_has_no_anchor(toy):
    assert [event.anchor for event in new_trainer(toy, run_settings(epochs=2)).run()] == [0.0, 0.0]


def test_untouched_entities_keep_their_start_value(toy):
    lonely = toy.kept(toy.triples[:, 1] == toy.vocabulary.relation_row["inhibits"])
    settings = run_settings(epochs=2)
    start, end = new_trainer(lonely, settings).model.entities.data, trained(lonely, settings).entities.data
    touched = toy.kind_codes == toy.kind_names.index("Disease")
    assert torch.equal(start[touched], end[touched])
    assert not torch.equal(start, end)


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_names_its_step(toy, interaction, value):
    trainer = new_trainer(toy, run_settings(model={"interaction": interaction}, epochs=2))
    events = trainer.run()
    next(events)
    trainer.model.entities.data[:] = value
    with pytest.raises(TrainingError, match="in step 1 of epoch 2"):
        next(events)


class OneBatch:
    """The first batch of each epoch of another sampler."""

    n_batches = n_positives = 1

    def __init__(self, sampler: ChunkSampler) -> None:
        self._sampler = sampler

    def epoch(self, number: int):
        return [next(self._sampler.epoch(number))]


@pytest.mark.parametrize("table", ["entities", "relations"])
@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_vectors_that_the_last_step_spoiled_are_no_epoch(toy, monkeypatch, table, value):
    """Its loss was computed before the step and is finite: without a look at the tables they would become a checkpoint."""
    trainer = new_trainer(toy, run_settings(epochs=1))
    step = trainer.step

    def spoil(batch):
        losses = step(batch)
        getattr(trainer.model, table).data[-1, -1] = value
        return losses

    monkeypatch.setattr(trainer, "step", spoil)
    trainer.sampler = OneBatch(trainer.sampler)
    with pytest.raises(TrainingError, match="last step of epoch 1"):
        next(trainer.run())
    assert trainer.epoch == 0


def test_weights_that_the_last_step_spoiled_are_no_epoch(toy, monkeypatch):
    trainer = new_trainer(toy, run_settings(model={"interaction": "pykeen:ERMLP"}, epochs=1))
    step, weight = trainer.weights.step, trainer.model.weights.hidden.bias
    monkeypatch.setattr(trainer.weights, "step", lambda: (step(), weight.data.fill_(math.inf)))
    trainer.sampler = OneBatch(trainer.sampler)
    with pytest.raises(TrainingError, match="last step of epoch 1"):
        next(trainer.run())


@pytest.mark.parametrize(("saved", "words"), [(0, "no checkpoint was written"), (7, "the checkpoint of epoch 7 is kept")])
def test_what_diverged_names_the_last_good_checkpoint(toy, saved, words):
    trainer = new_trainer(toy, run_settings(epochs=9))
    trainer.epoch, trainer.saved = 8, saved
    trainer.model.entities.data[:] = math.nan
    with pytest.raises(TrainingError, match=words):
        next(trainer.run())


@pytest.mark.parametrize("name", ["cuda", "cuda:7", "mps", "abacus"])
def test_a_device_that_is_not_there_is_refused_clearly(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(TrainingError, match=name) as caught:
        choose_device(name)
    assert "cpu" in caught.value.expected + caught.value.advice


def test_auto_takes_cuda_only_where_it_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"


def test_never_trained_edges_do_not_reach_the_loop(toy):
    sampler = ChunkSampler(toy.training_triples, toy.kind_codes, toy.n_relations, run_settings().training)
    investigated = toy.vocabulary.relation_row["investigated_for"]
    for batch in sampler.epoch(0):
        assert not np.isin(batch.relations % toy.n_relations, investigated).any()


def triples_of(batch):
    """Return the positives that count, sorted."""
    counts = batch.weights > 0
    return sorted(zip(batch.heads[counts], batch.relations[counts], batch.tails[counts], strict=True))


@pytest.mark.parametrize(("room", "parts"), [(4, 4), (3, 8), (1, 16)])
def test_a_batch_that_memory_does_not_hold_is_cut_into_parts(toy, monkeypatch, caplog, room, parts):
    """Between its four chunks of four positives, and where one of them is too much, within them; each positive once."""
    trainer, taken = new_trainer(toy, run_settings(epochs=1)), []
    step = trainer.step

    def small_memory(batch):
        if batch.heads.size > room:
            raise torch.OutOfMemoryError
        taken.append(batch)
        return step(batch)

    monkeypatch.setattr(trainer, "step", small_memory)
    (event,) = trainer.run()
    expected = sorted(triple for batch in trainer.sampler.epoch(0) for triple in triples_of(batch))
    assert sorted(triple for batch in taken for triple in triples_of(batch)) == expected
    assert math.isfinite(event.loss)
    assert f"cut into {parts} parts" in caplog.text
    assert f"cut into {2 * parts} parts" not in caplog.text


def test_memory_that_runs_out_halfway_trains_nothing_twice(toy, monkeypatch):
    """The first half of a batch was trained when the second one did not fit: only that is cut smaller."""
    trainer, taken = new_trainer(toy, run_settings(epochs=1)), []
    batch = next(trainer.sampler.epoch(0))
    trainer._parts = 2

    def fails_once(part):
        if len(taken) == 1 and part.heads.size > 4:
            raise torch.OutOfMemoryError
        taken.append(part)
        return torch.full((3,), float(len(taken)))

    monkeypatch.setattr(trainer, "step", fails_once)
    loss = trainer._step_in_memory(batch)
    assert [part.heads.size for part in taken] == [8, 4, 4]
    assert sorted(triple for part in taken for triple in triples_of(part)) == triples_of(batch)
    shares = [part.weights.sum() / batch.weights.sum() for part in taken]
    assert loss[0].item() == pytest.approx(np.dot(shares, [1, 2, 3]))


def test_a_step_cut_short_leaves_no_gradient_behind(toy, monkeypatch):
    """Half a backward pass may have reached the weights of an interaction when memory ran out."""
    trainer = new_trainer(toy, run_settings(model={"interaction": "pykeen:ERMLP"}, epochs=1))
    batch = next(trainer.sampler.epoch(0))
    weight = next(trainer.model.weights.parameters())
    step, seen = trainer.step, []

    def fails_once(part):
        if not seen:
            weight.grad = torch.full_like(weight, 1e9)
            seen.append(part)
            raise torch.OutOfMemoryError
        seen.append(weight.grad)
        return step(part)

    monkeypatch.setattr(trainer, "step", fails_once)
    trainer._step_in_memory(batch)
    assert seen[1] is None


def test_memory_for_not_even_one_positive_is_explained(toy, monkeypatch):
    trainer = new_trainer(toy, run_settings(epochs=1))

    def no_memory(batch):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(trainer, "step", no_memory)
    with pytest.raises(TrainingError, match="too little memory for one positive and 4 corruptions"):
        list(trainer.run())


def test_steps_are_told_one_by_one(toy):
    settings, told = run_settings(epochs=2), []
    trainer = new_trainer(toy, settings)
    list(trainer.run(on_step=lambda done, total: told.append((done, total))))
    batches = len(list(trainer.sampler.epoch(0)))
    assert told == 2 * [(number, batches) for number in range(1, batches + 1)]
