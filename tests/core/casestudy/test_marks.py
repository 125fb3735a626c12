import itertools

import pytest

from core.casestudy.marks import Marks
from core.kg.sources import ROLES
from tests.toy import ALZHEIMER, DIABETES, EDGES, PARKINSON, PRION, graph_of, row_of

RELATION = {
    "treats": "treats",
    "palliates": "palliates",
    "investigated": "investigated_for",
    "contraindicated": "contraindicated_in",
    "cautioned": "cautioned_in",
}
#: An approved use before what forbids it; a ban before what only relieves; then trials, then cautions.
PRECEDENCE = ("treats", "contraindicated", "palliates", "investigated", "cautioned")


@pytest.mark.parametrize("disease", [ALZHEIMER, PARKINSON, DIABETES, PRION])
def test_marks_are_the_edges_of_the_drawing(toy, disease):
    marks = Marks.of(toy, row_of(toy, disease))
    edges = {edge[:3] for edge in EDGES}
    for role in ROLES:
        expected = [(toy.vocabulary.entities[drug], RELATION[role], disease) in edges for drug in marks.drugs]
        assert marks.holds[role].tolist() == expected


def test_the_leading_word_of_each_drug_by_hand(toy):
    """Donepezil, memantine, metformin, levodopa, haloperidol, aspirin."""
    words = Marks.of(toy, row_of(toy, ALZHEIMER)).status
    assert words == ["treats", "treats", "investigated", "cautioned", "palliates", "investigated"]
    assert Marks.of(toy, row_of(toy, PARKINSON)).status == ["palliates", "new", "new", "treats", "contraindicated", "new"]
    assert Marks.of(toy, row_of(toy, PRION)).status == ["new"] * 6


@pytest.mark.parametrize("roles", [c for size in (1, 2, 3, 5) for c in itertools.combinations(PRECEDENCE, size)])
def test_the_word_that_comes_first_leads(roles):
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", ""), ("y", "y", "Disease", "")]
    edges = [("d", RELATION[role], "x", "", "") for role in reversed(roles)]
    graph = graph_of(nodes, [*edges, ("d", "treats", "y", "", "")])
    marks = Marks.of(graph, 1)
    assert marks.status == [roles[0]]
    assert {role for role in ROLES if marks.holds[role][0]} == set(roles)


def test_known_is_what_treats_or_relieves(toy):
    assert Marks.of(toy, row_of(toy, ALZHEIMER)).known.tolist() == [True, True, False, False, True, False]
    assert Marks.of(toy, row_of(toy, PARKINSON)).known.tolist() == [True, False, False, True, False, False]


def test_an_edge_against_the_role_is_no_mark():
    """What a disease "treats" is no drug."""
    graph = graph_of(
        [("d", "d", "Compound", ""), ("x", "x", "Disease", ""), ("y", "y", "Disease", "")],
        [("x", "treats", "d", "", ""), ("d", "treats", "y", "", "")],
    )
    assert Marks.of(graph, 1).status == ["new"]
