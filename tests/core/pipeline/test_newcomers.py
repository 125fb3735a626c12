import numpy as np
import pytest

from core.casestudy import newcomer as placing
from core.casestudy.newcomer import Newcomer
from core.errors import ConfigError
from core.evaluate.baselines import nearest_disease_text, similar_diseases
from core.evaluate.text_baselines import direct_text
from core.pipeline import evaluation
from core.pipeline.newcomer_trust import newcomer_reliability
from core.pipeline.newcomers import gene_facts, place, rank_for_new_disease, rank_new_drug, text_vectors
from core.pipeline.questions import Question, ask
from core.pipeline.scorers import load_run
from core.pipeline.training import train_run
from core.text.descriptions import load_descriptions
from tests.core.pipeline.runs import toy_settings
from tests.toy import ACHE, ALZHEIMER, DONEPEZIL, GRIN1, row_of

DISEASE, DRUG = "Disease", "Compound"


@pytest.fixture
def loaded(workspace, toy_folder):
    train_run(workspace, "full", toy_settings(toy_folder, text="full", epochs=30))
    return load_run(workspace, "full")


def copy_of(loaded, identifier, kind, facts=()):
    """Return an entity of the graph as if it were new: the same name, the same text."""
    graph, row = loaded.graph, row_of(loaded.graph, identifier)
    text = load_descriptions(graph)[row]
    return Newcomer(kind, graph.names[row], "\n".join(text.parts().values()), facts)


@pytest.mark.parametrize(("identifier", "kind"), [(ALZHEIMER, DISEASE), (DONEPEZIL, DRUG)])
def test_a_copy_by_its_own_text_lands_beside_the_original(workspace, loaded, identifier, kind):
    placed = place(workspace, loaded, copy_of(loaded, identifier, kind))
    nearest, cosine = placed.nearest[0]
    assert nearest == row_of(loaded.graph, identifier)
    assert cosine > 0.8
    assert placed.row == loaded.graph.n_entities
    assert all(kind == loaded.graph.kinds[row] for row, _ in placed.nearest)


def test_text_vectors_are_those_that_a_newcomer_of_one_part_gets(workspace, loaded):
    """A text of one field is cut into one part, so that both ways to embed it must agree."""
    row = row_of(loaded.graph, ACHE)
    text = load_descriptions(loaded.graph)[row]
    assert list(text.parts()) == ["background"]
    one = placing.text_vector(Newcomer("Gene", text.name, text.background), _hashing())
    whole = text_vectors(loaded)[row]
    assert one @ whole / np.linalg.norm(one) / np.linalg.norm(whole) == pytest.approx(1, abs=1e-5)


def _hashing():
    from core.text.embedders import HashingEmbedder

    return HashingEmbedder(16)


def test_a_new_disease_ranks_every_drug_once(workspace, loaded):
    table = rank_for_new_disease(place(workspace, loaded, copy_of(loaded, ALZHEIMER, DISEASE)))
    assert sorted(table["row"]) == loaded.graph.drugs.tolist()
    assert set(table["status"]) == {"new"}


def test_the_scorer_is_the_mean_of_the_model_the_nearest_diseases_and_the_nearest_texts(workspace, loaded):
    graph = loaded.graph
    new = copy_of(loaded, ALZHEIMER, DISEASE)
    placed = place(workspace, loaded, new)
    text = placing.text_vector(new, _hashing())
    by_text = nearest_disease_text(placed.graph, placing.extended_texts(text_vectors(loaded), text))
    asked = np.array([placed.row])
    direct = direct_text(placed.graph, placing.extended_texts(text_vectors(loaded), text))
    parts = [placed.scorer.member_scores(graph.drugs, asked)[0]]
    for simple in (by_text, direct):
        scores = simple.scores(graph.drugs, asked)
        parts.append((scores - scores.mean()) / scores.std())
    assert placed.parts == (loaded.settings.model.interaction, "text-disease", "text-direct")
    assert placed.scorer.scores(graph.drugs, asked) == pytest.approx(sum(parts) / 3, abs=1e-5)


def test_facts_add_what_reads_facts_and_change_the_ranking(workspace, loaded):
    facts = gene_facts(loaded.graph, DISEASE, [row_of(loaded.graph, ACHE), row_of(loaded.graph, GRIN1)])
    assert facts == (("associated_with", row_of(loaded.graph, ACHE)), ("associated_with", row_of(loaded.graph, GRIN1)))
    without = place(workspace, loaded, copy_of(loaded, ALZHEIMER, DISEASE))
    given = place(workspace, loaded, copy_of(loaded, ALZHEIMER, DISEASE, facts))
    assert given.parts == (*without.parts, "gba-disease", "paths")
    scores = [rank_for_new_disease(each).set_index("row")["score"].sort_index() for each in (without, given)]
    assert not np.allclose(*scores)


@pytest.fixture
def fused(workspace, toy_folder):
    settings = toy_settings(toy_folder, text="full", epochs=3).replace(seeds=2)
    train_run(workspace, "fused", settings.replace(fusion={"backbones": ["complex"], "folds": 2, "disease_folds": 2}))
    return load_run(workspace, "fused")


def test_a_new_disease_with_facts_gets_the_weights_for_diseases_without_treatment(workspace, fused):
    learned, drugs = fused.scorers["fusion"].fusion, fused.graph.drugs
    facts = gene_facts(fused.graph, DISEASE, [row_of(fused.graph, ACHE)])
    placed = place(workspace, fused, copy_of(fused, ALZHEIMER, DISEASE, facts))
    assert (placed.combined, placed.parts, placed.scorer.regime(placed.row)) == ("fusion", learned.components, "untreated")
    added = placed.scorer.contributions(drugs, np.array([placed.row]))[0]
    shared = similar_diseases(placed.graph).scores(drugs, np.array([placed.row]))[0]
    weight = learned.untreated.values[learned.components.index("gba-disease")]
    expected = weight * (shared - shared.mean()) / shared.std()
    assert added[:, learned.components.index("gba-disease")] == pytest.approx(expected, abs=1e-9)
    assert not added[:, learned.components.index("gba-drug")].any()
    scores = placed.scorer.scores(drugs, np.array([placed.row]))[0]
    assert added.sum(1) + learned.untreated.intercept == pytest.approx(scores, abs=1e-9)


def test_a_new_disease_with_a_known_drug_gets_the_other_weights(workspace, fused):
    facts = (("treats", row_of(fused.graph, DONEPEZIL)),)
    placed = place(workspace, fused, copy_of(fused, ALZHEIMER, DISEASE, facts))
    assert placed.scorer.regime(placed.row) == "treated"


def test_text_alone_is_no_fusion(workspace, fused):
    """Its weights count on facts; both models of the ensemble are in the mean."""
    placed = place(workspace, fused, copy_of(fused, ALZHEIMER, DISEASE))
    assert (placed.combined, placed.parts) == ("mean", ("complex", "text-disease", "text-direct"))
    assert len(placed.scorer.member_scores(fused.graph.drugs, np.array([placed.row]))) == 4


def test_a_new_drug_is_placed_in_each_disease_by_counting(workspace, loaded):
    placed = place(workspace, loaded, copy_of(loaded, DONEPEZIL, DRUG))
    table = rank_new_drug(placed).set_index("row")
    scores = placed.scorer.scores(placed.graph.drugs, placed.graph.diseases)
    for number, disease in enumerate(placed.graph.diseases.tolist()):
        own = scores[number, -1]
        rank = 1 + sum(other > own for other in scores[number]) + (sum(other == own for other in scores[number]) - 1) / 2
        assert table.loc[disease, "rank"] == rank
        assert table.loc[disease, "percentile"] == pytest.approx(100 * (7 - rank) / 6)
    assert table["rank"].is_monotonic_increasing


def test_a_gene_that_no_fact_joins_to_this_kind_is_refused(toy):
    with pytest.raises(ConfigError, match="leave the genes out"):
        gene_facts(toy, "Anatomy", [row_of(toy, ACHE)])
    assert gene_facts(toy, "Anatomy", []) == ()


def test_a_run_without_text_places_nothing(workspace, toy_folder):
    train_run(workspace, "plain", toy_settings(toy_folder))
    with pytest.raises(ConfigError, match="choose a run with text"):
        place(workspace, load_run(workspace, "plain"), Newcomer(DISEASE, "new", "text"))


def test_trust_is_measured_on_held_out_diseases_once(workspace, loaded, monkeypatch):
    monkeypatch.setattr(evaluation, "TEST_FRACTION", 0.5)
    assert newcomer_reliability(workspace, "full", known_only=True) is None
    found = newcomer_reliability(workspace, "full")
    held_out = ask(Question("zero-shot"), loaded.graph, fraction=0.5).split.test
    assert (found["n_pairs"], found["n_diseases"]) == (len(held_out), len(set(held_out[:, 1].tolist())))
    assert found["protocol"].startswith("drugs for a disease")
    assert "placed by text alone" in found["protocol"]
    (file,) = loaded.folder.path.rglob("newcomers.json")
    file.write_text(file.read_text("utf-8").replace(f'"n_pairs": {found["n_pairs"]}', '"n_pairs": 77'), "utf-8")
    assert newcomer_reliability(workspace, "full", known_only=True)["n_pairs"] == 77
