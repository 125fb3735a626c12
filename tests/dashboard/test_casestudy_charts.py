import numpy as np
import pytest

from core.casestudy.recovery import recovery
from dashboard.charts.casestudy import DEEPEST, recovery_curves


@pytest.fixture
def found():
    """Ten drugs, best first; two lists."""
    scores = -np.arange(10.0)
    return {"known": recovery(scores, np.array([0, 3])), "<b>mine</b>": recovery(scores, np.array([9]))}


def test_each_list_is_a_line_that_ends_where_all_are_found(found):
    known, mine, chance = recovery_curves(found).data
    assert [line.name for line in (known, chance)] == ["known", "chance"]
    assert list(known.y) == [50, 50, 50, 100, 100, 100, 100, 100, 100, 100]
    assert list(mine.y) == [0] * 9 + [100]


def test_chance_finds_a_share_of_the_list_with_each_drug_that_is_read(found):
    *_, chance = recovery_curves(found).data
    assert (list(chance.x), list(chance.y)) == ([1, 10], [10, 100])


def test_a_name_is_no_markup(found):
    _, mine, _ = recovery_curves(found).data
    assert "<b>" not in mine.name
    assert "<b>" not in mine.hovertemplate


def test_the_depth_that_is_drawn_is_limited():
    figure = recovery_curves({"known": recovery(-np.arange(1000.0), np.array([400]))})
    assert max(figure.data[0].x) == DEEPEST
    assert list(figure.data[1].y) == [0.1, 30]


def test_without_a_list_only_chance_is_drawn():
    assert [line.name for line in recovery_curves({}).data] == ["chance"]
