"""`lladr describe` against the test server, as a user runs it."""

import json
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.cli.app import app
from core.errors import ChatError, ConfigError
from core.text.descriptions import load_descriptions
from core.workspace import Workspace
from tests.llm_server import KEY, ChatServer, serving
from tests.toy import toy_graph


@pytest.fixture
def chat(monkeypatch, tmp_path: Path):
    with serving(ChatServer()) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("LLADR_HOME", str(tmp_path / "workspace"))
        yield server


def run(folder: Path, *options: str) -> Result:
    """Run it; an error is raised as `lladr` would print it."""
    result = CliRunner().invoke(app, ["describe", *options, "--kg", str(folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_it_writes_what_training_reads(chat: ChatServer, toy_folder: Path) -> None:
    found = json.loads(run(toy_folder, "--kinds", "Compound,Disease", "--json").stdout)
    assert (found["written"], found["exported"], found["state"]) == (10, 10, "finished")
    toy = toy_graph()
    texts = load_descriptions(toy, Path(found["file"]))
    assert {row: text.name for row, text in texts.items()} == {row: toy.names[row] for row in [*toy.drugs, *toy.diseases]}
    assert Path(found["file"]).parent == Workspace.default().root / "descriptions"


def test_it_says_how_to_train_and_shows_no_key(chat: ChatServer, toy_folder: Path) -> None:
    chat.faults = deque(["refusal"])
    shown = run(toy_folder, "--limit", "3").output.replace("\n", " ")
    assert "2 written, 0 were there, 1 refused" in shown
    assert "lladr train --kg" in shown
    assert "I cannot help with that" in shown
    assert KEY not in shown


def test_a_dry_run_asks_nothing_and_needs_no_server(chat: ChatServer, toy_folder: Path, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.delenv("OPENAI_API_KEY")
    found = json.loads(run(toy_folder, "--dry-run", "--model", "gpt-4o-mini", "--json").stdout)
    assert found["usd"] == pytest.approx((found["prompt_tokens"] * 0.15 + found["completion_tokens"] * 0.60) / 1e6)
    assert (found["entities"], found["completion_tokens"], chat.received.total()) == (17, 17 * 320, 0)
    assert "17" in run(toy_folder, "--dry-run", "--model", "gpt-4o-mini", "--price-in", "1", "--price-out", "2").output


def test_the_budget_ends_it_with_an_error_and_the_same_command_goes_on(chat: ChatServer, toy_folder: Path) -> None:
    with pytest.raises(ChatError, match=r"budget is spent, \d+ of 17 entities are left"):
        run(toy_folder, "--budget-tokens", "5000")
    half = chat.answered.total()
    assert 0 < half < 17
    assert json.loads(run(toy_folder, "--json").stdout)["kept"] == half
    assert set(chat.answered.values()) == {1}


def test_one_entity_under_another_prompt(chat: ChatServer, toy_folder: Path) -> None:
    found = json.loads(run(toy_folder, "--entity", "Aricept", "--prompt", "good", "--json").stdout)
    line = json.loads(Path(found["file"]).read_text())
    assert (line["name"], line["prompt"], line["indications"]) == ("donepezil", "good", "what donepezil is for")


def test_the_batch_from_submit_to_collect(chat: ChatServer, toy_folder: Path) -> None:
    batch = ("--engine", "batch")
    assert "6 questions wait" in run(toy_folder, *batch, "--kinds", "Compound").output
    assert "completed" in run(toy_folder, "status", *batch).output
    collected = run(toy_folder, "collect", *batch).output
    assert "6 written" in collected
    assert "1 batches collected" in collected
    assert "no open batch" in run(toy_folder, "collect", *batch).output
    assert json.loads(run(toy_folder, "--kinds", "Compound", "--json").stdout)["kept"] == 6
    assert set(chat.answered.values()) == {1}


def test_an_action_belongs_to_the_batch(toy_folder: Path, chat: ChatServer) -> None:
    with pytest.raises(ConfigError, match="batch"):
        run(toy_folder, "status")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--budget-usd", "1"], "needs a price"),
        (["--price-in", "1"], "one price"),
        (["--kinds", "Drug"], "Drug"),
        (["--entity", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_is_explained_before_anything_is_asked(
    chat: ChatServer, toy_folder: Path, options: list[str], why: str
) -> None:
    with pytest.raises(Exception, match=why):
        run(toy_folder, *options)
    assert chat.received.total() == 0


def test_without_a_server_it_says_how_to_set_one(toy_folder: Path, monkeypatch, tmp_path: Path) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "LLADR_CHAT_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LLADR_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="OPENAI_BASE_URL"):
        run(toy_folder, "--model", "m")


def test_a_run_knows_its_descriptions_and_notices_others(chat: ChatServer, toy_folder: Path) -> None:
    file = Path(json.loads(run(toy_folder, "--json").stdout)["file"])
    options = ["--kg", str(toy_folder), "--encoder", "hashing:8", "--dim", "8", "--epochs", "2", "--name", "own"]
    runner = CliRunner()
    assert runner.invoke(app, ["train", *options, "--descriptions", str(file)]).exit_code == 0
    settings = json.loads((Workspace.default().run("own").settings_file).read_text())["text"]
    assert settings["descriptions"] == str(file)
    assert len(settings["descriptions_sha256"]) == 64
    file.write_text(file.read_text().replace("background of", "something about"))
    changed = runner.invoke(app, ["train", *options, "--descriptions", str(file)])
    assert "descriptions_sha256" in str(changed.exception)


@pytest.mark.slow
def test_ctrl_c_stops_after_what_is_in_flight(chat: ChatServer, toy_folder: Path) -> None:
    chat.latency = 0.3
    command = [sys.executable, "-m", "core.cli", "describe", "--kg", str(toy_folder), "--concurrency", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    while not chat.received and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert "it was stopped" in process.communicate(timeout=30)[1]
    assert process.returncode == 1
    before = chat.answered.total()
    assert before == chat.received.total() < 17
    assert json.loads(run(toy_folder, "--json").stdout)["kept"] == before
    assert set(chat.answered.values()) == {1}
