"""Compare the direction of a drug's action with that of the drugs that are known to treat the disease.

Propranolol blocks the receptor that the drugs against asthma activate: the path is true, and speaks against the drug.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from core.explain.paths import Path
from core.kg.graph import KnowledgeGraph

CLEAR = 2  #: of the known drugs so many times more must act the other way than the same way


@dataclass(frozen=True)
class Opposition:
    """Known drugs act on the target the other way."""

    target: int  #: entity row
    disease: int
    sign: int  #: of the known drugs: -1 lower, 1 raise what the target does
    opposite: int  #: known drugs that act the other way
    same: int  #: known drugs that act as the drug does

    def words(self, graph: KnowledgeGraph) -> str:
        """Say it in a clause."""
        verb = "activate" if self.sign > 0 else "inhibit"
        known = f"{self.opposite} of {self.opposite + self.same} known drugs for {graph.names[self.disease]}"
        return f"opposite to the known drugs: {known} that act on {graph.names[self.target]} {verb} it"


class Directions:
    """Know which drug lowers and which raises what a target does; where the graph does not say, nothing is flagged."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        signs = np.array([graph.source.meaning(name).sign for name in graph.vocabulary.relations])
        actions: dict[tuple[int, int], int] = defaultdict(int)
        for head, relation, tail in graph.triples[signs[graph.triples[:, 1]] != 0].tolist():
            actions[head, tail] += int(signs[relation])
        self._actions = actions
        self._treating: dict[int, list[int]] = defaultdict(list)
        for drug, disease in graph.pairs("treats").tolist():
            self._treating[disease].append(drug)

    def opposition(self, path: Path) -> Opposition | None:
        """Return what speaks against a path from a drug to a disease by the direction of its first action; None if nothing."""
        return self.opposed(path.nodes[0], path.nodes[1], path.nodes[-1])

    def opposed(self, drug: int, target: int, disease: int) -> Opposition | None:
        """Return what speaks against a drug in a disease by its action on a target; None if nothing does."""
        own = np.sign(self._actions.get((drug, target), 0))
        known = [np.sign(self._actions.get((other, target), 0)) for other in self._treating.get(disease, []) if other != drug]
        opposite, same = sum(sign == -own for sign in known), sum(sign == own for sign in known)
        if not own or not opposite or opposite < CLEAR * same:
            return None
        return Opposition(target, disease, int(-own), int(opposite), int(same))
