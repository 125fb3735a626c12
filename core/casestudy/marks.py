"""Say what the graph already knows of a drug and a disease."""

from dataclasses import dataclass

import numpy as np

from core.kg.graph import KnowledgeGraph
from core.kg.sources import ROLES, Role
from core.types import BoolArray, IntArray

#: Which word comes first where several hold: an approved use, then what forbids it, then weaker ties.
STATUS_ORDER: tuple[Role, ...] = ("treats", "contraindicated", "palliates", "investigated", "cautioned")
NEW = "new"


@dataclass(frozen=True)
class Marks:
    """For each drug, which roles join it to one disease."""

    drugs: IntArray  #: shape (n_drugs,)
    holds: dict[Role, BoolArray]  #: shape (n_drugs,) each

    @classmethod
    def of(cls, graph: KnowledgeGraph, disease: int) -> "Marks":
        """Collect the marks of a disease."""
        holds = {}
        for role in ROLES:
            pairs = graph.pairs(role)
            holds[role] = np.isin(graph.drugs, pairs[pairs[:, 1] == disease, 0])
        return cls(graph.drugs, holds)

    @property
    def status(self) -> list[str]:
        """Return the leading word of each drug: a role, or ``new``."""
        words = np.full(len(self.drugs), NEW, dtype=object)
        for role in reversed(STATUS_ORDER):
            words[self.holds[role]] = role
        return words.tolist()

    @property
    def known(self) -> BoolArray:
        """Return which drugs are known to treat or palliate. Shape (n_drugs,)."""
        return self.holds["treats"] | self.holds["palliates"]
