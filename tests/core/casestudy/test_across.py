import numpy as np
import pytest

from core.casestudy import across
from core.casestudy.marks import Marks
from core.casestudy.shortlist import shortlist
from tests.core.casestudy.scorers import RandomScorer
from tests.toy import DONEPEZIL, HALOPERIDOL, row_of


@pytest.mark.parametrize("block", [1, 3, 256])
@pytest.mark.parametrize("levels", [None, 3])
def test_each_place_is_the_one_of_that_diseases_own_list(toy, monkeypatch, block, levels):
    monkeypatch.setattr(across, "DISEASES_A_BLOCK", block)
    scorer, drug = RandomScorer(levels=levels), row_of(toy, DONEPEZIL)
    table = across.across_diseases(toy, scorer, drug).set_index("row")
    for disease in toy.diseases.tolist():
        own = shortlist(toy, scorer, disease).set_index("row").loc[drug]
        assert table.loc[disease, ["rank", "percentile", "status"]].tolist() == own[["rank", "percentile", "status"]].tolist()


def test_the_best_place_comes_first_and_ties_go_by_identifier(toy):
    table = across.across_diseases(toy, RandomScorer(levels=2), row_of(toy, HALOPERIDOL))
    keys = list(zip(table["rank"], table["id"], strict=True))
    assert keys == sorted(keys)
    assert sorted(table["row"]) == toy.diseases.tolist()


def test_marks_of_a_drug_are_those_of_each_disease(starter):
    drug = int(starter.drugs[100])
    table = across.across_diseases(starter, RandomScorer(), drug).set_index("row")
    place = int(np.flatnonzero(starter.drugs == drug)[0])
    some = starter.diseases[::60].tolist()
    assert [table.loc[disease, "status"] for disease in some] == [Marks.of(starter, disease).status[place] for disease in some]
