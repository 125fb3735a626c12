import json

import pytest

from core.config import RunSettings
from core.workspace import RunFolder, Workspace
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


def preset(app, name: str):
    return next(control for control in app.segmented_control if control.label == "Preset").set_value(name).run()


def test_a_fusion_is_a_preset(trained, open_page, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "start", lambda workspace, name, settings: started.append((name, settings)))
    app = preset(open_page(trained, "training"), "Fusion")
    assert "eleven models" in words(app)
    app.radio[0].set_value("blind").run()
    app.multiselect[0].set_value(["complex", "transe", "rotate"]).run()
    press(app, "Start training")
    assert not app.exception
    expected = RunSettings.parse({"text": {"mode": "blind"}, "fusion": {"backbones": ["complex", "transe", "rotate"]}})
    assert started == [("starter-fusion-blind-0", expected)]


def test_a_fusion_of_nothing_is_refused_when_it_starts_not_before(trained, open_page, monkeypatch):
    monkeypatch.setattr(jobs, "start", lambda *_: pytest.fail("it started"))
    app = preset(open_page(trained, "training"), "Fusion")
    app.multiselect[0].set_value([]).run()
    assert not app.error
    press(app, "Start training")
    assert "A setting is not usable" in words(app)
    assert not app.exception


def test_the_papers_preset_has_its_settings(trained, open_page, monkeypatch):
    """LLaDR.md, step 2: dim 1,024, gamma 12, batch 512, N = 128, Adam 1e-4, rho 0.6, zeta 0.5 and 1.8."""
    started = []
    monkeypatch.setattr(jobs, "start", lambda workspace, name, settings: started.append(settings))
    press(preset(open_page(trained, "training"), "Paper"), "Start training")
    (settings,) = started
    assert (settings.model.dim, settings.model.gamma) == (1024, 12)
    training = settings.training
    assert (training.batch_size, training.negatives, training.optimizer, training.learning_rate) == (512, 128, "adam", 1e-4)
    assert (settings.text.rho, settings.text.anchor_weight, training.link_weight) == (0.6, 0.5, 1.8)


def test_each_model_of_a_fusion_is_shown(trained, open_page, tmp_path):
    """Two folds of pairs, one of diseases, one backbone: five models; the second was killed at its first of four epochs."""
    settings = RunSettings.parse({"fusion": {"backbones": ["complex"], "folds": 2}, "training": {"epochs": 4}})
    workspace = _with_run(tmp_path, {"state": "interrupted", "epoch": 5, "epochs": 20, "first_epoch": 0}, settings)
    for part, epoch, state in (("complex-seed0", 4, "finished"), ("complex-fold0", 1, "running")):
        folder = RunFolder(workspace.run("broken").members / part)
        folder.path.mkdir(parents=True)
        folder.status_file.write_text(json.dumps({"state": state, "epoch": epoch, "epochs": 4}))
        folder.trace_file.write_text("".join(json.dumps({"epoch": e + 1, "loss": 1 / (e + 1)}) + "\n" for e in range(epoch)))
    app = open_page(workspace, "training", watch="broken")
    assert not app.exception
    assert "Each fold leaves out a part" in words(app)
    shown = app.dataframe[-1].value
    assert shown["Model"].tolist() == [
        "ComplEx, seed 0",
        "ComplEx, fold 1",
        "ComplEx, fold 2",
        "ComplEx, diseases 1",
        "ComplEx, no text, seed 0",
    ]
    assert shown["State"].tolist() == ["✓ finished", "⚡ interrupted", "○ waiting", "○ waiting", "○ waiting"]
    assert shown["Done"].tolist() == [100, 25, 0, 0, 0]
    assert len(app.get("plotly_chart")) == 1
    assert "5 of 20 epochs" in words(app)


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


def _with_run(root, status: dict[str, object], settings: RunSettings | None = None) -> Workspace:
    run = Workspace(root).run("broken")
    run.path.mkdir(parents=True)
    run.settings_file.write_text(json.dumps((settings or RunSettings()).model_dump(mode="json")))
    run.status_file.write_text(json.dumps(status))
    run.log_file.write_text("the last words\n")
    return Workspace(root)
