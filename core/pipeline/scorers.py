"""Load a run and give what it can rank with: fusion, LLaDR, base, and each component by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.config import RunSettings
from core.errors import UnknownNameError, WeightsError
from core.evaluate import baselines
from core.evaluate.text_baselines import direct_text
from core.evaluate.walks import page_rank
from core.fusion import EnsembleScorer, Fusion, FusionScorer, Regime
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kge.checkpoints import load_model
from core.kge.scoring import KgeScorer
from core.pipeline.members import Member, members
from core.pipeline.runs import read_settings, run_status
from core.text.matrix import TextMatrix
from core.types import FloatArray, Scorer
from core.workspace import RunFolder, Workspace, read_json


@dataclass(frozen=True)
class LoadedRun:
    """A finished run with its graph, ready to score."""

    name: str
    settings: RunSettings
    graph: KnowledgeGraph
    folder: RunFolder

    @cached_property
    def scorers(self) -> dict[str, Scorer]:
        """Return all that this run can rank with; the first one is what it ranks with by default."""
        if self.settings.fusion is None:
            role = members(self.settings)[0].role
            return {role: self._ensemble(role)}
        text = TextMatrix.load(self.folder.text_file, self.graph.vocabulary) if self.settings.text.mode != "none" else None
        made = components(self.graph, self.settings, text.vectors if text else None, self._backbones())
        fusion = fused(Fusion.parse(read_json(self.folder.fusion_file)), made, self.graph)
        simple = {scorer.name: scorer for scorer in (*made, baselines.degree(self.graph))}
        return {"fusion": fusion, "lladr": self._ensemble("lladr"), "base": self._ensemble("base"), **simple}

    @property
    def scorer(self) -> Scorer:
        """Return what the run ranks with by default."""
        return next(iter(self.scorers.values()))

    @property
    def base(self) -> Scorer | None:
        """Return the ranking without text, where the run has one beside another."""
        return self.scorers.get("base") if len(self.scorers) > 1 else None

    def scorer_named(self, name: str | None) -> Scorer:
        """Return a scorer by name; None is the default.

        :raises UnknownNameError: if this run has none of this name
        """
        check_scorer(self.name, self.settings, name)
        return self.scorers[name] if name else self.scorer

    def _ensemble(self, role: str) -> Scorer:
        chosen = [part for part in members(self.settings) if part.role == role]
        name = role if self.settings.fusion else self.name
        parts = [_kge(self.graph, part, part.folder(self.folder), name) for part in chosen]
        return parts[0] if len(parts) == 1 else EnsembleScorer(name, parts, self.graph.drugs)

    def _backbones(self) -> dict[str, Scorer]:
        grouped: dict[str, list[Scorer]] = {}
        for part in members(self.settings):
            if part.role == "lladr":
                grouped.setdefault(part.settings.model.interaction, []).append(_kge(self.graph, part, part.folder(self.folder)))
        return {backbone: EnsembleScorer(backbone, scorers, self.graph.drugs) for backbone, scorers in grouped.items()}


def scorer_names(settings: RunSettings) -> tuple[str, ...]:
    """Return what a run of these settings can rank with, the default first."""
    if settings.fusion is None:
        return (members(settings)[0].role,)
    texts = () if settings.text.mode == "none" else ("text-drug", "text-disease", "text-direct")
    return (
        "fusion",
        "lladr",
        "base",
        "gba-drug",
        "gba-disease",
        "paths",
        "pagerank",
        *texts,
        *settings.fusion.backbones,
        "degree",
    )


def check_scorer(run: str, settings: RunSettings, name: str | None) -> None:
    """Refuse a scorer that runs of these settings do not have.

    :raises UnknownNameError: names those that they have
    """
    names = scorer_names(settings)
    if name is not None and name not in names:
        raise UnknownNameError("scorer", name, names, advice=f"the run {run!r} has these; `lladr train --fusion` makes more.")


def load_run(workspace: Workspace, name: str, *, graph: KnowledgeGraph | None = None) -> LoadedRun:
    """Load a finished run.

    :param graph: the run's graph where it is loaded already
    :raises UnknownNameError: if there is no such run
    :raises WeightsError: if it is not finished, or its weights are damaged
    """
    return load_folder(workspace.existing_run(name), name, graph)


def load_folder(run: RunFolder, name: str, graph: KnowledgeGraph | None = None) -> LoadedRun:
    """Load a finished run from its folder; an evaluation's run is loaded with the graph that it was trained on."""
    settings, status = read_settings(run), run_status(run)
    if status["state"] != "finished":
        raise WeightsError(
            f"The run {name!r} is not trained to its end (state {status['state']}, epoch {status['epoch']}).",
            expected="a finished run",
            advice="wait for it, or let it go on: the same `lladr train` command again, or page Training.",
        )
    loaded = LoadedRun(name, settings, graph or load_graph(settings.kg), run)
    _ = loaded.scorers  # read the weights now, so that a damaged file is found here
    return loaded


def fold_components(
    run: RunFolder, graph: KnowledgeGraph, settings: RunSettings, text: TextMatrix | None, regime: Regime, fold: int
) -> list[Scorer]:
    """Return the components of the fusion as they are without a fold's treatments.

    :param graph: without the fold's treatments
    """
    parts = [part for part in members(settings) if (part.regime, part.fold) == (regime, fold)]
    backbones = {part.settings.model.interaction: _kge(graph, part, part.folder(run)) for part in parts}
    return components(graph, settings, text.vectors if text else None, backbones)


def components(
    graph: KnowledgeGraph, settings: RunSettings, texts: FloatArray | None, backbones: Mapping[str, Scorer]
) -> list[Scorer]:
    """Return all that a fusion of these settings combines.

    :param texts: shape (n_entities, dim); None for a run without text
    :param backbones: the embedding's scorers by interaction
    """
    simple: list[Scorer] = [
        baselines.guilt_by_association(graph),
        baselines.similar_diseases(graph),
        baselines.path_counts(graph),
        page_rank(graph),
    ]
    if texts is not None:
        by_text = (baselines.nearest_drug_text, baselines.nearest_disease_text, direct_text)
        simple += [make(graph, texts) for make in by_text]
    return simple + [backbones[name] for name in settings.fusion.backbones]


def fused(fusion: Fusion, made: Sequence[Scorer], graph: KnowledgeGraph) -> FusionScorer:
    """Return a fusion of those components that it has weights for: a run that was trained before some were added lacks these.

    :param graph: what the components were made from
    """
    by_name = {component.name: component for component in made}
    return FusionScorer(fusion, [by_name[name] for name in fusion.components], graph)


def _kge(graph: KnowledgeGraph, part: Member, folder: RunFolder, name: str = "") -> KgeScorer:
    model = load_model(folder.model_file, graph.vocabulary, part.settings)
    return KgeScorer(name or part.settings.model.interaction, model, graph.role_relations("treats"))
