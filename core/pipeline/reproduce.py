"""Run the paper's experiments on any engine, and put our numbers beside the paper's."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from core.config import Settings, read_toml
from core.errors import LladrError
from core.kg.sources import ASSETS
from core.pipeline.cells import Cell, graph_of, run_cell, with_texts
from core.pipeline.experiments import PAPER_BACKBONES, Line, distinct_cells
from core.pipeline.single import embed_texts
from core.types import Engine, Progress, silent
from core.workspace import Workspace

logger = logging.getLogger(__name__)

PUBLISHED = ASSETS / "published" / "lladr.toml"
PAPER_METRICS = ("MR", "MRR", "H@3", "H@10", "AUC")  #: of the paper's protocol
FULL_METRICS = ("MRR", "H@10", "AUC")  #: of the ranking of all drugs
KEY = ["table", "backbone", "variant", "condition"]


class Figure(Settings):
    """What the paper says about one line."""

    table: str
    backbone: str
    variant: str
    condition: str = ""
    why: str = ""  #: we have no such line
    metrics: dict[str, float]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what tells it from all other lines."""
        return self.table, self.backbone, self.variant, self.condition


class Published(Settings):
    """All figures of the paper."""

    source: str
    figures: tuple[Figure, ...]


def published() -> Published:
    """Read the paper's figures."""
    return Published.parse(read_toml(PUBLISHED))


@dataclass(frozen=True)
class Reproduction:
    """Lines, and what came out for their cells."""

    lines: Sequence[Line]
    outcomes: Mapping[Cell, dict[str, Any] | Exception]

    @property
    def errors(self) -> dict[str, int]:
        """Return what went wrong, and for how many cells."""
        found = [outcome.found for outcome in self.outcomes.values() if isinstance(outcome, LladrError)]
        return {error: found.count(error) for error in dict.fromkeys(found)}

    def table(self) -> pd.DataFrame:
        """Return one row a line: mean and standard deviation over seeds, and the paper's figures (columns ``paper ...``)."""
        figures = {figure.key: figure.metrics for figure in published().figures}
        rows = [self._row(line) | _columns("paper ", figures.get(line.key, {}), PAPER_METRICS) for line in self.lines]
        return pd.DataFrame(rows)

    def _row(self, line: Line) -> dict[str, Any]:
        outcomes = [self.outcomes[cell] for cell in line.cells if cell in self.outcomes]
        done = [outcome for outcome in outcomes if isinstance(outcome, Mapping)]
        failed = [outcome.found for outcome in outcomes if isinstance(outcome, LladrError)]
        row = dict(zip(KEY, line.key, strict=True)) | {"seeds": len(done)}
        row |= _spread("", [outcome["paper"] for outcome in done], PAPER_METRICS)
        row |= _spread("full ", [outcome["full"] for outcome in done], FULL_METRICS)
        return row | {"remark": "; ".join(filter(None, [line.why, *dict.fromkeys(failed), line.note]))}


def _spread(prefix: str, values: list[dict[str, float]], metrics: Sequence[str]) -> dict[str, float]:
    """Return mean and sample standard deviation (NaN for fewer than two seeds) of each metric."""
    found = {}
    for metric in metrics:
        column = np.array([value[metric] for value in values])
        found[f"{prefix}{metric}"] = float(column.mean()) if len(column) else np.nan
        found[f"{prefix}{metric} sd"] = float(column.std(ddof=1)) if len(column) > 1 else np.nan
    return found


def _columns(prefix: str, values: Mapping[str, float], metrics: Sequence[str]) -> dict[str, float]:
    return {f"{prefix}{metric}": values.get(metric, np.nan) for metric in metrics}


def with_paper_lines(lines: Sequence[Line]) -> list[Line]:
    """Return lines of ours and what only the paper has, which says why, by table and backbone.

    Of the paper's backbones that were not asked for nothing is said.
    """
    ours, absent = {line.key for line in lines}, set(PAPER_BACKBONES) - {line.backbone for line in lines}
    tables = {line.table for line in lines}
    theirs = [
        Line(*figure.key, why=figure.why)
        for figure in published().figures
        if figure.table in tables and figure.key not in ours and figure.backbone not in absent
    ]
    grouped: dict[tuple[str, str], list[Line]] = {}
    for line in [*lines, *theirs]:
        grouped.setdefault((line.table, line.backbone), []).append(line)
    order = list(dict.fromkeys(line.table for line in lines))
    return [line for key in sorted(grouped, key=lambda key: order.index(key[0])) for line in grouped[key]]


def reproduce(
    workspace: Workspace,
    lines: Sequence[Line],
    engine: Engine,
    *,
    on_text: Progress = silent,
    on_cell: Progress = silent,
) -> Reproduction:
    """Do all cells; what fails with a user's error is in the result, and the others go on.

    :param engine: where; one that keeps results does only what is missing
    :param on_text: texts embedded, of how many
    :param on_cell: cells done, of how many
    """
    cells, outcomes = distinct_cells(lines), {}
    on_cell(0, len(cells))
    _embed(workspace, cells, on_text)
    for place, outcome in engine.map(partial(run_cell, workspace.root), cells):
        outcomes[cells[place]] = outcome
        on_cell(len(outcomes), len(cells))
    return Reproduction(lines, outcomes)


def _embed(workspace: Workspace, cells: Sequence[Cell], progress: Progress) -> None:
    """Put all text vectors into the cache first, so that no two processes make the same; what fails here fails in its cells."""
    for cell in _texts_of(cells):
        folder = workspace.root / "experiments" / "texts"
        try:
            graph = with_texts(graph_of(cell.settings.kg), workspace, cell, folder)
            embed_texts(workspace, graph, cell.settings, progress=progress)
        except LladrError as error:
            logger.warning("Texts were not embedded beforehand: %s", error)


def _texts_of(cells: Sequence[Cell]) -> Iterator[Cell]:
    """Yield one cell for each encoder and source of descriptions, with all descriptions."""
    seen = set()
    for cell in cells:
        text = cell.settings.text
        key = (text.encoder, text.mode == "name", cell.descriptions)
        if text.mode != "none" and key not in seen:
            seen.add(key)
            yield cell.model_copy(update={"masked": 0.0}) if cell.masked else cell
