"""Average several scorers, and say how far they disagree."""

from collections.abc import Sequence

import numpy as np

from core.types import FloatArray, IntArray, Scorer


def standardised(scores: FloatArray) -> FloatArray:
    """Give each disease's scores mean 0 and standard deviation 1 over the drugs; equal scores become 0.

    Scores of different models, and of one model for different diseases, are then on one scale. Shape (n_diseases, n_drugs).
    """
    centred = scores - scores.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-12)


class EnsembleScorer:
    """Score by the mean of its members' standardised scores.

    :param name: how tables call it
    :param members: at least one
    :param all_drugs: shape (n,): the drugs over which scores are standardised, ascending
    """

    def __init__(self, name: str, members: Sequence[Scorer], all_drugs: IntArray) -> None:
        self.name = name
        self._members = members
        self._all_drugs = all_drugs

    def scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Return the mean over the members. Shape (n_diseases, n_drugs)."""
        return self.member_scores(drugs, diseases).mean(axis=0)

    def spread(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Return the standard deviation over the members, in units of the spread between drugs. Shape (n_diseases, n_drugs)."""
        return self.member_scores(drugs, diseases).std(axis=0)

    def member_scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Return each member's standardised scores. Shape (n_members, n_diseases, n_drugs)."""
        columns = np.searchsorted(self._all_drugs, drugs)
        return np.stack([standardised(member.scores(self._all_drugs, diseases))[:, columns] for member in self._members])
