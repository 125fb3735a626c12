"""Runs of the toy graph for the tests of the pipeline, and what of them must not differ."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from core.config import RunSettings
from core.pipeline import Hooks
from core.workspace import RunFolder
from tests.core.kge.tables import SMALL


def toy_settings(folder: Path, *, text: str = "none", model: dict | None = None, **training: Any) -> RunSettings:
    """Return settings of a run that takes a tenth of a second, on one thread."""
    return RunSettings.parse(
        {
            "kg": str(folder),
            "text": {"mode": text, "encoder": "hashing:16"},
            "model": {"dim": 8, **(model or {})},
            "training": {**SMALL, "epochs": 6, **training},
        }
    )


def stop_after(epochs: int) -> Hooks:
    """Return hooks that ask for a stop when so many epochs were done."""
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) >= epochs

    return Hooks(stop=stop)


def record_of(run: RunFolder) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """Return the tensors of the checkpoint and the trace without the seconds."""
    return load_file(run.model_file), [{k: v for k, v in line.items() if k != "seconds"} for line in run.trace()]


def assert_same_run(one: RunFolder, other: RunFolder) -> None:
    """See that two runs have the same bits and the same trace."""
    (tensors, trace), (others, other_trace) = record_of(one), record_of(other)
    assert tensors.keys() == others.keys()
    assert [name for name in tensors if not torch.equal(tensors[name], others[name])] == []
    assert trace == other_trace


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the content of every file of a run but its lock."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "lock"}
