import pytest

from core.explain.directions import Directions
from core.explain.paths import PathFinder
from core.kg.search import EntityIndex
from tests.toy import graph_of


def graph_with(own, known):
    """Drug d and the known drugs act on g; the known ones treat x.

    :param own: relation of d
    :param known: relations of the known drugs
    """
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", ""), ("g", "g", "Gene", "")]
    nodes += [(f"k{n}", f"k{n}", "Compound", "") for n in range(len(known))]
    edges = [("d", own, "g"), ("x", "associated_with", "g"), ("d", "treats", "x")]
    edges += [(f"k{n}", relation, "g") for n, relation in enumerate(known)]
    edges += [(f"k{n}", "treats", "x") for n in range(len(known))]
    return graph_of(nodes, [(*edge, "", "") for edge in edges])


def opposition(graph):
    path = next(path for path in PathFinder(graph).all(0, 1) if len(path.steps) == 2)
    return Directions(graph).opposition(path)


@pytest.mark.parametrize(
    ("own", "known", "opposed"),
    [
        ("inhibits", ["activates"], True),
        ("activates", ["inhibits", "inhibits"], True),
        ("inhibits", ["inhibits"], False),
        ("inhibits", ["activates", "inhibits"], False),  # not clear
        ("inhibits", ["activates", "activates", "inhibits"], True),
        ("inhibits", ["binds", "modulates"], False),  # the graph does not say
        ("binds", ["activates"], False),
        ("inhibits", [], False),
    ],
)
def test_a_path_is_flagged_where_known_drugs_act_the_other_way(own, known, opposed):
    assert (opposition(graph_with(own, known)) is not None) is opposed


def test_the_flag_in_words():
    graph = graph_with("inhibits", ["activates", "activates", "inhibits"])
    found = opposition(graph)
    assert (found.opposite, found.same, found.sign) == (2, 1, 1)
    assert found.words(graph) == "opposite to the known drugs: 2 of 3 known drugs for x that act on g activate it"


@pytest.mark.parametrize(("drug", "flagged"), [("propranolol", True), ("salbutamol", False)])
def test_beta_blocker_and_beta_agonist_in_asthma(starter, drug, flagged):
    rows = (
        EntityIndex(starter, starter.drugs, "drug").resolve(drug),
        EntityIndex(starter, starter.diseases, "disease").resolve("asthma"),
    )
    best = PathFinder(starter).best(*rows)
    directions = Directions(starter)
    assert (directions.opposition(best[0]) is not None) is flagged
    assert any(directions.opposition(path) for path in best) is flagged
