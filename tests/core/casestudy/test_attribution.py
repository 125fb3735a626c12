import numpy as np
import pytest

from core.casestudy.attribution import Place, edge_effects, sentence_effects, text_places, why_no_text
from core.casestudy.attribution.edges import MEASURABLE, _verdict, median_place, moving_rows
from core.casestudy.attribution.texts import Wording, sentences
from core.config import TextSettings
from core.evaluate.ranks import realistic_ranks
from core.text.descriptions import Description
from core.text.embedders import HashingEmbedder
from core.text.matrix import build_text_matrix
from tests.core.casestudy.opened import FUSION, open_toy
from tests.toy import ACHE, ALZHEIMER, ASPIRIN, DONEPEZIL, DRD2, GRIN1, METFORMIN, row_of, write_toy_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_toy_folder(tmp_path_factory.mktemp("toy") / "graph")


@pytest.fixture(scope="module")
def full(tmp_path_factory, folder):
    return open_toy(tmp_path_factory.mktemp("full"), folder)


@pytest.fixture
def pair(full):
    return row_of(full.loaded.graph, DONEPEZIL), row_of(full.loaded.graph, ALZHEIMER)


def edge_of(graph, head, relation, tail):
    fact = row_of(graph, head), graph.vocabulary.relation_row[relation], row_of(graph, tail)
    return graph.triples.tolist().index(list(fact))


@pytest.mark.parametrize("changes", [{}, {"seeds": 2}, FUSION], ids=["one", "ensemble", "fusion"])
def test_an_opened_run_ranks_as_the_run_does(tmp_path, folder, changes):
    opened = open_toy(tmp_path, folder, **changes)
    graph = opened.loaded.graph
    for disease in graph.diseases.tolist():
        expected = opened.loaded.scorer.scores(graph.drugs, np.array([disease]))[0]
        np.testing.assert_allclose(opened.ranker.scores(disease), expected, rtol=1e-5, atol=1e-6)
    assert len(opened.ranker.members) == {0: 1, 1: 2, 2: 4}[len(changes)]


def test_a_fusion_holds_its_simple_components(tmp_path, folder):
    assert open_toy(tmp_path, folder, **FUSION).ranker.held == (
        "gba-drug",
        "gba-disease",
        "paths",
        "pagerank",
        "text-drug",
        "text-disease",
        "text-direct",
    )


def test_a_place_is_the_realistic_rank():
    scores = np.array([3.0, 1.0, 2.0, 2.0, 0.0])
    assert [Place.of(scores, column).rank for column in range(5)] == realistic_ranks(scores).tolist()
    assert Place.of(scores, 0).height == pytest.approx((3 - scores.mean()) / scores.std())


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ([0.02, 0.03, 0.04], "supports"),
        ([-0.02, -0.03, -0.04], "speaks against"),
        ([0.02, 0.03, -0.001], "no measurable effect"),
        ([0.004, 0.005, 0.006], "no measurable effect"),
        ([MEASURABLE * 0.5, MEASURABLE, MEASURABLE * 2], "supports"),
    ],
)
def test_support_needs_a_change_that_all_repeats_agree_on(changes, verdict):
    assert _verdict(float(np.median(changes)), np.array(changes)) == verdict


def test_one_training_that_went_astray_does_not_count():
    assert median_place([Place(1, 2.0), Place(900, -50.0), Place(2, 1.9)]) == Place(2, 1.9)


def test_the_ends_of_a_fact_move_only_where_it_touches_neither_drug_nor_disease(toy):
    drug, disease = row_of(toy, DONEPEZIL), row_of(toy, ALZHEIMER)
    near, far = edge_of(toy, DONEPEZIL, "inhibits", ACHE), edge_of(toy, GRIN1, "interacts_with", DRD2)
    assert moving_rows(toy, drug, disease, [near]) == (drug, disease)
    assert moving_rows(toy, drug, disease, [near, far]) == (drug, disease, row_of(toy, GRIN1), row_of(toy, DRD2))


def test_facts_are_measured_once_each_largest_first(full, pair):
    graph = full.loaded.graph
    edges = [
        edge_of(graph, DONEPEZIL, "treats", ALZHEIMER),
        edge_of(graph, DONEPEZIL, "inhibits", ACHE),
        edge_of(graph, GRIN1, "interacts_with", DRD2),
        edge_of(graph, ASPIRIN, "investigated_for", ALZHEIMER),
    ]
    told = []
    effects = edge_effects(full.ranker, *pair, [*edges, edges[0]], progress=lambda done, total: told.append((done, total)))
    assert sorted(effect.edge for effect in effects) == sorted(edges)
    sizes = [abs(effect.change) for effect in effects]
    assert sizes == sorted(sizes, reverse=True)
    assert [done for done, _ in told] == [1, 2, 3, 4]
    by_edge = {effect.edge: effect for effect in effects}
    assert by_edge[edges[3]].verdict == "not learned from"
    assert by_edge[edges[3]].change == 0
    assert all(by_edge[edge].change for edge in edges[:2])
    assert effects == edge_effects(full.ranker, *pair, edges)


def test_the_place_without_a_fact_is_found_by_training_the_rows_on(full, pair):
    """Spelt out: move the rows of one repeat, score all drugs by the formula, and count who stands higher."""
    graph, member = full.loaded.graph, full.ranker.members[0]
    edge = edge_of(graph, DONEPEZIL, "treats", ALZHEIMER)
    heights = []
    for repeat in range(3):
        table = member.model.entities.data.clone()
        table[list(pair)] += member.trainer.shifts(np.array(pair), [graph.triples[[edge]]], seed=repeat)[0]
        scores = complex_scores(graph, member.model, table.double().numpy(), pair[1])
        heights.append((scores[graph.drugs == pair[0]][0] - scores.mean()) / scores.std())
    effect = edge_effects(full.ranker, *pair, [edge])[0]
    before = full.ranker.place(*pair)
    assert effect.change == pytest.approx(before.height - np.median(heights), rel=1e-3, abs=1e-5)
    assert effect.rank == before.rank


def complex_scores(graph, model, table, disease):
    """ComplEx by hand: Re sum h * r * conj(t), of the relation and its inverse, averaged."""
    as_complex = lambda row: row[: len(row) // 2] + 1j * row[len(row) // 2 :]  # noqa: E731
    relations = model.relations.data.double().numpy()
    treats = graph.vocabulary.relation_row["treats"]
    there, back = as_complex(relations[treats]), as_complex(relations[treats + graph.n_relations])
    end = as_complex(table[disease])
    drugs = [as_complex(table[drug]) for drug in graph.drugs]
    return np.array([((d * there * end.conj()).sum().real + (end * back * d.conj()).sum().real) / 2 for d in drugs])


@pytest.mark.parametrize("mode", ["full", "blind", "name"])
def test_a_few_entities_are_worded_as_all_are(toy, mode):
    descriptions = {
        row: Description(id="x", background=f"{name}. It is old.", indications="Used.") for row, name in enumerate(toy.names[:9])
    }
    embedder = HashingEmbedder(16)
    expected = build_text_matrix(toy, descriptions, embedder, TextSettings(mode=mode)).vectors
    wording = Wording(toy, descriptions, embedder, mode)
    np.testing.assert_allclose(wording.vectors([(row, wording.fields(row)) for row in range(12)]), expected[:12], atol=1e-6)


def test_leaving_out_a_sentence_is_never_having_written_it(toy):
    text = Description(id="x", background="First. Second one.", mechanism="Only.")
    wording = Wording(toy, {2: text}, HashingEmbedder(16), "full")
    first, second, only = wording.sentences([2])
    assert [item.key for item in (first, second, only)] == ["2.background.0", "2.background.1", "2.mechanism.0"]
    for left_out, shorter in {
        (first,): {"background": "Second one."},
        (only,): {"mechanism": ""},
        (first, second, only): {"background": "", "mechanism": ""},
    }.items():
        edited = {2: Description(**{**text.model_dump(), **shorter})}
        expected = build_text_matrix(toy, edited, HashingEmbedder(16), TextSettings()).vectors[[2]]
        np.testing.assert_allclose(wording.vectors([(2, wording.without(2, left_out))]), expected, atol=1e-6)


def test_a_sentence_of_one_entity_stays_with_the_other(full, pair):
    drug, disease = pair
    assert full.wording.without(disease, full.wording.sentences([drug])) == full.wording.fields(disease)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ("Given e.g. With food. Then 3 mg.", ["Given e.g. With food.", "Then 3 mg."]),
        ("RAS-MAPK and PI3K; 0.5 mg daily", ["RAS-MAPK and PI3K; 0.5 mg daily"]),
        ("", []),
    ],
)
def test_text_is_cut_into_sentences(text, parts):
    assert sentences(text) == parts


def test_sentences_of_both_are_measured_largest_first(full, pair):
    effects = sentence_effects(full.ranker, full.wording, *pair)
    assert {effect.sentence.row for effect in effects} == set(pair)
    assert len(effects) == len(full.wording.sentences(pair)) == 8
    sizes = [abs(effect.change) for effect in effects]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 0


def test_the_ladder_prefers_trained_runs_and_labels_the_rest(full, pair):
    places = {place.mode: place for place in text_places(full.ranker, full.wording, *pair, trained={"none": 5.0, "full": 9.0})}
    assert (places["none"].rank, places["none"].how) == (5.0, "trained")
    assert (places["full"].rank, places["full"].how) == (full.ranker.place(*pair).rank, "trained")
    assert {places[mode].how for mode in ("name", "blind")} == {"counterfactual"}


def test_without_text_the_rows_lose_its_share(full, pair):
    """Spelt out: the row without (1 - rho) times the reduced text of drug and disease."""
    graph, member, settings = full.loaded.graph, full.ranker.members[0], full.loaded.settings
    table = member.model.entities.data.clone().numpy().astype(float)
    table[list(pair)] -= (1 - settings.text.rho) * member.retext.reduced()[list(pair)]
    scores = complex_scores(graph, member.model, table, pair[1])
    expected = realistic_ranks(scores)[graph.drugs == pair[0]][0]
    places = text_places(full.ranker, full.wording, *pair, trained={})
    assert (places[0].mode, places[0].rank, places[0].how) == ("none", expected, "counterfactual")


def test_shuffled_text_gives_a_reason_instead_of_a_number(tmp_path, folder, pair):
    opened = open_toy(tmp_path, folder, text="shuffled")
    assert "dealt out at random" in why_no_text(opened.ranker, opened.wording)
    assert sentence_effects(opened.ranker, opened.wording, *pair) == []
    places = text_places(opened.ranker, opened.wording, *pair, trained={})
    assert {(place.rank, place.how) for place in places} == {(None, None)}
    assert all("dealt out at random" in place.reason for place in places)


def test_a_run_without_text_says_so(tmp_path, folder, pair):
    opened = open_toy(tmp_path, folder, text="none")
    assert opened.wording is None
    assert why_no_text(opened.ranker, None) == "this ranking uses no text"
    places = {place.mode: place for place in text_places(opened.ranker, None, *pair, trained={"full": 2.0})}
    assert (places["none"].how, places["full"].rank, places["blind"].rank) == ("trained", 2.0, None)


def test_an_entity_without_description_has_no_sentence(full):
    graph = full.loaded.graph
    assert full.wording.sentences([row_of(graph, ASPIRIN)]) == []
    assert {s.row for s in full.wording.sentences([row_of(graph, METFORMIN)])} == {row_of(graph, METFORMIN)}


@pytest.mark.parametrize("injection", ["projection", "gate"])
def test_sentences_count_with_a_learned_projection_too(tmp_path, folder, pair, injection):
    opened = open_toy(tmp_path, folder, injection=injection)
    assert all(effect.change for effect in sentence_effects(opened.ranker, opened.wording, *pair)[:2])
