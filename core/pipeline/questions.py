"""Turn the question of an evaluation into held-out pairs and the folder where its models and results lie."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.casestudy.pairs import read_pairs
from core.errors import ConfigError, LeakError, WorkspaceError
from core.evaluate.protocols import Protocol, protocol_named
from core.kg.graph import KnowledgeGraph
from core.kg.splits import Split, area_split, external_split, part_split, random_split, zero_shot_split
from core.types import IntArray
from core.workspace import RunFolder, file_slug

PLAINLY_NAMED = ("drugs-for-disease", "every-treatment", "zero-shot", "area")  #: the only or the first of their folder
TRAINED_AS_IT_IS = "external"  #: the folder of what is asked of the run itself


@dataclass(frozen=True)
class Question:
    """What is asked of a run.

    :raises UnknownNameError: if there is no such protocol
    :raises ConfigError: if what the protocol needs is not given, or something is given that it does not take
    """

    protocol: str = "drugs-for-disease"
    scorer: str | None = None  #: one of the run's scorers; None is its default
    split_seed: int = 0
    area: str | None = None  #: of protocol ``area``
    positives: Path | None = None  #: of protocol ``external``
    negatives: Path | None = None  #: of protocol ``external``; may be missing
    skip_unknown: bool = False  #: leave out pairs of the files that the graph does not have

    def __post_init__(self) -> None:
        kind = self.kind.split
        if kind == "external" and self.positives is None:
            raise ConfigError("The protocol external needs pairs.", expected="--positives FILE with columns compound and disease")
        if kind == "area" and not self.area:
            raise ConfigError(
                "The protocol area needs a therapeutic area.", expected="--area NAME", advice="an unknown name lists them."
            )
        surplus = [
            ("area", self.area, "area"),
            ("positives", self.positives, "external"),
            ("negatives", self.negatives, "external"),
        ]
        for option, value, wanted in surplus:
            if value is not None and kind != wanted:
                raise ConfigError(f"--{option} says nothing to the protocol {self.protocol}.", expected=f"--protocol {wanted}")

    @property
    def kind(self) -> Protocol:
        """Return the protocol."""
        return protocol_named(self.protocol)

    def folder(self, run: RunFolder) -> RunFolder:
        """Return where models of the split lie."""
        names = {"area": f"area-{file_slug(self.area or '')}", "external": TRAINED_AS_IT_IS}
        return RunFolder(run.evaluations / names.get(self.kind.split, f"{self.kind.split}-{self.split_seed}"))

    def result_file(self, run: RunFolder) -> Path:
        """Return where the result lies; the headline's has the plain name."""
        parts = [] if self.protocol in PLAINLY_NAMED else [self.protocol]
        parts += [_digest(path) for path in (self.positives, self.negatives) if path is not None]
        parts += ["known-only"] if self.skip_unknown and self.positives else []
        parts += [str(self.split_seed)] if self.kind.split in ("area", "external") and self.split_seed else []
        parts += [self.scorer] if self.scorer else []
        return self.folder(run).path / ("-".join(["result", *parts]) + ".json")

    def as_record(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        files = {key: str(path) for key in ("positives", "negatives") if (path := getattr(self, key)) is not None}
        return {"protocol": self.protocol, "split_seed": self.split_seed, "area": self.area, "scorer": self.scorer} | files


def grading_results(run: RunFolder) -> list[Path]:
    """Return the results that the diseases' grades come from: the parts, where each treatment counts once, else random splits."""
    return sorted(run.evaluations.glob("part-*/result.json")) or sorted(run.evaluations.glob("random-*/result.json"))


@dataclass(frozen=True)
class Asked:
    """The held-out pairs of a question."""

    split: Split
    negatives: IntArray | None  #: shape (m, 2)
    skipped: int  #: pairs of the files that the graph does not have


def ask(question: Question, graph: KnowledgeGraph, *, fraction: float) -> Asked:
    """Split a graph as a question wants it.

    :param fraction: of the known treatments, held out by random splits
    :raises LeakError: if pairs of a file are in the graph
    """
    kind = question.kind.split
    if kind == "external":
        return _external(question, graph)
    if kind == "part":
        return Asked(part_split(graph, number=question.split_seed), None, 0)
    if kind == "zero-shot":
        return Asked(zero_shot_split(graph, seed=question.split_seed), None, 0)
    if kind == "area":
        return Asked(area_split(graph, question.area), None, 0)
    return Asked(random_split(graph, fraction=fraction, seed=question.split_seed), None, 0)


def _external(question: Question, graph: KnowledgeGraph) -> Asked:
    found = read_pairs(question.positives, graph, skip_unknown=question.skip_unknown)
    split = external_split(graph, found.rows, f"{question.positives.name}, not in the graph")
    if question.negatives is None:
        return Asked(split, None, found.skipped)
    others = read_pairs(question.negatives, graph, skip_unknown=question.skip_unknown)
    negatives = np.unique(others.rows, axis=0)
    _refuse(graph, negatives, split.test, "are in both files")
    _refuse(graph, negatives, graph.known, "are treatments that the graph knows")
    return Asked(split, negatives, found.skipped + others.skipped)


def _refuse(graph: KnowledgeGraph, negatives: IntArray, positives: IntArray, what: str) -> None:
    both = negatives[np.isin(graph.pair_codes(negatives), graph.pair_codes(positives))]
    if len(both):
        shown = "; ".join(f"{graph.names[drug]} - {graph.names[disease]}" for drug, disease in both[:5].tolist())
        raise LeakError(
            f"{len(both)} negative pairs {what}: {shown}.",
            expected="pairs that are no treatments",
            advice="leave them out of the file of negatives.",
        )


def _digest(path: Path) -> str:
    """Return a name made of a file's name and content, so that a changed file is another question."""
    try:
        return f"{file_slug(path.stem)}-{zlib.crc32(path.read_bytes()):08x}"
    except OSError as error:
        raise WorkspaceError(f"{path} cannot be read: {error.strerror or error}.", advice="check the path.") from error
