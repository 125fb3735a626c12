import json

from core.config import RunSettings
from core.workspace import Workspace
from dashboard import jobs
from tests.pages.conftest import words


def press(app, label: str):
    return next(button for button in app.button if button.label == label).click().run()


def test_the_runs_are_listed_with_their_state(trained, open_page):
    app = open_page(trained, "training", watch="lladr")
    assert not app.exception
    assert app.dataframe[0].value["Run"].tolist() == ["base", "lladr"]
    assert set(app.dataframe[0].value["State"]) == {"✓ finished"}
    assert app.subheader[-1].value == "lladr: ✓ finished"
    assert len(app.get("plotly_chart")) == 1


def test_a_new_run_starts_in_the_background_with_the_preset(trained, open_page, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "start", lambda workspace, name, settings: started.append((name, settings)))
    app = open_page(trained, "training")
    next(control for control in app.segmented_control if control.label == "Preset").set_value("Quick").run()
    app.radio[0].set_value("blind").run()
    press(app, "Start training")
    assert not app.exception
    name, settings = started[0]
    assert name == "starter-complex-blind-0"
    assert settings == RunSettings.parse({"text": {"mode": "blind"}, "model": {"dim": 64}, "training": {"epochs": 10}})
    assert "has started" in words(app)


def test_a_name_that_is_taken_is_refused(trained, open_page):
    app = open_page(trained, "training")
    next(box for box in app.text_input if box.label == "Name of the run").set_value("lladr").run()
    press(app, "Start training")
    assert "A run called 'lladr' is there already" in words(app)


def test_a_graph_that_is_not_there_is_said_at_once(trained, open_page):
    app = open_page(trained, "training")
    next(box for box in app.text_input if box.label == "Graph").set_value("/no/such/folder").run()
    press(app, "Start training")
    assert "there is no such graph or folder" in words(app)
    assert not app.exception


def test_a_failed_run_says_why(tmp_path, open_page):
    workspace = _with_run(tmp_path, {"state": "failed", "epoch": 3, "epochs": 40, "error": "The disk is <b>full</b>."})
    app = open_page(workspace, "training", watch="broken")
    assert "It failed: The disk is <b>full</b>." in words(app)
    assert app.code[0].value == "the last words"


def test_a_stopped_run_can_be_resumed(tmp_path, open_page, monkeypatch):
    resumed = []
    monkeypatch.setattr(jobs, "resume", lambda workspace, name, restart=False: resumed.append((name, restart)))
    workspace = _with_run(tmp_path, {"state": "stopped", "epoch": 3, "epochs": 40})
    app = press(open_page(workspace, "training"), "Resume")
    assert not app.exception
    assert resumed == [("broken", False)]


def test_no_run_is_an_instruction(tmp_path, open_page):
    assert "No run yet" in words(open_page(Workspace(tmp_path), "training"))


def _with_run(root, status: dict[str, object]) -> Workspace:
    run = Workspace(root).run("broken")
    run.path.mkdir(parents=True)
    run.settings_file.write_text(json.dumps(RunSettings().model_dump(mode="json")))
    run.status_file.write_text(json.dumps(status))
    run.log_file.write_text("the last words\n")
    return Workspace(root)
