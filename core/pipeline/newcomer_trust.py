"""Measure how well drugs are found for diseases that are placed by their text alone."""

from typing import Any

import numpy as np

from core.casestudy import newcomer as placing
from core.casestudy.newcomer import Newcomer
from core.evaluate import baselines
from core.evaluate.metrics import as_dict
from core.evaluate.protocols import drugs_for_disease
from core.evaluate.text_baselines import direct_text
from core.fusion.ensemble import EnsembleScorer
from core.kg.loaders import load_graph
from core.pipeline import evaluation
from core.pipeline.newcomers import embedded, text_parts, text_vectors
from core.pipeline.questions import Question, ask
from core.pipeline.runs import read_settings
from core.pipeline.scorers import LoadedRun, load_folder
from core.pipeline.single import Hooks
from core.types import FloatArray, IntArray, Scorer
from core.workspace import Workspace, read_json, write_json


class _TextOnly:
    """Score held-out diseases as if each were a newcomer with nothing but its text."""

    name = "text-driven"

    def __init__(self, loaded: LoadedRun) -> None:
        self._loaded, self._texts = loaded, text_vectors(loaded)

    def scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Return the scores of diseases placed by their text alone. Shape (n_diseases, n_drugs)."""
        return np.concatenate([self._of(int(disease), drugs) for disease in diseases])

    def _of(self, disease: int, drugs: IntArray) -> FloatArray:
        graph = self._loaded.graph
        others = np.setdiff1d(graph.diseases, [disease])
        newcomer = Newcomer(graph.source.disease_kind, graph.names[disease], "its text")
        larger, text = placing.extended_graph(graph, newcomer), self._texts[disease]
        whole = placing.extended_texts(self._texts, text)
        whole[disease] = 0  # the entity itself is not there to be near to
        parts = text_parts(self._loaded)
        scorers: list[Scorer] = [embedded(self._loaded, part, larger, others, self._texts, text) for part in parts]
        scorers += [baselines.nearest_disease_text(larger, whole), direct_text(larger, whole)]
        return EnsembleScorer(self.name, scorers, graph.drugs).scores(drugs, np.array([graph.n_entities]))


def newcomer_reliability(
    workspace: Workspace, name: str, *, split_seed: int = 0, hooks: Hooks | None = None, known_only: bool = False
) -> dict[str, Any] | None:
    """Say how well drugs are found for diseases that were placed by their text alone.

    A fifth of the diseases lose all treatments and the run's recipe is trained without them (protocol ``zero-shot``); each is
    then placed by its text. The drugs' vectors have seen its other facts (genes, symptoms), which a newcomer's would not.

    :param known_only: return None where it was not measured before
    :returns: metrics with intervals, counts and the protocol in words
    """
    run = workspace.existing_run(name)
    question = Question("zero-shot", split_seed=split_seed)
    path = question.folder(run).path / "newcomers.json"
    if path.exists() or known_only:
        return read_json(path) if path.exists() else None
    evaluation.evaluate_protocol(workspace, name, question, hooks=hooks)
    graph = load_graph(read_settings(run).kg)
    asked = ask(question, graph, fraction=evaluation.TEST_FRACTION)
    loaded = load_folder(question.folder(run), name, asked.split.graph)
    found = drugs_for_disease(_TextOnly(loaded), graph, asked.split.test, split=f"{asked.split.name}, placed by text alone")
    result = {"protocol": found.protocol, "n_pairs": found.n_pairs, "n_diseases": found.n_diseases}
    result["metrics"] = as_dict(found.metrics)
    write_json(path, result)
    return result
