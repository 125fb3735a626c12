import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from core.evaluate.screening import SCREENING, RankedList, auroc, average_precision, bedroc, enrichment, recall

GENERATOR = np.random.default_rng(0)
of = RankedList.of
LISTS = [
    (GENERATOR.integers(0, levels, n_true).astype(float), GENERATOR.integers(0, levels, n_others).astype(float))
    for levels in (2, 5, 1000)
    for n_true, n_others in [(1, 9), (4, 30), (7, 120)]
]

SHORT = [([3.0, 1.0], [2.0, 0.0, -1.0]), ([1.0, 2.0], [1.0, 1.0, 2.0, 0.0]), ([0.0], [0.0] * 5)]


@pytest.mark.parametrize(("true", "others"), LISTS)
def test_average_precision_and_auroc_are_scikit_learns(true, others):
    labels, scores = np.repeat([1, 0], [len(true), len(others)]), np.concatenate([true, others])
    assert average_precision(of(true, others)) == pytest.approx(average_precision_score(labels, scores))
    assert auroc(of(true, others)) == pytest.approx(roc_auc_score(labels, scores))


def textbook_bedroc(places, n, alpha):
    """Equation 36 of Truchon and Bayly 2007, one sum after the other."""
    share = len(places) / n
    total = sum(math.exp(-alpha * place / n) for place in places)
    random = share * (1 - math.exp(-alpha)) / (math.exp(alpha / n) - 1)
    rie = total / random
    factor = share * math.sinh(alpha / 2) / (math.cosh(alpha / 2) - math.cosh(alpha / 2 - alpha * share))
    return rie * factor + 1 / (1 - math.exp(alpha * (1 - share)))


def orders(true, others):
    """Yield the places of the true ones in every order that ties allow."""
    labels, scores = np.repeat([1, 0], [len(true), len(others)]), np.concatenate([true, others])
    blocks = [labels[scores == level] for level in sorted(set(scores), reverse=True)]
    for chosen in itertools.product(*(list(itertools.permutations(block)) for block in blocks)):
        yield [place for place, label in enumerate(itertools.chain(*chosen), start=1) if label]


@pytest.mark.parametrize("alpha", [5.0, 20.0])
@pytest.mark.parametrize(
    ("true", "others"), [([3.0, 1.0], [2.0, 0.0, -1.0]), ([1.0, 2.0], [1.0, 1.0, 2.0, 0.0]), ([0.0], [0.0] * 5)]
)
def test_bedroc_is_the_mean_of_the_textbook_formula_over_the_orders_of_ties(true, others, alpha):
    values = [textbook_bedroc(places, len(true) + len(others), alpha) for places in orders(true, others)]
    assert bedroc(of(np.array(true), np.array(others)), alpha=alpha) == pytest.approx(np.mean(values))


def test_bedroc_of_a_perfect_and_a_reversed_list():
    true, others = np.ones(3), np.zeros(97)
    assert bedroc(of(true, others)) == pytest.approx(1.0)
    assert bedroc(of(-true, others)) == pytest.approx(0.0, abs=1e-9)
    assert bedroc(of(true, np.zeros(0))) == 1.0


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5])
@pytest.mark.parametrize(
    ("true", "others"), [([3.0, 1.0], [2.0, 0.0, -1.0]), ([1.0, 2.0], [1.0, 1.0, 2.0, 0.0]), ([0.0], [0.0] * 5)]
)
def test_enrichment_is_the_mean_count_over_the_orders_of_ties(true, others, share):
    n = len(true) + len(others)
    top = math.ceil(share * n)
    values = [sum(place <= top for place in places) / len(true) / (top / n) for places in orders(true, others)]
    assert enrichment(of(np.array(true), np.array(others)), share=share) == pytest.approx(np.mean(values))


def test_enrichment_by_hand():
    true, others = np.ones(2), np.zeros(198)
    assert enrichment(of(true, others)) == 100.0  # both true ones fill the first 1 % of 200
    assert enrichment(of(-true, others)) == 0.0
    assert enrichment(of(np.zeros(2), others)) == pytest.approx(1.0)  # ties: chance


def test_recall_counts_the_true_ones_that_stand_before_the_others():
    assert recall(of(np.array([5.0, 1.0]), np.array([4.0, 3.0])), at=2) == 0.5
    assert recall(of(np.array([5.0, 4.5]), np.array([4.0, 3.0])), at=2) == 1.0
    assert recall(of(np.zeros(2), np.zeros(2)), at=2) == 0.0  # all four stand at 2.5


def test_a_constant_list_is_chance():
    true, others = np.zeros(4), np.zeros(196)
    values = {name: measure(of(true, others)) for name, measure in SCREENING.items()}
    assert values["AUPRC"] == pytest.approx(4 / 200)
    assert values["AUROC"] == 0.5
    assert values["EF1%"] == pytest.approx(1.0)
    assert values["recall@100"] == 0.0  # place 100.5
    assert 0.04 < values["BEDROC"] < 0.07  # about 1 / alpha


def test_no_others_is_no_contest():
    assert auroc(of(np.array([1.0]), np.zeros(0))) == 0.5
    assert average_precision(of(np.array([1.0]), np.zeros(0))) == 1.0
