import numpy as np
import pytest
import torch

from core.kge import influence
from core.kge.influence import RowTrainer, with_rows
from core.kge.losses import link_loss, softmax_loss
from core.kge.scoring import KgeScorer
from tests.core.kge.tables import INTERACTION_NAMES, random_text, run_settings, trained
from tests.toy import ACHE, ALZHEIMER, DONEPEZIL, MEMANTINE, graph_of, row_of


def facts_of(graph, *named):
    rows, relations = graph.vocabulary.entity_row, graph.vocabulary.relation_row
    return np.array([(rows[h], relations[r], rows[t]) for h, r, t in named])


def new_row_trainer(graph, *, text=None, **options):
    settings = run_settings(text={"mode": "full"} if text else None, **options)
    model = trained(graph, settings, text)
    return RowTrainer(graph, model, settings, text.vectors if text else None), settings


@pytest.fixture
def rows(toy):
    return np.array([row_of(toy, DONEPEZIL), row_of(toy, ALZHEIMER)])


@pytest.fixture
def treatment(toy):
    return facts_of(toy, (DONEPEZIL, "treats", ALZHEIMER))


def test_the_facts_that_touch_rows_are_those_of_a_plain_search(toy, rows):
    trainer, _ = new_row_trainer(toy, epochs=1)
    n, wanted = len(toy.training_triples), set(rows.tolist())
    expected = [i for i, (h, _, t) in enumerate(toy.training_triples.tolist()) if {h, t} & wanted]
    assert trainer._facts.touching(rows).tolist() == expected + [n + i for i in expected]


def test_known_corruptions_are_marked_and_tails_keep_their_kind(toy, rows):
    trainer, _ = new_row_trainer(toy, epochs=1)
    generator = np.random.default_rng(0)
    chunks = trainer._facts.chunks(trainer._facts.touching(rows), generator)
    batch = trainer._facts.batch(chunks, generator)
    n = toy.n_relations
    true = {(h, r, t) for h, r, t in toy.training_triples.tolist()} | {(t, r + n, h) for h, r, t in toy.training_triples.tolist()}
    assert batch.known.any()
    for k, c, j in np.ndindex(*batch.known.shape):
        corrupted = (int(batch.heads[k, c]), int(batch.relations[k, c]), int(batch.negatives[k, j]))
        assert batch.known[k, c, j] == (corrupted in true)
        same_kind = {toy.kinds[t] for _, r, t in true if r == batch.relations[k, c]}
        assert toy.kinds[batch.negatives[k, j]] in same_kind | {toy.kinds[t] for t in batch.tails[k]}


@pytest.mark.parametrize("objective", ["sigmoid", "softmax"])
@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
def test_one_step_is_that_of_a_plain_loop(toy, rows, treatment, monkeypatch, objective, interaction):
    """Row-wise Adagrad's first step: against the gradient, divided by its root mean square over the row."""
    monkeypatch.setattr(influence, "STEPS", 1)
    text = random_text(toy, 8)
    options = {"epochs": 3, "objective": objective, "model": {"interaction": interaction}}
    trainer, settings = new_row_trainer(toy, text=text, **options)
    shift = trainer.shifts(rows, [treatment])[0]
    expected = plain_step(trainer, settings, text, rows, treatment) - plain_step(trainer, settings, text, rows, None)
    torch.testing.assert_close(shift, expected, rtol=1e-3, atol=1e-5)


def plain_step(trainer, settings, text, rows, left_out):
    model, facts = trainer.model, trainer._facts
    generator = np.random.default_rng(0)
    chunks = facts.chunks(facts.touching(rows), generator)
    batch = facts.batch(chunks, generator)
    gone = {
        tuple(fact)
        for h, r, t in (left_out if left_out is not None else [])
        for fact in ((h, r, t), (t, r + model.n_relations, h))
    }
    table = model.entities.data.clone().requires_grad_()
    uses, total, scale = dict.fromkeys(rows.tolist(), 0), 0, settings.training.batch_size
    parts = []
    for k, c in np.ndindex(*batch.heads.shape):
        h, r, t = int(batch.heads[k, c]), int(batch.relations[k, c]), int(batch.tails[k, c])
        for row in uses:
            uses[row] += row in (h, t)
        weight = 0.0 if (h, r, t) in gone else float(batch.weights[k, c])
        relation = model.relations.data[r]
        ends = torch.tensor([t, *batch.negatives[k].tolist()])
        heads, relations = table[h].expand(len(ends), -1), relation.expand(len(ends), -1)
        scores = model.interaction.triple_scores(heads, relations, table[ends], settings.model.gamma)
        parts.append((scores[0], scores[1:], torch.from_numpy(batch.known[k, c]), weight))
    weights = torch.tensor([weight for *_, weight in parts])
    stacked = [torch.stack(column)[None] for column in list(zip(*parts, strict=True))[:3]]
    link = softmax_loss if settings.training.objective == "softmax" else lambda *a: link_loss(*a, temperature=1.0)
    total = settings.training.link_weight * link(*stacked, weights[None]) * weights.sum() / scale
    batches = -(-len(facts._directed) // scale)
    for row, times in uses.items():
        cosine = torch.nn.functional.cosine_similarity(table[row], torch.from_numpy(text.vectors[row]), dim=0)
        total = total + settings.text.anchor_weight * min(times, batches) / scale * (1 - cosine)
    slope = torch.autograd.grad(total, table)[0][torch.from_numpy(rows)]
    rate = settings.training.learning_rate * settings.text.rho
    return table.detach()[torch.from_numpy(rows)] - rate * slope / slope.square().mean(-1, keepdim=True).sqrt()


def test_the_model_stays_as_it_is(toy, rows, treatment):
    trainer, _ = new_row_trainer(toy, epochs=1)
    before = trainer.model.entities.data.clone(), trainer.model.relations.data.clone()
    assert trainer.shifts(rows, [treatment])[0].abs().max() > 0
    assert torch.equal(trainer.model.entities.data, before[0])
    assert torch.equal(trainer.model.relations.data, before[1])


def test_the_same_seed_gives_the_same_shift(toy, rows, treatment):
    trainer, _ = new_row_trainer(toy, epochs=1)
    first, again, other = (trainer.shifts(rows, [treatment], seed=seed)[0] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_sets_of_facts_do_not_disturb_each_other(toy, rows, treatment):
    trainer, _ = new_row_trainer(toy, epochs=1)
    target = facts_of(toy, (DONEPEZIL, "inhibits", ACHE))
    both = trainer.shifts(rows, [target, treatment])
    torch.testing.assert_close(both[0], trainer.shifts(rows, [target])[0])
    torch.testing.assert_close(both[1], trainer.shifts(rows, [treatment])[0])


def test_what_was_never_learned_from_moves_nothing(toy, rows):
    trainer, _ = new_row_trainer(toy, epochs=1)
    trial = facts_of(toy, ("Compound::aspirin", "investigated_for", ALZHEIMER))
    elsewhere = facts_of(toy, ("Compound::metformin", "treats", "Disease::diabetes"))
    invented = facts_of(toy, (MEMANTINE, "inhibits", ACHE))
    assert [float(shift.abs().max()) for shift in trainer.shifts(rows, [trial, elsewhere, invented])] == [0, 0, 0]


def chance_graph():
    """Drugs treat diseases by chance: nothing but the fact itself says so."""
    drugs, diseases = [f"Compound::{i}" for i in range(40)], [f"Disease::{i}" for i in range(30)]
    nodes = [(d, d, "Compound", "") for d in drugs] + [(d, d, "Disease", "") for d in diseases]
    joined = np.argwhere(np.random.default_rng(0).random((40, 30)) < 0.1).tolist()
    return graph_of(nodes, [(drugs[i], "treats", diseases[j], "", "") for i, j in joined])


@pytest.mark.parametrize("interaction", ["complex", "transe"])
def test_without_its_treatment_a_drug_falls_among_the_drugs(interaction):
    graph = chance_graph()
    larger = {"epochs": 30, "learning_rate": 0.1, "batch_size": 64, "chunk_size": 16, "negatives": 16}
    trainer, _ = new_row_trainer(graph, model={"interaction": interaction, "dim": 16}, **larger)
    falls = []
    for drug, disease in graph.pairs("treats")[::10].tolist():
        pair = np.array([drug, disease])
        fact = np.array([(drug, graph.vocabulary.relation_row["treats"], disease)])
        changed = with_rows(trainer.model, pair, trainer.model.entities.data[pair] + trainer.shifts(pair, [fact])[0])
        scorers = [KgeScorer("x", model, graph.role_relations("treats")) for model in (trainer.model, changed)]
        scores = np.stack([scorer.scores(graph.drugs, pair[1:])[0] for scorer in scorers])
        heights = (scores - scores.mean(1, keepdims=True)) / scores.std(1, keepdims=True)
        falls.append(np.subtract(*heights[:, graph.drugs == drug].ravel()))
    assert np.mean(falls) > 0
    assert np.mean(np.array(falls) > 0) > 0.75


def test_changed_rows_change_nothing_else(toy, rows):
    trainer, _ = new_row_trainer(toy, epochs=1)
    before = trainer.model.entities.data.clone()
    changed = with_rows(trainer.model, rows, torch.ones(2, 8))
    assert torch.equal(changed.entities.data[rows], torch.ones(2, 8))
    others = np.setdiff1d(np.arange(toy.n_entities), rows)
    assert torch.equal(changed.entities.data[others], before[others])
    assert torch.equal(trainer.model.entities.data, before)
    assert torch.equal(changed.relations.data, trainer.model.relations.data)
