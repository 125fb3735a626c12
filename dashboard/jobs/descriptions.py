"""Let a language model write: one entity while the reader waits, or many in a process of its own."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config import DescribeSettings
from core.errors import WorkspaceError
from core.kg.graph import KnowledgeGraph
from core.llm.budget import Budget, price_of
from core.llm.cache import ReplyCache
from core.llm.client import ChatClient
from core.llm.extraction import Estimate, Outcome, Writer, chosen_rows, estimate
from core.llm.following import ask_to_stop, extraction_status, is_running
from core.llm.server import Server
from core.llm.session import opened_writer
from core.llm.store import DescriptionStore
from core.workspace import ExtractionFiles, Workspace, read_json, write_json
from dashboard.jobs import _alive, _spawn, _tail

ATTEMPTS, TIMEOUT = 2, 60.0  #: of a single description: a reader waits
STATUS_ENDING = ".status.json"


@dataclass(frozen=True)
class Extraction:
    """How far an extraction is."""

    files: ExtractionFiles
    graph: str
    prompt: str
    model: str
    state: str  #: running, stopped, budget spent, failed, finished, interrupted
    status: dict[str, Any]  #: as :class:`core.llm.following.Tally`; empty where it has just started

    @property
    def running(self) -> bool:
        """Return whether a process works on it now."""
        return self.state == "running"

    @property
    def share(self) -> float:
        """Return the part that is done, 0 to 1."""
        total = self.status.get("total", 0)
        return min(self.status["done"] / total, 1.0) if total else 0.0

    @property
    def can_resume(self) -> bool:
        """Return whether a page started it, so that it knows how."""
        return not self.running and self.state != "finished" and _job_file(self.files).exists()


def usual_model() -> str:
    """Return the model that the environment names; may be empty."""
    return os.environ.get("LLADR_CHAT_MODEL", "").strip()


def write_one(workspace: Workspace, graph: KnowledgeGraph, row: int, settings: DescribeSettings) -> Outcome:
    """Describe one entity now; what was answered before is not asked again, what was refused is, once.

    :raises LladrError: if the server does not answer usably
    """
    server, path = Server.from_environment(settings.model), workspace.description_store
    with (
        closing(ReplyCache(path)) as cache,
        closing(DescriptionStore(path)) as store,
        closing(ChatClient(server, attempts=ATTEMPTS, timeout=TIMEOUT)) as client,
    ):
        budget = Budget(price_of(settings.model))
        writer = Writer(graph, settings, cache=cache, store=store, client=client, budget=budget, retry_refused=True)
        return writer.describe(row)


def estimated(workspace: Workspace, graph: KnowledgeGraph, settings: DescribeSettings) -> Estimate:
    """Reckon what an extraction will ask and cost; nothing is asked."""
    with opened_writer(workspace, graph, settings, server=None, budget=Budget(price_of(settings.model))) as writer:
        return estimate(writer, chosen_rows(graph, settings))


def start(workspace: Workspace, graph: KnowledgeGraph, settings: DescribeSettings, *, budget_usd: float | None) -> None:
    """Start an extraction in the background.

    :raises WorkspaceError: if the same one is running
    :raises ConfigError: if there is a budget, but no known price
    """
    Budget(price_of(settings.model), usd=budget_usd)
    files = workspace.extraction(graph.name, settings.prompt, settings.model)
    arguments = ["describe", "--kg", graph.name, "--prompt", settings.prompt, "--model", settings.model]
    arguments += ["--kinds", ",".join(settings.kinds)] if settings.kinds else []
    arguments += ["--limit", str(settings.limit)] if settings.limit else []
    arguments += ["--neighbours"] if settings.neighbours else []
    arguments += ["--budget-usd", f"{budget_usd:g}"] if budget_usd else []
    _run(workspace, files, arguments)


def resume(workspace: Workspace, extraction: Extraction) -> None:
    """Go on with an extraction as it was started; what is answered is not asked again.

    :raises WorkspaceError: if it is running
    """
    _run(workspace, extraction.files, read_json(_job_file(extraction.files)))


def stop(extraction: Extraction) -> None:
    """Ask an extraction to end after the requests that are in flight; it can be resumed."""
    ask_to_stop(extraction.files)


def extractions(workspace: Workspace, graph: str) -> list[Extraction]:
    """Return all extractions of a graph, those that run first."""
    folder = workspace.description_store.parent
    slugs = {path.name.removesuffix(STATUS_ENDING) for path in folder.glob(f"*{STATUS_ENDING}")}
    slugs |= {path.name.removesuffix(".job.json") for path in folder.glob("*.job.json")}
    found = [_extraction(ExtractionFiles(folder, slug)) for slug in sorted(slugs)]
    return sorted((each for each in found if each.graph == graph), key=lambda each: not each.running)


def log_tail(extraction: Extraction) -> str:
    """Return the last lines that a background extraction printed."""
    return _tail(extraction.files.log_file)


def _extraction(files: ExtractionFiles) -> Extraction:
    status = extraction_status(files) or {}
    started = _started(files)
    if _alive(files.log_file):
        state = "running"  # also while it still writes its export
        status = status if status.get("started", 0) >= _job_file(files).stat().st_mtime else {}  # else of the start before
    else:
        state = status.get("state", "failed")
    origin = [status.get(key) or started.get(key, "") for key in ("graph", "prompt", "model")]
    return Extraction(files, *origin, state, status)


def _started(files: ExtractionFiles) -> dict[str, str]:
    """Return what a page asked for, where it did."""
    if not _job_file(files).exists():
        return {}
    arguments = read_json(_job_file(files))
    found = dict(zip(arguments[1::2], arguments[2::2], strict=False))
    return {"graph": found["--kg"], "prompt": found["--prompt"], "model": found["--model"]}


def _job_file(files: ExtractionFiles) -> Path:
    return files.folder / f"{files.slug}.job.json"


def _run(workspace: Workspace, files: ExtractionFiles, arguments: list[str]) -> None:
    if _alive(files.log_file) or is_running(files):
        raise WorkspaceError(
            "The same prompt and model are writing about this graph now.", advice="wait for it, or stop it and start it again."
        )
    write_json(_job_file(files), arguments)
    _spawn(workspace, arguments, files.log_file)
