"""Hold one space laid out and measured: what a panel of the atlas shows, and what is kept on disk."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from scipy.sparse import csr_array

from core.projection import measures
from core.projection.layout import LayoutSettings, align, draft, lay_out, principal_components
from core.projection.measures import NEIGHBOURS, Measure
from core.projection.neighbours import nearest_by_cosine
from core.types import FloatArray, IntArray, Progress, silent
from core.workspace import write_bytes

FORMAT = "lladr-atlas-1"
KEPT_NEIGHBOURS = 50
SEARCH_SHARE, PICTURE_SHARE = 0.45, 0.45  #: of the time of a panel, roughly


@dataclass(frozen=True)
class Labels:
    """What the measures hold a space against."""

    kinds: IntArray  #: shape (n,); the code of each entity's kind
    drugs: IntArray  #: shape (n_drugs,); rows of the drugs that have a class
    classes: csr_array  #: shape (n_drugs, n_classes)

    def fingerprint(self) -> str:
        """Return a digest of all of it."""
        return digest(self.kinds, self.drugs, self.classes.indptr, self.classes.indices)


@dataclass(frozen=True)
class Panel:
    """One space: its picture, its neighbourhoods, its measures."""

    coordinates: FloatArray  #: shape (n, 2), float32
    neighbours: IntArray  #: shape (n, 50 or n - 1), int32; nearest first, by cosine in the original space
    measures: dict[str, Measure]
    residual: float = 0.0  #: of moving the picture onto the one of "before"

    def moved_onto(self, other: "Panel") -> "Panel":
        """Return the panel with its picture moved onto another's."""
        aligned = align(self.coordinates, other.coordinates)
        return replace(self, coordinates=aligned.coordinates, residual=aligned.residual)


def make_draft(vectors: FloatArray, settings: LayoutSettings, *, progress: Progress = silent) -> FloatArray:
    """Lay out the places from which all panels start. Shape (n, dim) -> (n, 2)."""
    return draft(principal_components(vectors, settings.components), settings, progress=progress)


def make_panel(
    vectors: FloatArray, start: FloatArray, labels: Labels, settings: LayoutSettings, *, progress: Progress = silent
) -> Panel:
    """Lay out and measure one space.

    :param vectors: shape (n, dim)
    :param start: shape (n, 2); the draft
    """
    near = nearest_by_cosine(vectors, KEPT_NEIGHBOURS, progress=part_of(progress, 0, SEARCH_SHARE)).rows
    points = principal_components(vectors, settings.components)
    picture = lay_out(points, start, settings, progress=part_of(progress, SEARCH_SHARE, PICTURE_SHARE))
    found = {
        "kind purity": measures.kind_purity(near[:, :NEIGHBOURS], labels.kinds),
        "class purity": _class_purity(vectors, labels),
        "silhouette": measures.silhouette(vectors, labels.kinds),
        "trustworthiness": measures.trustworthiness(vectors, picture),
    }
    progress(1000, 1000)
    return Panel(picture, near, {name: measure for name, measure in found.items() if measure})


def _class_purity(vectors: FloatArray, labels: Labels) -> Measure | None:
    if len(labels.drugs) < 2:
        return None
    among = nearest_by_cosine(vectors[labels.drugs], NEIGHBOURS).rows
    return measures.class_purity(among, labels.classes)


def part_of(progress: Progress, start: float, share: float) -> Progress:
    """Return progress whose whole is a share of another's, from some start on; the other one counts thousandths."""
    return lambda done, total: progress(round(1000 * (start + share * done / max(total, 1))), 1000)


def digest(*parts: FloatArray | str) -> str:
    """Return the SHA-256 of arrays (type, shape, content) and texts."""
    found = hashlib.sha256()
    for part in parts:
        array = np.frombuffer(part.encode(), dtype=np.uint8) if isinstance(part, str) else np.ascontiguousarray(part)
        found.update(f"{array.dtype} {array.shape};".encode() + array.tobytes())
    return found.hexdigest()


def settings_digest(settings: LayoutSettings) -> str:
    """Return a text that differs for all that changes a layout or what is measured of it."""
    sizes = (NEIGHBOURS, KEPT_NEIGHBOURS, measures.SILHOUETTE_SAMPLE, measures.TRUST_SAMPLE)
    return json.dumps([FORMAT, asdict(settings), sizes])


def kept_draft(path: Path, make: Callable[[], FloatArray]) -> FloatArray:
    """Return the draft of a file, or make it and write it whole."""
    if (found := _read(path)) is not None:
        return found[0]["coordinates"]
    coordinates = make()
    write_bytes(path, save({"coordinates": coordinates}, metadata={"format": FORMAT}))
    return coordinates


def read_panel(path: Path) -> Panel | None:
    """Return the panel of a file; None where there is none that can be read."""
    if (found := _read(path)) is None:
        return None
    tensors, metadata = found
    known = {name: Measure(**values) for name, values in json.loads(metadata["measures"]).items()}
    return Panel(tensors["coordinates"], tensors["neighbours"], known)


def write_panel(path: Path, panel: Panel) -> None:
    """Write a panel atomically."""
    tensors = {"coordinates": panel.coordinates, "neighbours": panel.neighbours}
    known = json.dumps({name: asdict(measure) for name, measure in panel.measures.items()})
    write_bytes(path, save(tensors, metadata={"format": FORMAT, "measures": known}))


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]] | None:
    """Read a file of the cache; a damaged one is as good as none, because it can be made again."""
    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dictionary
    except (OSError, SafetensorError):
        return None
    return (tensors, metadata) if metadata.get("format") == FORMAT else None
