"""Measure how much of a chat server's limit an extraction uses, and whether its memory grows with the number of entities.

``python -m tests.benchmarks.llm_throughput`` starts the test server in a process of its own with 64 slots of one second each (its
limit is 64 requests a second), describes 1,920 made-up drugs with 64 requests at the same time, and prints requests a second
beside the limit. ``--paced 40`` lets the client keep to so many requests a second instead, against a server that is much faster.

``python -m tests.benchmarks.llm_throughput --memory`` describes 5,000 entities end to end, with export, against a server without
latency, and prints the process's peak after each thousand.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from core.config import DescribeSettings
from core.llm.limits import RateLimit
from core.llm.running import extract
from core.llm.server import Server
from core.llm.session import export, files_of, opened_writer
from core.workspace import Workspace
from tests.core.llm.conftest import MODEL, drugs_named


def main(
    memory: Annotated[bool, typer.Option("--memory", help="Peak memory at 5,000 entities.")] = False,
    paced: Annotated[float | None, typer.Option(help="Requests a second that the client keeps to.")] = None,
    slots: Annotated[int, typer.Option(help="Requests at the same time, of server and client.")] = 64,
    latency: Annotated[float, typer.Option(help="Seconds a request.")] = 1.0,
    seconds: Annotated[int, typer.Option(help="How long the server is busy at its limit.")] = 30,
) -> None:
    if memory:
        with served(0.0, slots) as url:
            peaks(url, slots)
        return
    limit = paced or slots / latency
    with served(0.05 if paced else latency, slots) as url:
        described(url, slots, slots, None)  # imports, first connections
        taken = described(url, round(limit * seconds), slots, paced)
    reached = round(limit * seconds) / taken
    typer.echo(f"{reached:.2f} requests a second of {limit:.2f}: {reached / limit:.1%} of the limit, {slots} at the same time")


@contextmanager
def served(latency: float, slots: int) -> Iterator[str]:
    """Run the test server in a process of its own."""
    command = [sys.executable, "-m", "tests.llm_server", "--latency", str(latency), "--slots", str(slots)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def described(url: str, entities: int, concurrency: int, paced: float | None) -> float:
    """Return the seconds that an extraction takes."""
    graph = drugs_named([f"drug {number}" for number in range(entities)])
    limits = RateLimit(requests=paced * 60 if paced else None)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        with opened_writer(
            workspace, graph, DescribeSettings(model=MODEL), server=Server(MODEL, url, "k"), limits=limits
        ) as writer:
            start = time.perf_counter()
            tally = extract(writer, range(entities), files_of(workspace, writer), concurrency=concurrency)
            taken = time.perf_counter() - start
    assert tally.written == entities
    return taken


def peaks(url: str, concurrency: int) -> None:
    """Print the peak memory of this process after each thousand entities."""
    graph = drugs_named([f"drug {number}" for number in range(5000)])
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        with opened_writer(workspace, graph, DescribeSettings(model=MODEL), server=Server(MODEL, url, "k")) as writer:
            for done in range(0, 5000, 1000):
                start = time.perf_counter()
                extract(writer, range(done, done + 1000), files_of(workspace, writer), concurrency=concurrency)
                typer.echo(f"{done + 1000} entities: {_peak():.1f} MB, {1000 / (time.perf_counter() - start):.0f} a second")
            typer.echo(f"{export(workspace, writer)} exported: {_peak():.1f} MB")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    typer.run(main)
