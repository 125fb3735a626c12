"""The model of targets: counts by hand, the gradient by differences, the planted target found, nothing of the pair used."""

import itertools

import numpy as np
import pytest
from scipy import optimize

from core.explain import targets
from core.explain.tables import DISEASE_SIDE, DRUG_SIDE, TargetTables
from core.explain.targets import DEFAULT, FEWEST, TargetModel
from tests.toy import ACHE, ALZHEIMER, ASPIRIN, DONEPEZIL, graph_of, row_of

N_DISEASES, DRUGS_EACH = 12, 5


def planted_graph(*, without=None, similar=True):
    """For each disease five drugs that act on its own gene, and on three of twenty others; every drug acts on an enzyme.

    :param without: a treatment that is left out
    """
    generator = np.random.default_rng(0)
    nodes = [(f"x{n}", f"x{n}", "Disease", "") for n in range(N_DISEASES)] + [("enzyme", "enzyme", "Gene", "")]
    nodes += [(f"t{n}", f"t{n}", "Gene", "") for n in range(N_DISEASES)] + [(f"o{n}", f"o{n}", "Gene", "") for n in range(20)]
    edges = []
    for disease in range(N_DISEASES):
        for number in range(DRUGS_EACH):
            drug = f"d{disease}_{number}"
            nodes.append((drug, drug, "Compound", ""))
            bound = ["enzyme", f"t{disease}", *(f"o{n}" for n in generator.choice(20, 3, replace=False))]
            edges += [(drug, "inhibits", gene) for gene in bound] + [(drug, "treats", f"x{disease}")]
        edges.append((f"x{disease}", "associated_with", f"o{disease}"))
    if similar:
        nodes.append(("c", "c", "Pharmacologic Class", ""))
        edges += [(f"d0_{n}", "has_class", "c") for n in range(3)]
    return graph_of(nodes, [(*edge, "", "") for edge in edges if edge != without])


def test_the_planted_target_is_found_for_every_pair():
    graph = planted_graph()
    model = TargetModel(graph)
    assert model.learned
    for drug, disease in graph.pairs("treats").tolist():
        genes, weights = model.posterior(drug, disease)
        assert weights.sum() == pytest.approx(1)
        assert graph.names[genes[weights.argmax()]] == graph.names[disease].replace("x", "t")
        assert graph.names[genes[weights.argmin()]] != graph.names[disease].replace("x", "t")


def test_the_posterior_is_the_share_of_each_target_in_the_mixture():
    graph = planted_graph()
    model, tables = TargetModel(graph), TargetTables(graph)
    drug, disease = graph.vocabulary.entity_row["d3_1"], graph.vocabulary.entity_row["x7"]
    genes, a, b = tables.targets(drug), model.weights[:DRUG_SIDE], model.weights[DRUG_SIDE:]
    attention = np.exp(tables.drug_side(drug, genes) @ a)
    relevance = np.exp(tables.disease_side(drug, genes, np.arange(N_DISEASES)) @ b)
    joint = attention * relevance[:, 7] / relevance.sum(1)
    found, weights = model.posterior(drug, disease)
    assert [graph.names[gene] for gene in found] == [graph.names[tables.genes[place]] for place in genes]
    np.testing.assert_allclose(weights, joint / joint.sum())


def test_what_a_pair_itself_is_known_for_changes_no_count():
    """Drop the treatment of the pair: the features of that pair stay the same."""
    edge = ("d0_0", "treats", "x0")
    with_it, without = planted_graph(), planted_graph(without=edge)
    drug, disease = with_it.vocabulary.entity_row["d0_0"], with_it.vocabulary.entity_row["x0"]
    one, other = TargetTables(with_it), TargetTables(without)
    genes = one.targets(drug)
    place = np.array([int(np.searchsorted(one.diseases, disease))])
    np.testing.assert_allclose(one.drug_side(drug, genes), other.drug_side(drug, genes))
    np.testing.assert_allclose(one.disease_side(drug, genes, place), other.disease_side(drug, genes, place))


def test_features_of_a_small_graph_by_hand():
    """x is treated by d, k0, k1, k2; of the other three, k0 and k1 act on g. Of five drugs, four act on g; k3 treats y."""
    nodes = [(n, n, "Compound", "") for n in ("d", "k0", "k1", "k2", "k3")] + [(n, n, "Disease", "") for n in "xy"]
    nodes += [("g", "g", "Gene", ""), ("h", "h", "Gene", ""), ("c", "c", "Pharmacologic Class", "")]
    edges = [(drug, "treats", "x") for drug in ("d", "k0", "k1", "k2")] + [("k3", "treats", "y")]
    edges += [(drug, "inhibits", "g") for drug in ("d", "k0", "k1", "k3")] + [("x", "associated_with", "h")]
    edges += [("g", "interacts_with", "h"), ("x", "resembles", "y"), ("d", "has_class", "c"), ("k0", "has_class", "c")]
    graph = graph_of(nodes, [(*edge, "", "") for edge in edges])
    tables, drug, x = TargetTables(graph), row_of(graph, "d"), np.array([0])
    genes = tables.targets(drug)
    assert tables.genes[genes].tolist() == [row_of(graph, "g")]
    share, half = 3.5 / 5, 0.5
    (kin, similar, kin_excess, similar_excess, rarity) = tables.drug_side(drug, genes)[0]
    assert kin == pytest.approx(np.log((1 + share + half) / (2 * share + half)))  # k0, and it acts on g
    assert similar == pytest.approx(0)  # no drug is similar
    assert kin_excess == pytest.approx((1 - share) / np.sqrt(share * (1 - share) + half))
    assert similar_excess == 0
    assert rarity == pytest.approx(-np.log(share))
    (treating, near, associated, beside, number) = tables.disease_side(drug, genes, x)[0, 0]
    assert treating == pytest.approx(np.log((2 + share + half) / ((3 + 1) * share + half)))
    assert near == pytest.approx(np.log((1 + share + half) / ((1 + 1) * share + half)))  # k3 treats y, which resembles x
    assert associated == 0
    assert beside == pytest.approx(1 / np.sqrt(2))  # h, the only gene beside g
    assert number == pytest.approx(np.log(4))
    support = tables.support(drug, row_of(graph, "g"), row_of(graph, "x"))
    assert (support.treating, support.treating_here) == (3, 2)
    assert (support.relatives, support.relatives_here) == (1, 1)
    assert support.share == pytest.approx(3 / 4)


def test_the_gradient_by_differences():
    examples = targets._examples(TargetTables(planted_graph()))
    point = np.random.default_rng(0).normal(0, 0.5, DRUG_SIDE + DISEASE_SIDE)
    slow = optimize.approx_fprime(point, lambda w: examples.loss(w)[0], 1e-6)
    np.testing.assert_allclose(examples.loss(point)[1], slow, atol=1e-5)


def test_the_loss_is_the_mixture_written_again():
    examples = targets._examples(TargetTables(planted_graph()))
    point = np.random.default_rng(1).normal(0, 0.5, DRUG_SIDE + DISEASE_SIDE)
    bounds, total = [*examples.starts.tolist(), len(examples.drug_side)], 0.0
    for start, stop in itertools.pairwise(bounds):
        attention = np.exp(examples.drug_side[start:stop] @ point[:DRUG_SIDE])
        relevance = np.exp(examples.disease_side[start:stop] @ point[DRUG_SIDE:])
        total -= np.log((attention / attention.sum()) @ (relevance[:, 0] / relevance.sum(1)))
    expected = total / len(examples.starts) + targets.RIDGE * point @ point
    assert examples.loss(point)[0] == pytest.approx(expected)


def test_with_few_treatments_nothing_is_learned(toy):
    model = TargetModel(toy)
    assert len(toy.pairs("treats")) < FEWEST
    assert not model.learned
    assert model.weights is DEFAULT
    genes, weights = model.posterior(row_of(toy, DONEPEZIL), row_of(toy, ALZHEIMER))
    assert (genes.tolist(), weights.tolist()) == ([row_of(toy, ACHE)], [1.0])


def test_a_drug_without_a_target_has_no_weights():
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", ""), ("g", "g", "Gene", "")]
    graph = graph_of(nodes, [("d", "treats", "x", "", ""), ("d", "metabolized_by", "g", "", "")])
    genes, weights = TargetModel(graph).posterior(0, 1)
    assert (len(genes), len(weights)) == (0, 0)


def test_learning_the_same_graph_twice_gives_the_same(toy):
    one, other = TargetModel(planted_graph()), TargetModel(planted_graph())
    np.testing.assert_array_equal(one.weights, other.weights)
    assert TargetModel(toy).support(row_of(toy, ASPIRIN), row_of(toy, "Gene::PTGS1"), row_of(toy, ALZHEIMER)).treating == 2
