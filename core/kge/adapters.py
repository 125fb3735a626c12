"""Use an interaction of PyKEEN by name: the slow path for models that have no kernel of their own here."""

import logging
from functools import partial

import torch
from torch import Tensor

from core.errors import ConfigError
from core.kge.interactions import INTERACTIONS, Interaction

logger = logging.getLogger(__name__)

PREFIX = "pykeen:"


def interaction_named(name: str) -> Interaction:
    """Return one of our interactions, or as ``pykeen:NAME`` one of PyKEEN's.

    :raises ConfigError: if PyKEEN has none of that name, or it does not take one real vector for each entity and relation
    """
    return _adapted(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else INTERACTIONS[name]


def _adapted(name: str) -> Interaction:
    module = _module(name)
    logger.warning("%s runs through PyKEEN, the slow path: a (queries x candidates x dim) tensor in each step.", name)
    return Interaction(
        name,
        f"PyKEEN's {type(module).__name__}",
        query=lambda heads, relations: torch.cat([heads, relations], dim=-1),
        invert=partial(_no_inverse, name),
        compare=partial(_compare, module),
        is_distance=_is_distance(module),
    )


def _module(name: str):
    from pykeen.nn.modules import interaction_resolver

    kind = interaction_resolver.lookup_dict.get(interaction_resolver.normalize(name))
    if kind is None:
        raise ConfigError(
            f"PyKEEN has no interaction {name!r}.", expected=f"one of {', '.join(sorted(interaction_resolver.lookup_dict))}"
        )
    try:
        module = kind()
    except TypeError as error:
        raise _unusable(name, f"arguments of its own ({error})") from error
    if list(module.parameters()):
        raise _unusable(name, "weights of its own, which would not be trained")
    if (tuple(module.entity_shape), tuple(module.relation_shape)) != (("d",), ("d",)) or module.is_complex:
        shapes = f"entities {module.entity_shape}, relations {module.relation_shape}{', complex' if module.is_complex else ''}"
        raise _unusable(name, f"other vectors ({shapes})")
    return module


def _unusable(name: str, reason: str) -> ConfigError:
    return ConfigError(
        f"PyKEEN's {name} has {reason}.",
        expected="one real vector of the same width for each entity and relation, and nothing else",
        advice=f"take one of {', '.join(INTERACTIONS)}, or for instance {PREFIX}HolE.",
    )


def _is_distance(module) -> bool:
    """Tell whether the score is a negative distance, so that a margin belongs to it."""
    from pykeen.nn.modules import NormBasedInteraction

    return isinstance(module, NormBasedInteraction)


def _compare(module, queries: Tensor, candidates: Tensor) -> Tensor:
    """Compare the two vectors of each query with candidates. Shapes (k, c, 2d), (k, n, d) -> (k, c, n)."""
    heads, relations = queries[:, :, None].chunk(2, dim=-1)
    scores = module(heads, relations, candidates[:, None])
    return -scores if _is_distance(module) else scores


def _no_inverse(name: str, relations: Tensor) -> Tensor:
    raise ConfigError(
        f"How to invert a relation of PyKEEN's {name} is not known.",
        expected="a relation of its own for each inverse",
        advice="set model.reciprocal = true.",
    )
