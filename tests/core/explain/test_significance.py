"""Shuffled graphs keep what they must keep; p-values of a graph that is itself random are uniform."""

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from core.errors import WorkspaceError
from core.explain.metapaths import MetapathFinder
from core.explain.paths import PathFinder
from core.explain.permutation import permuted_ends
from core.explain.search import PathSearch
from core.explain.significance import Chance, chance, default_count, is_cached, layout_fingerprint, null_model
from core.explain.typed import TypedEdges
from core.workspace import Workspace
from tests.core.explain.test_paths import random_graph
from tests.toy import graph_of


def bipartite_graph(seed, *, drugs=40, genes=40, diseases=25, per_drug=8, per_disease=12):
    """Return a graph in which each drug and each disease chose its genes at random, and genes interact at random."""
    generator = np.random.default_rng(seed)
    nodes = [(f"d{n}", f"d{n}", "Compound", "") for n in range(drugs)] + [(f"g{n}", f"g{n}", "Gene", "") for n in range(genes)]
    nodes += [(f"x{n}", f"x{n}", "Disease", "") for n in range(diseases)]
    edges = [(f"d{n}", "inhibits", f"g{g}") for n in range(drugs) for g in generator.choice(genes, per_drug, replace=False)]
    edges += [
        (f"x{n}", "associated_with", f"g{g}")
        for n in range(diseases)
        for g in generator.choice(genes, per_disease, replace=False)
    ]
    pairs = {tuple(sorted(generator.choice(genes, 2, replace=False).tolist())) for _ in range(90)}
    edges += [(f"g{a}", "interacts_with", f"g{b}") for a, b in sorted(pairs)]
    return graph_of(nodes, [(*edge, "", "") for edge in [*edges, ("d0", "treats", "x0")]])


def edge_list(typed, ends):
    return list(zip(typed.starts().tolist(), typed.along().tolist(), ends.tolist(), strict=True))


@pytest.mark.parametrize("graph", [random_graph(3), random_graph(5, nodes=25, edges=150), bipartite_graph(0)])
def test_shuffling_keeps_every_degree_and_makes_no_loop_and_no_edge_twice(graph):
    typed = TypedEdges.of(graph)
    before = Counter((start, along) for start, along, _ in edge_list(typed, typed.ends))
    into = Counter((along, end) for _, along, end in edge_list(typed, typed.ends))
    for ends in permuted_ends(typed, seed=1, count=5):
        edges = edge_list(typed, ends)
        assert len(set(edges)) == len(edges)
        assert all(start != end for start, _, end in edges)
        assert Counter((start, along) for start, along, _ in edges) == before
        assert Counter((along, end) for _, along, end in edges) == into
        assert {(end, int(typed.metaedges.reverse[along]), start) for start, along, end in edges} == set(edges)
        assert all(graph.kind_codes[end] == typed.metaedges.end_kind[along] for _, along, end in edges)
        for start, along in before:  # what the search needs: ascending within a row
            assert np.all(np.diff(ends[typed.row(start, along)]) > 0)


def test_shuffled_graphs_differ_and_repeat_with_the_seed():
    typed = TypedEdges.of(bipartite_graph(0))
    one, again, other = (np.stack(list(permuted_ends(typed, seed=seed, count=3))) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert all((ends != typed.ends).mean() > 0.5 for ends in one)
    assert (one[0] != one[1]).mean() > 0.5


def test_all_graphs_of_the_same_degrees_are_equally_frequent():
    """Three drugs with one gene each, of three: the 6 matchings, each a sixth of the time (chi-squared, fixed seed)."""
    nodes = [(f"{kind}{n}", f"{kind}{n}", name, "") for kind, name in (("d", "Compound"), ("g", "Gene")) for n in range(3)]
    graph = graph_of([*nodes, ("x", "x", "Disease", "")], [(f"d{n}", "inhibits", f"g{n}", "", "") for n in range(3)] + [
        ("d0", "treats", "x", "", "")])  # fmt: skip
    typed = TypedEdges.of(graph)
    seen = Counter(tuple(ends.tolist()) for ends in permuted_ends(typed, seed=0, count=1200))
    assert len(seen) == 6
    assert stats.chisquare(list(seen.values())).pvalue > 0.01


@pytest.mark.parametrize("edges", [[(0, 1), (2, 3)], [(0, 1), (1, 2), (2, 3), (3, 0)]], ids=["pairs", "ring"])
def test_all_undirected_graphs_of_the_same_degrees_are_equally_frequent(edges):
    """Four genes: the three ways to pair them, and the three ways to draw a ring through them."""
    nodes = [(f"g{n}", f"g{n}", "Gene", "") for n in range(4)] + [("d", "d", "Compound", ""), ("x", "x", "Disease", "")]
    joined = [(f"g{a}", "interacts_with", f"g{b}", "", "") for a, b in edges]
    typed = TypedEdges.of(graph_of(nodes, [*joined, ("d", "treats", "x", "", "")]))
    seen = Counter(tuple(ends.tolist()) for ends in permuted_ends(typed, seed=0, count=900))
    assert len(seen) == 3
    assert stats.chisquare(list(seen.values())).pvalue > 0.01


def test_dwpc_in_a_shuffled_graph_is_what_a_new_search_finds():
    graph = random_graph(2, nodes=20, edges=120)
    search = PathSearch(graph)
    ends = np.stack(list(permuted_ends(search.typed, seed=0, count=4)))
    null = search.dwpc_in(ends, 0, 1)
    fresh = PathSearch(graph)
    for row, shuffled in zip(null, ends, strict=True):
        fresh.typed = search.typed.with_ends(shuffled)
        found = fresh.best(0, 1)
        expected = dict(zip(found.metapaths, found.dwpc, strict=True))
        assert [expected.get(metapath, 0.0) for metapath in search.tree(0, 1, 3).metapaths] == pytest.approx(row)


def test_p_values_on_a_random_graph_are_uniform(tmp_path):
    """Many pairs of graphs that were drawn at random: no metapath stands out (Kolmogorov and Smirnov, fixed seeds)."""
    p = {"CiGaD": [], "CiGiGaD": []}
    for seed in range(4):
        graph = bipartite_graph(seed)
        finder = MetapathFinder(graph)
        null = null_model(Workspace(tmp_path), finder.finder.search, count=199)
        for drug, disease in zip(graph.drugs.tolist(), graph.diseases.tolist(), strict=False):
            groups = finder.groups(drug, disease)
            found = null.chances(drug, disease, groups)
            for code, values in p.items():  # a pair without the path has p = 1
                values.append(found[code].p if code in found else 1.0)
    assert stats.kstest(p["CiGiGaD"], "uniform").pvalue > 0.05
    # two edges: sums of few equal terms, so that ties make the test careful; never too many small values
    for level in (0.05, 0.1, 0.2, 0.3):
        assert np.mean(np.array(p["CiGaD"]) <= level) <= level + 2 * np.sqrt(level * (1 - level) / len(p["CiGaD"]))


def test_a_planted_mechanism_stands_out(tmp_path):
    """Drug d0 and disease x0 get the same eight genes: by chance they share 8 * 12 / 40 = 2.4."""
    graph = bipartite_graph(0)
    shared = graph.vocabulary.entity_row["d0"], graph.vocabulary.entity_row["x0"]
    genes = [f"g{n}" for n in range(8)]
    names, relations = graph.vocabulary.entities, graph.vocabulary.relations
    edges = [(names[h], relations[r], names[t], "", "") for h, r, t in graph.triples.tolist() if h not in shared]
    edges += [("d0", "inhibits", gene, "", "") for gene in genes] + [("x0", "associated_with", gene, "", "") for gene in genes]
    planted = graph_of([(n, n, k, "") for n, k in zip(names, graph.kinds, strict=True)], [*edges, ("d0", "treats", "x0", "", "")])
    finder = MetapathFinder(planted)
    drug, disease = planted.vocabulary.entity_row["d0"], planted.vocabulary.entity_row["x0"]
    null = null_model(Workspace(tmp_path), finder.finder.search, count=199)
    assert null.chances(drug, disease, finder.groups(drug, disease))["CiGaD"].p < 0.01


def test_empirical_p_by_hand():
    null = np.array([0.0, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3, 0.4, 0.5])
    assert chance(0.3, null) == Chance(6 / 10, "empirical", 9, 5)
    assert chance(9.0, null) == Chance(1 / 10, "empirical", 9, 0)


def test_the_gamma_hurdle_by_scipy():
    """Share of graphs with a path, times the tail of the gamma distribution with their mean and variance."""
    null = np.concatenate([np.zeros(60), np.random.default_rng(0).gamma(3, 0.2, 40)])
    positive, found = null[null > 0], chance(2.5, null)
    shape, scale = positive.mean() ** 2 / positive.var(ddof=1), positive.var(ddof=1) / positive.mean()
    assert (found.method, found.reached) == ("gamma-hurdle", 0)
    assert found.p == pytest.approx(0.4 * stats.gamma.sf(2.5, shape, scale=scale))


def test_equal_values_fit_no_gamma_distribution():
    assert chance(0.5, np.full(100, 0.25)).method == "empirical"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Chance(1 / 400, "empirical", 399, 1), "1 in 400 random graphs has this much"),
        (Chance(1 / 401, "empirical", 400, 0), "none of 400 random graphs has this much"),
        (Chance(0.9, "empirical", 400, 360), "nearly every random graph has this much"),
        (Chance(1e-4, "gamma-hurdle", 400, 0), "1 in 10,000 random graphs has this much (gamma-hurdle, from 400)"),
        (Chance(0.0, "gamma-hurdle", 400, 0), "1 in 1,000,000,000 random graphs has this much (gamma-hurdle, from 400)"),
    ],
)
def test_chance_in_words(found, words):
    assert found.words == words


def test_shuffled_graphs_are_kept_and_read_again(tmp_path, toy):
    workspace, search = Workspace(tmp_path), PathFinder(toy).search
    assert not is_cached(workspace, search, count=20)
    steps = []
    first = null_model(workspace, search, count=20, progress=lambda done, total: steps.append((done, total)))
    assert is_cached(workspace, search, count=20)
    assert steps == [(n, 20) for n in range(1, 21)]
    again = null_model(workspace, search, count=20, progress=lambda done, total: pytest.fail("made again"))
    np.testing.assert_array_equal(first.ends, again.ends)
    assert not is_cached(workspace, search, count=20, seed=1)


def test_another_graph_has_other_shuffled_graphs(toy):
    fewer = toy.kept(np.arange(len(toy.triples)) != 20)
    assert layout_fingerprint(PathSearch(toy)) == layout_fingerprint(PathSearch(toy))
    assert layout_fingerprint(PathSearch(toy)) != layout_fingerprint(PathSearch(fewer))


def test_a_full_disk_leaves_nothing_half_written(tmp_path, small_files):
    search = PathSearch(bipartite_graph(0))
    with small_files(4096), pytest.raises(WorkspaceError):
        null_model(Workspace(tmp_path), search, count=50)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_number_of_shuffled_graphs_follows_the_size(toy):
    typed = TypedEdges.of(toy)
    assert default_count(typed) == 400
    assert default_count(typed.with_ends(np.zeros(1_500_000, np.int32))) == 50
    assert default_count(typed.with_ends(np.zeros(50_000_000, np.int8))) == 20
