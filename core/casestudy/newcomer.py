"""Give a disease or drug that the graph does not have a place in it: by its text, and by the facts that a reader gives.

A newcomer becomes the last row of a copy of graph, text and embedding, so that whatever scores drugs for diseases scores it,
too. Its vector is predicted from its text by a ridge regression over the entities of its kind: what the model made of their
texts, it would probably have made of this one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as dataclass_replace

import numpy as np
import torch

from core.errors import ConfigError
from core.kg.graph import KnowledgeGraph
from core.kg.vocabulary import Vocabulary
from core.kge.model import Model
from core.types import Embedder, FloatArray, IntArray

IDENTIFIER = "New::entity"
STRENGTHS = np.logspace(-3, 3, 13)  #: of the ridge; chosen by generalised leave-one-out
PART_LENGTH = 900  #: characters; the bundled encoder reads about 256 word pieces of a text


@dataclass(frozen=True)
class Newcomer:
    """What a reader says of an entity that the graph does not have."""

    kind: str
    name: str
    description: str
    neighbours: tuple[tuple[str, int], ...] = ()  #: (relation, entity row): facts with the newcomer at the other end

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.description.strip():
            raise ConfigError(
                "A name and a description are needed.",
                expected="a description of at least one sentence: mechanism, affected genes, symptoms",
                advice="paste an abstract's first sentences, or what a language model writes.",
            )


def extended_graph(graph: KnowledgeGraph, newcomer: Newcomer) -> KnowledgeGraph:
    """Return the graph with the newcomer as its last entity, joined by the facts that are given.

    A fact whose relation starts at the newcomer's kind gets it as head, else as tail.

    :raises ConfigError: if no edge of this relation joins these kinds
    """
    row = graph.n_entities
    edges = np.array([_edge(graph, newcomer.kind, row, *fact) for fact in newcomer.neighbours], dtype=np.int32).reshape(-1, 3)
    said = ("stated by the reader",) * len(edges)
    return dataclass_replace(
        graph,
        vocabulary=Vocabulary((*graph.vocabulary.entities, IDENTIFIER), graph.vocabulary.relations),
        names=(*graph.names, newcomer.name.strip()),
        kinds=(*graph.kinds, newcomer.kind),
        synonyms=(*graph.synonyms, ()),
        triples=np.concatenate([graph.triples, edges]),
        detail=(*graph.detail, *("" for _ in edges)),
        provenance=(*graph.provenance, *said),
    )


def _edge(graph: KnowledgeGraph, kind: str, row: int, relation: str, other: int) -> tuple[int, int, int]:
    number = graph.vocabulary.relation_row.get(relation, -1)
    edges = graph.triples[graph.triples[:, 1] == number]
    codes = graph.kind_codes
    as_head = (codes[edges[:, 2]] == codes[other]) & (codes[edges[:, 0]] == _code(graph, kind))
    as_tail = (codes[edges[:, 0]] == codes[other]) & (codes[edges[:, 2]] == _code(graph, kind))
    if not as_head.any() and not as_tail.any():
        raise ConfigError(
            f"No fact of the graph reads {relation!r} between {kind} and {graph.kinds[other]}.",
            expected=f"one of {', '.join(joining_relations(graph, kind, graph.kinds[other])) or 'nothing: leave the fact out'}",
        )
    return (row, number, other) if as_head.any() else (other, number, row)


def joining_relations(graph: KnowledgeGraph, kind: str, other: str) -> list[str]:
    """Return the relations that join two kinds in the graph, in either direction, the most frequent first."""
    starts, ends = (graph.kind_codes[graph.triples[:, place]] for place in (0, 2))
    one, two = _code(graph, kind), _code(graph, other)
    joins = ((starts == one) & (ends == two)) | ((starts == two) & (ends == one))
    counts = np.bincount(graph.triples[joins, 1], minlength=graph.n_relations)
    return [graph.vocabulary.relations[row] for row in np.argsort(-counts, kind="stable") if counts[row]]


def _code(graph: KnowledgeGraph, kind: str) -> int:
    return graph.kind_names.index(kind) if kind in graph.kind_names else -1


def text_vector(newcomer: Newcomer, embedder: Embedder) -> FloatArray:
    """Return ``[f(name); f(description)]``, as :func:`core.text.matrix.build_text_matrix` makes it. Shape (2 * encoder dim,)."""
    name, *parts = embedder.encode([newcomer.name.strip(), *parts_of(newcomer.description)])
    mean = np.sum(parts, axis=0)
    return np.concatenate([name, mean / max(float(np.linalg.norm(mean)), 1e-12)]) / np.sqrt(2, dtype=np.float32)


def parts_of(description: str) -> list[str]:
    """Cut a description at sentence ends into parts that the encoder reads whole."""
    parts = [""]
    for sentence in re.split(r"(?<=[.!?;])\s+|\n+", description.strip()):
        if parts[-1] and len(parts[-1]) + len(sentence) > PART_LENGTH:
            parts.append("")
        parts[-1] = f"{parts[-1]} {sentence}".strip()
    return parts


def predicted_vector(model: Model, rows: IntArray, texts: FloatArray, text: FloatArray) -> FloatArray:
    """Predict the vector that the model would give a text, from what it gave the texts of the same kind.

    :param rows: shape (k,): entities of the newcomer's kind
    :param texts: shape (n_entities, columns)
    :param text: shape (columns,)
    :returns: shape (dim,), float32
    """
    from sklearn.linear_model import RidgeCV  # here: it takes a second, and pages that only rank do without

    learned = model.entities[torch.from_numpy(rows.astype(np.int64))].cpu().numpy()
    ridge = RidgeCV(STRENGTHS).fit(texts[rows], learned)
    return ridge.predict(text[None])[0].astype(np.float32)


def extended_model(model: Model, vector: FloatArray) -> Model:
    """Return a model whose last entity has this vector; all else is shared."""
    larger = Model(0, model.n_relations, model.settings)
    row = torch.from_numpy(vector)[None].to(model.entities.device)
    larger.entities.data = torch.cat([model.entities.data, row])
    larger.relations = model.relations
    larger.interaction = model.interaction
    return larger


def extended_texts(texts: FloatArray, text: FloatArray) -> FloatArray:
    """Return the texts with that of the newcomer below. Shape (n_entities + 1, columns)."""
    return np.concatenate([texts, text[None].astype(texts.dtype)])


def nearest_by_text(texts: FloatArray, rows: IntArray, text: FloatArray, *, top: int = 5) -> Sequence[tuple[int, float]]:
    """Return the entities described most like a text, with the cosine of centred vectors."""
    mean = texts[rows].mean(0)
    there, here = texts[rows] - mean, text - mean
    cosines = there @ here / np.maximum(np.linalg.norm(there, axis=1) * np.linalg.norm(here), 1e-12)
    best = np.argsort(-cosines, kind="stable")[:top]
    return [(int(rows[place]), float(cosines[place])) for place in best]
