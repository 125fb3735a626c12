"""What `lladr describe` shows: progress, results, estimates; and how Ctrl-C stops it."""

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.cli.progress import console
from core.cli.shared import print_table, tell
from core.llm.budget import price_list
from core.llm.extraction import Estimate, Writer
from core.llm.following import Tally


def tell_result(tally: Tally, exported: int, file: str, graph: str) -> None:
    """Say what an extraction did, and how to train with it."""
    money = f", {usd(tally.usd)}" if tally.usd is not None else ""
    lost = f" ({tally.lost_tokens:,} of them for answers that were lost on the way, perhaps paid)" if tally.lost_tokens else ""
    tell(f"{tally.written} written, {tally.kept} were there, {tally.refused} refused; {tally.tokens:,} tokens{lost}{money}.")
    for problem in tally.problems[:5]:
        tell(f"  {problem['name']}: {problem['reason']}")
    if exported:
        tell(f"{exported} descriptions in {file}\nTrain with them: lladr train --kg {graph} --descriptions {file}")


def what_is_missing(tally: Tally) -> str:
    """Say why an extraction is not complete."""
    left = tally.total - tally.done + tally.failed
    why = {"budget spent": "the budget is spent", "stopped": "it was stopped"}.get(tally.state, "the server did not answer")
    return f"{why}, {left} of {tally.total} entities are left"


def show_estimate(found: Estimate, writer: Writer, *, as_json: bool) -> None:
    """Print what an extraction will cost."""
    if as_json:
        typer.echo(json.dumps(vars(found)))
        return
    how = "measured on earlier replies" if found.measured else "by length: 4 bytes a token; and the prompt's usual reply"
    rows = [
        {"what": "entities", "amount": f"{found.entities:,}"},
        {"what": "of them answered already", "amount": f"{found.answered:,}"},
        {"what": "prompt tokens, about", "amount": f"{found.prompt_tokens:,}"},
        {"what": "reply tokens, about", "amount": f"{found.completion_tokens:,}"},
        {
            "what": "cost, about",
            "amount": usd(found.usd) if found.usd is not None else "no price known: --price-in, --price-out",
        },
    ]
    print_table(f"{writer.graph.name}, {writer.prompt.name}, {writer.settings.model}", ["what", "amount"], rows)
    tell(f"Tokens {how}. Prices of assets/prices.toml were read on {price_list().read_on}.")


def tell_submitted(tally: Tally) -> None:
    """Say what was sent in batches."""
    tell(
        f"{tally.waiting} questions wait in batches (at most {tally.tokens:,} tokens for those sent now), "
        f"{tally.written + tally.kept} are described, {tally.refused} refused."
    )
    if tally.state == "budget spent":
        tell(f"The budget does not reach for {tally.total - tally.done} more: submit again after collecting.")
    tell("Next: the same command with status, and with collect when they have ended.")


def usd(value: float) -> str:
    """Return an amount of money."""
    return f"{value:.2f} US dollars" if value >= 0.1 else f"{value:.4f} US dollars"


@contextmanager
def bar() -> Iterator[Callable[[Tally], None]]:
    """Give a function that draws how far an extraction is."""
    columns = (TextColumn("describing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as bars:
        task = bars.add_task("", total=None)

        def report(tally: Tally) -> None:
            left = f"{tally.seconds_left / 60:.0f} min left, " if tally.seconds_left is not None else ""
            money = usd(tally.usd) if tally.usd is not None else f"{tally.tokens:,} tokens"
            bars.update(task, completed=tally.done, total=tally.total, description=f"{left}{money}")

        yield report


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into a stop; the second one ends at once."""
    stop = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()
        console.print("Stopping after the requests that are in flight; once more stops at once.")
        restore()

    for number in signals:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()
