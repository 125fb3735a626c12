"""Read graphs: the starter folder, and any folder or pair of files in its form or in Hetionet's."""

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import GraphFormatError
from core.kg.coded import CodedTexts, Coder
from core.kg.graph import KnowledgeGraph
from core.kg.sources import ASSETS, source_for
from core.kg.tables import Row, open_table, read_table
from core.kg.vocabulary import Vocabulary
from core.types import IntArray

SHIPPED = {"starter": ASSETS / "starter"}
NODE_COLUMNS = ("id", "name", "kind")
EDGE_COLUMNS = ("head", "relation", "tail")
TEXT_COLUMNS = (("detail",), ("corroborated", "source"))  #: of detail and provenance; the first that is there


def load_graph(name: str) -> KnowledgeGraph:
    """Load a graph by the name of a shipped one, by its folder, or by ``NODES.tsv,EDGES.tsv``.

    :raises GraphFormatError: if a file is missing or malformed; names file and line
    """
    if name in SHIPPED:
        return load_folder(SHIPPED[name], name=name)
    if "," in name and not _is_folder(Path(name)):
        nodes, edges = (Path(part.strip()) for part in name.split(",", 1))
        return load_files(nodes, edges, name=f"{nodes.resolve()},{edges.resolve()}", folder=nodes.parent)
    return load_folder(Path(name))


def load_folder(folder: Path, *, name: str | None = None) -> KnowledgeGraph:
    """Load a folder that holds nodes.tsv and edges.tsv or edges.tsv.gz."""
    if not _is_folder(folder):
        raise GraphFormatError(
            folder,
            None,
            "there is no such graph or folder.",
            expected=f"{' or '.join(SHIPPED)}, or a folder with nodes.tsv and edges.tsv[.gz]",
            advice="check the path given to --kg.",
        )
    edges = next((path for path in (folder / "edges.tsv", folder / "edges.tsv.gz") if path.exists()), folder / "edges.tsv")
    return load_files(folder / "nodes.tsv", edges, name=name or str(folder.resolve()), folder=folder)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that no file system takes
        return False


def load_files(nodes: Path, edges: Path, *, name: str, folder: Path | None = None) -> KnowledgeGraph:
    """Load a table of nodes (id, name, kind[, synonyms]) and one of edges (head, relation, tail[, detail][, corroborated]).

    Both are tab-separated with a header, plain or gzipped. Repeated edges are dropped and counted.
    """
    node_rows = list(read_table(nodes, NODE_COLUMNS))
    if not node_rows:
        raise GraphFormatError(nodes, None, "there are no nodes below the header.", expected="one node a line")
    row_of = _unique_rows(node_rows, nodes)
    read = _read_edges(edges, row_of)
    return KnowledgeGraph(
        name=name,
        source=source_for(read.relations, folder),
        vocabulary=Vocabulary(tuple(row_of), read.relations),
        names=tuple(row.cells["name"] for row in node_rows),
        kinds=tuple(row.cells["kind"] for row in node_rows),
        synonyms=tuple(tuple(s for s in row.cells.get("synonyms", "").split("|") if s) for row in node_rows),
        triples=read.triples,
        detail=read.detail,
        provenance=read.provenance,
        folder=folder,
        duplicates=read.duplicates,
    )


def _unique_rows(node_rows: list[Row], path: Path) -> dict[str, int]:
    row_of: dict[str, int] = {}
    for number, row in enumerate(node_rows):
        identifier = row.cells["id"]
        if identifier in row_of:
            first = node_rows[row_of[identifier]]
            raise GraphFormatError(
                path, row.line, f"the id {identifier!r} was used in line {first.line} already.", expected="one line a node"
            )
        row_of[identifier] = number
    return row_of


@dataclass(frozen=True)
class _Edges:
    triples: IntArray  #: shape (n, 3), int32
    relations: tuple[str, ...]  #: sorted
    detail: CodedTexts
    provenance: CodedTexts
    duplicates: int


def _read_edges(path: Path, row_of: dict[str, int]) -> _Edges:
    """Read the edges as codes, line by line: a string for each cell of a large graph would not fit into memory."""
    header, lines = open_table(path, EDGE_COLUMNS)
    head, relation, tail = (header.index(column) for column in EDGE_COLUMNS)
    detail, provenance = (next((header.index(name) for name in names if name in header), None) for names in TEXT_COLUMNS)
    heads, tails, relations, details, sources = array("i"), array("i"), Coder(), Coder(), Coder()
    for number, cells in lines:
        try:
            heads.append(row_of[cells[head]])
            tails.append(row_of[cells[tail]])
        except KeyError as error:
            raise _no_node("tail" if cells[head] in row_of else "head", error.args[0], path, number) from error
        relations.add(cells[relation])
        details.add("" if detail is None else cells[detail])
        sources.add("" if provenance is None else cells[provenance])
    if not heads:
        raise GraphFormatError(path, None, "there are no edges below the header.", expected="one edge a line")
    names = tuple(sorted(relations.numbers))
    rank = _ranks(relations.numbers, names)[relations.codes]
    triples = np.stack([np.array(heads), rank, np.array(tails)], axis=1).astype(np.int32, copy=False)
    first = _first_of_each(triples, len(row_of))
    return _Edges(triples[first], names, details.texts().taken(first), sources.texts().taken(first), len(triples) - len(first))


def _no_node(end: str, identifier: str, path: Path, line: int) -> GraphFormatError:
    return GraphFormatError(
        path,
        line,
        f"the {end} {identifier!r} is no node.",
        expected="an id of the table of nodes",
        advice="add the node or remove the edge.",
    )


def _ranks(numbers: dict[str, int], names: tuple[str, ...]) -> IntArray:
    """Return the place among the sorted names of each relation, in the order in which they were met. Shape (n_relations,)."""
    row_of = {name: row for row, name in enumerate(names)}
    return np.array([row_of[name] for name in numbers], dtype=np.int32)


def _first_of_each(triples: IntArray, n_entities: int) -> IntArray:
    """Return the rows of distinct triples, each where it stands first, ascending."""
    heads, relations, tails = triples.T.astype(np.int64)
    _, first = np.unique((relations * n_entities + heads) * n_entities + tails, return_index=True)
    return np.sort(first)
