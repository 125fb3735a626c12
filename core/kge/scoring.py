"""Score drugs for diseases with a trained model."""

import numpy as np
import torch

from core.errors import ConfigError
from core.kge.model import Model
from core.types import FloatArray, IntArray

DISEASES_A_BLOCK = 64


class KgeScorer:
    """Score by the best treatment relation, asked in both directions.

    ``score(drug, disease) = max over treatment relations r of (f(drug, r, disease) + f(disease, r^-1, drug)) / 2``;
    LLaDR's case study also takes the maximum over relations. ``log sigma`` is left out: it keeps the order.

    :param name: how tables call it
    :param treatment_relations: rows of the relations that mean "treats"
    :raises ConfigError: if there is none
    """

    def __init__(self, name: str, model: Model, treatment_relations: IntArray) -> None:
        if not len(treatment_relations):
            raise ConfigError(
                "The graph has none of the relations that its source declares as treatment.",
                expected="at least one relation with the role 'treats'",
                advice="mend [roles] in source.toml.",
            )
        self.name = name
        self._model = model
        self._relations = treatment_relations

    def scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Score every pair; higher is better. Shape (n_diseases, n_drugs), float64."""
        blocks = [self._block(drugs, diseases[start : start + DISEASES_A_BLOCK]) for start in _starts(len(diseases))]
        return np.concatenate(blocks) if blocks else np.empty((0, len(drugs)))

    def _block(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        device = self._model.entities.device
        drug_rows, disease_rows = (torch.tensor(rows, dtype=torch.int64, device=device) for rows in (drugs, diseases))
        best = torch.full((len(diseases), len(drugs)), -torch.inf, device=device)
        for relation in self._relations.tolist():
            forward = self._model.score_tails(drug_rows, torch.full_like(drug_rows, relation), disease_rows).T
            inverse = torch.full_like(disease_rows, relation + self._model.n_relations)
            backward = self._model.score_tails(disease_rows, inverse, drug_rows)
            best = torch.maximum(best, (forward + backward) / 2)
        return best.double().cpu().numpy()


def _starts(count: int) -> range:
    return range(0, count, DISEASES_A_BLOCK)
