"""Let a language model describe the entities of a graph."""

import json
import threading
from typing import Annotated, Literal

import numpy as np
import typer

from core.cli.app import app
from core.cli.describe_output import bar, show_estimate, stop_signals, tell_result, tell_submitted, usd, what_is_missing
from core.cli.shared import JsonFlag, print_table, tell
from core.config import DescribeSettings
from core.errors import ChatError, ConfigError
from core.grid.engines import engine_named
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kg.search import EntityIndex
from core.llm.batch import Batches, harvest
from core.llm.budget import Budget, price_of
from core.llm.extraction import Writer, chosen_rows, estimate
from core.llm.limits import RateLimit
from core.llm.remote import extract_with
from core.llm.running import extract
from core.llm.server import Server
from core.llm.session import export, files_of, opened_writer
from core.types import Engine
from core.workspace import Workspace

Action = Literal["submit", "status", "collect"]
EngineName = Literal["direct", "batch", "processes", "ray"]
RARE = "Limits and prices"


@app.command()
def describe(
    action: Annotated[Action | None, typer.Argument(help="With --engine batch: what to do; default: submit.")] = None,
    kg: Annotated[str, typer.Option(help="starter, a folder with nodes.tsv and edges.tsv[.gz], or NODES,EDGES.")] = "starter",
    prompt: Annotated[Literal["none", "original", "good", "treatment"], typer.Option(help="Under which prompt.")] = "treatment",
    model: Annotated[str | None, typer.Option(help="As the server calls it; default: LLADR_CHAT_MODEL.")] = None,
    kinds: Annotated[str | None, typer.Option(help="Only these kinds, such as Compound,Disease; default: all.")] = None,
    entity: Annotated[str | None, typer.Option(help="Only this one: name, synonym or identifier.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many entities.")] = None,
    neighbours: Annotated[
        bool, typer.Option("--neighbours", help="Give facts of the graph, none that joins a drug and a disease.")
    ] = False,
    temperature: Annotated[float | None, typer.Option(min=0, max=2, help="As in the paper; some models take only 1.")] = 0.7,
    seed: Annotated[int | None, typer.Option(help="Where the server takes one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it will cost.")] = False,
    engine: Annotated[
        EngineName,
        typer.Option(help="direct; batch: half the price within a day; processes, ray: each worker asks its own server."),
    ] = "direct",
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="Requests, or workers of an engine, at the same time.")] = 16,
    retry_refused: Annotated[bool, typer.Option("--retry-refused", help="Ask again what was refused before.")] = False,
    address: Annotated[
        str | None, typer.Option(help="With --engine ray: HOST:PORT of a cluster, or auto; default: one of this machine.")
    ] = None,
    as_json: JsonFlag = False,
    budget_usd: Annotated[
        float | None, typer.Option(min=0, help="Stop before this start costs more US dollars.", rich_help_panel=RARE)
    ] = None,
    budget_tokens: Annotated[
        int | None, typer.Option(min=1, help="Stop before this start uses more tokens.", rich_help_panel=RARE)
    ] = None,
    price_in: Annotated[
        float | None, typer.Option(min=0, help="US dollars for a million prompt tokens.", rich_help_panel=RARE)
    ] = None,
    price_out: Annotated[
        float | None, typer.Option(min=0, help="US dollars for a million reply tokens.", rich_help_panel=RARE)
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Of a reply; models that think before they answer need more.", rich_help_panel=RARE)
    ] = None,
    requests_per_minute: Annotated[float | None, typer.Option(min=0.1, help="The server's limit.", rich_help_panel=RARE)] = None,
    tokens_per_minute: Annotated[float | None, typer.Option(min=1, help="The server's limit.", rich_help_panel=RARE)] = None,
) -> None:
    """Let a language model describe the entities of a graph (LLaDR, step 1), at any OpenAI-compatible server.

    Address and key come from OPENAI_BASE_URL and OPENAI_API_KEY. Each question is paid once: what was answered is kept, whatever
    ends this command, and giving it again goes on. Ctrl-C stops after the requests that are in flight.
    """
    if action and engine != "batch":
        raise ConfigError(f"{action} belongs to the batch interface.", advice="add --engine batch.")
    remote = engine_named(engine, workers=concurrency, address=address) if engine in ("processes", "ray") else None
    server = _server(model, dry_run=dry_run)
    workspace, graph = Workspace.default(), load_graph(kg)
    settings = DescribeSettings.parse(
        {
            "prompt": prompt,
            "model": server.model if server else model,
            "kinds": tuple(part.strip() for part in kinds.split(",")) if kinds else (),
            "limit": limit,
            "neighbours": neighbours,
            "temperature": temperature,
            "seed": seed,
            "max_tokens": max_tokens,
        }
    )
    price = price_of(settings.model, input=price_in, output=price_out, batch=engine == "batch")
    budget = Budget(price, usd=budget_usd, tokens=budget_tokens)
    with stop_signals() as stop:
        limits = RateLimit(requests=requests_per_minute, tokens=tokens_per_minute, stop=stop)
        direct = server if engine == "direct" and not dry_run else None
        with opened_writer(
            workspace, graph, settings, server=direct, budget=budget, limits=limits, retry_refused=retry_refused
        ) as writer:
            rows = [_row(graph, entity)] if entity else chosen_rows(graph, settings)
            if dry_run:
                show_estimate(estimate(writer, rows), writer, as_json=as_json)
            elif engine == "batch":
                _batch(action or "submit", workspace, writer, rows, server)
            else:
                _extract(workspace, writer, rows, remote, concurrency, stop, as_json=as_json)


def _server(model: str | None, *, dry_run: bool) -> Server | None:
    """Read where to ask; a dry run needs a model's name only."""
    return None if dry_run and model else Server.from_environment(model)


def _row(graph: KnowledgeGraph, name: str) -> int:
    return EntityIndex(graph, np.arange(graph.n_entities), "entity").resolve(name)


def _extract(
    workspace: Workspace,
    writer: Writer,
    rows: list[int],
    engine: Engine | None,
    concurrency: int,
    stop: threading.Event,
    *,
    as_json: bool,
) -> None:
    files = files_of(workspace, writer)
    with bar() as report:
        if engine:
            tally = extract_with(engine, writer, rows, files, stop=stop, report=report)
        else:
            tally = extract(writer, rows, files, concurrency=concurrency, stop=stop, report=report)
    exported = export(workspace, writer)
    if as_json:
        typer.echo(json.dumps(vars(tally) | {"exported": exported, "file": str(files.export_file)}, ensure_ascii=False))
    else:
        tell_result(tally, exported, str(files.export_file), writer.graph.name)
    if tally.state != "finished" or tally.failed:
        raise ChatError(
            f"The extraction is not complete: {what_is_missing(tally)}.",
            advice="give the same command again: it goes on where it stopped, and nothing is paid twice.",
        )


def _batch(
    action: Action,
    workspace: Workspace,
    writer: Writer,
    rows: list[int],
    server: Server | None,
) -> None:
    assert server is not None  # noqa: S101 - a dry run does not come here
    batches = Batches(server, writer.cache, writer.budget)
    try:
        if action == "submit":
            tell_submitted(batches.submit(writer, rows))
        elif action == "status":
            states = batches.states()
            print_table("Batches", ["remote", "state", "requests", "completed", "failed", "submitted"], [vars(s) for s in states])
        else:
            _collect(workspace, batches, writer.budget)
    finally:
        batches.close()


def _collect(workspace: Workspace, batches: Batches, budget: Budget) -> None:
    jobs, running = batches.collect()
    for job in jobs:
        graph = load_graph(job.graph)
        with opened_writer(workspace, graph, job.settings, server=None) as writer:
            tally = harvest(writer, chosen_rows(graph, job.settings))
            exported = export(workspace, writer)
            tell_result(tally, exported, str(files_of(workspace, writer).export_file), graph.name)
        if left := tally.total - tally.done:
            tell(f"{left} are still without a description ({job.lost} came back without an answer): submit again.")
    tell(f"{len(jobs)} batches collected, {len(running)} go on." if jobs or running else "There is no open batch.")
    if jobs:
        money = f", {usd(budget.spent_usd)}" if budget.price else ""
        tell(f"The answers used {budget.spent_tokens:,} tokens{money}.")
