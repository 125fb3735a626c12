"""Audit an evaluation: which pairs the descriptions give away, and every metric with and without these."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from core.config import TextSettings
from core.evaluate.leaks import Gain, Naming, find_naming, gain_sentence
from core.evaluate.results import Evaluation
from core.kg.graph import KnowledgeGraph
from core.text.descriptions import descriptions_of
from core.text.matrix import MODE_FIELDS
from core.types import IntArray, Scorer

Evaluate = Callable[[Scorer, IntArray], Evaluation]
GAIN_IN = ("MRR", "AUC")  #: the metric of the sentence: the first one that there is


def audit(
    graph: KnowledgeGraph, test: IntArray, scorers: dict[str, Scorer], evaluate: Evaluate, *, text: TextSettings
) -> dict[str, Any]:
    """Return the leak audit as plain values for JSON.

    :param test: shape (k, 2): drug, disease
    :param scorers: ``run``, and where there are such ``base`` (no text) and ``blind`` (text without uses)
    :param evaluate: asks a scorer for some of the pairs
    :param text: of the run; whatever its mode reads, a pair counts as named if any field of its descriptions names the partner
    """
    descriptions = descriptions_of(graph, text)
    naming = find_naming(graph, descriptions, test)
    read = find_naming(graph, descriptions, test, fields=MODE_FIELDS[text.mode]).named.sum() if text.mode != "none" else None
    subsets = {"all": test, "unnamed": test[~naming.named], "named": test[naming.named]}
    tables = {
        name: {who: evaluate(scorer, pairs) for who, scorer in scorers.items()} for name, pairs in subsets.items() if len(pairs)
    }
    return {
        "n_pairs": len(test),
        "n_named": int(naming.named.sum()),
        "n_named_in_fields_read": int(read or 0),
        "drug_text_names_disease": int(naming.by_drug.sum()),
        "disease_text_names_drug": int(naming.by_disease.sum()),
        "compared": sorted(set(scorers) - {"run"}),
        "sentence": gain_sentence(naming, _gain(tables), read=read),
        "metrics": {name: {who: _plain(evaluation) for who, evaluation in table.items()} for name, table in tables.items()},
        "named_pairs": _identifiers(graph, test, naming),
    }


def _gain(tables: dict[str, dict[str, Evaluation]]) -> Gain | None:
    everywhere = tables["all"]
    if "base" not in everywhere:
        return None
    metric = next(name for name in GAIN_IN if name in everywhere["run"].metrics)

    def over_base(table: dict[str, Evaluation] | None, who: str) -> float | None:
        if table is None or who not in table:
            return None
        return table[who].metrics[metric].value - table["base"].metrics[metric].value

    return Gain(metric, over_base(everywhere, "run"), over_base(tables.get("unnamed"), "run"), over_base(everywhere, "blind"))


def _plain(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "scorer": evaluation.scorer,
        "n_pairs": evaluation.n_pairs,
        "metrics": {k: asdict(m) for k, m in evaluation.metrics.items()},
    }


def _identifiers(graph: KnowledgeGraph, test: IntArray, naming: Naming) -> list[list[str]]:
    names = graph.vocabulary.entities
    return [[names[drug], names[disease]] for drug, disease in test[naming.named].tolist()]
