"""Say more of each candidate than its place: interval, popularity, predicted harm, and whether a text names the use."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.casestudy.safety import Warned
from core.casestudy.standing import Popularity, beats_popularity, percentile_interval
from core.evaluate.leaks import find_naming
from core.evaluate.ranks import percentiles, realistic_ranks
from core.fusion.ensemble import EnsembleScorer
from core.kge.checkpoints import load_model
from core.kge.scoring import KgeScorer
from core.pipeline.members import members
from core.pipeline.scorers import LoadedRun
from core.text.descriptions import FIELDS, Description
from core.text.matrix import MODE_FIELDS
from core.types import Scorer


def harm_scorer(loaded: LoadedRun) -> Scorer | None:
    """Return the score of the contraindication relation; None where the graph has none, or the run did not learn it."""
    graph = loaded.graph
    relations = np.setdiff1d(graph.role_relations("contraindicated"), graph.relation_rows(graph.source.never_trained))
    if not len(relations):
        return None
    parts = [part for part in members(loaded.settings) if part.role == "lladr"] or members(loaded.settings)
    models = [load_model(part.folder(loaded.folder).model_file, graph.vocabulary, part.settings) for part in parts]
    return EnsembleScorer("harm", [KgeScorer("harm", model, relations) for model in models], graph.drugs)


def with_outlook(
    loaded: LoadedRun,
    table: pd.DataFrame,
    disease: int,
    *,
    popularity: Popularity,
    harm: Scorer | None,
    warnings: Mapping[int, list[Warned]],
    descriptions: Mapping[int, Description],
) -> pd.DataFrame:
    """Return a shortlist with more columns.

    :returns: also ``low`` and ``high`` (percentiles over the ensemble, where it is one), ``adjusted_rank``,
        ``beats_popularity``, ``harm`` (percentile of the predicted contraindication, where the graph has the relation),
        ``warnings`` (list of :class:`core.casestudy.safety.Warned`), ``barred`` and ``named`` (a text that the run has read
        names drug and disease together)
    """
    graph = loaded.graph
    drugs, order = graph.drugs, np.searchsorted(graph.drugs, table["row"])
    scores, ranks = (table.set_index("row").loc[drugs, column].to_numpy() for column in ("score", "rank"))
    more: dict[str, object] = {}
    if interval := percentile_interval(loaded.scorer, drugs, disease):
        more |= {"low": interval.low[order], "high": interval.high[order]}
    more["adjusted_rank"] = popularity.adjusted_ranks(scores)[order]
    more["beats_popularity"] = beats_popularity(graph, disease, ranks)[order]
    if harm is not None:
        more["harm"] = percentiles(realistic_ranks(harm.scores(drugs, np.array([disease]))[0]), len(drugs))[order]
    mine = [warnings.get(drug, []) for drug in table["row"].tolist()]
    more |= {"warnings": mine, "barred": [any(each.bars for each in reasons) for reasons in mine]}
    pairs = np.stack([table["row"], np.full(len(table), disease)], axis=1)
    fields = FIELDS if loaded.settings.text.mode == "shuffled" else MODE_FIELDS.get(loaded.settings.text.mode, ())
    more["named"] = find_naming(graph, descriptions, pairs, fields=fields).named
    return table.assign(**more)
