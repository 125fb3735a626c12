"""Count who acts on what, who treats what and who is related to whom: what the model of targets learns from."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.kg.graph import KnowledgeGraph
from core.kg.sources import Role
from core.types import FloatArray, IntArray

TARGET_WEIGHT = 0.5  #: least evidence weight of a relation through which a drug may work
LEAST_WEIGHT = 0.1  #: least evidence weight of any other relation that is counted
PSEUDO = 0.5  #: added to observed and expected counts (Haldane and Anscombe), so that a count of one says little
DRUG_SIDE, DISEASE_SIDE = 5, 5  #: numbers of features


@dataclass(frozen=True)
class Support:
    """What speaks for a gene as the target, in numbers to be read aloud; the asked drug is never counted."""

    treating: int  #: other drugs that treat the disease
    treating_here: int  #: of them, those that act on the gene
    relatives: int  #: other drugs of the drug's classes
    relatives_here: int
    share: float  #: of all other drugs that act on the gene, 0 to 1


class TargetTables:
    """Hold the counts of a graph as sparse tables; what a drug itself is known to treat is taken out when it is asked for."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.drugs, self.diseases = graph.drugs, graph.diseases
        every = graph.of_kind(graph.source.target_kind)
        binds = joins(graph, graph.drugs, every, at_least=TARGET_WEIGHT)
        used = np.flatnonzero(_sums(binds, 0))
        self.genes, self.binds = every[used], binds[:, used].tocsr()
        self.binders = _sums(self.binds, 0)
        kin, similar = _kin(graph), joins(graph, graph.drugs, graph.drugs)
        self._relatives = [((table @ self.binds).tocsr(), _sums(table, 1)) for table in (kin, similar)]
        self.treats = _pairs(graph, "treats")
        self._near = (self.treats @ joins(graph, graph.diseases, graph.diseases)).tocsr()
        self._treating, self._treating_near = _sums(self.treats, 0), _sums(self._near, 0)
        self._here, self._here_near = ((self.binds.T @ table).tocsr() for table in (self.treats, self._near))
        associated = joins(graph, every, graph.diseases, at_least=TARGET_WEIGHT)
        beside = joins(graph, every, every)[used]
        damping = sparse.diags(1 / np.sqrt(_sums(beside, 1) + 1))
        self._associated, self._beside = associated[used].tocsr(), (damping @ beside @ associated).tocsr()

    def targets(self, drug: int) -> IntArray:
        """Return the places among the genes of what a drug acts on, ascending."""
        row = int(np.searchsorted(self.drugs, drug))
        return np.sort(self.binds.indices[self.binds.indptr[row] : self.binds.indptr[row + 1]])

    def drug_side(self, drug: int, targets: IntArray) -> FloatArray:
        """Return what the relatives of a drug (same class, similar structure) say of each target. Shape (n, DRUG_SIDE)."""
        row, share = int(np.searchsorted(self.drugs, drug)), self._share(targets)
        counts = [(_rows(here, [row])[0][targets], total[row], share) for here, total in self._relatives]
        return np.stack([*(_enrichment(*c) for c in counts), *(_excess(*c) for c in counts), -np.log(share)], axis=1)

    def disease_side(self, drug: int, targets: IntArray, places: IntArray) -> FloatArray:
        """Return what each target has to do with some diseases. Shape (n_targets, n_diseases, DISEASE_SIDE).

        :param places: shape (n_diseases,); places among the diseases
        """
        row, share = int(np.searchsorted(self.drugs, drug)), self._share(targets)[:, None]
        own, own_near = (_rows(table, [row])[0][places] for table in (self.treats, self._near))
        here, near = (_rows(table, targets)[:, places] for table in (self._here, self._here_near))
        layers = [
            _enrichment(here - own, self._treating[places] - own, share),
            _enrichment(near - own_near, self._treating_near[places] - own_near, share),
            _rows(self._associated, targets)[:, places],
            _rows(self._beside, targets)[:, places],
            np.broadcast_to(np.log1p(self._treating[places] - own), here.shape),
        ]
        return np.stack(layers, axis=2)

    def support(self, drug: int, gene: int, disease: int) -> Support:
        """Return the counts behind a gene's weight. All three are entity rows."""
        row, place = int(np.searchsorted(self.drugs, drug)), int(np.searchsorted(self.diseases, disease))
        column = int(np.searchsorted(self.genes, gene))
        own, (kin, total) = int(self.treats[row, place]), self._relatives[0]
        return Support(
            treating=int(self._treating[place]) - own,
            treating_here=int(self._here[column, place]) - own,
            relatives=int(total[row]),
            relatives_here=int(kin[row, column]),
            share=float((self.binders[column] - 1) / max(len(self.drugs) - 1, 1)),
        )

    def _share(self, targets: IntArray) -> FloatArray:
        """Return the share of drugs that act on each target; the asked one counts as a half, so that it is never 0."""
        return (self.binders[targets] - 0.5) / len(self.drugs)


def joins(graph: KnowledgeGraph, left: IntArray, right: IntArray, *, at_least: float = LEAST_WEIGHT) -> sparse.csr_matrix:
    """Return 1 where an edge (in either direction) joins two entities. Shape (n_left, n_right).

    Roles (treatment, trial, contraindication) never count, and correlations only within one kind: diseases that resemble one
    another.
    """
    meanings = [graph.source.meaning(name) for name in graph.vocabulary.relations]
    good = np.array([m.evidence_weight >= at_least and (left is right or not m.correlation) for m in meanings], dtype=bool)
    for role in graph.source.roles:
        good[graph.role_relations(role)] = False
    heads, _, tails = graph.triples[good[graph.triples[:, 1]]].T
    start, end = np.concatenate([heads, tails]), np.concatenate([tails, heads])
    at_left, at_right = _places(graph, left)[start], _places(graph, right)[end]
    inside = (at_left >= 0) & (at_right >= 0) & (start != end)
    return _ones(at_left[inside], at_right[inside], (len(left), len(right)))


def _kin(graph: KnowledgeGraph) -> sparse.csr_matrix:
    """Return 1 for each two drugs that share a class. Shape (n_drugs, n_drugs)."""
    edges = graph.triples[np.isin(graph.triples[:, 1], graph.relation_rows(graph.source.class_relations))]
    place = _places(graph, graph.drugs)
    backward = place[edges[:, 0]] < 0
    drug, group = np.where(backward, edges[:, 2], edges[:, 0]), np.where(backward, edges[:, 0], edges[:, 2])
    kept = place[drug] >= 0
    member = _ones(place[drug[kept]], group[kept], (len(graph.drugs), graph.n_entities))
    both = (member @ member.T).tocoo()
    others = both.row != both.col
    return _ones(both.row[others], both.col[others], both.shape)


def _pairs(graph: KnowledgeGraph, role: Role) -> sparse.csr_matrix:
    drugs, diseases = graph.pairs(role).T
    shape = len(graph.drugs), len(graph.diseases)
    return _ones(np.searchsorted(graph.drugs, drugs), np.searchsorted(graph.diseases, diseases), shape)


def _ones(rows: IntArray, columns: IntArray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Return a table with 1 at some places, however often they are named."""
    codes = np.unique(rows.astype(np.int64) * max(shape[1], 1) + columns)
    places = codes // max(shape[1], 1), codes % max(shape[1], 1)
    return sparse.csr_matrix((np.ones(len(codes)), places), shape=shape)


def _rows(table: sparse.csr_matrix, rows: IntArray | list[int]) -> FloatArray:
    """Return some rows as a dense array; scipy's own way takes ten times as long for a few short rows."""
    dense = np.zeros((len(rows), table.shape[1]))
    for place, row in enumerate(rows):
        here = slice(table.indptr[row], table.indptr[row + 1])
        dense[place, table.indices[here]] = table.data[here]
    return dense


def _sums(table: sparse.csr_matrix, axis: int) -> FloatArray:
    return np.asarray(table.sum(axis), dtype=float).ravel()


def _places(graph: KnowledgeGraph, rows: IntArray) -> IntArray:
    places = np.full(graph.n_entities, -1, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    return places


def _enrichment(observed: FloatArray, total: FloatArray, share: FloatArray) -> FloatArray:
    """Return the logarithm of observed over expected, with one more drug of the average kind among the observed."""
    return np.log((observed + share + PSEUDO) / ((total + 1) * share + PSEUDO))


def _excess(observed: FloatArray, total: FloatArray, share: FloatArray) -> FloatArray:
    """Return how many standard deviations the observed stands above the expected, the variance half a count larger."""
    return (observed - total * share) / np.sqrt(total * share * (1 - share) + PSEUDO)
