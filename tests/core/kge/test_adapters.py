"""PyKEEN's interactions through our tables against PyKEEN's own modules, one triple at a time."""

import itertools
import logging

import pytest
import torch
from pykeen.models.unimodal.auto_sf import YAGO310_COEFFICIENTS
from pykeen.nn import quaternion
from pykeen.nn.modules import interaction_resolver
from pykeen.utils import complex_normalize
from torch.nn import functional

from core.errors import ConfigError, WeightsError
from core.kge import adapters
from core.kge.adapters import interaction_named
from core.kge.chance import seeded
from core.kge.checkpoints import load_model, restore, save_checkpoint
from core.kge.influence import with_rows
from core.kge.interactions import INTERACTIONS
from core.kge.model import Model
from tests.core.kge.tables import new_trainer, random_tensor, random_text, run_settings, trained

GAMMA, SIZE = 12.0, 12
PLAIN = {"embedding_dim": SIZE}
NORM = {"p": 2}
#: how PyKEEN's module is built for vectors of SIZE; written by hand, as the documentation of each asks for
ARGUMENTS = {
    "autosf": {"coefficients": YAGO310_COEFFICIENTS, "num_blocks": 4},
    **dict.fromkeys(("conve", "convkb", "crosse", "ermlp", "ermlpe", "proje"), PLAIN),
    **dict.fromkeys(("lineare", "mure", "pairre", "se", "transe", "transh", "transr"), NORM),
    "multilineartucker": {"head_dim": SIZE, "relation_dim": SIZE, "tail_dim": SIZE},
    "transformer": {"input_dim": SIZE, "num_heads": 4},
    "tucker": PLAIN | {"relation_dim": SIZE},
}
RANKS = {"cp": 1, "ntn": 4, "quate": 4}
#: what PyKEEN's models do to a vector before the interaction sees it (their constrainers and normalisers); for the variances of
#: KG2E, which PyKEEN cuts, any positive function
TREATED = {
    "kg2e": ({1: functional.softplus}, {1: functional.softplus}),
    "rotate": ({}, {0: complex_normalize}),
    "quate": ({}, {0: quaternion.normalize}),
    "transh": ({}, {0: lambda normal: functional.normalize(normal, dim=-1)}),
}
NAMES = sorted(set(interaction_resolver.lookup_dict) - {"um"})
WITH_WEIGHTS = ["conve", "convkb", "crosse", "ermlp", "ermlpe", "multilineartucker", "proje", "transformer", "tucker"]
BY_CHANCE = ["conve", "crosse", "ermlpe", "transformer", "tucker"]  #: with dropout
DIM = dict.fromkeys(NAMES, 8) | {"conve": 13, "mure": 10, "autosf": 8, "quate": 8}


def built(name):
    module = interaction_resolver.lookup_dict[name](**ARGUMENTS.get(name, {}))
    module.reset_parameters()
    return module.eval()


def drawn(module, name, shapes, generator):
    """Draw what one entity or relation has; several when the shapes are several."""
    dtype = torch.complex64 if module.is_complex else torch.float32
    lengths = {"s": 1, "k": RANKS.get(name)}
    sizes = [[lengths.get(letter) or SIZE for letter in shape] for shape in shapes]
    return [torch.randn(size, generator=generator, dtype=dtype) * 0.5 for size in sizes]


def row(parts):
    """Put the numbers of one entity or relation side by side; complex vectors as real and imaginary half."""
    halves = [[part.real.ravel(), part.imag.ravel()] if part.is_complex() else [part.ravel()] for part in parts]
    return torch.cat([half for pair in halves for half in pair])


def given(parts, places, treated):
    changed = [treated.get(place, lambda x: x)(part) for place, part in enumerate(parts)]
    return changed[places[0]] if len(places) == 1 else [changed[place] for place in places]


def test_our_own_names_are_our_own():
    assert all(interaction_named(name, 8) is INTERACTIONS[name] for name in INTERACTIONS)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("name", NAMES)
def test_every_interaction_scores_a_block_like_pykeens_single_triples(name):
    """Each triple alone, with its vectors drawn one by one, against the block made of the same rows."""
    module, generator = built(name), torch.Generator().manual_seed(0)
    drawing = [(module.entity_shape, 2), (module.relation_shape, 2), (module.entity_shape, 4)]
    heads, relations, tails = ([drawn(module, name, shapes, generator) for _ in range(n)] for shapes, n in drawing)
    h, r, t = (torch.stack([row(parts) for parts in several]) for several in (heads, relations, tails))

    interaction = interaction_named(f"pykeen:{name}", h.shape[1], seed=5)
    assert interaction.relation_width(h.shape[1]) == r.shape[1]
    assert (interaction.weights is not None) == bool(module.state_dict())
    if interaction.weights is not None:
        module.load_state_dict(interaction.weights.state_dict())

    of_entity, of_relation = TREATED.get(name, ({}, {}))
    everywhere = range(len(module.relation_shape))
    expected = torch.empty(2, 4)
    for (i, j), _ in zip(itertools.product(range(2), range(4)), range(8), strict=True):
        head, tail = given(heads[i], module.head_indices, of_entity), given(tails[j], module.tail_indices, of_entity)
        expected[i, j] = module(*_in_a_batch(head, given(relations[i], everywhere, of_relation), tail))
    found = interaction.scores(interaction.query(h, r)[None], t[None], GAMMA)[0]
    torch.testing.assert_close(found, expected + (GAMMA if interaction.is_distance else 0), rtol=1e-3, atol=1e-4)


def _in_a_batch(*parts):
    """Put a batch of one around each: batch normalisation and convolutions want one."""
    return [[each[None] for each in part] if isinstance(part, list) else part[None] for part in parts]


@pytest.mark.parametrize("name", NAMES)
def test_every_interaction_is_trained_and_scores_for_a_shortlist(toy, name):
    settings = run_settings(model={"interaction": f"pykeen:{name}", "dim": DIM[name]}, epochs=12, learning_rate=0.1)
    trainer = new_trainer(toy, settings)
    before = [weight.clone() for weight in trainer.weights.tables()]
    losses = [event.loss for event in trainer.run()]
    assert losses[-1] < losses[0]
    assert all(not torch.equal(old, new) for old, new in zip(before, trainer.weights.tables(), strict=True))
    rows, relations = torch.arange(3), torch.zeros(3, dtype=torch.int64)
    first, second = (trainer.model.score_tails(rows, relations, rows) for _ in range(2))
    assert first.isfinite().all()
    assert torch.equal(first, second)  # no dropout in scoring


@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_a_weight_gets_the_slope_of_the_loss(toy, name):
    """A step of plain descent by a difference quotient in double precision must show what autograd left there."""
    trainer = new_trainer(toy, run_settings(model={"interaction": f"pykeen:{name}", "dim": DIM[name]}))
    model = trainer.model
    heads, relations, tails = model.entities.data[:3], model.relations.data[:3], model.entities.data[3:6]
    model.double()
    heads, relations, tails = heads.double(), relations.double(), tails.double()

    def loss():
        return model.interaction.triple_scores(heads, relations, tails, 0).sum()

    loss().backward()
    weight = max(model.weights.parameters(), key=lambda p: p.grad.abs().max().item())
    place = int(weight.grad.abs().argmax())
    values = []
    for step in (1e-6, -2e-6):
        weight.data.view(-1)[place] += step
        values.append(loss().item())
    assert weight.grad.view(-1)[place].item() == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("name", WITH_WEIGHTS)
@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_stop_and_resume_is_bit_for_bit(toy, tmp_path, name, optimizer):
    """In between, the process may have drawn any other random numbers."""
    shape = {"model": {"interaction": f"pykeen:{name}", "dim": DIM[name]}, "optimizer": optimizer, "learning_rate": 0.05}
    settings, path = run_settings(epochs=4, seed=3, **shape), tmp_path / "model.safetensors"
    straight, first = new_trainer(toy, settings), new_trainer(toy, settings)
    list(straight.run())
    list(itertools.islice(first.run(), 2))
    save_checkpoint(first, toy.vocabulary, path)
    torch.rand(17)
    again = new_trainer(toy, settings)
    restore(again, toy.vocabulary, path)
    list(again.run())
    states = [trainer.model.state_dict() for trainer in (again, straight)]
    assert states[0].keys() >= {"entities", "relations"} | {f"weights.{n}" for n, _ in straight.weights._module.named_buffers()}
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[1])


def test_a_model_comes_back_with_its_weights(toy, tmp_path):
    settings, path = run_settings(model={"interaction": "pykeen:TuckER"}, epochs=2), tmp_path / "model.safetensors"
    trainer = new_trainer(toy, settings)
    list(trainer.run())
    save_checkpoint(trainer, toy.vocabulary, path)
    model = load_model(path, toy.vocabulary, settings)
    rows, relations = torch.arange(3), torch.zeros(3, dtype=torch.int64)
    assert torch.equal(model.score_tails(rows, relations, rows), trainer.model.score_tails(rows, relations, rows))
    assert not torch.equal(Model(9, 2, settings.model).weights.core_tensor, model.weights.core_tensor)
    changed = with_rows(model, rows.numpy(), model.entities.data[rows])
    assert torch.equal(changed.score_tails(rows, relations, rows), model.score_tails(rows, relations, rows))


def test_weights_of_another_shape_are_refused(toy, tmp_path):
    settings, path = run_settings(model={"interaction": "pykeen:ERMLP"}, epochs=1), tmp_path / "model.safetensors"
    save_checkpoint(new_trainer(toy, settings), toy.vocabulary, path)
    with pytest.raises(WeightsError, match="weights"):
        load_model(path, toy.vocabulary, settings.replace(model={"interaction": "pykeen:ProjE"}))


@pytest.mark.parametrize("name", BY_CHANCE)
def test_dropout_is_the_seeds(toy, name):
    def entities(seed):
        model = {"interaction": f"pykeen:{name}", "dim": DIM[name]}
        return trained(toy, run_settings(model=model, epochs=2, seed=seed)).entities.data

    state = torch.get_rng_state()
    one = entities(1)
    assert torch.equal(torch.get_rng_state(), state)  # whoever else draws numbers is not disturbed
    torch.rand(5)
    assert torch.equal(one, entities(1))
    assert not torch.equal(one, entities(2))


def test_start_weights_are_the_seeds():
    starts = [interaction_named("pykeen:Transformer", 8, seed=seed).weights.state_dict() for seed in (1, 1, 2)]
    assert all(torch.equal(starts[0][key], starts[1][key]) for key in starts[0])
    assert not torch.equal(
        starts[0]["transformer.layers.0.self_attn.in_proj_weight"], starts[2]["transformer.layers.0.self_attn.in_proj_weight"]
    )


@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_start_weights_are_all_filled(name):
    """PyKEEN leaves some of them as memory is found, which torch fills with NaN in this mode."""
    torch.use_deterministic_algorithms(mode=True)
    try:
        weights = interaction_named(f"pykeen:{name}", DIM[name]).weights.state_dict()
    finally:
        torch.use_deterministic_algorithms(mode=False)
    assert all(weight.isfinite().all() for weight in weights.values())


def test_dropout_is_another_one_every_epoch(toy, monkeypatch):
    trainer, draws = new_trainer(toy, run_settings(model={"interaction": "pykeen:TuckER"}, epochs=2)), []
    step = trainer.step

    def watched(batch):
        draws.append((trainer.epoch, trainer.model.weights.training, torch.rand(()).item()))
        return step(batch)

    monkeypatch.setattr(trainer, "step", watched)
    list(trainer.run())
    assert all(training for _, training, _ in draws)
    assert not trainer.model.weights.training
    first, second = ({draw for epoch, _, draw in draws if epoch == number} for number in (0, 1))
    assert first
    assert second
    assert not first & second


def test_seeds_of_several_numbers_are_told_apart():
    draws = []
    for numbers in ((1, 2), (2, 1), (1, 2)):
        with seeded(*numbers):
            draws.append(torch.rand(3))
    assert torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0], draws[1])


@pytest.mark.parametrize("name", ["TransH", "ConvKB", "ERMLP"])
def test_slices_are_the_whole(name, monkeypatch):
    """Scores and slopes, to the weights too."""
    interaction = interaction_named(f"pykeen:{name}", 8)
    width = 8 + interaction.relation_width(8)

    def found():
        queries, candidates = random_tensor(2, 5, width, seed=1).requires_grad_(), random_tensor(2, 3, 8, seed=2).requires_grad_()
        scores = interaction.compare(queries, candidates)
        weights = list(interaction.weights.parameters()) if interaction.weights else []
        return scores, *torch.autograd.grad(scores.square().sum(), [queries, candidates, *weights])

    whole = found()
    monkeypatch.setattr(adapters, "MOST_NUMBERS", 2 * 2 * 3 * 8)
    monkeypatch.setattr(adapters, "NUMBERS_A_PAIR", {})
    calls = []
    monkeypatch.setattr(adapters, "_scores", lambda *parts, scores=adapters._scores: (calls.append(parts), scores(*parts))[1])
    torch.testing.assert_close(found(), whole)
    assert len(calls) == 2 * 3  # three slices of two, two and one query, and all of them again on the way back


def test_what_normalises_a_batch_sees_it_whole(monkeypatch):
    """The mean over a slice would be another mean."""
    interaction = interaction_named("pykeen:ERMLPE", 8)
    interaction.weights.train()
    for part in interaction.weights.modules():
        if isinstance(part, torch.nn.Dropout):
            part.eval()
    queries, candidates = random_tensor(2, 5, 16, seed=1), random_tensor(2, 3, 8, seed=2)
    whole = interaction.compare(queries, candidates)
    monkeypatch.setattr(adapters, "MOST_NUMBERS", 1)
    torch.testing.assert_close(interaction.compare(queries, candidates), whole)


def test_text_goes_into_all_columns_alike(toy):
    """Into both vectors of SimplE: the blend of the whole row, as for one vector."""
    shape, text = {"model": {"interaction": "pykeen:SimplE", "dim": 8}}, random_text(toy, 8)
    start = new_trainer(toy, run_settings(**shape)).model.entities.data
    blended = new_trainer(toy, run_settings(text={"mode": "full"}, **shape), text).model.entities.data
    torch.testing.assert_close(blended, 0.6 * start + 0.4 * torch.from_numpy(text.vectors))


@pytest.mark.parametrize("injection", ["projection", "gate"])
def test_learned_injections_take_interactions_with_weights(toy, injection):
    settings = run_settings(text={"mode": "full", "injection": injection}, model={"interaction": "pykeen:ERMLP"}, epochs=8)
    losses = [event.loss for event in new_trainer(toy, settings, random_text(toy, 16)).run()]
    assert losses[-1] < losses[0]


def test_a_dim_that_does_not_fit_the_vectors_is_refused(toy):
    with pytest.raises(ConfigError, match=r"cannot use a dim of 9(.|\n)*multiple of 2(.|\n)*take dim 8"):
        new_trainer(toy, run_settings(model={"interaction": "pykeen:SimplE", "dim": 9}))
    with pytest.raises(ConfigError, match=r"multiple of 1, and 2 more(.|\n)*take dim 3"):
        new_trainer(toy, run_settings(model={"interaction": "pykeen:MuRE", "dim": 2}))
    with pytest.raises(ConfigError, match=r"cannot use a dim of 7(.|\n)*multiple of 2(.|\n)*take dim 6"):
        new_trainer(toy, run_settings(model={"interaction": "pykeen:ComplEx", "dim": 7}))
    with pytest.raises(ConfigError, match=r"cannot use vectors of 7 numbers(.|\n)*take a dim"):
        new_trainer(toy, run_settings(model={"interaction": "pykeen:ConvE", "dim": 8}))


def test_text_cannot_start_relations_of_another_width(toy):
    model = new_trainer(toy, run_settings(model={"interaction": "pykeen:TransH", "dim": 8})).model
    with pytest.raises(ConfigError, match="TransH: they have 16 numbers"):
        model.start_relations(random_text(toy, 8).vectors, 0.6)


def test_a_distance_gets_the_margin():
    toruse = interaction_named("pykeen:TorusE", 6)
    assert toruse.is_distance
    same = random_tensor(1, 1, 6)
    assert toruse.scores(toruse.query(same, torch.zeros_like(same)), same, GAMMA).item() == pytest.approx(GAMMA, abs=1e-3)


@pytest.mark.parametrize("name", ["distmult", "complex"])
def test_pykeens_learns_what_ours_learns(toy, name):
    """The same start, the same batches: the same tables."""
    tables = []
    for own in (name, f"pykeen:{name}"):
        trainer = new_trainer(toy, run_settings(model={"interaction": name}, epochs=2))
        trainer.model.interaction = interaction_named(own, 8)
        assert list(trainer.run())[-1].loss > 0
        tables.append(trainer.model.entities.data)
    torch.testing.assert_close(*tables, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "reason"), [("UM", "a vector or more for each relation"), ("Nobody", "no interaction")])
def test_what_does_not_fit_is_refused_clearly(name, reason):
    with pytest.raises(ConfigError, match=reason):
        interaction_named(f"pykeen:{name}", 8)


def test_the_slow_path_says_so(toy, caplog):
    with caplog.at_level(logging.WARNING):
        new_trainer(toy, run_settings(model={"interaction": "pykeen:HolE"}))
    assert caplog.text.count("slow path") == 1


def test_an_inverse_that_is_not_known_is_refused():
    with pytest.raises(ConfigError, match="reciprocal"):
        interaction_named("pykeen:HolE", 8).invert(torch.zeros(2, 3))
