"""A real extraction in the background, against a server of our own: started, stopped, resumed; nothing is asked twice."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import DescribeSettings
from core.errors import WorkspaceError
from core.kg.loaders import load_graph
from core.workspace import Workspace
from dashboard.jobs import descriptions as jobs
from tests.llm_server import KEY, ChatServer, serving
from tests.toy import NODES, write_table

SETTINGS = DescribeSettings.parse({"prompt": "good", "model": "toy-model"})


@pytest.mark.slow
def test_it_is_stopped_and_resumed_and_asks_each_question_once(tmp_path: Path, toy_folder: Path, monkeypatch):
    more = [*NODES, *((f"Compound::{number}", f"substance {number}", "Compound", "") for number in range(60))]
    write_table(toy_folder / "nodes.tsv", ["id", "name", "kind", "synonyms"], more)
    workspace, graph = Workspace(tmp_path / "home"), load_graph(str(toy_folder))
    with serving(ChatServer(latency=0.1, slots=2)) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        jobs.start(workspace, graph, SETTINGS, budget_usd=None)
        with pytest.raises(WorkspaceError, match="now"):
            jobs.start(workspace, graph, SETTINGS, budget_usd=None)
        wait_until(lambda: (job := only(workspace, graph)).status.get("done", 0) >= 2 and job.running)
        jobs.stop(only(workspace, graph))
        wait_until(lambda: not (job := only(workspace, graph)).running or not job.status)
        stopped = only(workspace, graph)
        assert (stopped.state, stopped.can_resume) == ("stopped", True)
        assert 0 < stopped.share < 1
        jobs.resume(workspace, stopped)
        assert only(workspace, graph).status == {}, "what the start before left is not shown as this one's"
        wait_until(lambda: not only(workspace, graph).running)
        assert only(workspace, graph).state == "finished", jobs.log_tail(only(workspace, graph))
        assert set(server.received.values()) == {1}
        assert len(server.received) == graph.n_entities
    assert KEY not in "".join(path.read_text() for path in workspace.description_store.parent.glob("*.js*"))
    assert KEY not in jobs.log_tail(only(workspace, graph))


def only(workspace: Workspace, graph) -> jobs.Extraction:
    (found,) = jobs.extractions(workspace, graph.name)
    return found


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.2)


@pytest.mark.slow
def test_what_fails_before_it_leaves_a_status_is_listed_with_its_log(tmp_path: Path, toy_folder: Path, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    workspace, graph = Workspace(tmp_path / "home"), load_graph(str(toy_folder))
    jobs.start(workspace, graph, SETTINGS, budget_usd=None)
    wait_until(lambda: not only(workspace, graph).running)
    job = only(workspace, graph)
    assert (job.state, job.prompt, job.model, job.can_resume) == ("failed", "good", "toy-model", True)
    assert "No chat server is configured" in jobs.log_tail(job)
