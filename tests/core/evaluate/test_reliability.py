import pytest

from core.evaluate.reliability import not_held_out, reliability
from core.evaluate.results import DiseaseResult


def result(name, pairs, auc, first=1.0):
    return DiseaseResult(name, name, pairs, {"AUC": auc, "H@50": first})


@pytest.mark.parametrize(
    ("pairs", "auc", "first", "level", "words"),
    [
        (1, 1.0, 1.0, "no evidence", "Only 1 treatment was held out; 3 are the least"),
        (2, 1.0, 1.0, "no evidence", "Only 2 treatments were held out"),
        (3, 0.95, 1.0, "reliable", "its 3 held-out treatments stand above 95.0% of the other drugs"),
        (3, 0.9, 1.0, "reliable", "90.0%"),
        (3, 0.89, 1.0, "weak", "its 3 held-out treatments stand above 89.0%"),
        (4, 0.95, 0.5, "reliable", "50% in the first 50"),
        (4, 0.95, 0.25, "weak", "25% in the first 50; 90% and 50% are needed"),
        (40, 0.5, 1.0, "weak", "90% and 50% are needed"),
    ],
)
def test_a_grade_needs_evidence_and_good_places(pairs, auc, first, level, words):
    (grade,) = reliability([[result("a", pairs, auc, first)]])
    assert grade.level == level
    assert words in grade.reason
    assert grade.reason.endswith(".")


def test_several_splits_count_together():
    (one, other) = reliability([[result("a", 1, 1.0), result("b", 5, 0.1)], [result("a", 3, 0.9)]])
    assert (one.id, one.n_pairs, one.level) == ("a", 4, "reliable")
    assert one.auc == pytest.approx((1.0 + 3 * 0.9) / 4)
    assert (other.id, other.level) == ("b", "weak")


def test_three_random_places_are_seldom_reliable():
    """The chance in the threshold's comment, by simulation."""
    import numpy as np

    means = np.random.default_rng(0).random((200_000, 3)).mean(1)
    assert (means >= 0.9).mean() == pytest.approx((3 * 0.1) ** 3 / 6, rel=0.1)


def test_a_disease_that_was_not_asked_has_no_evidence():
    assert not_held_out("a", "A").level == "no evidence"
