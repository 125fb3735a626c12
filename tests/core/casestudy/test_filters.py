import itertools

import pandas as pd
import pytest

from core.casestudy.filters import SHOWN, Filters, classes_of, select
from core.casestudy.marks import STATUS_ORDER
from core.casestudy.shortlist import shortlist
from tests.core.casestudy.scorers import FixedScorer
from tests.toy import ALZHEIMER, PARKINSON, graph_of, row_of

CLASSES = ["", "statin", "statin; antipsychotic", "Xanthine"]


@pytest.fixture
def every_case():
    """One drug for each set of marks, class by turns."""
    rows = []
    for number, marks in enumerate(itertools.product([False, True], repeat=len(STATUS_ORDER))):
        holds = dict(zip(STATUS_ORDER, marks, strict=True))
        status = next((role for role in STATUS_ORDER if holds[role]), "new")
        rows.append({"name": f"Drug {number}", "class": CLASSES[number % 4], "status": status, **holds})
    return pd.DataFrame(rows)


def slow_passes(row, filters):
    known = row["treats"] or row["palliates"]
    in_trial = row["investigated"] and not known
    banned = row["status"] == "contraindicated"
    if filters.find.lower() not in row["name"].lower():
        return False
    if filters.drug_class and filters.drug_class not in row["class"].split("; "):
        return False
    if filters.hide_contraindicated and row["contraindicated"]:
        return False
    if known and filters.show != "known":
        return False
    return not (in_trial and filters.show == "new" and not banned)


@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize("hide", [False, True])
@pytest.mark.parametrize(("drug_class", "find"), [(None, ""), ("statin", ""), (None, " drug 1"), ("antipsychotic", "G 2")])
def test_rows_pass_as_in_the_slow_loop(every_case, show, hide, drug_class, find):
    filters = Filters(show, hide_contraindicated=hide, drug_class=drug_class, find=find.strip())
    selection = select(every_case, Filters(show, hide_contraindicated=hide, drug_class=drug_class, find=find))
    passing = [row for row in every_case.to_dict("records") if slow_passes(row, filters)]
    assert selection.candidates["name"].tolist() == [r["name"] for r in passing if r["status"] != "contraindicated"]
    assert selection.contraindicated["name"].tolist() == [r["name"] for r in passing if r["status"] == "contraindicated"]


@pytest.mark.parametrize("show", SHOWN)
def test_what_is_hidden_is_counted(every_case, show):
    selection = select(every_case, Filters(show, hide_contraindicated=True))
    shown = {*selection.candidates["name"], *selection.contraindicated["name"]}
    hidden = every_case[~every_case["name"].isin(shown)]
    known = hidden["treats"] | hidden["palliates"]
    assert selection.hidden_known == known.sum()
    assert selection.hidden_trials == (hidden["investigated"] & ~known).sum()
    assert selection.hidden_contraindicated == hidden["contraindicated"].sum()


def test_nothing_is_lost_by_default(toy):
    table = shortlist(toy, FixedScorer([1, 2, 3, 4, 5, 6]), row_of(toy, PARKINSON))
    selection = select(table, Filters())
    assert selection.candidates["name"].tolist() == ["aspirin", "levodopa", "metformin", "memantine", "donepezil"]
    assert selection.contraindicated["name"].tolist() == ["haloperidol"]
    assert (selection.hidden_known, selection.hidden_trials, selection.hidden_contraindicated) == (0, 0, 0)


def test_new_drugs_for_alzheimers_disease(toy):
    """Donepezil, memantine, haloperidol are known; metformin and aspirin in trials; levodopa is left, and cautioned."""
    selection = select(shortlist(toy, FixedScorer([1, 2, 3, 4, 5, 6]), row_of(toy, ALZHEIMER)), Filters("new"))
    assert selection.candidates["name"].tolist() == ["levodopa"]
    assert (selection.hidden_known, selection.hidden_trials) == (3, 2)


@pytest.mark.parametrize("find", ["(", "[a", "*", "\\", ".", "="])
def test_a_search_is_no_pattern(every_case, find):
    assert select(every_case, Filters(find=find)).candidates.empty


def test_classes_are_listed_once_and_sorted(toy):
    table = shortlist(toy, FixedScorer([1, 2, 3, 4, 5, 6]), row_of(toy, ALZHEIMER))
    assert classes_of(table) == ["antipsychotic", "cholinesterase inhibitor"]
    assert classes_of(pd.DataFrame({"class": CLASSES})) == ["antipsychotic", "statin", "Xanthine"]


def test_a_class_with_a_comma_in_its_name_stays_one():
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", ""), ("k", "antivirals, systemic", "Pharmacologic Class", "")]
    graph = graph_of(nodes, [("d", "treats", "x", "", ""), ("d", "has_class", "k", "", "")])
    table = shortlist(graph, FixedScorer([1]), 1)
    assert classes_of(table) == ["antivirals, systemic"]
    assert len(select(table, Filters(drug_class="antivirals, systemic")).candidates) == 1
