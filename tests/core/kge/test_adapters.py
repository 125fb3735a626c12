import logging

import pytest
import torch

from core.errors import ConfigError
from core.kge.adapters import interaction_named
from core.kge.interactions import INTERACTIONS
from tests.core.kge.tables import new_trainer, random_tensor, run_settings

GAMMA = 12.0


def test_our_own_names_are_our_own():
    assert all(interaction_named(name) is INTERACTIONS[name] for name in INTERACTIONS)


@pytest.mark.parametrize("name", ["HolE", "TransF", "DistMA", "DistMult"])
def test_a_block_is_scored_like_pykeens_single_triples(name):
    from pykeen.nn.modules import interaction_resolver

    module = interaction_resolver.make(name)
    interaction = interaction_named(f"pykeen:{name}")
    h, r, t = random_tensor(3, 6, seed=1), random_tensor(3, 6, seed=2), random_tensor(4, 6, seed=3)
    found = interaction.scores(interaction.query(h, r)[None], t[None], GAMMA)[0]
    expected = torch.stack([torch.stack([module(a, b, c) for c in t]) for a, b in zip(h, r, strict=True)])
    torch.testing.assert_close(found, expected + (GAMMA if interaction.is_distance else 0), rtol=1e-4, atol=1e-5)


SEVERAL = ["TransH", "TransR", "TransD", "PairRE", "MuRE", "LineaRE", "TripleRE", "SimplE", "SE", "RESCAL"]


@pytest.mark.parametrize("name", SEVERAL)
def test_several_vectors_and_matrices_are_scored_like_pykeens_single_triples(name):
    """Each triple alone, with its vectors drawn one by one, against the block made of the same rows."""
    from pykeen.nn.modules import interaction_resolver

    kind = interaction_resolver.lookup(name)
    module = kind() if name in ("TransD", "TripleRE", "SimplE", "RESCAL") else kind(p=2)
    interaction, generator = interaction_named(f"pykeen:{name}"), torch.Generator().manual_seed(0)

    def drawn(shapes):
        return [torch.randn([3] * len(shape), generator=generator) for shape in shapes]

    heads, relations, tails = (
        [drawn(shapes) for _ in range(count)]
        for shapes, count in ((module.entity_shape, 2), (module.relation_shape, 2), (module.entity_shape, 4))
    )
    single = [
        [part[places[0]] if len(places) == 1 else [part[place] for place in places] for part in parts]
        for parts, places in (
            (heads, module.head_indices),
            (relations, range(len(module.relation_shape))),
            (tails, module.tail_indices),
        )
    ]
    expected = torch.stack([torch.stack([module(h, r, t) for t in single[2]]) for h, r in zip(*single[:2], strict=True)])
    h, r, t = (torch.stack([torch.cat([each.ravel() for each in part]) for part in parts]) for parts in (heads, relations, tails))
    assert interaction.relation_width(h.shape[1]) == r.shape[1]
    found = interaction.scores(interaction.query(h, r)[None], t[None], GAMMA)[0]
    torch.testing.assert_close(found, expected + (GAMMA if interaction.is_distance else 0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", SEVERAL)
def test_several_vectors_are_trained(toy, name):
    trainer = new_trainer(toy, run_settings(model={"interaction": f"pykeen:{name}", "dim": 8}, epochs=30))
    losses = [event.loss for event in trainer.run()]
    assert losses[-1] < losses[0]
    rows = torch.arange(3)
    assert trainer.model.score_tails(rows, torch.zeros(3, dtype=torch.int64), rows).isfinite().all()


def test_a_dim_that_does_not_fit_the_vectors_is_refused(toy):
    with pytest.raises(ConfigError, match=r"cannot use a dim of 9(.|\n)*2 vectors(.|\n)*take dim 8"):
        new_trainer(toy, run_settings(model={"interaction": "pykeen:SimplE", "dim": 9}))
    with pytest.raises(ConfigError, match=r"1 vectors of one length and 2 numbers(.|\n)*take dim 3"):
        new_trainer(toy, run_settings(model={"interaction": "pykeen:MuRE", "dim": 2}))


def test_a_distance_gets_the_margin():
    toruse = interaction_named("pykeen:TorusE")
    assert toruse.is_distance
    same = random_tensor(1, 1, 6)
    assert toruse.scores(toruse.query(same, torch.zeros_like(same)), same, GAMMA).item() == pytest.approx(GAMMA, abs=1e-3)


def test_pykeens_distmult_learns_what_ours_learns(toy):
    """The same start, the same batches: the same tables."""
    tables = []
    for name in ("distmult", "pykeen:distmult"):
        trainer = new_trainer(toy, run_settings(model={"interaction": "distmult"}, epochs=2))
        trainer.model.interaction = interaction_named(name)
        assert list(trainer.run())[-1].loss > 0
        tables.append(trainer.model.entities.data)
    torch.testing.assert_close(*tables, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("TuckER", "weights of its own"),
        ("ComplEx", "complex"),
        ("NTN", "other vectors"),
        ("UM", "other vectors"),
        ("ERMLP", "arguments of its own"),
        ("KG2E", "positive"),
        ("Nobody", "no interaction"),
    ],
)
def test_what_does_not_fit_is_refused_clearly(name, reason):
    with pytest.raises(ConfigError, match=reason):
        interaction_named(f"pykeen:{name}")


def test_the_slow_path_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        interaction_named("pykeen:HolE")
    assert "slow path" in caplog.text


def test_an_inverse_that_is_not_known_is_refused():
    with pytest.raises(ConfigError, match="reciprocal"):
        interaction_named("pykeen:HolE").invert(torch.zeros(2, 3))
