import json

import pytest

from core.explain.records import Explainer
from core.explain.significance import null_model
from core.workspace import Workspace
from tests.toy import ALZHEIMER, ASPIRIN, DIABETES, DONEPEZIL, GRIN1, HALOPERIDOL, MEMANTINE, PRION, graph_of, row_of


@pytest.fixture
def record(toy, tmp_path):
    explainer = Explainer(toy)
    explainer.null = null_model(Workspace(tmp_path), explainer.finder.search, count=40)
    return explainer.record(row_of(toy, MEMANTINE), row_of(toy, ALZHEIMER))


def test_a_record_has_what_was_agreed(record):
    assert (record["compound"], record["disease"]) == (MEMANTINE, ALZHEIMER)
    first = record["paths"][0]
    assert first["nodes"] == [MEMANTINE, GRIN1, ALZHEIMER]
    assert first["relations"] == ["inhibits", "associated_with"]
    assert first["metapath"] == "CiGaD"
    assert first["dwpc"] == pytest.approx(1 / 2)  # Alzheimer's disease has two genes, GRIN1 two diseases
    assert 1 / 41 <= first["p"] <= 1
    assert (
        first["sentence"]
        == "memantine inhibits GRIN1 (channel blocker); GRIN1 is associated with Alzheimer's disease (involved)."
    )
    assert first["sentence_from_disease"].startswith("Alzheimer's disease is associated with GRIN1")
    assert json.loads(json.dumps(record)) == record


def test_paths_come_best_first_and_longer_ones_are_named_too(record):
    assert [path["nodes"] for path in record["paths"]] == [[MEMANTINE, GRIN1, ALZHEIMER], [MEMANTINE, GRIN1, PRION, ALZHEIMER]]
    assert record["paths"][1]["metapath"] == "CiGaDrD"
    shares = [path["share"] for path in record["paths"]]
    assert shares == sorted(shares, reverse=True)


def test_each_step_says_where_it_is_from(toy):
    record = Explainer(toy).record(row_of(toy, DONEPEZIL), row_of(toy, ALZHEIMER))
    step = record["paths"][0]["steps"][0]
    assert step["relation"] == "inhibits"
    assert step["source"] == "Starter graph"
    assert step["corroborated"] == "Hetionet v1.0"
    assert not step["correlation"]
    assert "%22donepezil%22" in step["pubmed"]


def test_without_random_graphs_p_stays_empty(toy):
    first = Explainer(toy).record(row_of(toy, MEMANTINE), row_of(toy, ALZHEIMER))["paths"][0]
    assert (first["p"], first["chance"]) == (None, None)


def test_a_pair_that_nothing_joins_has_an_empty_list(toy):
    assert Explainer(toy).record(row_of(toy, ASPIRIN), row_of(toy, DIABETES))["paths"] == []


def test_the_number_of_paths_is_bounded(toy):
    record = Explainer(toy).record(row_of(toy, HALOPERIDOL), row_of(toy, ALZHEIMER), top=1, edges=4)
    assert len(record["paths"]) == 1


def test_a_gene_that_every_drug_acts_on_is_named_as_generic():
    """Twelve of twelve drugs act on hub, one on quiet: only paths through hub name a generic node."""
    nodes = [(f"d{n}", f"d{n}", "Compound", "") for n in range(12)] + [("x", "x", "Disease", "")]
    nodes += [("hub", "hub", "Gene", ""), ("quiet", "quiet", "Gene", "")]
    edges = [(f"d{n}", "inhibits", "hub") for n in range(12)] + [("d0", "inhibits", "quiet"), ("d0", "treats", "x")]
    edges += [("x", "associated_with", gene) for gene in ("hub", "quiet")]
    graph = graph_of(nodes, [(*edge, "", "") for edge in edges])
    paths = Explainer(graph).record(0, row_of(graph, "x"))["paths"]
    assert {path["nodes"][1]: path["generic"] for path in paths} == {"hub": ["hub"], "quiet": []}
    assert paths[0]["target"]["name"] == "quiet"


def test_a_correlation_is_named_as_such():
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", ""), ("s", "s", "Phenotype", ""), ("g", "g", "Gene", "")]
    edges = [
        ("d", "causes", "s"),
        ("x", "presents", "s"),
        ("d", "inhibits", "g"),
        ("x", "associated_with", "g"),
        ("d", "treats", "x"),
    ]
    paths = Explainer(graph_of(nodes, [(*edge, "", "") for edge in edges])).record(0, 1)["paths"]
    assert {path["nodes"][1]: path["correlation"] for path in paths} == {"g": False, "s": True}
    assert {path["nodes"][1]: [step["correlation"] for step in path["steps"]] for path in paths} == {
        "g": [False] * 2,
        "s": [True] * 2,
    }
