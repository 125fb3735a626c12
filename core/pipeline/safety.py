"""Read the warnings of a graph's descriptions once, and keep them."""

import hashlib
from collections.abc import Mapping

import pandas as pd
from pyarrow.lib import ArrowException

from core.casestudy.safety import Safety
from core.kg.graph import KnowledgeGraph
from core.llm.grounding import WARNING_COLUMNS, contraindication_claims
from core.text.descriptions import Description
from core.workspace import Workspace, atomic

VERSION = 1  #: of how warnings are read; a new one reads them anew


def safety_of(workspace: Workspace, graph: KnowledgeGraph, descriptions: Mapping[int, Description]) -> Safety:
    """Return the warnings of a graph; reading all texts takes seconds, so what was read is kept in the workspace.

    :param descriptions: by entity row
    :raises WorkspaceError: if what was read cannot be kept
    """
    if not descriptions:
        return Safety(graph)
    path = workspace.root / "cache" / "warnings" / f"{_fingerprint(graph, descriptions)[:24]}.parquet"
    claims = _kept(path) if path.exists() else None
    if claims is None:
        claims = contraindication_claims(graph, {row: text.parts() for row, text in descriptions.items()})
        with atomic(path) as temporary:
            claims.to_parquet(temporary)
    return Safety(graph, claims)


def _kept(path: object) -> pd.DataFrame | None:
    """Return what was read before; a damaged file is read anew."""
    try:
        claims = pd.read_parquet(path)
    except (OSError, ArrowException):
        return None
    return claims if list(claims.columns) == WARNING_COLUMNS else None


def _fingerprint(graph: KnowledgeGraph, descriptions: Mapping[int, Description]) -> str:
    digest = hashlib.sha256(f"{VERSION} {graph.vocabulary.fingerprint}".encode())
    digest.update(graph.triples.tobytes())
    for row in sorted(descriptions):
        digest.update(f"{row} {descriptions[row].model_dump_json()}\n".encode())
    return digest.hexdigest()
