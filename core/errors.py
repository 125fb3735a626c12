"""Define the errors that a user can act on.

Pages and the command line catch :class:`LladrError` and nothing else: any other exception is a bug and shows itself.
"""

from collections.abc import Sequence
from pathlib import Path


class LladrError(Exception):
    """Say what was found, what was expected and what to do.

    :param found: what was met, one sentence
    :param expected: what would have been right; may be empty
    :param advice: what the user can do now; may be empty
    """

    def __init__(self, found: str, *, expected: str = "", advice: str = "") -> None:
        self.found = found
        self.expected = expected
        self.advice = advice
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """Return the whole text, one line a part."""
        expected = f"Expected: {self.expected}" if self.expected else ""
        advice = f"What to do: {self.advice}" if self.advice else ""
        return "\n".join(part for part in (self.found, expected, advice) if part)


class GraphFormatError(LladrError):
    """A table of a graph cannot be read; carries the file and the line."""

    def __init__(self, path: Path, line: int | None, found: str, *, expected: str = "", advice: str = "") -> None:
        self.path = path
        self.line = line
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{where}: {found}", expected=expected, advice=advice)


class UnknownNameError(LladrError):
    """No entity (or run) has this name; carries the nearest ones."""

    def __init__(self, what: str, name: str, nearest: Sequence[str], *, advice: str = "") -> None:
        self.name = name
        self.nearest = tuple(nearest)
        close = f"one of the nearest: {'; '.join(self.nearest)}" if self.nearest else ""
        super().__init__(f"No {what} is called {name!r}.", expected=close, advice=advice)


class AmbiguousNameError(LladrError):
    """Several entities share this name or synonym; carries them."""

    def __init__(self, what: str, name: str, options: Sequence[str]) -> None:
        self.options = tuple(options)
        super().__init__(
            f"{name!r} may be more than one {what}: {'; '.join(self.options)}.",
            advice="give the full name or the identifier.",
        )


class ConfigError(LladrError):
    """A setting is unknown or out of range."""


class WorkspaceError(LladrError):
    """The workspace cannot be read or written (full disk, missing rights, bad name)."""


class WeightsError(LladrError):
    """A weights file is damaged, incomplete, or does not belong to its run."""


class FingerprintError(LladrError):
    """Vectors or weights follow the row order of another graph."""

    def __init__(self, what: str, found: str, expected: str) -> None:
        super().__init__(
            f"{what} belongs to another graph (fingerprint {found[:12]}).",
            expected=f"fingerprint {expected[:12]}, that of the graph which is loaded now",
            advice="load the graph it was made with, or train again on this one.",
        )


class TrainingError(LladrError):
    """Training cannot go on (no device, diverged, nothing to learn from)."""


class LeakError(LladrError):
    """Something that a test asks for was there to learn from."""


class EmbeddingError(LladrError):
    """An encoder did not give usable vectors."""


class EngineError(LladrError):
    """Work cannot be given to other processes or machines."""


class ChatError(LladrError):
    """A chat server does not answer usably.

    :param fatal: no other request would fare better
    """

    def __init__(self, found: str, *, expected: str = "", advice: str = "", fatal: bool = False) -> None:
        self.fatal = fatal
        super().__init__(found, expected=expected, advice=advice)
