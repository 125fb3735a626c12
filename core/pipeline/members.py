"""Say which models a run is made of: one, an ensemble of seeds, or all that a fusion needs."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.config import RunSettings
from core.fusion import REGIMES, Held, Regime, disease_folds, treatment_folds
from core.kg.graph import KnowledgeGraph
from core.kg.splits import without_pairs
from core.workspace import RunFolder

FOLD_NAMES: dict[Regime, str] = {"treated": "fold", "untreated": "diseases"}  #: in the names of folders


@dataclass(frozen=True)
class Member:
    """One model of a run."""

    name: str  #: of its folder below the run's
    role: str  #: ``lladr`` (text injected), ``base`` (no text) or ``fold`` (lacks a fold's treatments; the fusion learns from it)
    settings: RunSettings
    fold: int = -1
    regime: Regime | None = None  #: of a fold: for which weights of the fusion it is

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
        for regime in REGIMES:
            folds = range(fold_counts(settings)[regime])
            yield from (Member(f"{backbone}-{FOLD_NAMES[regime]}{fold}", "fold", model, fold, regime) for fold in folds)
    base = single.replace(text={"mode": "none"}, model={"interaction": settings.fusion.backbones[0]})
    yield from (Member(f"base-seed{seed}", "base", member) for seed, member in _seeds(base, settings.seeds))


def _seeds(settings: RunSettings, count: int) -> list[tuple[int, RunSettings]]:
    first = settings.training.seed
    return [(seed, settings.replace(training={"seed": seed})) for seed in range(first, first + count)]


def _role(settings: RunSettings) -> str:
    return "base" if settings.text.mode == "none" else "lladr"


def fold_counts(settings: RunSettings) -> dict[Regime, int]:
    """Return how many folds each regime of a fusion learns from."""
    return {"treated": settings.fusion.folds, "untreated": settings.fusion.disease_folds}


def folds_of(graph: KnowledgeGraph, settings: RunSettings, regime: Regime) -> list[Held]:
    """Return what each fold of a regime holds out.

    Pairs and diseases are cut into equally many parts. Of the diseases one part is enough: on the Hetionet core and the starter
    the untreated weights from one third ranked as well as those from all three, at a third of the models to train.

    :raises TrainingError: if the graph has too few treatments
    """
    cut = treatment_folds if regime == "treated" else disease_folds
    return cut(graph, settings.fusion.folds, seed=settings.training.seed)[: fold_counts(settings)[regime]]


def member_graph(graph: KnowledgeGraph, settings: RunSettings, member: Member) -> KnowledgeGraph:
    """Return the graph that a member learns from."""
    if member.regime is None:
        return graph
    return without_pairs(graph, folds_of(graph, settings, member.regime)[member.fold].removed)
