"""Scan the two tables of a graph and list all that is wrong with them, line by line: a loader stops at the first."""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.errors import GraphFormatError
from core.kg.coded import Coder
from core.kg.loaders import EDGE_COLUMNS, NODE_COLUMNS, _no_node
from core.kg.tables import _checked, _read_lines, open_table

MOST = 20  #: problems of one file that are listed; the count is of all


@dataclass(frozen=True)
class Problem:
    """Something wrong in a line of a table."""

    file: str
    line: int | None
    found: str
    expected: str
    advice: str
    refused: bool  #: whether the graph cannot be loaded because of it

    @classmethod
    def of(cls, error: GraphFormatError) -> "Problem":
        """Return an error of the loader, without the folder that it was met in."""
        where = f"{error.path}, line {error.line}: " if error.line else f"{error.path}: "
        return cls(error.path.name, error.line, error.found.removeprefix(where), error.expected, error.advice, refused=True)

    @property
    def where(self) -> str:
        """Return file and line."""
        return f"{self.file}, line {self.line}" if self.line else self.file


@dataclass
class Scan:
    """What was found."""

    problems: list[Problem] = field(default_factory=list)  #: at most :data:`MOST` a file that refuse it, and as many others
    counts: dict[tuple[str, bool], int] = field(default_factory=dict)  #: by file, and whether they refuse it
    kinds: set[str] = field(default_factory=set)
    relations: set[str] = field(default_factory=set)

    @property
    def refused(self) -> bool:
        """Return whether the tables cannot be loaded."""
        return any(refused for _, refused in self.counts)

    @property
    def left_out(self) -> int:
        """Return how many more problems there are than are listed."""
        return sum(self.counts.values()) - len(self.problems)

    def add(self, problem: Problem) -> None:
        """Count a problem; keep it while there are few."""
        key = problem.file, problem.refused
        self.counts[key] = self.counts.get(key, 0) + 1
        if self.counts[key] <= MOST:
            self.problems.append(problem)


def scan_tables(nodes: Path, edges: Path) -> Scan:
    """Scan both tables to their end."""
    scan = Scan()
    lines_of = _scan_nodes(nodes, scan)
    _scan_edges(edges, lines_of, scan)
    return scan


def _scan_nodes(path: Path, scan: Scan) -> dict[str, int]:
    """Return the line of each identifier, one-based."""
    line_of: dict[str, int] = {}
    for number, (identifier, _, kind) in _lines(path, NODE_COLUMNS, scan):
        if identifier in line_of:
            found = f"the id {identifier!r} was used in line {line_of[identifier]} already."
            scan.add(Problem(path.name, number, found, "one line a node", "remove one of the two lines.", refused=True))
        line_of.setdefault(identifier, number)
        scan.kinds.add(kind)
    return line_of


def _scan_edges(path: Path, nodes: dict[str, int], scan: Scan) -> None:
    triples, lines, relations = array("q"), array("q"), Coder()
    for number, (head, relation, tail) in _lines(path, EDGE_COLUMNS, scan):
        scan.relations.add(relation)
        for end, identifier in (("head", head), ("tail", tail)):
            if nodes and identifier not in nodes:
                scan.add(Problem.of(_no_node(end, identifier, path, number)))
        if head == tail:
            found, advice = f"{head!r} is joined with itself.", "remove the line."
            scan.add(Problem(path.name, number, found, "two different nodes", advice, refused=False))
        relations.add(relation)
        triples.extend((nodes.get(head, -1), 0, nodes.get(tail, -1)))
        lines.append(number)
    _repeated(np.array(triples).reshape(-1, 3), relations.codes, np.array(lines), path.name, scan)


def _repeated(triples: np.ndarray, relations: np.ndarray, lines: np.ndarray, file: str, scan: Scan) -> None:
    """Name the lines whose edge stands in an earlier line; edges of unknown nodes are not compared."""
    known = (triples[:, 0] >= 0) & (triples[:, 2] >= 0)
    triples[:, 1] = relations
    whole, lines = triples[known], lines[known]
    if not len(whole):
        return
    _, first, same = np.unique(whole, axis=0, return_index=True, return_inverse=True)
    for place in np.flatnonzero(first[same.ravel()] != np.arange(len(whole))).tolist():
        found = f"the same edge as in line {lines[first[same.ravel()[place]]]}."
        scan.add(Problem(file, int(lines[place]), found, "one line an edge", "it is left out when loaded.", refused=False))


def _lines(path: Path, columns: tuple[str, ...], scan: Scan) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield numbers and cells of the lines that can be read, and note those that cannot."""
    try:
        header, _ = open_table(path, columns)
    except GraphFormatError as error:
        scan.add(Problem.of(error))
        return
    places = [header.index(column) for column in columns]
    empty = True
    for number, cells in _readable(path, header, columns, lambda error: scan.add(Problem.of(error))):
        empty = False
        yield number, tuple(cells[place] for place in places)
    if empty and (path.name, True) not in scan.counts:
        found = "there is no line below the header."
        scan.add(Problem(path.name, None, found, "one node or edge a line", "fill in the table.", refused=True))


def _readable(
    path: Path, header: list[str], required: tuple[str, ...], note: Callable[[GraphFormatError], None]
) -> Iterator[tuple[int, list[str]]]:
    lines = _read_lines(path)
    next(lines, None)
    while True:
        try:
            yield from _checked(path, header, required, lines)
        except GraphFormatError as error:  # a generator ends with its error, so the next round goes on behind that line
            note(error)
        else:
            return
