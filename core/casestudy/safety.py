"""Say what speaks against a drug in a disease, and where that is known from.

Four kinds, each with its source: what the graph states; what a description warns of (mapped to entities by
:mod:`core.llm.grounding`); either of them for a broader disease of which this one is a form; and what can be read from the
drug's action on a gene of the disease: the known drugs act the other way, or drugs that act alike are warned of. No warning is
no proof of safety.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from core.explain.direct import direct_facts
from core.explain.directions import Directions
from core.kg.graph import KnowledgeGraph
from core.kg.sources import Role

Kind = Literal["stated", "text", "action"]
Severity = Literal["contraindicated", "cautioned"]
SEVERITIES: dict[str, Severity] = {"contraindicated_in": "contraindicated", "cautioned_in": "cautioned"}
FROM_ACTIONS = "read from the graph's actions"
ALIKE = 2  #: so many other drugs of the same action must be warned of before the action itself is


@dataclass(frozen=True)
class Warned:
    """One reason against a drug in a disease."""

    drug: int  #: entity row
    severity: Severity
    kind: Kind
    text: str  #: one sentence
    source: str  #: whose statement it is
    inherited_from: str = ""  #: the broader disease that it is stated for

    @property
    def bars(self) -> bool:
        """Return whether it puts the drug among the incompatible ones: said as such, of this disease, and not merely read."""
        return self.severity == "contraindicated" and self.kind != "action" and not self.inherited_from


class Safety:
    """Collect the warnings of a graph and its descriptions.

    :param claims: what :func:`core.llm.grounding.contraindication_claims` found; None where there are no descriptions
    """

    def __init__(self, graph: KnowledgeGraph, claims: pd.DataFrame | None = None) -> None:
        self._graph = graph
        self._claims = None if claims is None or claims.empty else claims.groupby("disease")

    def warnings(self, disease: int) -> dict[int, list[Warned]]:
        """Return all warnings of a disease by drug, the gravest first; what is known to treat it is not barred by a text."""
        found = [*self._of(disease), *(each for broad in self.broader(disease) for each in self._of(broad, inherited=True))]
        found += self._actions(disease, found)
        by_drug: dict[int, dict[str, Warned]] = {}
        for warned in sorted(
            found, key=lambda each: (not each.bars, each.severity != "contraindicated", bool(each.inherited_from))
        ):
            by_drug.setdefault(warned.drug, {}).setdefault(warned.text, warned)
        return {drug: list(each.values()) for drug, each in by_drug.items()}

    def broader(self, disease: int) -> list[int]:
        """Return the diseases of which this one is a form: by the declared relations, else by its name.

        A name that begins with the whole name of another disease is taken for a form of it (Parkinson's disease psychosis).
        """
        declared = self._graph.relation_rows(self._graph.source.narrower_relations)
        if len(declared):
            triples = self._graph.triples
            return triples[np.isin(triples[:, 1], declared) & (triples[:, 0] == disease), 2].tolist()
        name = self._graph.names[disease].casefold()
        return [row for row, other in self._names if row != disease and name.startswith(f"{other} ")]

    def _of(self, disease: int, *, inherited: bool = False) -> Iterator[Warned]:
        broad = self._graph.names[disease] if inherited else ""
        yield from self._stated(disease, broad)
        yield from self._written(disease, broad)

    def _stated(self, disease: int, broad: str) -> Iterator[Warned]:
        for role in ("contraindicated", "cautioned"):
            pairs = self._pairs[role]
            for drug in pairs[pairs[:, 1] == disease, 0].tolist():
                for fact in direct_facts(self._graph, drug, disease, role):
                    yield Warned(drug, role, "stated", fact.text, fact.provenance or "stated by the graph alone", broad)

    def _written(self, disease: int, broad: str) -> Iterator[Warned]:
        if self._claims is None or disease not in self._claims.groups:
            return
        for claim in self._claims.get_group(disease).itertuples(index=False):
            severity = SEVERITIES[claim.relation]
            weaker = claim.drug in self._treating(disease) or claim.qualifier or claim.via >= 0 or broad
            whose = self._graph.names[claim.drug if claim.source == "drug" else disease]
            through = f', read for the class "{self._graph.names[claim.via]}"' if claim.via >= 0 else ""
            source = f"text on {whose}{through}"
            yield Warned(claim.drug, "cautioned" if weaker else severity, "text", claim.sentence, source, broad)

    def _actions(self, disease: int, found: Sequence[Warned]) -> Iterator[Warned]:
        """Read from a drug's action on the genes of the disease what no fact or text says of the drug itself."""
        stated = {each.drug: each for each in found if each.kind == "stated"}
        used = {drug: near for near in (*self.broader(disease), disease) for drug in self._treating(near)}
        genes = self._genes(disease)
        for (relation, gene), drugs in self._alike.items():
            for drug in drugs if gene in genes else ():
                if drug not in stated and drug not in self._treating(disease):
                    yield from self._of_action(drug, disease, relation, gene, [stated[d] for d in drugs if d in stated], used)

    def _of_action(
        self, drug: int, disease: int, relation: int, gene: int, alike: Sequence[Warned], used: Mapping[int, int]
    ) -> Iterator[Warned]:
        """Warn where the known drugs act the other way, or where drugs of the same action are warned of and not as often used."""
        names, action = self._graph.names, f"{self._phrase(relation).capitalize()} {self._graph.names[gene]}"
        if opposed := self._directions.opposed(drug, gene, disease):
            yield Warned(drug, "cautioned", "action", f"{action}: {opposed.words(self._graph)}.", FROM_ACTIONS)
        helped = [f"{names[o]} ({names[used[o]]})" for o in self._alike[relation, gene] if o in used and o != drug]
        if len(alike) >= max(ALIKE, len(helped)):
            listed = ", ".join(f"{names[each.drug]} ({each.inherited_from or names[disease]})" for each in alike[:3])
            against = f" But others of it are used: {', '.join(helped[:3])}." if helped else ""
            text = f"{action}, a gene of {names[disease]}; drugs of the same action are warned of: {listed}.{against}"
            yield Warned(drug, "cautioned", "action", text, FROM_ACTIONS)

    def _phrase(self, relation: int) -> str:
        return self._graph.source.meaning(self._graph.vocabulary.relations[relation]).phrase

    def _treating(self, disease: int) -> set[int]:
        return self._known.get(disease, set())

    @cached_property
    def _known(self) -> dict[int, set[int]]:
        known: dict[int, set[int]] = {}
        for drug, disease in self._graph.known.tolist():
            known.setdefault(disease, set()).add(drug)
        return known

    @cached_property
    def _directions(self) -> Directions:
        return Directions(self._graph)

    def _genes(self, disease: int) -> set[int]:
        entries = self._graph.adjacency.entries(disease)
        around = np.unique(self._graph.adjacency.neighbours[entries]).tolist()
        return {row for row in around if self._graph.kinds[row] == self._graph.source.target_kind}

    @cached_property
    def _pairs(self) -> dict[Role, np.ndarray]:
        return {role: self._graph.pairs(role) for role in ("contraindicated", "cautioned")}

    @cached_property
    def _names(self) -> list[tuple[int, str]]:
        return [(row, self._graph.names[row].casefold()) for row in self._graph.diseases.tolist()]

    @cached_property
    def _alike(self) -> dict[tuple[int, int], list[int]]:
        """Return the drugs that act on a gene in the same signed way."""
        graph = self._graph
        signs = np.array([graph.source.meaning(name).sign for name in graph.vocabulary.relations])
        acts = np.isin(graph.triples[:, 0], graph.drugs) & (signs[graph.triples[:, 1]] != 0)
        alike: dict[tuple[int, int], list[int]] = {}
        for drug, relation, gene in np.unique(graph.triples[acts], axis=0).tolist():
            alike.setdefault((relation, gene), []).append(drug)
        return alike
