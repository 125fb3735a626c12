"""Rank drugs for a disease, or diseases for a drug, that the graph does not have: by a text and the facts that are given."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from core.casestudy import newcomer as placing
from core.casestudy.across import across_diseases
from core.casestudy.newcomer import Newcomer
from core.casestudy.shortlist import shortlist
from core.errors import ConfigError
from core.evaluate import baselines
from core.evaluate.text_baselines import direct_text
from core.fusion import EnsembleScorer, FusionScorer
from core.kg.graph import KnowledgeGraph
from core.kge.checkpoints import load_model
from core.kge.scoring import KgeScorer
from core.pipeline.members import Member, members
from core.pipeline.scorers import LoadedRun, components, fused
from core.text.cache import CachedEmbedder
from core.text.embedders import embedder_named
from core.text.matrix import TextMatrix
from core.types import FloatArray, IntArray, Scorer
from core.workspace import Workspace


@dataclass(frozen=True)
class Placed:
    """A newcomer in its graph, ready to be ranked."""

    graph: KnowledgeGraph  #: with the newcomer as its last entity
    scorer: Scorer
    parts: tuple[str, ...]  #: what the scorer is made of
    nearest: tuple[tuple[int, float], ...]  #: entities of its kind that are described most like it, with the cosine
    combined: str = "mean"  #: or ``fusion``: how the parts are

    @property
    def row(self) -> int:
        """Return the row of the newcomer."""
        return self.graph.n_entities - 1


def place(workspace: Workspace, loaded: LoadedRun, newcomer: Newcomer) -> Placed:
    """Place a newcomer by its text, and by the facts that are given.

    :raises ConfigError: if the run has no text to place it by, or a fact cannot be
    """
    if loaded.settings.text.mode in ("none", "shuffled"):
        raise ConfigError(
            f"The run {loaded.name!r} has no text (mode {loaded.settings.text.mode}): nothing places a new entity.",
            advice="choose a run with text, such as lladr.",
        )
    graph = placing.extended_graph(loaded.graph, newcomer)
    embedder = CachedEmbedder(embedder_named(loaded.settings.text.encoder), workspace.vector_cache)
    text = placing.text_vector(newcomer, embedder)
    texts = text_vectors(loaded)
    nearest = tuple(placing.nearest_by_text(texts, loaded.graph.of_kind(newcomer.kind), text))
    a_disease = newcomer.kind == graph.source.disease_kind
    if a_disease and newcomer.neighbours and loaded.settings.fusion:
        fusion = _fusion(loaded, graph, texts, text)
        return Placed(graph, fusion, fusion.fusion.components, nearest, "fusion")
    parts = _text_driven(loaded, graph, newcomer, texts, text)
    names = tuple(dict.fromkeys(part.name for part in parts))
    return Placed(graph, EnsembleScorer("text-driven", parts, graph.drugs), names, nearest)


def text_vectors(loaded: LoadedRun) -> FloatArray:
    """Return the text vectors that the run was trained with, whole. Shape (n_entities, columns)."""
    folder = text_parts(loaded)[0].folder(loaded.folder)
    file = loaded.folder.text_file if loaded.folder.text_file.exists() else folder.text_file
    return TextMatrix.load(file, loaded.graph.vocabulary).vectors


def text_parts(loaded: LoadedRun) -> list[Member]:
    """Return the models into which text was injected."""
    return [part for part in members(loaded.settings) if part.role == "lladr"]


def _fusion(loaded: LoadedRun, graph: KnowledgeGraph, texts: FloatArray, text: FloatArray) -> FusionScorer:
    """Return the run's fusion on the graph with the new disease, which has no known treatment there, unless one is given."""
    rows, grouped = loaded.graph.diseases, {}
    for part in text_parts(loaded):
        grouped.setdefault(part.settings.model.interaction, []).append(embedded(loaded, part, graph, rows, texts, text))
    backbones = {name: EnsembleScorer(name, scorers, graph.drugs) for name, scorers in grouped.items()}
    made = components(graph, loaded.settings, placing.extended_texts(texts, text), backbones)
    return fused(loaded.scorers["fusion"].fusion, made, graph)


def _text_driven(
    loaded: LoadedRun, graph: KnowledgeGraph, newcomer: Newcomer, texts: FloatArray, text: FloatArray
) -> list[Scorer]:
    """Return what ranks by the text first; its mean is better than a fusion, whose weights count on facts that are not there."""
    rows, whole = loaded.graph.of_kind(newcomer.kind), placing.extended_texts(texts, text)
    scorers = [embedded(loaded, part, graph, rows, texts, text) for part in text_parts(loaded)]
    a_disease = newcomer.kind == graph.source.disease_kind
    scorers += (
        [baselines.nearest_disease_text(graph, whole), direct_text(graph, whole)]
        if a_disease
        else [baselines.nearest_drug_text(graph, whole)]
    )
    if newcomer.neighbours:
        similar = baselines.similar_diseases if a_disease else baselines.guilt_by_association
        scorers += [similar(graph), baselines.path_counts(graph)]
    return scorers


def embedded(
    loaded: LoadedRun, part: Member, graph: KnowledgeGraph, rows: IntArray, texts: FloatArray, text: FloatArray
) -> Scorer:
    """Score with a model of the run in which a text's vector is predicted from those of some entities (rows)."""
    model = load_model(part.folder(loaded.folder).model_file, loaded.graph.vocabulary, part.settings)
    larger = placing.extended_model(model, placing.predicted_vector(model, rows, texts, text))
    return KgeScorer(part.settings.model.interaction, larger, graph.role_relations("treats"))


def rank_for_new_disease(placed: Placed) -> pd.DataFrame:
    """Return the shortlist of a new disease."""
    return shortlist(placed.graph, placed.scorer, placed.row)


def rank_new_drug(placed: Placed) -> pd.DataFrame:
    """Return, for each disease, where the new drug would stand among its drugs, the best place first."""
    return across_diseases(placed.graph, placed.scorer, placed.row)


def gene_facts(graph: KnowledgeGraph, kind: str, genes: Sequence[int]) -> tuple[tuple[str, int], ...]:
    """Return given genes as facts, with the relation that joins a gene to this kind most often."""
    if not genes:
        return ()
    relations = placing.joining_relations(graph, kind, graph.source.target_kind)
    if not relations:
        raise ConfigError(f"The graph joins no {graph.source.target_kind} to a {kind}.", advice="leave the genes out.")
    return tuple((relations[0], gene) for gene in genes)
