import cmath
import math

import pytest
import torch

from core.kge.interactions import INTERACTIONS, start_width
from tests.core.kge.tables import INTERACTION_NAMES, random_tensor

GAMMA = 12.0
DIM = 6


def triples(name, count=5):
    width = INTERACTIONS[name].relation_width(DIM)
    return random_tensor(count, DIM, seed=1), random_tensor(count, width, seed=2), random_tensor(count, DIM, seed=3)


def as_complex(numbers):
    half = len(numbers) // 2
    return [complex(real, imaginary) for real, imaginary in zip(numbers[:half], numbers[half:], strict=True)]


def transe(h, r, t):
    return GAMMA - sum(abs(a + b - c) for a, b, c in zip(h, r, t, strict=True))


def transe_l2(h, r, t):
    return GAMMA - math.sqrt(sum((a + b - c) ** 2 for a, b, c in zip(h, r, t, strict=True)))


def distmult(h, r, t):
    return sum(a * b * c for a, b, c in zip(h, r, t, strict=True))


def complex_product(h, r, t):
    return sum(a * b * c.conjugate() for a, b, c in zip(as_complex(h), as_complex(r), as_complex(t), strict=True)).real


def rotate(h, angles, t):
    return GAMMA - sum(abs(a * cmath.exp(1j * b) - c) for a, b, c in zip(as_complex(h), angles, as_complex(t), strict=True))


FORMULAS = {"transe": transe, "transe-l2": transe_l2, "distmult": distmult, "complex": complex_product, "rotate": rotate}


@pytest.mark.parametrize("name", INTERACTION_NAMES)
def test_scores_are_those_of_the_paper(name):
    h, r, t = triples(name)
    expected = [FORMULAS[name](*triple) for triple in zip(h.tolist(), r.tolist(), t.tolist(), strict=True)]
    torch.testing.assert_close(INTERACTIONS[name].triple_scores(h, r, t, GAMMA), torch.tensor(expected), rtol=1e-5, atol=1e-5)


def pykeen_scores(name, h, r, t):
    """Score with PyKEEN; its RotatE takes one norm over all coordinates, so each coordinate is asked alone and summed."""
    from pykeen.nn import modules

    def pairs(x):
        return torch.complex(*x.chunk(2, dim=-1))

    if name in ("transe", "transe-l2"):
        return GAMMA + modules.TransEInteraction(p=1 if name == "transe" else 2)(h, r, t)
    if name == "distmult":
        return modules.DistMultInteraction()(h, r, t)
    if name == "complex":
        return modules.ComplExInteraction()(pairs(h), pairs(r), pairs(t))
    turns = torch.polar(torch.ones_like(r), r)
    return GAMMA + modules.RotatEInteraction()(pairs(h)[..., None], turns[..., None], pairs(t)[..., None]).sum(-1)


@pytest.mark.parametrize("name", INTERACTION_NAMES)
def test_scores_are_pykeens(name):
    h, r, t = triples(name, count=20)
    torch.testing.assert_close(
        INTERACTIONS[name].triple_scores(h, r, t, GAMMA), pykeen_scores(name, h, r, t), rtol=1e-5, atol=1e-4
    )


@pytest.mark.parametrize("name", INTERACTION_NAMES)
def test_the_inverse_relation_asks_for_the_head(name):
    interaction = INTERACTIONS[name]
    h, r, t = triples(name, count=20)
    forward = interaction.triple_scores(h, r, t, GAMMA)
    backward = interaction.triple_scores(t, interaction.invert(r), h, GAMMA)
    torch.testing.assert_close(forward, backward, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", INTERACTION_NAMES)
def test_a_block_of_candidates_is_scored_like_single_triples(name):
    interaction = INTERACTIONS[name]
    h, r, _ = triples(name, count=3)
    candidates = random_tensor(4, DIM, seed=9)
    block = interaction.scores(interaction.query(h, r)[None], candidates[None], GAMMA)[0]
    single = [[FORMULAS[name](*(x.tolist() for x in (a, b, c))) for c in candidates] for a, b in zip(h, r, strict=True)]
    torch.testing.assert_close(block, torch.tensor(single), rtol=1e-5, atol=1e-5)


def test_only_models_that_can_tell_direction_do():
    for name, directed in {"transe": True, "transe-l2": True, "distmult": False, "complex": True, "rotate": True}.items():
        h, r, t = triples(name)
        there, back = (INTERACTIONS[name].triple_scores(a, r, b, GAMMA) for a, b in ((h, t), (t, h)))
        assert torch.allclose(there, back, atol=1e-4) != directed, name


def test_start_values_are_within_gamma_plus_two_over_dim():
    assert start_width("transe", 200, 12.0) == (14 / 200, 14 / 200)
    assert start_width("rotate", 200, 12.0) == (14 / 200, math.pi)
