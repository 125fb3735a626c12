import numpy as np
import pytest

from core.casestudy.contributions import contributions, weights_words
from core.fusion import EnsembleScorer, Fusion, FusionScorer, Weights
from tests.core.casestudy.scorers import FixedScorer, RandomScorer
from tests.toy import ALZHEIMER, METFORMIN, PRION, row_of

NAMES = ("gba-drug", "complex", "paths")


@pytest.fixture
def fusion(toy):
    """Metformin is the third drug: its standardised scores are sqrt(5), 1 and -1."""
    parts = [FixedScorer([0, 0, 6, 0, 0, 0]), FixedScorer([0, 0, 1, 0, 1, 1]), FixedScorer([1, 1, 0, 0, 0, 1])]
    return FusionScorer(Fusion(NAMES, *[Weights((0.5, 2.0, 1.0), -3.0, 0.1, 4)] * 2), parts, toy)


def test_contributions_by_hand_largest_first(toy, fusion):
    items = contributions(fusion, row_of(toy, METFORMIN), row_of(toy, ALZHEIMER))
    assert [item.component for item in items] == ["complex", "gba-drug", "paths"]
    assert [item.value for item in items] == pytest.approx([2.0, 0.5 * 5**0.5, -1.0])


def test_together_they_are_the_score_but_for_the_intercept(toy, fusion):
    for drug in toy.drugs.tolist():
        items = contributions(fusion, drug, row_of(toy, ALZHEIMER))
        assert [item.value for item in items] == sorted((item.value for item in items), reverse=True)
        score = fusion.scores(np.array([drug]), np.array([row_of(toy, ALZHEIMER)])).item()
        assert sum(item.value for item in items) == pytest.approx(score + 3.0)


def test_a_component_has_words_and_a_backbone_its_name(toy, fusion):
    words = {item.component: item.words for item in contributions(fusion, row_of(toy, METFORMIN), row_of(toy, ALZHEIMER))}
    assert "shares targets" in words["gba-drug"]
    assert "(complex)" in words["complex"]


def test_the_reader_is_told_which_weights_were_used(toy, fusion):
    """These weights are one set for both regimes, as in a run that was trained before there were two."""
    assert "learned from treatments held out at random" in weights_words(fusion, row_of(toy, ALZHEIMER))
    assert "train it anew" in weights_words(fusion, row_of(toy, PRION))
    two = Fusion(NAMES, fusion.fusion.treated, Weights((0.1, 0.2, 0.3), -3.0, 0.1, 4))
    assert "diseases that lost all treatments" in weights_words(FusionScorer(two, [], toy), row_of(toy, PRION))
    assert weights_words(RandomScorer(), row_of(toy, PRION)) == ""


def test_what_is_no_fusion_has_no_contributions(toy):
    for scorer in (RandomScorer(), EnsembleScorer("both", [RandomScorer()], toy.drugs)):
        assert contributions(scorer, row_of(toy, METFORMIN), row_of(toy, ALZHEIMER)) == []
