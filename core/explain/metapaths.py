"""Group the paths of a pair by kind (metapath) and rank the kinds.

The strength of a metapath is its degree-weighted path count (DWPC), as Himmelstein and Baranzini 2015 (doi
10.1371/journal.pcbi.1004259) define it: the sum over its paths, none of which meets a node twice, of their path degree products,
here with damping 0.5. So that metapaths can be compared it is scaled as Himmelstein et al. 2017 (doi 10.7554/eLife.26726) do,
``arcsinh(DWPC / mean DWPC of all pairs)``, and multiplied by how much its relations carry for treatment (``assets/sources``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.explain.codes import metapath_code, metapath_words
from core.explain.paths import OTHER_WAYS, Path, PathFinder
from core.explain.scales import MetapathScales
from core.explain.schema import Metapath
from core.explain.search import Found
from core.explain.sentences import UNSPECIFIC
from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, IntArray

SHOWN = 5  #: paths of each metapath that are kept by default


@dataclass(frozen=True)
class MetapathGroup:
    """All paths of one kind between a drug and a disease."""

    code: str  #: such as CbGaD
    words: str  #: such as "drug binds gene, which is associated with disease"
    relations: tuple[str, ...]  #: one an edge
    forward: tuple[bool, ...]  #: whether each edge is walked from head to tail
    kinds: tuple[str, ...]  #: one a node
    dwpc: float
    scaled: float  #: arcsinh(dwpc / mean of all pairs)
    evidence: float  #: product of the relations' evidence weights
    n_paths: int
    paths: tuple[Path, ...]  #: the best of them
    unspecific: bool  #: leans on a relation that joins nearly anything
    correlation: bool  #: has an edge that is found by co-occurrence or expression
    metapath: Metapath  #: metaedges, for :mod:`core.explain.significance`

    @property
    def weight(self) -> float:
        """Return what metapaths are ranked by."""
        return self.scaled * self.evidence


@dataclass(frozen=True)
class GroupsTable:
    """The metapaths of several drugs and one disease, the best first; zeros where a drug has no such path."""

    codes: tuple[str, ...]
    words: tuple[str, ...]
    drugs: tuple[int, ...]  #: entity rows
    dwpc: FloatArray  #: shape (n_codes, n_drugs)
    weight: FloatArray  #: shape (n_codes, n_drugs)
    n_paths: IntArray  #: shape (n_codes, n_drugs)
    groups: tuple[tuple[MetapathGroup, ...], ...]  #: one tuple a drug


class MetapathFinder:
    """Group and rank the paths of pairs.

    :param graph: the graph
    :param finder: shares its layout; made where none is given
    """

    def __init__(self, graph: KnowledgeGraph, finder: PathFinder | None = None) -> None:
        self.graph = graph
        self.finder = finder or PathFinder(graph)
        sizes = np.bincount(graph.kind_codes, minlength=len(graph.kind_names)).astype(float)
        self._scales = MetapathScales(self.finder.search.typed, sizes)

    def groups(self, drug: int, disease: int, *, edges: int = 3, shown: int = SHOWN) -> list[MetapathGroup]:
        """Return all metapaths that join a pair, the strongest first.

        :param edges: longest path, 2 to 4
        :param shown: paths of each that are kept
        """
        typed = self.finder.search.typed
        targets = self.finder.target_weights(drug, disease)
        first = np.array([OTHER_WAYS + targets.get(end, 0) for end in typed.ends[typed.around(drug)].tolist()])
        found = self.finder.search.best(drug, disease, edges=edges, top=shown, first=first)
        evidence = self.finder.evidence(found)
        groups = [self._group(drug, found, place, float(evidence[place])) for place in range(len(found.metapaths))]
        return sorted(groups, key=lambda group: (-group.weight, group.code))

    def groups_table(self, drugs: Sequence[int], disease: int, *, edges: int = 3) -> GroupsTable:
        """Return the metapaths of several drugs for one disease."""
        groups = [self.groups(drug, disease, edges=edges) for drug in drugs]
        strongest: dict[str, MetapathGroup] = {}
        for group in (group for each in groups for group in each):
            if group.code not in strongest or strongest[group.code].weight < group.weight:
                strongest[group.code] = group
        rows = sorted(strongest.values(), key=lambda group: (-group.weight, group.code))
        by_code = [{group.code: group for group in each} for each in groups]
        cells = [[each.get(row.code) for each in by_code] for row in rows]
        shape = len(rows), len(drugs)
        return GroupsTable(
            tuple(row.code for row in rows),
            tuple(row.words for row in rows),
            tuple(drugs),
            np.array([[cell.dwpc if cell else 0.0 for cell in row] for row in cells]).reshape(shape),
            np.array([[cell.weight if cell else 0.0 for cell in row] for row in cells]).reshape(shape),
            np.array([[cell.n_paths if cell else 0 for cell in row] for row in cells], dtype=np.int64).reshape(shape),
            tuple(tuple(each) for each in groups),
        )

    def name(self, metapath: Metapath) -> tuple[tuple[str, ...], tuple[tuple[str, bool], ...]]:
        """Return the kinds and the directed relations of a metapath."""
        metaedges, names = self.finder.search.typed.metaedges, self.graph.kind_names
        kinds = [metaedges.start_kind[metapath[0]], *metaedges.end_kind[list(metapath)]]
        edges = [(self.graph.vocabulary.relations[metaedges.relation[m]], bool(metaedges.forward[m])) for m in metapath]
        return tuple(names[kind] for kind in kinds), tuple(edges)

    def _group(self, drug: int, found: Found, place: int, evidence: float) -> MetapathGroup:
        metapath, dwpc = found.metapaths[place], float(found.dwpc[place])
        kinds, edges = self.name(metapath)
        meanings = [self.graph.source.meaning(relation) for relation, _ in edges]
        rows = np.flatnonzero(found.kinds == place).tolist()
        return MetapathGroup(
            code=metapath_code(self.graph, kinds, edges),
            words=metapath_words(self.graph, kinds, edges),
            relations=tuple(relation for relation, _ in edges),
            forward=tuple(forward for _, forward in edges),
            kinds=kinds,
            dwpc=dwpc,
            scaled=float(np.arcsinh(dwpc / self._scales.mean(metapath))),
            evidence=evidence,
            n_paths=int(found.counts[place]),
            paths=tuple(self.finder.path(drug, found.entries[row], float(found.products[row]) * evidence) for row in rows),
            unspecific=any(meaning.evidence_weight <= UNSPECIFIC for meaning in meanings),
            correlation=any(meaning.correlation for meaning in meanings),
            metapath=metapath,
        )
