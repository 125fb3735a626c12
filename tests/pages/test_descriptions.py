import csv
import fcntl
import io
import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest
import streamlit as st

from core import pipeline
from core.kg.loaders import load_graph
from core.llm.following import Tally
from core.llm.store import DescriptionStore, Version
from core.workspace import ExtractionFiles, Workspace, write_json
from dashboard.jobs import descriptions as jobs
from tests.llm_server import KEY, ChatServer, serving
from tests.pages.conftest import FORMULA, HOSTILE, HOSTILE_DRUG, words
from tests.toy import ACHE, ALZHEIMER, ASPIRIN, DONEPEZIL, HALOPERIDOL, PARKINSON


def press(app, label: str):
    return next(button for button in app.button if button.label.replace("\\", "") == label).click().run()


def graph_of(workspace: Workspace):
    return load_graph(pipeline.read_settings(workspace.existing_run("lladr")).kg)


def home(of: Workspace, folder: Path) -> Workspace:
    """A copy of a workspace that a test may write to."""
    shutil.copytree(of.root, folder / "home")
    return Workspace(folder / "home")


@pytest.fixture
def written(trained, tmp_path: Path) -> Workspace:
    """The trained workspace, with what two prompts of a model and a person wrote about haloperidol."""
    workspace = home(trained, tmp_path)
    common = {"graph": graph_of(trained).name, "entity": HALOPERIDOL, "name": "haloperidol", "kind": "Compound", "model": "m-1"}
    good = Version(
        **common, prompt="good", prompt_version=2, temperature=0.7, date="2026-11-02T10:00:00+00:00",
        fields={"indications": "Approved for Parkinson's disease.", "targets": ["DRD2", "XYZ9"]},
    )  # fmt: skip
    with closing(DescriptionStore(workspace.description_store)) as store:
        store.add(good)
        store.add(Version(**common, prompt="original", prompt_version=1, fields={"contraindications": "Parkinson's disease."}))
        store.add(good.edited({"indications": "None."}, author="A. Reader", reason="label"))
    return workspace


def test_without_an_entity_it_says_what_to_do(trained, open_page):
    app = open_page(trained, "descriptions")
    assert not app.exception
    assert "Search a drug, a disease or a gene" in words(app)


def test_any_kind_is_found_by_synonym_and_opens(trained, open_page):
    app = open_page(trained, "descriptions")
    app.text_input(key="search-entity").set_value("acetylcholinesterase").run()
    app = press(app, "ACHE :gray[(gene, acetylcholinesterase)]")
    assert app.query_params["entity"] in (ACHE, [ACHE])
    assert "ACHE is a gene of the toy graph." in words(app)


def test_what_is_not_there_is_said(trained, open_page):
    app = open_page(trained, "descriptions")
    app.text_input(key="search-entity").set_value("qqqqqqq").run()
    assert "Nothing in this graph comes near" in words(app)


def test_the_disease_of_the_sidebar_is_shown_until_another_entity_is_chosen(trained, open_page):
    assert "Alzheimer's disease is a disease of the toy graph." in words(open_page(trained, "descriptions", disease=ALZHEIMER))
    app = open_page(trained, "descriptions", disease=ALZHEIMER, entity=DONEPEZIL)
    assert "donepezil is a compound of the toy graph." in words(app)


def test_an_entity_without_text_says_so(trained, open_page):
    assert "Nothing is written about it yet." in words(open_page(trained, "descriptions", entity=ASPIRIN))


def test_an_entity_that_is_not_there_is_an_error_with_a_way_back(trained, open_page):
    app = open_page(trained, "descriptions", entity="nonesuch")
    assert "No entity is called 'nonesuch'" in words(app)
    assert not app.exception


def test_prompts_stand_side_by_side_with_marks_and_edges(written, open_page):
    app = open_page(written, "descriptions", entity=HALOPERIDOL)
    said = words(app)
    assert not app.exception
    for title in ("Shipped with the graph", "Prompt good, m-1", "Prompt original, m-1"):
        assert f"**{title}**" in said
    assert ":green[✓ warned against in Parkinson's disease]" in said
    assert ":green[✓ acts on DRD2]" in said
    assert ":gray[? acts on XYZ9]" in said


def test_the_hand_written_version_stands_above_and_the_earlier_one_is_kept(written, open_page):
    said = words(open_page(written, "descriptions", entity=HALOPERIDOL))
    assert "Written by A. Reader" in said
    assert ": label" in said
    assert "Written by m-1, prompt good (version 2), temperature 0.7, 2026-11-02 10:" in said.replace("\u2060", "")
    assert "Earlier" in " ".join(expander.label for expander in open_page(written, "descriptions", entity=HALOPERIDOL).expander)


def test_a_contradiction_names_the_edge(written, open_page):
    with closing(DescriptionStore(written.description_store)) as store:
        common = {"graph": graph_of(written).name, "entity": HALOPERIDOL, "name": "haloperidol", "kind": "Compound"}
        store.add(Version(**common, prompt="none", prompt_version=1, model="m-1", fields={"indicated_for": ["PD"]}))
    said = words(open_page(written, "descriptions", entity=HALOPERIDOL, texts="none|m-1"))
    assert ":red[≠ used for Parkinson's disease] :gray[(the graph: is contraindicated in)]" in said
    assert "**Shipped with the graph**" not in said


def test_an_edit_is_a_new_version_and_changes_only_what_was_changed(written, open_page):
    app = open_page(written, "descriptions", entity=HALOPERIDOL)
    app.selectbox(key="edit-which").set_value("Prompt good, m-1").run()
    area = next(area for area in app.text_area if area.label == "Listed targets, one a line")
    assert area.value == "DRD2\nXYZ9"
    area.set_value("DRD2")
    app.text_input(key="edit-author").set_value("B. Reader")
    app.text_input(key="edit-reason").set_value("XYZ9 is no gene")
    app = press(app, "Save as a new version")
    assert not app.exception
    assert "Saved as a new version of: Prompt good, m-1." in words(app)
    with closing(DescriptionStore(written.description_store)) as store:
        versions = [v for v in store.versions(HALOPERIDOL, graph=graph_of(written).name) if v.prompt == "good"]
    assert [(v.author, v.fields["targets"]) for v in versions] == [
        ("B. Reader", ["DRD2"]), ("A. Reader", ["DRD2", "XYZ9"]), ("model", ["DRD2", "XYZ9"]),
    ]  # fmt: skip
    assert versions[0].fields["indications"] == "None."


@pytest.mark.parametrize(("author", "reason", "said"), [("", "why", "needs to say who"), ("me", "", "needs to say who")])
def test_an_edit_needs_author_and_reason_and_keeps_what_was_typed(written, open_page, author, reason, said):
    app = open_page(written, "descriptions", entity=HALOPERIDOL)
    app.text_area[0].set_value("Another background.")
    app.text_input(key="edit-author").set_value(author)
    app.text_input(key="edit-reason").set_value(reason)
    app = press(app, "Save as a new version")
    assert said in words(app)
    assert app.text_area[0].value == "Another background."


def test_nothing_changed_is_nothing_saved(written, open_page):
    app = press(open_page(written, "descriptions", entity=HALOPERIDOL), "Save as a new version")
    assert "Nothing was changed" in words(app)


def test_a_shipped_text_can_be_edited_without_touching_the_graph_s_file(trained, open_page, tmp_path):
    workspace = home(trained, tmp_path)
    file = graph_of(workspace).folder / "descriptions.jsonl"
    before = file.read_bytes()
    app = open_page(workspace, "descriptions", entity=DONEPEZIL)
    app.text_area[0].set_value("Better words.")
    app.text_input(key="edit-author").set_value("me")
    app.text_input(key="edit-reason").set_value("clearer")
    app = press(app, "Save as a new version")
    assert "Better words." in words(app)
    assert "edited by hand" in words(app)
    assert file.read_bytes() == before


def test_all_descriptions_are_checked_on_request_and_the_address_says_so(written, open_page):
    app = press(open_page(written, "descriptions"), "Check them all against the graph")
    assert app.query_params["source"] in ("shipped", ["shipped"])
    coverage = app.dataframe[0].value.set_index("Kind")
    assert coverage.loc["drug"].to_dict() == {"Described": 5, "Of": 6}
    assert "No sentence of them could be checked." in words(app)


def test_the_source_of_the_address_is_the_one_that_is_reported(written, open_page):
    app = open_page(written, "descriptions", source="original|m-1")
    assert app.dataframe[0].value.to_dict("records") == [
        {"Claim": "warned against in", "✓ in graph": 1, "≠ against": 0, "? silent": 0}
    ]


def test_the_facts_come_as_csv_without_formulas(hostile, open_page, monkeypatch, tmp_path):
    workspace = home(hostile, tmp_path)
    common = {"graph": graph_of(hostile).name, "entity": HOSTILE_DRUG, "name": FORMULA, "kind": "Compound"}
    with closing(DescriptionStore(workspace.description_store)) as store:
        store.add(
            Version(
                **common,
                prompt=HOSTILE,
                prompt_version=1,
                model="**m** |x",
                fields={"indicated_for": [FORMULA, ALZHEIMER], "background": HOSTILE},
            )
        )
    offered = {}
    monkeypatch.setattr(st, "download_button", lambda label, data, name, *_, **__: offered.update({label: (data, name)}))
    app = open_page(workspace, "descriptions", entity=HOSTILE_DRUG)
    assert not app.exception
    assert not app.error
    for element in [*app.markdown, *app.subheader, *app.caption]:
        assert "<script" not in element.value.replace("\\<", "")
        assert "**m**" not in element.value
    cells = [cell for row in csv.reader(io.StringIO(offered["CSV"][0]())) for cell in row]
    assert f"'{FORMULA}" in cells
    assert FORMULA not in cells
    assert json.loads(offered["JSON"][0]())[0]["name"] == FORMULA


def test_a_disease_names_the_drug_first(trained, open_page, tmp_path):
    workspace = home(trained, tmp_path)
    common = {"graph": graph_of(trained).name, "entity": PARKINSON, "name": "Parkinson's disease", "kind": "Disease"}
    with closing(DescriptionStore(workspace.description_store)) as store:
        store.add(Version(**common, prompt="good", prompt_version=1, model="m", fields={"indications": "Levodopa."}))
    assert ":green[✓ levodopa: used for this]" in words(open_page(workspace, "descriptions", entity=PARKINSON))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):
    """A chat server of our own, configured."""
    with serving(ChatServer()) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "LLADR_CHAT_MODEL"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_server_it_says_how_to_configure_one(trained, open_page):
    app = open_page(trained, "descriptions", entity=DONEPEZIL)
    assert "No chat server is configured" in words(app)
    assert not [button for button in app.button if button.label in ("Write", "Start")]


def test_one_is_written_now_and_stands_beside_the_shipped_one(trained, open_page, server, tmp_path):
    app = open_page(home(trained, tmp_path), "descriptions", entity=DONEPEZIL)
    assert KEY not in words(app)
    app = press(app, "Write")
    assert not app.exception
    assert "Written." in words(app)
    assert "background of donepezil" in words(app)
    assert "[? used for prion disease]" in words(app)
    assert server.received["donepezil"] == 1
    app = press(app, "Write")
    assert "the model was not asked again" in words(app)
    assert server.received["donepezil"] == 1


@pytest.mark.parametrize("fault", ["refusal", "401", "empty"])
def test_what_the_server_does_wrong_is_said_without_the_key(trained, open_page, server, tmp_path, fault):
    server.faults.extend([fault] * 3)
    app = press(open_page(home(trained, tmp_path), "descriptions", entity=DONEPEZIL), "Write")
    assert not app.exception
    assert [*app.error]
    assert KEY not in words(app)


def test_a_hostile_name_is_written_about_as_data(hostile, open_page, server, tmp_path):
    app = press(open_page(home(hostile, tmp_path), "descriptions", entity=HOSTILE_DRUG), "Write")
    assert not app.exception
    assert "Written." in words(app)
    for element in app.markdown:
        assert "<script" not in element.value.replace("\\<", "")


def test_the_cost_is_estimated_before(trained, open_page, server, tmp_path):
    app = press(open_page(home(trained, tmp_path), "descriptions"), "Estimate")
    assert "17 entities, of which 0 are answered already" in words(app)
    assert "at an unknown price" in words(app)
    assert not server.received


def test_an_extraction_starts_in_the_background_with_what_was_chosen(trained, open_page, server, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "_spawn", lambda workspace, arguments, log: started.append(arguments))
    app = open_page(home(trained, tmp_path), "descriptions")
    app.text_input(key="many-model").set_value("gpt-4o-mini")
    next(box for box in app.multiselect if box.label == "Kinds").set_value(["Gene", "Disease"])
    next(box for box in app.number_input if box.label == "At most so many").set_value(7)
    next(box for box in app.number_input if box.label == "Budget in US dollars").set_value(2.5)
    app = press(app, "Start")
    assert not app.exception
    graph = graph_of(trained).name
    assert started == [
        ["describe", "--kg", graph, "--prompt", "treatment", "--model", "gpt-4o-mini", "--kinds", "Gene,Disease",
         "--limit", "7", "--budget-usd", "2.5"]
    ]  # fmt: skip
    assert "Writing has started: prompt treatment, gpt-4o-mini." in words(app)


def test_a_budget_without_a_known_price_is_refused_before_anything_starts(trained, open_page, server, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "_spawn", lambda *_: pytest.fail("it was started"))
    app = open_page(home(trained, tmp_path), "descriptions")
    next(box for box in app.number_input if box.label == "Budget in US dollars").set_value(2.5)
    assert "A budget in dollars needs a price" in words(press(app, "Start"))


def status_of(workspace: Workspace, graph: str, **values) -> ExtractionFiles:
    files = workspace.extraction(graph, "good", "m")
    tally = Tally(40, graph, "good", "m", done=10, written=8, refused=2, tokens=1234, usd=0.5, budget_usd=2.0, **values)
    write_json(files.status_file, vars(tally))
    write_json(files.folder / f"{files.slug}.job.json", ["describe", "--kg", graph, "--prompt", "good", "--model", "m"])
    return files


def test_an_extraction_is_followed_and_stopped(trained, open_page, tmp_path):
    workspace = home(trained, tmp_path)
    files = status_of(workspace, graph_of(trained).name, seconds_left=90.0)
    with files.lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        app = open_page(workspace, "descriptions")
        progress = app.get("progress")[0].proto
        assert (progress.value, progress.text.replace("\\", "")) == (25, "10 of 40 entities, 2 min left")
        assert "8 written, 2 refused, 1,234 tokens, $0.50 of $2.00 spent by this start" in words(app)
        press(app, "Stop")
    assert files.stop_file.exists()


def test_an_interrupted_extraction_is_resumed_as_it_was_started(trained, open_page, tmp_path, monkeypatch):
    resumed = []
    monkeypatch.setattr(jobs, "_spawn", lambda workspace, arguments, log: resumed.append(arguments))
    workspace = home(trained, tmp_path)
    graph = graph_of(trained).name
    status_of(workspace, graph)
    app = open_page(workspace, "descriptions")
    assert "interrupted" in words(app)
    press(app, "Resume")
    assert resumed == [["describe", "--kg", graph, "--prompt", "good", "--model", "m"]]


def test_why_an_extraction_failed_is_said(trained, open_page, tmp_path):
    workspace = home(trained, tmp_path)
    problems = [{"entity": DONEPEZIL, "name": "<b>x</b>", "reason": "status 500"}]
    files = status_of(workspace, graph_of(trained).name, state="failed", message="The server is gone.", problems=problems)
    files.log_file.write_text("last words\n")
    app = open_page(workspace, "descriptions")
    assert "The server is gone." in words(app)
    assert "<b>x</b>: status 500" in words(app).replace("\u2060", "")
    assert "last words" in [code.value for code in app.code]
