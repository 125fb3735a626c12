"""Simple methods against slow loops over triples, written from their docstrings."""

import itertools
import math

import numpy as np
import pytest

from core.evaluate import baselines
from core.kg.sources import ROLES
from core.kg.splits import without_pairs
from tests.toy import ALZHEIMER, DONEPEZIL, GRIN1, MEMANTINE, PARKINSON, graph_of, row_of

RELATIONS = {
    "palliates": "Compound Disease", "investigated_for": "Compound Disease", "contraindicated_in": "Compound Disease",
    "cautioned_in": "Compound Disease", "inhibits": "Compound Gene", "binds": "Compound Gene", "metabolized_by": "Compound Gene",
    "has_class": "Compound Class", "associated_with": "Disease Gene", "involves": "Disease Gene", "interacts_with": "Gene Gene",
    "resembles": "Disease Disease", "treats": "Compound Disease",
}  # fmt: skip
SIMPLE = ("degree", "gba-drug", "gba-disease", "paths", "text-drug", "text-disease")


def random_graph(seed, *, edges=160):
    """Return a graph with parallel edges, edges in both directions between genes, and loops."""
    generator = np.random.default_rng(seed)
    counts = {"Gene": 8, "Compound": 9, "Class": 3, "Disease": 6}
    nodes = [(f"{kind}{n}", f"{kind}{n}", kind, "") for n in range(9) for kind, count in counts.items() if n < count]
    triples = set()
    for relation in generator.choice(list(RELATIONS), edges):
        head, tail = (f"{kind}{generator.integers(counts[kind])}" for kind in RELATIONS[relation].split())
        triples.add((head, str(relation), tail, "", ""))
    return graph_of(nodes, sorted(triples))


def text_of(graph):
    return np.random.default_rng(7).standard_normal((graph.n_entities, 5)).astype(np.float32)


def all_simple(graph):
    text = text_of(graph)
    made = [baselines.degree(graph), baselines.guilt_by_association(graph), baselines.similar_diseases(graph)]
    made += [baselines.path_counts(graph)]
    made += [baselines.nearest_drug_text(graph, text), baselines.nearest_disease_text(graph, text)]
    assert tuple(scorer.name for scorer in made) == SIMPLE
    return {scorer.name: scorer for scorer in made}


def slow_known(graph):
    rows = [graph.vocabulary.relation_row.get(name) for name in ("treats", "palliates")]
    return {(head, tail) for head, relation, tail in graph.triples.tolist() if relation in rows}


def slow_links(graph, *, damped):
    """Return the largest weight between two entities, in both directions; no role counts."""
    roles = {name for role in ROLES for name in graph.source.roles.get(role, ())}
    symmetric = [graph.source.meaning(name).symmetric for name in graph.vocabulary.relations]

    def degree(node, relation, end):
        other = 2 - end
        return sum(
            (triple[end] == node) + (symmetric[relation] and triple[other] == node)
            for triple in graph.triples.tolist()
            if triple[1] == relation
        )

    links = {}
    for head, relation, tail in graph.triples.tolist():
        name = graph.vocabulary.relations[relation]
        weight = 0 if name in roles else graph.source.meaning(name).evidence_weight
        if weight and damped:
            weight *= (degree(head, relation, 0) * degree(tail, relation, 2)) ** -0.5
        for pair in ((head, tail), (tail, head)):
            links[pair] = max(links.get(pair, 0), weight)
    return {pair: weight for pair, weight in links.items() if weight}


def slow_cosines(graph, rows):
    """Return the idf-weighted cosine of each two distinct rows over their neighbours."""
    links = slow_links(graph, damped=False)
    carriers = {node: sum((row, node) in links for row in rows) for node in range(graph.n_entities)}
    profile = {
        row: {n: links[row, n] * math.log(len(rows) / carriers[n]) for n in range(graph.n_entities) if (row, n) in links}
        for row in rows
    }
    length = {row: math.sqrt(sum(value**2 for value in profile[row].values())) for row in rows}

    def cosine(one, other):
        product = sum(value * profile[other].get(node, 0) for node, value in profile[one].items())
        return product / (length[one] * length[other]) if product else 0

    return {(one, other): cosine(one, other) for one, other in itertools.permutations(rows, 2)}


def slow_text_cosines(vectors, rows):
    centred = vectors[rows].astype(float) - vectors[rows].astype(float).mean(axis=0)
    unit = {row: vector / np.linalg.norm(vector) for row, vector in zip(rows, centred, strict=True)}
    return {(one, other): float(unit[one] @ unit[other]) for one, other in itertools.permutations(rows, 2)}


def from_drugs(graph, cosines):
    """Sum, for each pair, the cosines of the drug with the other known drugs of the disease. Shape (n_diseases, n_drugs)."""
    known, drugs = slow_known(graph), graph.drugs.tolist()
    return [[sum(cosines[d, k] for k in drugs if k != d and (k, x) in known) for d in drugs] for x in graph.diseases.tolist()]


def from_diseases(graph, cosines):
    """Sum, for each pair, the cosines of the disease with the other diseases that the drug is known for."""
    known, diseases = slow_known(graph), graph.diseases.tolist()
    return [[sum(cosines[x, y] for y in diseases if y != x and (d, y) in known) for d in graph.drugs.tolist()] for x in diseases]


def assert_matrix(scorer, graph, expected, **tolerance):
    np.testing.assert_allclose(scorer.scores(graph.drugs, graph.diseases), expected, **{"rtol": 1e-9, "atol": 1e-12, **tolerance})


@pytest.fixture(params=["toy", 0, 1, 2])
def graph(request, toy):
    return toy if request.param == "toy" else random_graph(request.param)


def test_known_pairs_are_those_of_a_loop_over_the_triples(graph):
    known = slow_known(graph)
    expected = [[(drug, disease) in known for drug in graph.drugs.tolist()] for disease in graph.diseases.tolist()]
    np.testing.assert_array_equal(baselines.known_pairs_matrix(graph), expected)


def test_degree_counts_the_other_diseases_of_a_drug(graph):
    known, diseases = slow_known(graph), graph.diseases.tolist()
    expected = [[sum((d, y) in known for y in diseases if y != x) for d in graph.drugs.tolist()] for x in diseases]
    assert_matrix(baselines.degree(graph), graph, expected)


def test_guilt_by_association_is_that_of_a_slow_loop(graph):
    cosines = slow_cosines(graph, graph.drugs.tolist())
    assert_matrix(baselines.guilt_by_association(graph), graph, from_drugs(graph, cosines))


def test_similar_diseases_are_those_of_a_slow_loop(graph):
    cosines = slow_cosines(graph, graph.diseases.tolist())
    assert_matrix(baselines.similar_diseases(graph), graph, from_diseases(graph, cosines))


def test_text_near_known_drugs_is_that_of_a_slow_loop(graph):
    cosines = slow_text_cosines(text_of(graph), graph.drugs.tolist())
    assert_matrix(baselines.nearest_drug_text(graph, text_of(graph)), graph, from_drugs(graph, cosines), atol=1e-5)


def test_text_of_diseases_counts_sharpened_and_never_against(graph):
    cosines = slow_text_cosines(text_of(graph), graph.diseases.tolist())
    sharp = {pair: max(value, 0) ** 3 for pair, value in cosines.items()}
    assert_matrix(baselines.nearest_disease_text(graph, text_of(graph)), graph, from_diseases(graph, sharp), atol=1e-5)


def test_paths_are_those_of_a_slow_enumeration(graph):
    links = slow_links(graph, damped=True)
    near = {node: [(b, weight) for (a, b), weight in links.items() if a == node] for node in range(graph.n_entities)}

    def count(drug, disease):
        two = sum(w * links.get((g, disease), 0) for g, w in near[drug])
        return two + sum(w * v * links.get((h, disease), 0) for g, w in near[drug] for h, v in near[g])

    expected = [[math.log(count(d, x) + 1e-6) for d in graph.drugs.tolist()] for x in graph.diseases.tolist()]
    assert_matrix(baselines.path_counts(graph), graph, expected)


def test_a_path_of_the_toy_graph_by_hand(toy):
    """memantine - GRIN1 - Alzheimer; GRIN1 has two diseases and Alzheimer two genes.

    The way over prion disease has three edges: GRIN1 - prion disease - Alzheimer, who resemble each other (weight 0.7).
    """
    direct = 1 * (2 * 2) ** -0.5
    over_prion = 1 * (1 * 2) ** -0.5 * 0.7
    score = baselines.path_counts(toy).scores(np.array([row_of(toy, MEMANTINE)]), np.array([row_of(toy, ALZHEIMER)]))
    assert score.item() == pytest.approx(math.log(direct + over_prion + 1e-6))


@pytest.mark.parametrize("parallel", [[], [("binds", 0.8)], [("metabolized_by", 0.05)], [("investigated_for", 0)]])
def test_of_parallel_edges_the_heaviest_counts(parallel):
    """Drug d inhibits gene g (weight 1), and has other edges to it; d alone carries g, d and e carry h."""
    nodes = [("d", "d", "Compound", ""), ("e", "e", "Compound", ""), ("f", "f", "Compound", ""), ("x", "x", "Disease", "")]
    nodes += [("g", "g", "Gene", ""), ("h", "h", "Gene", "")]
    edges = [("d", "inhibits", "g"), ("d", "inhibits", "h"), ("e", "inhibits", "h"), ("e", "treats", "x")]
    edges += [("d", relation, "g") for relation, _ in parallel]
    graph = graph_of(nodes, [(*edge, "", "") for edge in edges])
    rare, shared = math.log(3 / 1), math.log(3 / 2)
    score = baselines.guilt_by_association(graph).scores(np.array([0]), np.array([3]))
    assert score.item() == pytest.approx(shared / math.hypot(rare, shared))


def test_the_own_treatment_of_a_pair_does_not_change_its_score(graph):
    whole = all_simple(graph)
    for pair in graph.known:
        drug, disease = pair[:1], pair[1:]
        for name, scorer in all_simple(without_pairs(graph, pair[None])).items():
            with_it, without = (each.scores(drug, disease).item() for each in (whole[name], scorer))
            assert without == pytest.approx(with_it, rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("seed", range(3))
def test_trials_and_contraindications_never_enter(seed):
    graph = random_graph(seed)
    marks = np.concatenate([graph.role_relations(role) for role in ROLES if role not in ("treats", "palliates")])
    rest = graph.kept(~np.isin(graph.triples[:, 1], marks))
    assert len(rest.triples) < len(graph.triples)
    for (name, one), other in zip(all_simple(graph).items(), all_simple(rest).values(), strict=True):
        np.testing.assert_array_equal(one.matrix, other.matrix, err_msg=name)


def test_similarities_and_paths_do_not_see_treatments(graph):
    rest = without_pairs(graph, graph.known)
    for rows in (graph.drugs, graph.diseases):
        one, other = (baselines.association_similarity(each, rows) for each in (graph, rest))
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(baselines.path_counts(graph).matrix, baselines.path_counts(rest).matrix)


def test_nothing_is_similar_to_itself(toy):
    for similarity in (baselines.association_similarity(toy, toy.drugs), baselines.text_similarity(text_of(toy)[toy.drugs])):
        assert not similarity.diagonal().any()
        np.testing.assert_allclose(similarity, similarity.T, atol=1e-12)


def test_who_has_no_neighbour_or_no_text_is_similar_to_nobody(toy):
    alone = without_pairs(toy, np.array([[row_of(toy, MEMANTINE), row_of(toy, GRIN1)]]))
    for name, scorer in all_simple(alone).items():
        assert np.isfinite(scorer.matrix).all(), name
    drug = np.array([row_of(toy, MEMANTINE)])
    assert not baselines.guilt_by_association(alone).scores(drug, toy.diseases).any()
    assert np.isfinite(baselines.text_similarity(np.ones((4, 3)))).all()


def test_any_drugs_and_diseases_in_any_order_may_be_asked(toy):
    drugs = np.array([row_of(toy, name) for name in (MEMANTINE, DONEPEZIL)])
    diseases = np.array([row_of(toy, name) for name in (PARKINSON, ALZHEIMER)])
    for scorer in all_simple(toy).values():
        expected = [[scorer.scores(np.array([d]), np.array([x])).item() for d in drugs] for x in diseases]
        np.testing.assert_array_equal(scorer.scores(drugs, diseases), expected)
