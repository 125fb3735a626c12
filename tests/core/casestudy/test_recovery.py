from math import comb

import numpy as np
import pytest

from core.casestudy.recovery import read_drug_list, recovery
from core.kg.search import EntityIndex
from tests.toy import ASPIRIN, DONEPEZIL, MEMANTINE

SCORES = np.array([9.0, 8, 7, 6, 5, 4, 3, 2, 1, 0])  # ten drugs, the first one best


def test_places_and_counts_are_those_of_the_order():
    found = recovery(SCORES, np.array([1, 4, 9]), depths=(2, 5))
    assert found.places.tolist() == [2, 5, 10]
    assert [(each.depth, each.found, each.of) for each in found.at] == [(2, 1, 3), (5, 2, 3)]
    assert found.at[1].recall == pytest.approx(2 / 3)


def test_chance_is_the_share_of_the_depth():
    found = recovery(SCORES, np.array([1, 4, 9]), depths=(5,))
    assert found.at[0].chance == pytest.approx(3 * 5 / 10)


def test_p_counts_the_orders_that_do_as_well():
    """Of C(10, 3) ways to place three drugs, those with two or three among the first five."""
    found = recovery(SCORES, np.array([1, 4, 9]), depths=(5,))
    as_good = comb(5, 2) * comb(5, 1) + comb(5, 3)
    assert found.at[0].p == pytest.approx(as_good / comb(10, 3))


def test_what_is_left_out_takes_no_place():
    left_out = np.zeros(10, dtype=bool)
    left_out[[0, 2]] = True
    found = recovery(SCORES, np.array([1, 4]), left_out, depths=(1,))
    assert found.places.tolist() == [1, 3]
    assert found.candidates == 8


def test_a_listed_drug_competes_even_when_it_is_left_out():
    left_out = np.zeros(10, dtype=bool)
    left_out[0] = True
    assert recovery(SCORES, np.array([0]), left_out).places.tolist() == [1]


def test_a_constant_score_recovers_what_chance_does():
    """All drugs tie at the middle place (1 + 10) / 2."""
    found = recovery(np.zeros(10), np.array([0, 1]), depths=(5, 6))
    assert found.places.tolist() == [5.5, 5.5]
    assert [each.found for each in found.at] == [0, 2]


def test_the_curve_is_a_count_up_to_each_depth():
    depths, counts = recovery(SCORES, np.array([1, 4, 9])).curve()
    assert counts.tolist() == [sum(place <= depth for place in (2, 5, 10)) for depth in depths]


def test_a_list_is_read_with_synonyms_commas_and_doublets(toy):
    index = EntityIndex(toy, toy.drugs, "drug")
    listed = read_drug_list("Donepezil\nAricept; memantine\n\nASA\tphase 2", index)
    rows = toy.vocabulary.entity_row
    assert listed.rows == (rows[DONEPEZIL], rows[MEMANTINE], rows[ASPIRIN])
    assert len(listed.unknown) == 1
    assert "phase 2" in listed.unknown[0]


def test_an_unknown_name_is_reported_with_the_nearest(toy):
    listed = read_drug_list("memantin", EntityIndex(toy, toy.drugs, "drug"))
    assert listed.rows == ()
    assert "memantine" in listed.unknown[0]
