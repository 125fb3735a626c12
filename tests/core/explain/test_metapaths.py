"""DWPC against the worked example of its authors, a published figure of Hetionet, and networkx's enumeration."""

import dataclasses
import itertools
from collections import defaultdict

import numpy as np
import pytest

from core.explain import typed
from core.explain.metapaths import MetapathFinder
from core.explain.paths import PathFinder
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kg.sources import Source
from core.kg.vocabulary import Vocabulary
from tests.core.explain.test_paths import random_graph, slow_paths
from tests.toy import ALZHEIMER, ASPIRIN, DIABETES, DONEPEZIL, MEMANTINE, row_of

#: Figure 2 of Himmelstein and Baranzini 2015, doi 10.1371/journal.pcbi.1004259
FIGURE = {
    "interacts": [("IRF1", "SUMO1"), ("IRF1", "IL2RA"), ("IRF1", "IRF8"), ("IRF1", "CXCR4"), ("ITCH", "CXCR4")],
    "associates": [
        ("IRF1", "Crohn's disease"), ("STAT3", "Crohn's disease"), ("STAT3", "multiple sclerosis"),
        ("IL2RA", "multiple sclerosis"), ("IRF8", "multiple sclerosis"), ("CXCR4", "multiple sclerosis"),
    ],
    "expressed": [("IRF1", "lung"), ("IRF1", "leukocyte")],
    "localizes": [("multiple sclerosis", "leukocyte")],
}  # fmt: skip
KINDS = {"lung": "Tissue", "leukocyte": "Tissue", "Crohn's disease": "Disease", "multiple sclerosis": "Disease"}


@pytest.fixture
def figure():
    names = sorted({end for edges in FIGURE.values() for edge in edges for end in edge})
    relations = tuple(FIGURE)
    meanings = {name: {"phrase": name, "inverse": name, "code": name[0], "symmetric": name == "interacts"} for name in relations}
    source = Source.parse(
        {"name": "f", "title": "f", "roles": {"treats": []}, "relations": meanings, "kind_codes": {"Tissue": "T"}}
    )
    triples = [(names.index(a), relations.index(name), names.index(b)) for name, edges in FIGURE.items() for a, b in edges]
    return KnowledgeGraph(
        name="figure", source=source, vocabulary=Vocabulary(tuple(names), relations), names=tuple(names),
        kinds=tuple(KINDS.get(name, "Gene") for name in names), synonyms=((),) * len(names),
        triples=np.array(triples, dtype=np.int32), detail=("",) * len(triples), provenance=("",) * len(triples),
    )  # fmt: skip


def test_the_worked_example_of_the_authors(figure):
    """hetnetpy's test of the same figure: GeTlD 2 ** -0.5, GiGaD 0.25 + 0.25 + 32 ** -0.5."""
    irf1, sclerosis = figure.names.index("IRF1"), figure.names.index("multiple sclerosis")
    groups = {group.code: group for group in MetapathFinder(figure).groups(irf1, sclerosis)}
    assert (groups["GeTlD"].dwpc, groups["GeTlD"].n_paths) == (pytest.approx(2**-0.5), 1)
    assert (groups["GiGaD"].dwpc, groups["GiGaD"].n_paths) == (pytest.approx(0.25 + 0.25 + 32**-0.5), 3)


@pytest.mark.slow
def test_a_published_figure_of_hetionet(hetionet, monkeypatch):
    """Bupropion and nicotine dependence: 142 paths CbGpPWpGaD, DWPC 0.03287590886921623 at damping 0.4 (hetnetpy's test)."""
    monkeypatch.setattr(typed, "DAMPING", 0.4)
    graph = load_graph(str(hetionet))
    drug, disease = row_of(graph, "Compound::DB01156"), row_of(graph, "Disease::DOID:0050742")
    (group,) = [each for each in MetapathFinder(graph).groups(drug, disease, edges=4) if each.code == "CbGpPWpGaD"]
    assert (group.n_paths, group.dwpc) == (142, pytest.approx(0.03287590886921623, rel=1e-12))


def slow_groups(graph, drug, disease, *, edges=3):
    """Return the sum of the path degree products by (relations, directions, kinds), from an exhaustive search."""
    groups = defaultdict(list)
    for way, weight in slow_paths(graph, drug, disease, edges=edges).items():
        here, relations, forward, kinds, evidence = drug, [], [], [graph.kinds[drug]], 1.0
        for row in way:
            head, relation, tail = graph.triples[row].tolist()
            meaning = graph.source.meaning(graph.vocabulary.relations[relation])
            relations.append(graph.vocabulary.relations[relation])
            forward.append(meaning.symmetric or head == here)
            here = tail if head == here else head
            kinds.append(graph.kinds[here])
            evidence *= meaning.evidence_weight
        groups[tuple(relations), tuple(forward), tuple(kinds)].append(weight / evidence)
    return groups


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("edges", [2, 3])
def test_dwpc_against_enumeration(seed, edges):
    graph = random_graph(seed)
    groups, expected = MetapathFinder(graph).groups(0, 1, edges=edges), slow_groups(graph, 0, 1, edges=edges)
    found = {(group.relations, group.forward, group.kinds): group for group in groups}
    assert len(groups) == len(found)
    assert found.keys() == expected.keys()
    for key, weights in expected.items():
        assert found[key].dwpc == pytest.approx(sum(weights), rel=1e-12)
        assert found[key].n_paths == len(weights)
        best = [path.weight / found[key].evidence for path in found[key].paths]
        assert sorted(best, reverse=True) == pytest.approx(sorted(weights, reverse=True)[: len(best)])
        assert len(best) == min(5, len(weights))


def test_dwpc_of_four_edges_against_enumeration():
    graph = random_graph(1, nodes=10, edges=40)
    expected = slow_groups(graph, 0, 1, edges=4)
    found = {(g.relations, g.forward, g.kinds): g.dwpc for g in MetapathFinder(graph).groups(0, 1, edges=4)}
    assert any(len(relations) == 4 for relations, _, _ in found)
    assert found == {key: pytest.approx(sum(weights), rel=1e-12) for key, weights in expected.items()}


@pytest.mark.parametrize("seed", range(3))
def test_the_scale_is_the_mean_over_all_pairs(seed):
    """``sinh(scaled)`` of a group times the mean of all pairs, zeros counted, is its DWPC."""
    graph = random_graph(seed)
    finder = MetapathFinder(graph)
    groups = {pair: finder.groups(*pair) for pair in itertools.product(graph.drugs.tolist(), graph.diseases.tolist())}
    total = defaultdict(float)
    for group in (group for each in groups.values() for group in each):
        total[group.metapath] += group.dwpc / len(groups)
    for group in (group for each in groups.values() for group in each):
        assert group.scaled == pytest.approx(np.arcsinh(group.dwpc / total[group.metapath]))
        assert group.weight == group.scaled * group.evidence


def test_the_strongest_kind_comes_first_and_none_is_dropped(toy):
    for drug, disease in itertools.product(toy.drugs.tolist(), toy.diseases.tolist()):
        groups = MetapathFinder(toy).groups(drug, disease)
        assert groups == sorted(groups, key=lambda group: -group.weight)
        assert sum(group.n_paths for group in groups) == len(PathFinder(toy).all(drug, disease))


def test_names_of_kinds_of_path(toy):
    groups = {g.code: g.words for g in MetapathFinder(toy).groups(row_of(toy, MEMANTINE), row_of(toy, ALZHEIMER))}
    assert groups == {
        "CiGaD": "drug inhibits gene, which is associated with disease",
        "CiGaDrD": "drug inhibits gene, which is associated with disease, which resembles disease",
    }


def test_a_table_of_several_drugs(toy):
    drugs = [row_of(toy, identifier) for identifier in (DONEPEZIL, MEMANTINE, ASPIRIN)]
    finder, disease = MetapathFinder(toy), row_of(toy, ALZHEIMER)
    table = finder.groups_table(drugs, disease)
    assert table.drugs == tuple(drugs)
    assert len(set(table.codes)) == len(table.codes)
    for column, drug in enumerate(drugs):
        groups = {group.code: group for group in finder.groups(drug, disease)}
        for row, code in enumerate(table.codes):
            expected = (groups[code].dwpc, groups[code].weight, groups[code].n_paths) if code in groups else (0, 0, 0)
            assert (table.dwpc[row, column], table.weight[row, column], table.n_paths[row, column]) == expected
    assert list(table.weight.max(1)) == sorted(table.weight.max(1), reverse=True)


def test_nothing_joins_a_pair(toy):
    assert MetapathFinder(toy).groups(row_of(toy, ASPIRIN), row_of(toy, DIABETES)) == []
    table = MetapathFinder(toy).groups_table([row_of(toy, ASPIRIN)], row_of(toy, DIABETES))
    assert (table.codes, table.dwpc.shape) == ((), (0, 1))


def test_a_kind_that_leans_on_a_side_effect_is_said_to_be_unspecific():
    graph = random_graph(0)
    groups = MetapathFinder(graph).groups(0, 1)
    assert {group.unspecific for group in groups} == {True, False}
    assert all(group.unspecific == ("causes" in group.relations) for group in groups)
    assert all(group.correlation == ("causes" in group.relations) for group in groups)


def test_a_treatment_of_the_pair_itself_changes_its_degrees_only(toy):
    """Without donepezil's own edges to Alzheimer's disease the same paths are found."""
    drug, disease = row_of(toy, DONEPEZIL), row_of(toy, ALZHEIMER)
    own = (toy.triples[:, 0] == drug) & (toy.triples[:, 2] == disease)
    bare = dataclasses.replace(toy.kept(~own))
    assert own.any()
    assert {p.nodes for p in PathFinder(toy).all(drug, disease)} == {p.nodes for p in PathFinder(bare).all(drug, disease)}
