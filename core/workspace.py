"""Say what lies where on disk, and write it so that nothing is ever half there."""

import json
import os
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import UnknownNameError, WorkspaceError

RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class Workspace:
    """The folder that holds vectors and runs: ``LLADR_HOME``, else ``./workspace``."""

    root: Path

    @classmethod
    def default(cls) -> "Workspace":
        """Return the workspace that the environment names."""
        return cls(Path(os.environ.get("LLADR_HOME") or "workspace").expanduser().resolve())

    @property
    def vector_cache(self) -> Path:
        """Return the file of cached text vectors."""
        return self.root / "cache" / "vectors.sqlite"

    @property
    def description_store(self) -> Path:
        """Return the file of all paid replies and of all versions of descriptions."""
        return self.root / "descriptions" / "store.sqlite"

    def extraction(self, graph: str, prompt: str, model: str) -> "ExtractionFiles":
        """Return the files of an extraction: what a model writes under a prompt about a graph."""
        return ExtractionFiles(self.root / "descriptions", f"{graph_slug(graph)}-{_slug(prompt)}-{distinct_slug(model)}")

    def run(self, name: str) -> "RunFolder":
        """Return the folder of a run, existing or not.

        :raises WorkspaceError: if the name is no safe file name
        """
        if not RUN_NAME.fullmatch(name):
            raise WorkspaceError(
                f"{name!r} is no usable run name.",
                expected="letters, digits, dot, dash, underscore; at most 80; a letter or digit first",
                advice="choose a name such as alzheimer-full-1.",
            )
        return RunFolder(self.root / "runs" / name)

    def runs(self) -> list["RunFolder"]:
        """Return all runs with settings, by name."""
        folders = sorted((self.root / "runs").glob("*/settings.json"))
        return [RunFolder(path.parent) for path in folders]

    def existing_run(self, name: str) -> "RunFolder":
        """Return a run that is there.

        :raises UnknownNameError: if there is none of this name
        """
        run = self.run(name)
        if not run.settings_file.exists():
            names = [folder.name for folder in self.runs()]
            raise UnknownNameError("run", name, names, advice="see `lladr runs`, or train it: `lladr train --name ...`.")
        return run


@dataclass(frozen=True)
class ExtractionFiles:
    """What an extraction leaves beside the store: how far it is, and the descriptions to train with."""

    folder: Path
    slug: str  #: graph, prompt, model

    @property
    def export_file(self) -> Path:
        """Return the descriptions, one JSON line an entity: what ``lladr train --descriptions`` takes."""
        return self.folder / f"{self.slug}.jsonl"

    @property
    def status_file(self) -> Path:
        """Return the file that says how far it is."""
        return self.folder / f"{self.slug}.status.json"

    @property
    def stop_file(self) -> Path:
        """Return the file whose presence asks it to stop after the requests that are in flight."""
        return self.folder / f"{self.slug}.stop"

    @property
    def lock_file(self) -> Path:
        """Return the file that the extracting process holds locked."""
        return self.folder / f"{self.slug}.lock"

    @property
    def log_file(self) -> Path:
        """Return what a background extraction printed."""
        return self.folder / f"{self.slug}.log"


@dataclass(frozen=True)
class RunFolder:
    """One run: settings, status, trace, model and text matrix."""

    path: Path

    @property
    def name(self) -> str:
        """Return the run's name."""
        return self.path.name

    @property
    def settings_file(self) -> Path:
        """Return the file of the settings, written first."""
        return self.path / "settings.json"

    @property
    def status_file(self) -> Path:
        """Return the file that says how far the run is."""
        return self.path / "status.json"

    @property
    def trace_file(self) -> Path:
        """Return the file with one JSON line an epoch."""
        return self.path / "trace.jsonl"

    @property
    def model_file(self) -> Path:
        """Return the weights and the optimiser's state."""
        return self.path / "model.safetensors"

    @property
    def text_file(self) -> Path:
        """Return the text matrix that was injected."""
        return self.path / "text.safetensors"

    @property
    def best_file(self) -> Path:
        """Return the weights of the epoch that did best in the validation so far."""
        return self.path / "best.safetensors"

    @property
    def members(self) -> Path:
        """Return the folder of the models that an ensemble or a fusion is made of."""
        return self.path / "members"

    @property
    def fusion_file(self) -> Path:
        """Return the weights of a fusion."""
        return self.path / "fusion.json"

    @property
    def evaluations(self) -> Path:
        """Return the folder of evaluation results."""
        return self.path / "evaluations"

    @property
    def lock_file(self) -> Path:
        """Return the file that a training process holds locked."""
        return self.path / "lock"

    @property
    def stop_file(self) -> Path:
        """Return the file whose presence asks a training to stop after its epoch."""
        return self.path / "stop"

    @property
    def job_file(self) -> Path:
        """Return the settings that a background training was started with (TOML)."""
        return self.path / "job.toml"

    @property
    def log_file(self) -> Path:
        """Return what a background training printed."""
        return self.path / "log.txt"

    def sweep(self) -> None:
        """Remove what a killed process left half written; only the run's own process may do that."""
        for path in self.path.glob(".*"):
            path.unlink(missing_ok=True)

    def trace(self) -> list[dict[str, Any]]:
        """Return the trace; a line that is still being written, or was torn by a kill, is left out."""
        if not self.trace_file.exists():
            return []
        lines = self.trace_file.read_text(encoding="utf-8").split("\n")[:-1]
        return [record for line in lines if (record := _parsed(line))]


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; it takes its place only when all went well.

    :raises WorkspaceError: if the disk is full or the folder cannot be written
    """
    with explained_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    temporary = Path(name)
    try:
        with explained_disk_errors(path):
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def explained_disk_errors(path: Path) -> Iterator[None]:
    """Turn an error of the disk into one that a user can act on."""
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"{path} could not be written: {error.strerror or error}.",
            expected="a folder with free space and the right to write",
            advice="free some space, or point LLADR_HOME (or --out) to another folder; what was there before is intact.",
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write a whole text file atomically (UTF-8)."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole binary file atomically."""
    with atomic(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: object) -> None:
    """Write a JSON file atomically."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file of the workspace.

    :raises WorkspaceError: if it is missing or damaged
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise WorkspaceError(f"{path} cannot be read: {error}.", advice="remove the folder it is in and run again.") from error


def append_line(path: Path, line: str) -> None:
    """Append one line to a log such as the trace; a torn line before it, left by a killed process, stays a line of its own."""
    with explained_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            file.seek(0, os.SEEK_END)
            if file.tell() and not _ends_with_newline(file):
                line = "\n" + line
            file.write(line.encode() + b"\n")


def _ends_with_newline(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def file_slug(*parts: str) -> str:
    """Return a harmless file name made of these parts (no path pieces, no leading dot)."""
    return "_".join(_slug(part) for part in parts) or "unnamed"


def graph_slug(name: str) -> str:
    """Return a file name piece for a graph: a shipped one's name, else its last folder and a number made of the whole path."""
    return distinct_slug(name, shown=Path(name.split(",")[0]).stem or name)


def distinct_slug(text: str, *, shown: str | None = None) -> str:
    """Return a slug; where it does not say the whole text, a number made of the text keeps two of them two."""
    slug = _slug(shown or text)
    return slug if slug == text else f"{slug}-{zlib.crc32(text.encode()):08x}"


def _slug(part: str) -> str:
    """Keep letters and digits; a text without any becomes a number made of it, so that two of them stay two."""
    return re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-").lower()[:60] or f"x{zlib.crc32(part.encode()):08x}"
