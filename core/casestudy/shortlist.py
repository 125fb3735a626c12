"""Rank all drugs for a disease, with marks, class, and what the text changed."""

import numpy as np
import pandas as pd

from core.casestudy.marks import Marks
from core.evaluate.ranks import percentiles, realistic_ranks
from core.kg.graph import KnowledgeGraph
from core.types import Scorer

CLASS_SEPARATOR = "; "  #: between the classes of a drug; a class name may hold commas


def shortlist(graph: KnowledgeGraph, scorer: Scorer, disease: int, *, base: Scorer | None = None) -> pd.DataFrame:
    """Return one row a drug, best first.

    Ranks are among all drugs, known ones included: what a reader sees as the place in the table.

    :param disease: entity row
    :param base: the same model without text; adds ``base_rank`` and ``change`` (places won by the text)
    :returns: columns row, id, name, class, score, percentile, rank, base_rank, change, status and one a role
    """
    drugs = graph.drugs
    scores = scorer.scores(drugs, np.array([disease]))[0]
    ranks = realistic_ranks(scores)
    marks = Marks.of(graph, disease)
    classes = drug_classes(graph)
    table = pd.DataFrame(
        {
            "row": drugs,
            "id": [graph.vocabulary.entities[drug] for drug in drugs],
            "name": [graph.names[drug] for drug in drugs],
            "class": [CLASS_SEPARATOR.join(classes.get(int(drug), [])) for drug in drugs],
            "score": scores,
            "percentile": percentiles(ranks, len(drugs)),
            "rank": ranks,
            "status": marks.status,
            **marks.holds,
        }
    )
    if base is not None:
        table["base_rank"] = realistic_ranks(base.scores(drugs, np.array([disease]))[0])
        table["change"] = table["base_rank"] - table["rank"]
    return table.sort_values(["rank", "id"], ignore_index=True)


def drug_classes(graph: KnowledgeGraph) -> dict[int, list[str]]:
    """Return the names of each drug's pharmacologic classes."""
    relations = graph.relation_rows(graph.source.class_relations)
    classes: dict[int, list[str]] = {}
    for head, _, tail in graph.triples[np.isin(graph.triples[:, 1], relations)].tolist():
        drug, label = (head, tail) if graph.kinds[head] == graph.source.drug_kind else (tail, head)
        classes.setdefault(drug, []).append(graph.names[label])
    return classes
