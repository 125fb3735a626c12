"""Write an entity of the graph as data for a prompt: quoted, escaped, shortened; never an instruction."""

import json
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice, zip_longest
from typing import Literal, get_args

import numpy as np

from core.config import read_toml
from core.kg.graph import KnowledgeGraph
from core.kg.sources import ASSETS, ROLES, Source

Group = Literal["drug", "disease", "gene", "other"]
LONGEST_NAME = 200  #: characters of a name in a prompt
MOST_SYNONYMS = 8
MOST_FACTS = 40


@dataclass(frozen=True)
class Subject:
    """What a prompt says about an entity."""

    name: str
    kind: str
    group: Group
    synonyms: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()  #: facts of the graph, such as ``inhibits ACHE``; no treatment among them

    @property
    def data(self) -> str:
        """Return one line of JSON that no reader can take for anything else."""
        values: dict[str, object] = {"name": shortened(self.name), "kind": shortened(self.kind)}
        if self.synonyms:
            values["synonyms"] = [shortened(name) for name in self.synonyms[:MOST_SYNONYMS]]
        if self.facts:
            values["known_facts"] = list(self.facts)
        return quoted(values)


def quoted(value: object) -> str:
    """Return JSON in which the marks of prompts (``<``, ``>``) and invisible characters are escaped."""
    return "".join(_escaped(letter) for letter in json.dumps(value, ensure_ascii=False))


def _escaped(letter: str) -> str:
    if letter in "<>":
        return f"\\u{ord(letter):04x}"
    invisible = unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return json.dumps(letter)[1:-1] if invisible else letter


def shortened(name: str) -> str:
    """Return a name of bearable length; says where it was cut."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]} [cut here: {len(name)} characters]"


class Subjects:
    """Make the subjects of one graph.

    :param neighbours: add facts of the graph about the entity, without any that joins a drug and a disease
    """

    def __init__(self, graph: KnowledgeGraph, *, neighbours: bool = False) -> None:
        self._graph = graph
        self._neighbours = neighbours

    def of(self, row: int) -> Subject:
        """Return the subject of an entity row."""
        kind = self._graph.kinds[row]
        facts = self._facts(row) if self._neighbours else ()
        return Subject(self._graph.names[row], kind, group_of(kind, self._graph.source), self._graph.synonyms[row], facts)

    def _facts(self, row: int) -> tuple[str, ...]:
        """Take turns among the relations, in each the rarest neighbour first: a hub says little."""
        adjacency, graph = self._graph.adjacency, self._graph
        here = adjacency.entries(row)
        by_relation: dict[int, list[int]] = defaultdict(list)
        for relation, neighbour in zip(adjacency.relations[here].tolist(), adjacency.neighbours[here].tolist(), strict=True):
            if relation % graph.n_relations not in self._hidden and not self._joins_drug_and_disease(row, neighbour):
                by_relation[relation].append(neighbour)
        degrees = np.diff(adjacency.indptr)
        columns = [
            [(relation, other) for other in sorted(set(others), key=lambda each: (degrees[each], each))]
            for relation, others in sorted(by_relation.items())
        ]
        turns = (pair for turn in zip_longest(*columns) for pair in turn if pair is not None)
        return tuple(f"{self._phrase(relation)} {shortened(graph.names[other])}" for relation, other in islice(turns, MOST_FACTS))

    def _joins_drug_and_disease(self, row: int, neighbour: int) -> bool:
        source, kinds = self._graph.source, self._graph.kinds
        return {kinds[row], kinds[neighbour]} == {source.drug_kind, source.disease_kind}

    def _phrase(self, relation: int) -> str:
        forward, number = relation < self._graph.n_relations, relation % self._graph.n_relations
        meaning = self._graph.source.meaning(self._graph.vocabulary.relations[number])
        return meaning.phrase if forward else meaning.inverse

    @cached_property
    def _hidden(self) -> frozenset[int]:
        """Return the relations that say what treats or harms what, and those that serve as tests."""
        roles = [relation for role in ROLES for relation in self._graph.role_relations(role).tolist()]
        return frozenset([*roles, *self._graph.relation_rows(self._graph.source.never_trained).tolist()])


def group_of(kind: str, source: Source) -> Group:
    """Return which guidance a kind of entity gets."""
    if kind in (source.drug_kind, source.disease_kind):
        return "drug" if kind == source.drug_kind else "disease"
    return _groups().get(kind.casefold(), "other")


@cache
def _groups() -> dict[str, Group]:
    named = read_toml(ASSETS / "prompts" / "kinds.toml")
    return {kind.casefold(): group for group in get_args(Group) for kind in named.get(group, ())}
