import numpy as np
import pytest
from scipy.stats import rankdata

from core.casestudy.shortlist import drug_classes, shortlist
from tests.core.casestudy.scorers import FixedScorer, RandomScorer
from tests.toy import ALZHEIMER, DONEPEZIL, HALOPERIDOL, PARKINSON, graph_of, row_of

DRUG_NAMES = ["donepezil", "memantine", "metformin", "levodopa", "haloperidol", "aspirin"]


@pytest.mark.parametrize("levels", [None, 3, 1])
def test_ranks_are_scipys_mean_places(starter, levels):
    scorer, disease = RandomScorer(levels=levels), int(starter.diseases[5])
    table = shortlist(starter, scorer, disease)
    scores = np.array([scorer.score(row, disease) for row in table["row"]])
    np.testing.assert_array_equal(table["score"], scores)
    np.testing.assert_array_equal(table["rank"], rankdata(-scores))
    below = [((scores < s).sum() + ((scores == s).sum() - 1) / 2) / (len(scores) - 1) * 100 for s in scores]
    np.testing.assert_allclose(table["percentile"], below)


def test_every_drug_stands_once_best_first_and_ties_by_identifier(toy):
    table = shortlist(toy, FixedScorer([1, 5, 1, 1, 7, 0]), row_of(toy, ALZHEIMER))
    assert table["name"].tolist() == ["haloperidol", "memantine", "donepezil", "levodopa", "metformin", "aspirin"]
    assert table["rank"].tolist() == [1, 2, 4, 4, 4, 6]
    assert table["percentile"].tolist() == [100, 80, 40, 40, 40, 0]
    assert table["id"].tolist() == [toy.vocabulary.entities[row] for row in table["row"]]
    assert table.index.tolist() == list(range(6))


def test_marks_stand_beside_their_drug(toy):
    table = shortlist(toy, FixedScorer([1, 2, 3, 4, 5, 6]), row_of(toy, PARKINSON)).set_index("name")
    assert table["status"].to_dict() == dict(
        zip(DRUG_NAMES, ["palliates", "new", "new", "treats", "contraindicated", "new"], strict=True)
    )
    assert table.index[table["contraindicated"]].tolist() == ["haloperidol"]
    assert table.index[table["palliates"]].tolist() == ["donepezil"]
    assert not table["cautioned"].any()


def test_the_change_is_how_many_places_the_text_won(toy):
    """Haloperidol rises from the last place to the first; a tie of the base model stands at its mean place."""
    base, lladr = FixedScorer([6, 5, 4, 4, 3, 3]), FixedScorer([6, 5, 4, 3, 9, 1])
    table = shortlist(toy, lladr, row_of(toy, ALZHEIMER), base=base).set_index("name")
    assert table.loc[DRUG_NAMES, "base_rank"].tolist() == [1, 2, 3.5, 3.5, 5.5, 5.5]
    assert table.loc[DRUG_NAMES, "rank"].tolist() == [2, 3, 4, 5, 1, 6]
    assert table.loc[DRUG_NAMES, "change"].tolist() == [-1, -1, -0.5, -1.5, 4.5, -0.5]


def test_without_a_base_there_is_no_change(toy):
    table = shortlist(toy, FixedScorer([1, 2, 3, 4, 5, 6]), row_of(toy, ALZHEIMER))
    assert not {"base_rank", "change"} & set(table.columns)


def test_one_drug_is_first_of_one():
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", "")]
    graph = graph_of(nodes, [("d", "treats", "x", "", "")])
    table = shortlist(graph, FixedScorer([0.5]), 1)
    assert table["rank"].tolist() == [1]


def test_classes_of_the_toy_graph(toy):
    expected = {DONEPEZIL: ["cholinesterase inhibitor"], HALOPERIDOL: ["antipsychotic"]}
    assert drug_classes(toy) == {row_of(toy, drug): labels for drug, labels in expected.items()}
    table = shortlist(toy, FixedScorer([1, 2, 3, 4, 5, 6]), row_of(toy, ALZHEIMER)).set_index("name")
    assert table["class"].to_dict() == dict.fromkeys(DRUG_NAMES, "") | {
        "donepezil": "cholinesterase inhibitor",
        "haloperidol": "antipsychotic",
    }


@pytest.mark.parametrize("backwards", [False, True])
def test_a_class_is_found_in_either_direction(backwards):
    """The starter says drug - has_class - class, Hetionet class - PCiC - drug."""
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", "")]
    nodes += [("k", "klass", "Pharmacologic Class", ""), ("m", "another", "Pharmacologic Class", "")]
    pairs = [("d", "k"), ("d", "m")]
    edges = [(b, "has_class", a, "", "") if backwards else (a, "has_class", b, "", "") for a, b in pairs]
    graph = graph_of(nodes, [*edges, ("d", "treats", "x", "", "")])
    assert drug_classes(graph) == {0: ["klass", "another"]}
    assert shortlist(graph, FixedScorer([1]), 1)["class"].tolist() == ["klass; another"]
