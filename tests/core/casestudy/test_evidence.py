import json

import pytest

from core.casestudy.evidence import evidence_record
from core.explain.paths import PathFinder
from core.text.descriptions import Description
from tests.toy import DRD2, HALOPERIDOL, PARKINSON, row_of, toy_descriptions


@pytest.fixture
def record(toy):
    drug, disease = row_of(toy, HALOPERIDOL), row_of(toy, PARKINSON)
    descriptions = {row_of(toy, item["id"]): Description.model_validate(item) for item in toy_descriptions()}
    del descriptions[disease]
    paths = PathFinder(toy).best(drug, disease, top=2)
    return evidence_record(toy, drug, disease, ranking={"rank": 3}, paths=paths, descriptions=descriptions)


def test_the_record_comes_back_from_json(record):
    assert json.loads(json.dumps(record)) == record


def test_the_record_says_which_pair_and_which_graph(record):
    assert record["graph"]["name"] == "toy"
    assert "not curated" in record["graph"]["note"]
    assert (record["drug"]["id"], record["drug"]["name"]) == (HALOPERIDOL, "haloperidol")
    assert (record["disease"]["id"], record["disease"]["name"]) == (PARKINSON, "Parkinson's disease")
    assert record["ranking"] == {"rank": 3}


def test_descriptions_are_there_or_said_to_be_missing(record):
    assert record["drug"]["description"]["indications"] == "haloperidol: used for this."
    assert record["disease"]["description"] is None


def test_a_ban_stands_among_the_direct_facts(record):
    (fact,) = record["direct_facts"]
    assert (fact["phrase"], fact["detail"]) == ("is contraindicated in", "blocks dopamine")


def test_paths_are_told_best_first(record, toy):
    best = record["paths"][0]
    assert best["sentence"].startswith("haloperidol inhibits DRD2 (antagonist); ")
    assert best["kind"] == "Compound > inhibits > Gene < associated_with < Disease"
    assert best["weight"] == pytest.approx(1.0)
    assert [fact["end"] for fact in best["facts"]] == [toy.names[row_of(toy, DRD2)], "Parkinson's disease"]
