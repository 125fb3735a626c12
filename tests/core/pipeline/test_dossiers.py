import datetime

import pytest

from core.casestudy.dossier import to_html
from core.casestudy.notes import Note
from core.casestudy.safety import Safety
from core.casestudy.shortlist import shortlist
from core.explain.metapaths import MetapathFinder
from core.explain.significance import null_model
from core.pipeline import evaluation
from core.pipeline.dossiers import disease_warnings, evaluation_words, make_dossier, notebook, run_facts
from core.pipeline.evaluation import evaluate_run
from core.pipeline.scorers import load_run
from core.pipeline.training import train_run
from core.text.descriptions import load_descriptions
from tests.core.pipeline.runs import toy_settings
from tests.toy import ALZHEIMER, DONEPEZIL, LEVODOPA, PRION, row_of


@pytest.fixture
def loaded(workspace, toy_folder):
    train_run(workspace, "full", toy_settings(toy_folder, text="full"))
    return load_run(workspace, "full")


def made(workspace, loaded, *drugs, **more):
    graph, disease = loaded.graph, row_of(loaded.graph, ALZHEIMER)
    return make_dossier(
        workspace,
        loaded,
        shortlist(graph, loaded.scorer, disease),
        disease,
        [row_of(graph, drug) for drug in drugs],
        metapaths=MetapathFinder(graph),
        warnings=Safety(graph).warnings(disease),
        descriptions=load_descriptions(graph),
        **more,
    )


def note(drug, why, disease=ALZHEIMER, author="me"):
    now = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
    return Note(graph="toy", disease=disease, drug=drug, verdict="reject", why=why, author=author, date=now)


def test_each_drug_has_its_paths_warnings_text_and_links(workspace, loaded):
    donepezil, levodopa = made(workspace, loaded, DONEPEZIL, LEVODOPA)["drugs"]
    assert donepezil["paths"][0]["sentence"] == "donepezil inhibits ACHE (reversible inhibitor); ACHE is associated with " \
        "Alzheimer's disease (involved)."  # fmt: skip
    assert donepezil["warnings"] == []
    assert [warning.text for warning in levodopa["warnings"]] == ["levodopa may worsen Alzheimer's disease (may confuse)"]
    assert ("Mechanism", "The mechanism of donepezil.") in donepezil["description"]
    assert "PubMed" in dict(donepezil["links"])


def test_notes_of_this_disease_stand_beside_their_drug(workspace, loaded):
    graph = loaded.graph.name
    for each in (note(DONEPEZIL, "seen"), note(DONEPEZIL, "elsewhere", disease=PRION), note(LEVODOPA, "no")):
        notebook(workspace).add(each.replace(graph=graph))
    donepezil, levodopa = made(workspace, loaded, DONEPEZIL, LEVODOPA)["drugs"]
    assert [each["why"] for each in donepezil["notes"]] == ["seen"]
    assert [each["why"] for each in levodopa["notes"]] == ["no"]


def test_chance_is_said_only_where_graphs_were_shuffled(workspace, loaded):
    assert {path["chance"] for path in made(workspace, loaded, DONEPEZIL)["drugs"][0]["paths"]} == {""}
    null = null_model(workspace, MetapathFinder(loaded.graph).finder.search, count=5)
    first = made(workspace, loaded, DONEPEZIL, null=null)["drugs"][0]["paths"][0]
    assert "(CiGaD)" in first["chance"]
    assert "random graph" in first["chance"]


def test_how_good_the_run_is_is_said_once_it_was_measured(workspace, loaded, monkeypatch):
    monkeypatch.setattr(evaluation, "TEST_FRACTION", 0.5)
    disease = row_of(loaded.graph, ALZHEIMER)
    assert evaluation_words(workspace, loaded, disease) == []
    result = evaluate_run(workspace, "full")
    overall, trust, *_ = evaluation_words(workspace, loaded, disease)
    assert f"{result['metrics']['H@10']['value']:.0%} of cases" in overall
    assert f"{result['n_pairs']} pairs of {result['n_diseases']} diseases" in overall
    assert trust.startswith("For this disease: no evidence.")
    assert overall in to_html(made(workspace, loaded, DONEPEZIL)).replace("&#39;", "'")


def test_how_it_was_made(workspace, loaded):
    facts = run_facts(loaded)
    assert facts["Ranking"] == f"{loaded.settings.model.interaction}, 8 dimensions, 6 epochs, seed 0"
    assert facts["Text"] == "full; encoder hashing:16; injection blend"
    assert loaded.graph.vocabulary.fingerprint[:16] in facts["Graph file"]


def test_a_disease_without_treatment_has_no_control(loaded):
    assert "nothing here can serve as a control" in disease_warnings(loaded, row_of(loaded.graph, PRION))[-1]
    assert disease_warnings(loaded, row_of(loaded.graph, ALZHEIMER)) == []
