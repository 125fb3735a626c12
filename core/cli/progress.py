"""Show progress with time left on stderr, and turn Ctrl-C into an orderly stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from core.kge.training import EpochEnd
from core.pipeline import Hooks

console = Console(stderr=True)


@contextmanager
def followed(what: str) -> Iterator[Hooks]:
    """Give hooks that draw bars for text, epochs and measurements.

    The first Ctrl-C or SIGTERM stops after the epoch or measurement, the second at once.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as bars, _stop_signals() as stopped:
        text = bars.add_task(f"{what}: text vectors", total=None, visible=False)
        epochs = bars.add_task(f"{what}: epochs", total=None)
        measured = bars.add_task(f"{what}: measuring", total=None, visible=False)

        def on_text(done: int, total: int) -> None:
            bars.update(text, completed=done, total=total, visible=True)

        def on_epoch(event: EpochEnd) -> None:
            words = f"{what}: epochs, loss {event.loss:.3f}"
            bars.update(epochs, completed=event.epoch, total=event.epochs, description=words, visible=True)

        def on_part(done: float, total: int) -> None:
            bars.update(epochs, completed=done, total=total, visible=True)

        def on_measure(words: str, done: int, total: int) -> None:
            bars.update(measured, completed=done, total=total, description=f"measuring {words or what}", visible=True)
            if not bars.tasks[epochs].completed:  # all is trained already
                bars.update(epochs, visible=False)

        yield Hooks(on_text, on_epoch, on_part, lambda: bool(stopped), on_measure)


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collect the first stop signal; restore the usual handling for a second one."""
    received: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def remember(number: int, frame: FrameType | None) -> None:
        received.append(number)
        console.print("Stopping after this epoch or measurement; once more stops at once.")
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in signals:
        signal.signal(number, remember)
    try:
        yield received
    finally:
        restore()
