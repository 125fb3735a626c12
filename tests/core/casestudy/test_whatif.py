import numpy as np
import pytest

from core.casestudy.attribution import Shifts, edge_effects, sentence_effects
from core.casestudy.attribution.edges import left_out_shifts, median_place
from core.casestudy.whatif import together, what_if
from core.evaluate import baselines
from core.evaluate.walks import page_rank
from core.fusion import FusionScorer
from tests.core.casestudy.opened import FUSION, open_toy
from tests.core.casestudy.test_attribution import edge_of
from tests.toy import ACHE, ALZHEIMER, DONEPEZIL, row_of, write_toy_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_toy_folder(tmp_path_factory.mktemp("toy") / "graph")


@pytest.fixture(scope="module")
def full(tmp_path_factory, folder):
    return open_toy(tmp_path_factory.mktemp("full"), folder)


@pytest.fixture(scope="module")
def fused(tmp_path_factory, folder):
    return open_toy(tmp_path_factory.mktemp("fused"), folder, **FUSION)


@pytest.fixture
def pair(full):
    return row_of(full.loaded.graph, DONEPEZIL), row_of(full.loaded.graph, ALZHEIMER)


def test_nothing_left_out_is_the_place_as_it_is(full, pair):
    result = what_if(full.ranker, full.wording, *pair)
    assert result.before == result.after == full.ranker.place(*pair)
    assert result.moved == 0


def test_one_fact_left_out_is_its_measured_effect(full, pair):
    edge = edge_of(full.loaded.graph, DONEPEZIL, "treats", ALZHEIMER)
    effect = edge_effects(full.ranker, *pair, [edge])[0]
    result = what_if(full.ranker, full.wording, *pair, edges=[edge])
    assert result.before.height - result.after.height == pytest.approx(effect.change)
    assert result.after.rank == effect.rank_without


def test_one_sentence_left_out_is_its_measured_effect(full, pair):
    effect = sentence_effects(full.ranker, full.wording, *pair)[0]
    result = what_if(full.ranker, full.wording, *pair, sentences=[effect.sentence])
    assert result.after.rank == effect.rank_without
    assert result.before.height - result.after.height == pytest.approx(effect.change, rel=1e-4, abs=1e-6)


def test_facts_and_sentences_add_up(full, pair):
    edge = edge_of(full.loaded.graph, DONEPEZIL, "inhibits", ACHE)
    sentence = full.wording.sentences([pair[0]])[0]
    both = what_if(full.ranker, full.wording, *pair, edges=[edge], sentences=[sentence]).after
    singles = [
        what_if(full.ranker, full.wording, *pair, edges=[edge]).after,
        what_if(full.ranker, full.wording, *pair, sentences=[sentence]).after,
    ]
    assert all(both.height != single.height for single in singles)


def test_moves_of_one_row_add_up_and_those_of_others_stay_apart():
    one = Shifts(np.array([3, 1]), [np.array([[1.0, 0.0], [2.0, 2.0]], dtype=np.float32)])
    other = Shifts(np.array([1, 5]), [np.array([[0.5, 0.0], [7.0, 7.0]], dtype=np.float32)])
    result = together([one, other])
    assert dict(zip(result.rows.tolist(), result.moves[0].tolist(), strict=True)) == {1: [2.5, 2.0], 3: [1.0, 0.0], 5: [7.0, 7.0]}


def test_sentences_of_a_run_without_text_are_refused_with_a_reason(tmp_path, folder, full, pair):
    opened = open_toy(tmp_path, folder, text="none")
    sentence = full.wording.sentences([pair[0]])[0]
    result = what_if(opened.ranker, opened.wording, *pair, sentences=[sentence])
    assert result.ignored == "this ranking uses no text"
    assert result.after == result.before


def test_a_fusion_makes_its_simple_components_anew(fused, pair):
    """Without its target, donepezil shares nothing with the disease: the components say so as if they had never known."""
    graph = fused.loaded.graph
    edge = edge_of(graph, DONEPEZIL, "inhibits", ACHE)
    result = what_if(fused.ranker, fused.wording, *pair, edges=[edge])
    assert result.held == ("text-drug", "text-disease", "text-direct")
    poorer = graph.kept(np.arange(len(graph.triples)) != edge)
    held = [fused.loaded.scorers[name] for name in ("text-drug", "text-disease", "text-direct", "distmult", "transe")]
    simple = [baselines.guilt_by_association(poorer), baselines.similar_diseases(poorer), baselines.path_counts(poorer)]
    simple.append(page_rank(poorer))
    expected = FusionScorer(fused.ranker.fusion, [*simple, *held], graph).contributions(graph.drugs, pair[1:])[0, :, :4]
    before = fused.loaded.scorer.contributions(graph.drugs, pair[1:])[0, :, :4]
    assert not np.allclose(expected, before)
    repeats = left_out_shifts(fused.ranker, np.array(pair), [np.array([edge])], seed=0)[0]
    named = {scorer.name: scorer for scorer in simple}
    places = [fused.ranker.place(*pair, each.models(fused.ranker.members), named) for each in repeats]
    assert result.after == median_place(places)
    others = {scorer.name: scorer for scorer in simple}
    unmoved = fused.ranker.scores(pair[1], None, others)
    np.testing.assert_allclose(unmoved - fused.ranker.scores(pair[1]), (expected - before).sum(1), atol=1e-5)


def test_a_sentence_leaves_all_simple_components_of_a_fusion_as_they_are(fused, pair):
    sentence = fused.wording.sentences([pair[0]])[0]
    result = what_if(fused.ranker, fused.wording, *pair, sentences=[sentence])
    assert result.held == fused.ranker.held
    assert result.after.height != result.before.height
