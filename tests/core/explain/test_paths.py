"""Paths against networkx's enumeration of a multigraph, and weights against the formula written again."""

import itertools
import math
from collections import Counter

import networkx
import numpy as np
import pytest

from core.explain.paths import FURTHER, OTHER_WAYS, PathFinder
from core.explain.search import FIRST_ROOM
from tests.toy import (
    ACHE,
    ALZHEIMER,
    ASPIRIN,
    DIABETES,
    DONEPEZIL,
    DRD2,
    GRIN1,
    HALOPERIDOL,
    MEMANTINE,
    PARKINSON,
    PRION,
    graph_of,
    row_of,
)

MANY = 10**6


def meaning(graph, relation):
    return graph.source.meaning(graph.vocabulary.relations[relation])


def slow_paths(graph, drug, disease, *, edges=3):
    """Return the weight of each path, as a tuple of triple rows, from an exhaustive search."""
    multigraph, seen = networkx.MultiGraph(), set()
    multigraph.add_nodes_from(range(graph.n_entities))
    degree = Counter()
    for row, (head, relation, tail) in enumerate(graph.triples.tolist()):
        symmetric = meaning(graph, relation).symmetric
        edge = (min(head, tail), relation, max(head, tail)) if symmetric else (head, relation, tail)
        if head == tail or edge in seen:
            continue
        seen.add(edge)
        degree[head, relation, symmetric or "out", graph.kinds[tail]] += 1
        degree[tail, relation, symmetric or "in", graph.kinds[head]] += 1
        if {head, tail} != {drug, disease}:
            multigraph.add_edge(head, tail, key=row)

    def weight(row):
        head, relation, tail = graph.triples[row].tolist()
        symmetric = meaning(graph, relation).symmetric
        of_head = degree[head, relation, symmetric or "out", graph.kinds[tail]]
        of_tail = degree[tail, relation, symmetric or "in", graph.kinds[head]]
        return meaning(graph, relation).evidence_weight * (of_head * of_tail) ** -0.5

    ways = [tuple(key for _, _, key in way) for way in networkx.all_simple_edge_paths(multigraph, drug, disease, cutoff=edges)]
    weights = {way: math.prod(map(weight, way)) for way in ways}
    return {way: value for way, value in weights.items() if value > 0}


def edges_of(path):
    return tuple(step.edge for step in path.steps)


def assert_finds_the_same(graph, drug, disease, *, edges=3):
    found, expected = PathFinder(graph).all(drug, disease, edges=edges), slow_paths(graph, drug, disease, edges=edges)
    assert Counter(map(edges_of, found)) == Counter(expected.keys())  # the same, and each once
    np.testing.assert_allclose([path.weight for path in found], [expected[edges_of(path)] for path in found], rtol=1e-12)
    assert found == sorted(found, key=lambda path: -path.weight)
    return found


def random_graph(seed, *, nodes=14, edges=70):
    """Return a multigraph with hubs, parallel edges, edges in both directions, and loops."""
    generator = np.random.default_rng(seed)
    kinds = generator.choice(["Compound", "Disease", "Gene"], nodes)
    kinds[:2] = "Compound", "Disease"
    rows = [(f"n{number}", f"node {number}", kind, "") for number, kind in enumerate(kinds)]
    relations = ["treats", "inhibits", "interacts_with", "causes", "cautioned_in", "undeclared"]
    ends = np.minimum(generator.geometric(0.15, (edges, 2)) - 1, nodes - 1)
    triples = {(f"n{head}", str(generator.choice(relations)), f"n{tail}", "", "") for head, tail in ends}
    return graph_of(rows, [("n0", "treats", "n1", "", ""), *sorted(triples - {("n0", "treats", "n1", "", "")})])


def test_all_paths_of_the_toy_graph_are_found(toy):
    for drug, disease in itertools.product(toy.drugs.tolist(), toy.diseases.tolist()):
        assert_finds_the_same(toy, drug, disease)


@pytest.mark.parametrize("seed", range(12))
def test_all_paths_of_random_graphs_are_found(seed):
    graph = random_graph(seed)
    found = [assert_finds_the_same(graph, drug, disease) for drug, disease in [(0, 1), (2, 3), (5, 0)]]
    assert {len(path.steps) for path in found[0]} == {2, 3}


@pytest.mark.parametrize("seed", range(4))
def test_all_paths_of_four_edges_are_found_on_request(seed):
    found = assert_finds_the_same(random_graph(seed, nodes=10, edges=40), 0, 1, edges=4)
    assert {len(path.steps) for path in found} == {2, 3, 4}


@pytest.mark.parametrize("seed", range(4))
def test_a_path_is_a_walk_along_edges_that_meets_no_node_twice(seed):
    graph = random_graph(seed)
    for path in PathFinder(graph).all(0, 1):
        assert (path.nodes[0], path.nodes[-1]) == (0, 1)
        assert len(set(path.nodes)) == len(path.nodes) == len(path.steps) + 1
        assert [step.end for step in path.steps] == list(path.nodes[1:])
        for step in path.steps:
            head, _, tail = graph.triples[step.edge].tolist()
            assert (step.start, step.end) == ((head, tail) if step.forward else (tail, head))


@pytest.mark.parametrize("seed", range(4))
def test_an_edge_between_the_pair_itself_is_never_used(seed):
    graph = random_graph(seed)
    pair_edges = {row for row, (h, _, t) in enumerate(graph.triples.tolist()) if {h, t} == {0, 1}}
    found = PathFinder(graph).all(0, 1)
    assert pair_edges
    assert not pair_edges & {step.edge for path in found for step in path.steps}


def test_relations_that_are_no_reason_are_not_used(toy):
    """Of the harms and trials (evidence weight 0), haloperidol's ban in Parkinson's disease would give a short way."""
    silent = toy.relation_rows(["contraindicated_in", "cautioned_in", "investigated_for"]).tolist()
    for drug, disease in itertools.product(toy.drugs.tolist(), toy.diseases.tolist()):
        for path in PathFinder(toy).all(drug, disease):
            assert not {int(toy.triples[step.edge, 1]) for step in path.steps} & set(silent)


def test_the_best_paths_of_the_toy_graph_by_hand(toy):
    """Haloperidol -inhibits- DRD2 -associated with- Parkinson: each node has one such edge, so the weight is 1."""
    drug, disease = row_of(toy, HALOPERIDOL), row_of(toy, PARKINSON)
    best = PathFinder(toy).best(drug, disease)[0]
    assert [toy.vocabulary.entities[node] for node in best.nodes] == [HALOPERIDOL, DRD2, PARKINSON]
    assert best.weight == pytest.approx(1.0)
    assert [step.forward for step in best.steps] == [True, False]


def test_weights_of_the_toy_graph_by_hand(toy):
    """Alzheimer's disease has two genes, GRIN1 two diseases: memantine - GRIN1 - Alzheimer is 1 * (2 * 2) ** -0.5."""
    paths = PathFinder(toy).all(row_of(toy, MEMANTINE), row_of(toy, ALZHEIMER))
    by_nodes = {tuple(toy.vocabulary.entities[node] for node in path.nodes): path.weight for path in paths}
    assert by_nodes[MEMANTINE, GRIN1, ALZHEIMER] == pytest.approx(1 / 2)
    # inhibits 1 * associated with (GRIN1 2, prion 1), resembles (weight 0.7, 1, 1)
    assert by_nodes[MEMANTINE, GRIN1, PRION, ALZHEIMER] == pytest.approx(2**-0.5 * 0.7)


def test_a_pair_that_nothing_joins_has_no_path(toy):
    assert PathFinder(toy).best(row_of(toy, ASPIRIN), row_of(toy, DIABETES), top=MANY) == []


def test_only_the_best_are_given():
    finder = PathFinder(random_graph(0))
    everything = finder.best(0, 1, top=MANY)
    assert len(everything) > 10
    assert finder.best(0, 1, top=3) == everything[:3]
    assert finder.best(0, 1) == everything[:10]
    assert finder.best(0, 1, top=0) == []


def hub_graph(*, diseases_of_hub, drugs_of_hub=1):
    """Drug d inhibits a hub gene and a quiet one; both are associated with the disease."""
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", ""), ("hub", "hub", "Gene", ""), ("quiet", "quiet", "Gene", "")]
    nodes += [(f"x{n}", f"x{n}", "Disease", "") for n in range(1, diseases_of_hub)]
    nodes += [(f"d{n}", f"d{n}", "Compound", "") for n in range(1, drugs_of_hub)]
    edges = [
        ("d", "inhibits", "hub"),
        ("d", "inhibits", "quiet"),
        ("x", "associated_with", "hub"),
        ("x", "associated_with", "quiet"),
    ]
    edges += [(f"x{n}", "associated_with", "hub") for n in range(1, diseases_of_hub)]
    edges += [(f"d{n}", "inhibits", "hub") for n in range(1, drugs_of_hub)]
    edges.append(("d", "treats", "x"))
    return graph_of(nodes, [(*edge, "", "") for edge in edges])


@pytest.mark.parametrize(("diseases", "drugs"), [(1, 1), (4, 1), (9, 4)])
def test_a_hub_is_damped_by_the_roots_of_its_degrees(diseases, drugs):
    """Drug and disease have two genes each: the quiet way weighs (2 * 1) ** -0.5 * (2 * 1) ** -0.5 = 1 / 2."""
    graph = hub_graph(diseases_of_hub=diseases, drugs_of_hub=drugs)
    two = [path for path in PathFinder(graph).all(0, 1) if len(path.steps) == 2]
    weights = {graph.names[path.nodes[1]]: path.weight for path in two}
    assert weights["quiet"] == pytest.approx(1 / 2)
    assert weights["hub"] == pytest.approx(1 / 2 / math.sqrt(diseases * drugs))


def test_a_hub_is_damped_whichever_way_its_symmetric_edges_are_stored():
    """g interacts with 100 genes; whether a table says "g - x" or "x - g" means nothing, and must not change a weight.

    hetmatpy, too, counts an undirected metaedge at both ends.
    """
    assert interaction_weight(hub_first=True) == pytest.approx(interaction_weight(hub_first=False))


def interaction_weight(*, hub_first):
    """Return the weight of d - g - y - x, where g interacts with many genes, stored with g first or last but for y."""
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", ""), ("g", "g", "Gene", ""), ("y", "y", "Gene", "")]
    nodes += [(f"g{n}", f"g{n}", "Gene", "") for n in range(99)]
    edges = [("d", "inhibits", "g"), ("g", "interacts_with", "y"), ("x", "associated_with", "y"), ("d", "treats", "x")]
    edges += [("g", "interacts_with", f"g{n}") if hub_first else (f"g{n}", "interacts_with", "g") for n in range(99)]
    graph = graph_of(nodes, [(*edge, "", "") for edge in edges])
    (path,) = PathFinder(graph).best(0, 1)
    return path.weight


def test_at_equal_weight_the_shorter_path_comes_first():
    """d - g - x and d - h - y - x weigh 1 each: every node has one edge of each kind, and no relation is discounted."""
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", "")] + [(g, g, "Gene", "") for g in "ghy"]
    edges = [("d", "activates", "h"), ("h", "undeclared", "y"), ("y", "other", "x"), ("d", "inhibits", "g")]
    edges += [("x", "associated_with", "g"), ("d", "treats", "x")]
    graph = graph_of(nodes, [(*edge, "", "") for edge in edges])
    paths = PathFinder(graph).all(0, 1)
    assert [path.weight for path in paths] == [1.0, 1.0]
    assert [len(path.steps) for path in paths] == [2, 3]


def test_none_of_very_many_paths_is_lost():
    """Two layers of 70 genes, fully joined: 4,900 paths of three edges, more than there is room for at first."""
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", "")]
    nodes += [(f"{layer}{n}", f"{layer}{n}", "Gene", "") for layer in "ab" for n in range(70)]
    edges = [("d", "inhibits", f"a{n}") for n in range(70)] + [("x", "associated_with", f"b{n}") for n in range(70)]
    edges += [(f"a{n}", "regulates", f"b{m}") for n in range(70) for m in range(70)]
    edges.append(("d", "treats", "x"))
    graph = graph_of(nodes, [(*edge, "", "") for edge in edges])
    paths = PathFinder(graph).all(0, 1)
    assert len(set(map(edges_of, paths))) == len(paths) == 70 * 70 > FIRST_ROOM
    # each end has 70 genes, each a one drug and 70 targets, each b one disease and 70 sources
    assert {round(path.weight * 70 * 70, 9) for path in paths} == {1.0}


def two_target_graph():
    """Drug d inhibits g and h, both associated with x; the class of d and the known drugs of x speak for g."""
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", ""), ("g", "g", "Gene", ""), ("h", "h", "Gene", "")]
    nodes += [(f"k{n}", f"k{n}", "Compound", "") for n in range(6)] + [
        ("c", "c", "Pharmacologic Class", ""),
        ("y", "y", "Disease", ""),
    ]
    edges = [("d", "inhibits", "g"), ("d", "inhibits", "h"), ("x", "associated_with", "g"), ("x", "associated_with", "h")]
    edges += [(f"k{n}", "inhibits", "g") for n in range(3)] + [(f"k{n}", "treats", "x") for n in range(3)]
    edges += [(drug, "has_class", "c") for drug in ("d", "k0", "k1")] + [("k3", "treats", "y")]
    return graph_of(nodes, [(*edge, "", "") for edge in edges])


def test_the_target_that_the_known_drugs_share_comes_before_the_rarer_one():
    graph = two_target_graph()
    finder = PathFinder(graph)
    best, g, h = finder.best(0, 1), row_of(graph, "g"), row_of(graph, "h")
    assert finder.all(0, 1)[0].nodes == (0, h, 1)  # g is the hub, so h is heavier
    assert best[0].nodes == (0, g, 1)
    weights = finder.target_weights(0, 1)
    assert best[0].share == pytest.approx(weights[g])
    assert sum(weights.values()) == pytest.approx(1)


def test_each_further_path_through_one_target_counts_a_fifth():
    graph = two_target_graph()
    finder = PathFinder(graph)
    weights, g = finder.target_weights(0, 1), row_of(graph, "g")
    through = [path for path in finder.best(0, 1, top=MANY) if path.nodes[1] == g]
    every = [path.weight for path in finder.all(0, 1) if path.nodes[1] == g]
    expected = [weights[g] * weight / max(every) * FURTHER**rank for rank, weight in enumerate(every)]
    assert len(every) > 2
    np.testing.assert_allclose([path.share for path in through], expected, rtol=1e-12)


def test_the_best_path_through_no_target_has_a_fixed_share():
    graph = two_target_graph()
    others = [path for path in PathFinder(graph).best(0, 1, top=MANY) if graph.kinds[path.nodes[1]] != "Gene"]
    assert others[0].share == OTHER_WAYS


def test_rows_may_be_numpy_integers(toy):
    finder, drug, disease = PathFinder(toy), row_of(toy, MEMANTINE), row_of(toy, ALZHEIMER)
    assert finder.best(np.int32(drug), np.int32(disease)) == finder.best(drug, disease)


def test_a_path_walked_back_has_the_same_edges():
    graph = random_graph(0)
    for path in PathFinder(graph).all(0, 1)[:20]:
        back = path.reversed
        assert back.nodes == path.nodes[::-1]
        assert edges_of(back) == edges_of(path)[::-1]
        assert back.reversed == path
        for step in back.steps:
            head, _, tail = graph.triples[step.edge].tolist()
            assert (step.start, step.end) == ((head, tail) if step.forward else (tail, head))


def test_the_pair_may_be_asked_from_either_end(toy):
    """From the disease the same edges are walked, backwards."""
    drug, disease = row_of(toy, DONEPEZIL), row_of(toy, ALZHEIMER)
    there = {edges_of(path): path.weight for path in PathFinder(toy).best(drug, disease, top=MANY)}
    back = {edges_of(path)[::-1]: path.weight for path in PathFinder(toy).best(disease, drug, top=MANY)}
    assert list(there) == list(back)  # the same order of merit
    assert there.keys() == back.keys()
    assert all(there[key] == pytest.approx(back[key], rel=1e-12) for key in there)
    assert row_of(toy, ACHE) in {toy.triples[edge, 2] for edges in there for edge in edges}


def bare(*edges):
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", ""), ("y", "y", "Disease", ""), ("g", "g", "Gene", "")]
    return graph_of(nodes, [(*edge, "", "") for edge in edges])


@pytest.mark.parametrize(
    "graph",
    [
        bare(("d", "treats", "x")).kept(np.zeros(1, dtype=bool)),
        bare(("d", "treats", "x")),
        bare(("d", "treats", "x"), ("d", "contraindicated_in", "y"), ("x", "contraindicated_in", "g")),
        bare(("d", "treats", "y"), ("d", "inhibits", "d"), ("g", "interacts_with", "g")),
    ],
    ids=["no edge", "only the pair's own", "only what is no reason", "loops"],
)
def test_a_graph_that_has_no_way_gives_no_path(graph):
    assert PathFinder(graph).best(0, 1, edges=4) == PathFinder(graph).all(0, 1) == []
