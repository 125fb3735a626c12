"""Name a kind of path: a short code as Hetionet writes it (CbGaD), and plain words."""

from collections.abc import Sequence

from core.kg.graph import KnowledgeGraph

Edge = tuple[str, bool]  #: relation, and whether it is walked from head to tail


def metapath_code(graph: KnowledgeGraph, kinds: Sequence[str], edges: Sequence[Edge]) -> str:
    """Return the code of a metapath.

    A directed relation within one kind gets an arrow, as in ``CbGr>GaD``.

    :param kinds: one a node
    :param edges: one an edge
    """
    code = kind_code(graph, kinds[0])
    for (relation, forward), start, end in zip(edges, kinds, kinds[1:], strict=False):
        code += _edge_code(graph, relation, within=start == end, forward=forward) + kind_code(graph, end)
    return code


def metapath_words(graph: KnowledgeGraph, kinds: Sequence[str], edges: Sequence[Edge]) -> str:
    """Read a metapath aloud, such as ``drug binds gene, which is associated with disease``."""
    phrases = [_phrase(graph, relation, forward=forward) for relation, forward in edges]
    nodes = [kind_word(graph, kind) for kind in kinds]
    first = f"{nodes[0]} {phrases[0]} {nodes[1]}"
    return ", ".join([first, *(f"which {phrase} {node}" for phrase, node in zip(phrases[1:], nodes[2:], strict=True))])


def kind_code(graph: KnowledgeGraph, kind: str) -> str:
    """Return the abbreviation of a kind."""
    return graph.source.kind_codes.get(kind) or "".join(word[0].upper() for word in kind.split()) or "?"


def kind_word(graph: KnowledgeGraph, kind: str) -> str:
    """Return how a reader calls a kind."""
    return "drug" if kind == graph.source.drug_kind else kind.lower()


def _edge_code(graph: KnowledgeGraph, relation: str, *, within: bool, forward: bool) -> str:
    meaning = graph.source.meaning(relation)
    code = meaning.code or "".join(word[0].lower() for word in relation.replace("_", " ").split()) or "?"
    if meaning.symmetric or not within:
        return code
    return f"{code}>" if forward else f"<{code}"


def _phrase(graph: KnowledgeGraph, relation: str, *, forward: bool) -> str:
    meaning = graph.source.meaning(relation)
    return meaning.phrase if forward else meaning.inverse
