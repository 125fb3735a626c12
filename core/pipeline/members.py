"""Say which models a run is made of: one, an ensemble of seeds, or all that a fusion needs."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.config import RunSettings
from core.fusion.combination import treatment_folds
from core.kg.graph import KnowledgeGraph
from core.kg.splits import without_pairs
from core.types import IntArray
from core.workspace import RunFolder


@dataclass(frozen=True)
class Member:
    """One model of a run."""

    name: str  #: of its folder below the run's
    role: str  #: ``lladr`` (text injected), ``base`` (no text) or ``fold`` (lacks a fold's treatments; learns the fusion only)
    settings: RunSettings
    fold: int = -1

    def folder(self, run: RunFolder) -> RunFolder:
        """Return where the member lies; a run of one model is its own member."""
        return RunFolder(run.path / "members" / self.name) if self.name else run


def members(settings: RunSettings) -> list[Member]:
    """Return the models of a run in the order of their training."""
    if settings.fusion is None and settings.seeds == 1:
        return [Member("", _role(settings), settings)]
    single = settings.replace(seeds=1, fusion=None)
    if settings.fusion is None:
        return [Member(f"seed{seed}", _role(settings), member) for seed, member in _seeds(single, settings.seeds)]
    return list(_fusion_members(single, settings))


def epochs_in_all(settings: RunSettings) -> int:
    """Return how many epochs all models of a run have together."""
    return len(members(settings)) * settings.training.epochs


def _fusion_members(single: RunSettings, settings: RunSettings) -> Iterator[Member]:
    for backbone in settings.fusion.backbones:
        model = single.replace(model={"interaction": backbone})
        yield from (Member(f"{backbone}-seed{seed}", "lladr", member) for seed, member in _seeds(model, settings.seeds))
        yield from (Member(f"{backbone}-fold{fold}", "fold", model, fold) for fold in range(settings.fusion.folds))
    base = single.replace(text={"mode": "none"}, model={"interaction": settings.fusion.backbones[0]})
    yield from (Member(f"base-seed{seed}", "base", member) for seed, member in _seeds(base, settings.seeds))


def _seeds(settings: RunSettings, count: int) -> list[tuple[int, RunSettings]]:
    first = settings.training.seed
    return [(seed, settings.replace(training={"seed": seed})) for seed in range(first, first + count)]


def _role(settings: RunSettings) -> str:
    return "base" if settings.text.mode == "none" else "lladr"


def fold_pairs(graph: KnowledgeGraph, settings: RunSettings) -> list[IntArray]:
    """Return the treatments that each fold of a fusion holds out. Shape (k, 2) each."""
    return treatment_folds(graph, settings.fusion.folds, seed=settings.training.seed)


def member_graph(graph: KnowledgeGraph, settings: RunSettings, member: Member) -> KnowledgeGraph:
    """Return the graph that a member learns from."""
    if member.role != "fold":
        return graph
    return without_pairs(graph, fold_pairs(graph, settings)[member.fold])
