import networkx as nx
import numpy as np
import pytest

from core.evaluate import walks
from core.evaluate.panel import BASELINES, baseline_scorers
from core.evaluate.walks import PageRankScorer, page_rank
from tests.toy import DIABETES, EDGES, METFORMIN, NODES, graph_of, row_of

HARM = ("contraindicated_in", "cautioned_in", "investigated_for")


def test_it_is_networkx_personalised_pagerank(toy, monkeypatch):
    monkeypatch.setattr(walks, "STEPS", 200)
    network = nx.MultiGraph()
    network.add_nodes_from(range(toy.n_entities))
    names = toy.vocabulary.relations
    network.add_edges_from((h, t) for h, r, t in toy.triples.tolist() if names[r] not in HARM)
    found = PageRankScorer(toy).scores(toy.drugs, toy.diseases)
    for row, disease in enumerate(toy.diseases.tolist()):
        expected = nx.pagerank(network, alpha=walks.DAMPING, personalization={disease: 1}, tol=1e-12, max_iter=500)
        np.testing.assert_allclose(found[row], [expected[drug] for drug in toy.drugs.tolist()], atol=1e-8)


def test_thirty_steps_are_nearly_all(toy, monkeypatch):
    short = PageRankScorer(toy).scores(toy.drugs, toy.diseases)
    monkeypatch.setattr(walks, "STEPS", 300)
    np.testing.assert_allclose(short, PageRankScorer(toy).scores(toy.drugs, toy.diseases), atol=walks.DAMPING**30)


def test_blocks_of_diseases_change_nothing(toy, monkeypatch):
    whole = PageRankScorer(toy).scores(toy.drugs, toy.diseases)
    monkeypatch.setattr(walks, "DISEASES_A_BLOCK", 1)
    np.testing.assert_allclose(PageRankScorer(toy).scores(toy.drugs, toy.diseases), whole)


def test_harm_and_trials_are_no_way_to_a_drug():
    kept = [edge for edge in EDGES if edge[0] == METFORMIN and edge[1] == "treats"]
    harm = [(METFORMIN, relation, DIABETES, "", "") for relation in HARM]
    graph = graph_of(NODES, [*kept, *harm])
    alone = graph_of(NODES, kept)
    found, expected = (PageRankScorer(g).scores(g.drugs, g.diseases) for g in (graph, alone))
    np.testing.assert_allclose(found, expected)


def test_from_a_disease_without_an_edge_nobody_walks():
    graph = graph_of(NODES, [(METFORMIN, "treats", DIABETES, "", "")])
    lonely = [row for row, disease in enumerate(graph.diseases) if disease != row_of(graph, DIABETES)]
    assert not PageRankScorer(graph).scores(graph.drugs, graph.diseases)[lonely].any()


@pytest.mark.parametrize("with_text", [False, True])
def test_the_panel_makes_each_baseline_and_all_score(toy, with_text):
    text = np.random.default_rng(0).normal(size=(toy.n_entities, 5)) if with_text else None
    scorers = list(baseline_scorers(toy, text))
    assert [s.name for s in scorers] == [name for name, baseline in BASELINES.items() if with_text or not baseline.needs_text]
    for scorer in scorers:
        scores = scorer.scores(toy.drugs, toy.diseases)
        assert scores.shape == (4, 6)
        assert np.isfinite(scores).all()


def test_a_component_of_a_fusion_has_the_logarithm_of_the_walks(toy):
    walked = PageRankScorer(toy).scores(toy.drugs, toy.diseases)
    scorer = page_rank(toy)
    assert scorer.name == "pagerank"
    assert scorer.scores(toy.drugs[1:3], toy.diseases[:2]) == pytest.approx(np.log(walked[:2, 1:3] + 1e-12))
