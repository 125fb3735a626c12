"""Use an interaction of PyKEEN by name: the slow path for models that have no kernel of their own here."""

import logging
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from core.errors import ConfigError
from core.kge.interactions import INTERACTIONS, Interaction

logger = logging.getLogger(__name__)

PREFIX = "pykeen:"


#: vectors that mean nothing without a constraint which is not kept here
CONSTRAINED = {"kg2e": "variances, which must be positive", "rotate": "relations of length one"}
MISSING = {"p": 2}  #: for norms that PyKEEN leaves to the caller


def interaction_named(name: str) -> Interaction:
    """Return one of our interactions, or as ``pykeen:NAME`` one of PyKEEN's.

    :raises ConfigError: if PyKEEN has none of that name, or it needs more than real numbers for each entity and relation
    """
    return _adapted(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else INTERACTIONS[name]


def _adapted(name: str) -> Interaction:
    module = _module(name)
    vectors = module.entity_shape, module.relation_shape, module.head_indices, module.tail_indices
    layout = Layout(name, *map(tuple, vectors))
    logger.warning("%s runs through PyKEEN, the slow path: a (queries x candidates x dim) tensor in each step.", name)
    return Interaction(
        name,
        f"PyKEEN's {type(module).__name__}",
        query=lambda heads, relations: torch.cat([heads, relations], dim=-1),
        invert=partial(_no_inverse, name),
        compare=partial(_compare, module, layout),
        is_distance=_is_distance(module),
        relation_width=layout.relation_width,
    )


@dataclass(frozen=True)
class Layout:
    """How PyKEEN's vectors and matrices lie in the one row that an entity or a relation has here.

    A shape is a word of letters: ``d`` a vector, ``dd`` a matrix, an empty one a number; ``e`` is as long as ``d``.
    """

    name: str
    entities: tuple[str, ...]
    relations: tuple[str, ...]
    of_head: tuple[int, ...]  #: which of an entity's vectors count where it stands as head
    of_tail: tuple[int, ...]

    def size(self, dim: int) -> int:
        """Return the length of a vector where an entity has so many numbers in all.

        :raises ConfigError: if they cannot be shared out
        """
        vectors, numbers = sum(map(len, self.entities)), self.entities.count("")
        size, rest = divmod(dim - numbers, vectors)
        if rest or size < 1:
            raise ConfigError(
                f"PyKEEN's {self.name} cannot use a dim of {dim}.",
                expected=f"{vectors} vectors of one length" + (f" and {numbers} numbers" if numbers else ""),
                advice=f"take dim {max(size, 1) * vectors + numbers}.",
            )
        return size

    def relation_width(self, dim: int) -> int:
        """Return how many numbers a relation has."""
        return sum(self.size(dim) ** len(shape) for shape in self.relations)

    def head(self, rows: Tensor) -> Tensor | list[Tensor]:
        """Cut rows into what PyKEEN takes for a head. Shape (..., dim)."""
        return _chosen(_cut(rows, self.entities, self.size(rows.shape[-1])), self.of_head)

    def tail(self, rows: Tensor) -> Tensor | list[Tensor]:
        """Cut rows into what PyKEEN takes for a tail. Shape (..., dim)."""
        return _chosen(_cut(rows, self.entities, self.size(rows.shape[-1])), self.of_tail)

    def relation(self, rows: Tensor, dim: int) -> Tensor | list[Tensor]:
        """Cut rows into what PyKEEN takes for a relation. Shape (..., relation width)."""
        return _chosen(_cut(rows, self.relations, self.size(dim)), tuple(range(len(self.relations))))


def _cut(rows: Tensor, shapes: tuple[str, ...], size: int) -> list[Tensor]:
    parts = rows.split([size ** len(shape) for shape in shapes], dim=-1)
    return [part.reshape(*part.shape[:-1], *[size] * len(shape)) for part, shape in zip(parts, shapes, strict=True)]


def _chosen(parts: list[Tensor], places: tuple[int, ...]) -> Tensor | list[Tensor]:
    return parts[places[0]] if len(places) == 1 else [parts[place] for place in places]


def _module(name: str):
    from pykeen.nn.modules import interaction_resolver

    key = interaction_resolver.normalize(name)
    kind = interaction_resolver.lookup_dict.get(key)
    if kind is None:
        raise ConfigError(
            f"PyKEEN has no interaction {name!r}.", expected=f"one of {', '.join(sorted(interaction_resolver.lookup_dict))}"
        )
    module = _built(name, kind)
    if list(module.parameters()):
        raise _unusable(name, "weights of its own, which would not be trained")
    shapes = {*module.entity_shape, *module.relation_shape}
    if not module.relation_shape or not shapes <= {"", "d", "e", "dd", "de"} or module.is_complex:
        words = f"entities {module.entity_shape}, relations {module.relation_shape}{', complex' if module.is_complex else ''}"
        raise _unusable(name, f"other vectors ({words})")
    if key in CONSTRAINED:
        raise _unusable(name, CONSTRAINED[key])
    return module


def _built(name: str, kind):
    try:
        return kind()
    except TypeError:
        try:
            return kind(**MISSING)
        except TypeError as error:
            raise _unusable(name, f"arguments of its own ({error})") from error


def _unusable(name: str, reason: str) -> ConfigError:
    return ConfigError(
        f"PyKEEN's {name} has {reason}.",
        expected="real vectors or matrices for each entity and relation, and nothing else",
        advice=f"take one of {', '.join(INTERACTIONS)}, or for instance {PREFIX}TransH.",
    )


def _is_distance(module) -> bool:
    """Tell whether the score is a negative distance, so that a margin belongs to it."""
    from pykeen.nn.modules import NormBasedInteraction

    return isinstance(module, NormBasedInteraction)


def _compare(module, layout: Layout, queries: Tensor, candidates: Tensor) -> Tensor:
    """Compare head and relation of each query with candidates. Shapes (k, c, dim + relation width), (k, n, dim) -> (k, c, n)."""
    dim = candidates.shape[-1]
    heads, relations = queries[:, :, None, :dim], queries[:, :, None, dim:]
    scores = module(layout.head(heads), layout.relation(relations, dim), layout.tail(candidates[:, None]))
    return -scores if _is_distance(module) else scores


def _no_inverse(name: str, relations: Tensor) -> Tensor:
    raise ConfigError(
        f"How to invert a relation of PyKEEN's {name} is not known.",
        expected="a relation of its own for each inverse",
        advice="set model.reciprocal = true.",
    )
