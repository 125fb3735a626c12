"""Read graphs: the starter folder, and any folder or pair of files in its form or in Hetionet's."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.errors import GraphFormatError
from core.kg.graph import KnowledgeGraph
from core.kg.sources import ASSETS, source_for
from core.kg.tables import Row, read_table
from core.kg.vocabulary import Vocabulary

SHIPPED = {"starter": ASSETS / "starter"}
NODE_COLUMNS = ("id", "name", "kind")
EDGE_COLUMNS = ("head", "relation", "tail")


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
    kept, duplicates = _distinct_edges(read_table(edges, EDGE_COLUMNS), row_of, edges)
    if not kept:
        raise GraphFormatError(edges, None, "there are no edges below the header.", expected="one edge a line")
    relations = tuple(sorted({row.cells["relation"] for row in kept}))
    relation_row = {relation: number for number, relation in enumerate(relations)}
    return KnowledgeGraph(
        name=name,
        source=source_for(relations, folder),
        vocabulary=Vocabulary(tuple(row_of), relations),
        names=tuple(row.cells["name"] for row in node_rows),
        kinds=tuple(row.cells["kind"] for row in node_rows),
        synonyms=tuple(tuple(s for s in row.cells.get("synonyms", "").split("|") if s) for row in node_rows),
        triples=np.array(
            [(row_of[r.cells["head"]], relation_row[r.cells["relation"]], row_of[r.cells["tail"]]) for r in kept], dtype=np.int32
        ),
        detail=tuple(row.cells.get("detail", "") for row in kept),
        provenance=tuple(row.cells.get("corroborated", row.cells.get("source", "")) for row in kept),
        folder=folder,
        duplicates=duplicates,
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


def _distinct_edges(rows: Iterator[Row], row_of: dict[str, int], path: Path) -> tuple[list[Row], int]:
    kept: dict[tuple[str, str, str], Row] = {}
    count = 0
    for row in rows:
        count += 1
        for end in ("head", "tail"):
            if row.cells[end] not in row_of:
                raise GraphFormatError(
                    path,
                    row.line,
                    f"the {end} {row.cells[end]!r} is no node.",
                    expected="an id of the table of nodes",
                    advice="add the node or remove the edge.",
                )
        kept.setdefault((row.cells["head"], row.cells["relation"], row.cells["tail"]), row)
    return list(kept.values()), count - len(kept)
