"""Say under which licence graph, texts and encoder may be used, and who declares it; nothing is taken for granted."""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from core.kg.graph import KnowledgeGraph
from core.kg.loaders import SHIPPED
from core.text.embedders import BundledEmbedder

NOT_DECLARED = "not declared"
UNSTATED = "not stated"  #: as a source is read that says nothing
_README_LINE = re.compile(r"^licen[cs]e:\s*(?P<words>.+?)\.?$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Licence:
    """Under which licence something may be used."""

    what: str
    licence: str
    declared_by: str  #: where it is said, or what to do where it is not


def licences(graph: KnowledgeGraph, *, described: bool) -> list[Licence]:
    """Return the licences of all that a run on this graph uses.

    :param described: whether the graph's folder has descriptions
    """
    return [_of_graph(graph), *([_of_texts(graph)] if described else []), _of_encoder()]


def declares_itself(graph: KnowledgeGraph) -> bool:
    """Return whether the graph's own folder says what its relations mean."""
    return graph.folder is not None and (graph.folder / "source.toml").exists()


def _of_graph(graph: KnowledgeGraph) -> Licence:
    """Return what is declared for the graph itself: to be read as a shipped source puts nothing under that source's licence."""
    own = declares_itself(graph)
    licence, source = graph.source.licence, graph.source
    if (own or graph.name in SHIPPED) and licence != UNSTATED:
        return Licence("graph", licence, "source.toml in its folder" if own else f"assets/sources/{source.name}.toml")
    if said := _readme_licence(graph.folder):
        return Licence("graph", said, "README.md in its folder")
    advice = 'write licence = "..." into source.toml'
    if own or licence == UNSTATED:
        return Licence("graph", NOT_DECLARED, advice)
    return Licence("graph", NOT_DECLARED, f"it is read as {source.title}, which is under: {licence}; {advice} of its own")


def _of_texts(graph: KnowledgeGraph) -> Licence:
    if said := _readme_licence(graph.folder):
        return Licence("descriptions", said, "README.md in the graph's folder")
    return Licence("descriptions", NOT_DECLARED, "write a line 'Licence: ...' into README.md beside descriptions.jsonl")


def _of_encoder() -> Licence:
    package = BundledEmbedder.name.split("@")[0]
    try:
        facts = metadata(package)
    except PackageNotFoundError:
        return Licence("bundled encoder", NOT_DECLARED, f"the package {package} is not installed")
    licence = facts.get("License-Expression") or facts.get("License") or NOT_DECLARED
    return Licence("bundled encoder", licence, f"the package {package} {facts['Version']}")


def _readme_licence(folder: Path | None) -> str:
    path = folder / "README.md" if folder else None
    if path is None or not path.is_file():
        return ""
    found = _README_LINE.search(path.read_text(encoding="utf-8", errors="replace"))
    return found["words"] if found else ""
