"""Look at a graph as a whole: what it holds, what is wrong, whose it is; and at one that is to be added."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ConfigError, LladrError
from core.explain.references import reference
from core.kg.census import KindCount, RelationCount, TreatmentCount, count_kinds, count_relations, count_treatments, hubs
from core.kg.checks import check_graph
from core.kg.descriptions import read_lines
from core.kg.findings import Check, edge_words
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import SHIPPED, load_folder
from core.kg.scan import Scan, scan_tables
from core.kg.stored import files_of
from core.pipeline.licences import Licence, declares_itself, licences
from core.types import Progress, silent

FIRST_ROWS = 6
STAGES = 3  #: of a preview: load, inspect, look for the lines of what is left out


@dataclass(frozen=True)
class FileFacts:
    """One file of a graph."""

    name: str
    size: int  #: bytes
    sha256: str


@dataclass(frozen=True)
class Hub:
    """An entity with many edges."""

    id: str
    name: str
    kind: str
    edges: int


@dataclass(frozen=True)
class Inspection:
    """All that is said of a graph."""

    name: str  #: how it is loaded
    title: str
    declared_in: str  #: which file says what its relations mean
    fingerprint: str  #: of the vocabulary; runs carry it
    kinds: Sequence[KindCount]
    relations: Sequence[RelationCount]
    treatments: TreatmentCount
    hubs: Sequence[Hub]
    corroborated: int  #: edges of which a source is recorded
    checks: Sequence[Check]
    licences: Sequence[Licence]
    files: Sequence[FileFacts]

    @property
    def entities(self) -> int:
        """Return the number of entities."""
        return sum(kind.entities for kind in self.kinds)

    @property
    def edges(self) -> int:
        """Return the number of edges."""
        return sum(relation.edges for relation in self.relations)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"treatments": asdict(self.treatments) | {"untreated": self.treatments.untreated}}


def inspect(graph: KnowledgeGraph) -> Inspection:
    """Count, check and describe a loaded graph.

    :raises GraphFormatError: if its descriptions cannot be read; names the line
    """
    texts = descriptions_file(graph)
    described = [(line.id, line.name) for line in read_lines(texts)] if texts else None
    rows = {row for identifier, _ in described or () if (row := graph.vocabulary.entity_row.get(identifier)) is not None}
    linked = np.array([reference(graph, row) is not None for row in range(graph.n_entities)], dtype=bool)
    large = [Hub(graph.vocabulary.entities[row], graph.names[row], graph.kinds[row], edges) for row, edges in hubs(graph)]
    return Inspection(
        name=graph.name,
        title=graph.source.title,
        declared_in="source.toml in its folder" if declares_itself(graph) else f"assets/sources/{graph.source.name}.toml",
        fingerprint=graph.vocabulary.fingerprint,
        kinds=count_kinds(graph, rows),
        relations=count_relations(graph),
        treatments=count_treatments(graph),
        hubs=large,
        corroborated=sum(map(bool, graph.provenance)),
        checks=check_graph(graph, described=described, linked=linked),
        licences=licences(graph, described=described is not None),
        files=[file_facts(path) for path in graph_files(graph)],
    )


def descriptions_file(graph: KnowledgeGraph) -> Path | None:
    """Return the file of descriptions that lies beside the graph, if there is one."""
    path = graph.folder / "descriptions.jsonl" if graph.folder else None
    return path if path and path.exists() else None


def graph_files(graph: KnowledgeGraph) -> list[Path]:
    """Return the files that a graph was read from, and what belongs to it in its folder."""
    beside = files_of(graph.folder) if graph.folder else {}
    if graph.name in SHIPPED or "," not in graph.name:
        return list(beside.values())
    pair = [Path(part.strip()) for part in graph.name.split(",", 1)]
    return [*pair, *(path for name, path in beside.items() if name in ("source.toml", "descriptions.jsonl"))]


def file_facts(path: Path) -> FileFacts:
    """Measure a file and give its SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(partial(file.read, 2**20), b""):
            digest.update(block)
    return FileFacts(path.name, path.stat().st_size, digest.hexdigest())


@dataclass(frozen=True)
class Preview:
    """What a folder would be as a graph, before it is taken in."""

    scan: Scan
    error: LladrError | None  #: why it cannot be loaded
    draft: str  #: a source.toml to fill in, where nothing declares what treats
    inspection: Inspection | None
    nodes: Sequence[dict[str, str]]  #: the first rows
    edges: Sequence[str]  #: the first rows as sentences


def preview(folder: Path, *, progress: Progress = silent) -> Preview:
    """Load, inspect and where needed scan a folder; whatever a user can mend is in the result, none of it is raised.

    :param progress: called after each of three stages
    """
    try:
        graph = load_folder(folder)
        progress(1, STAGES)
        found = inspect(graph)
    except LladrError as error:
        return _refused(folder, error)
    progress(2, STAGES)
    scan = _scanned(folder) if graph.duplicates or _has_loops(graph) else Scan()
    progress(STAGES, STAGES)
    identifiers = graph.vocabulary.entities[:FIRST_ROWS]
    nodes = [
        {"id": each[0], "name": each[1], "kind": each[2]} for each in zip(identifiers, graph.names, graph.kinds, strict=False)
    ]
    return Preview(scan, None, "", found, nodes, [edge_words(graph, edge) for edge in graph.triples[:FIRST_ROWS]])


def _refused(folder: Path, error: LladrError) -> Preview:
    """Say all that keeps a folder from being a graph, and draft what it lacks."""
    scan = _scanned(folder) if folder.is_dir() else Scan()
    lacks_source = isinstance(error, ConfigError) and not scan.refused and not (folder / "source.toml").exists()
    draft = source_draft(scan.relations, scan.kinds) if lacks_source else ""
    return Preview(scan, _without_folder(error, folder), draft, None, (), ())


def _has_loops(graph: KnowledgeGraph) -> bool:
    return bool((graph.triples[:, 0] == graph.triples[:, 2]).any())


def _scanned(folder: Path) -> Scan:
    edges = next((path for path in (folder / "edges.tsv", folder / "edges.tsv.gz") if path.exists()), folder / "edges.tsv")
    return scan_tables(folder / "nodes.tsv", edges)


def _without_folder(error: LladrError, folder: Path) -> LladrError:
    """Return the error with the bare names of files: what was uploaded lies in a folder that nobody knows."""
    found, expected, advice = (text.replace(f"{folder}/", "") for text in (error.found, error.expected, error.advice))
    return LladrError(found, expected=expected, advice=advice)


def source_draft(relations: set[str], kinds: set[str]) -> str:
    """Write a source.toml to fill in: which relation means 'treats' is for its owner to say."""
    names = ", ".join(sorted(relations))
    lines = ['name = "mine"', 'title = "My graph"', 'licence = "not stated"']
    lines += [f"# kinds that occur: {', '.join(sorted(kinds))}", 'drug_kind = "Compound"', 'disease_kind = "Disease"']
    lines += ["", "[roles]", f"# relations that occur: {names}", 'treats = ["WHICH OF THEM?"]', "", "[relations]"]
    for name in sorted(relations):
        words = name.replace("_", " ")
        phrase, inverse = json.dumps(words), json.dumps(f"is reached by '{words}' from")  # JSON's strings are TOML's, too
        lines.append(f"{json.dumps(name)} = {{ phrase = {phrase}, inverse = {inverse} }}")
    return "\n".join(lines) + "\n"
