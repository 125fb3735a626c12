"""Read pairs of drug and disease from a file, score them, write them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import GraphFormatError, LladrError
from core.evaluate.protocols import known_matrix
from core.evaluate.ranks import filtered_ranks, percentiles
from core.kg.graph import KnowledgeGraph
from core.kg.search import EntityIndex
from core.kg.tables import read_table
from core.types import FloatArray, IntArray, Scorer
from core.workspace import write_text

COLUMNS = ("compound", "disease")


@dataclass(frozen=True)
class Pairs:
    """Pairs of a file that the graph has."""

    cells: list[tuple[str, str]]  #: as written in the file
    rows: IntArray  #: shape (k, 2): drug, disease
    skipped: int  #: pairs left out, because the graph does not have them


def read_pairs(path: Path, graph: KnowledgeGraph, *, skip_unknown: bool = False) -> Pairs:
    """Read a table with the columns compound and disease: identifiers, names or synonyms.

    :raises GraphFormatError: if a pair is unknown and must not be skipped; names the line and the nearest names
    """
    indexes = (EntityIndex(graph, graph.drugs, "drug"), EntityIndex(graph, graph.diseases, "disease"))
    resolved: dict[tuple[int, str], int | LladrError] = {}
    cells, rows, skipped = [], [], 0
    for line in read_table(path, COLUMNS):
        pair = tuple(line.cells[column] for column in COLUMNS)
        found = [_resolve(resolved, indexes, place, text) for place, text in enumerate(pair)]
        problems = [item for item in found if isinstance(item, LladrError)]
        if problems and not skip_unknown:
            problem = problems[0]
            advice = "correct the line, or leave unknown pairs out with --skip-unknown."
            raise GraphFormatError(path, line.line, problem.found, expected=problem.expected, advice=advice)
        if problems:
            skipped += 1
        else:
            cells.append(pair)
            rows.append(found)
    if not rows:
        raise GraphFormatError(path, None, f"no pair can be scored ({skipped} left out).", expected="pairs that the graph has")
    return Pairs(cells, np.array(rows, dtype=np.int32), skipped)


def _resolve(
    resolved: dict[tuple[int, str], int | LladrError], indexes: tuple[EntityIndex, EntityIndex], place: int, text: str
) -> int | LladrError:
    """Resolve each text once; an unknown one is kept as its error."""
    key = (place, text)
    if key not in resolved:
        try:
            resolved[key] = indexes[place].resolve(text)
        except LladrError as error:
            resolved[key] = error
    return resolved[key]


@dataclass(frozen=True)
class ScoredPairs:
    """What a scorer says of pairs, among all drugs of each disease; other known pairs do not compete."""

    score: FloatArray  #: shape (k,); higher is better
    percentile: FloatArray  #: shape (k,); share of the competing drugs that stand below, 0 to 100
    rank: FloatArray  #: shape (k,); one-based, ties at their mean place


def score_pairs(graph: KnowledgeGraph, scorer: Scorer, pairs: IntArray) -> ScoredPairs:
    """Score given pairs.

    :param pairs: shape (k, 2): drug, disease
    """
    score, percentile, rank = np.empty((3, len(pairs)))
    diseases = np.unique(pairs[:, 1])
    all_scores = scorer.scores(graph.drugs, diseases)
    for disease, scores, known in zip(diseases, all_scores, known_matrix(graph, diseases), strict=True):
        here = np.flatnonzero(pairs[:, 1] == disease)
        column = np.searchsorted(graph.drugs, pairs[here, 0])
        ranks, competitors = filtered_ranks(scores, known)
        candidates = competitors + known  # a known drug competes when it is the one that is asked for
        score[here], percentile[here], rank[here] = scores[column], percentiles(ranks, candidates)[column], ranks[column]
    return ScoredPairs(score, percentile, rank)


def write_scored_pairs(path: Path, pairs: Pairs, scored: ScoredPairs) -> None:
    """Write the pairs with score, percentile and rank as a tab-separated table, all or nothing."""
    lines = ["\t".join((*COLUMNS, "score", "percentile", "rank"))]
    for cells, score, percentile, rank in zip(pairs.cells, scored.score, scored.percentile, scored.rank, strict=True):
        lines.append("\t".join((*cells, f"{score:.6g}", f"{percentile:.4f}", f"{rank:g}")))
    write_text(path, "\n".join(lines) + "\n")
