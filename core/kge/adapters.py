"""Use an interaction of PyKEEN by name: the slow path for models that have no kernel of their own here."""

import inspect
import math
import warnings
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from core.config import PYKEEN_PREFIX as PREFIX
from core.errors import ConfigError
from core.kge.chance import seeded
from core.kge.interactions import INTERACTIONS, Interaction
from core.kge.layouts import Layout

LETTERS = set("defks")  #: of the shapes that a layout understands
BLOCKS = 4  #: of AutoSF, as PyKEEN's model has them
#: numbers for each one of a vector that a pair of query and candidate needs at once: the filters of ConvKB
NUMBERS_A_PAIR = {"convkb": 400}
MOST_NUMBERS = 2**26  #: at once; more queries than that holds are compared in slices
NORMALISING = nn.modules.batchnorm._BatchNorm  #: what sees a whole batch must not be cut


def interaction_named(name: str, dim: int, *, seed: int = 0) -> Interaction:
    """Return one of our interactions, or as ``pykeen:NAME`` one of PyKEEN's.

    :param dim: numbers an entity
    :param seed: of the weights that PyKEEN's may have of its own
    :raises ConfigError: if PyKEEN has none of that name, or it needs what a table of rows cannot give, or another dim
    """
    return _adapted(name.removeprefix(PREFIX), dim, seed) if name.startswith(PREFIX) else INTERACTIONS[name]


def _adapted(name: str, dim: int, seed: int) -> Interaction:
    kind = _kind(name)
    with seeded(seed), warnings.catch_warnings():
        # of Transformer, about padded sequences; and of ConvE's pictures that are too small, which are refused below
        warnings.filterwarnings("ignore", message="enable_nested_tensor|Initializing zero-element")
        layout = _layout(kind, dim)
        module = _built(kind, layout.size).eval()
        module.reset_parameters()  # some have none before
    _try(module, layout)
    return Interaction(
        name,
        f"PyKEEN's {type(module).__name__}",
        query=lambda heads, relations: torch.cat([heads, relations], dim=-1),
        invert=partial(_no_inverse, name),
        compare=partial(_compare, module, layout),
        is_distance=_is_distance(module),
        is_complex=layout.is_complex,
        relation_width=lambda _: layout.relation_width,
        weights=module if module.state_dict() else None,
    )


def _kind(name: str) -> type:
    from pykeen.nn.modules import interaction_resolver

    kinds = interaction_resolver.lookup_dict
    kind = kinds.get(interaction_resolver.normalize(name))
    if kind is None:
        raise ConfigError(f"PyKEEN has no interaction {name!r}.", expected=f"one of {', '.join(sorted(kinds))}")
    return kind


def _layout(kind: type, dim: int) -> Layout:
    """Share out the numbers of an entity; the shapes of some kinds show only in one that was built."""
    small = _built(kind, 16)
    vectors = small.entity_shape, small.relation_shape, small.head_indices, small.tail_indices
    if not small.relation_shape or not set("".join([*small.entity_shape, *small.relation_shape])) <= LETTERS:
        raise ConfigError(
            f"PyKEEN's {_name(kind)} scores entities {small.entity_shape} with relations {small.relation_shape}.",
            expected="a vector or more for each relation: without one, treating and causing a disease would be the same",
            advice=f"take one of {', '.join(INTERACTIONS)}, or for instance {PREFIX}TransH.",
        )
    return Layout(_name(kind), *map(tuple, vectors), dim=dim, is_complex=small.is_complex)


def _name(kind: type) -> str:
    return kind.__name__.removesuffix("Interaction")


def _built(kind: type, size: int) -> nn.Module:
    """Build PyKEEN's module for vectors of one length, all else as PyKEEN has it."""
    wanted: dict[str, Any] = dict.fromkeys(("embedding_dim", "input_dim", "head_dim", "relation_dim", "tail_dim"), size)
    wanted |= {"num_heads": math.gcd(size, 8), "num_blocks": BLOCKS}
    there = inspect.signature(kind.__init__).parameters
    arguments = {name: value for name, value in wanted.items() if name in there}
    if "p" in there and there["p"].default is inspect.Parameter.empty:
        arguments["p"] = 2
    if "coefficients" in there:
        from pykeen.models.unimodal.auto_sf import YAGO310_COEFFICIENTS

        arguments["coefficients"] = YAGO310_COEFFICIENTS
    return kind(**arguments)


def _try(module: nn.Module, layout: Layout) -> None:
    """See that vectors of this length can be used: a picture of ConvE may be too narrow for its filters."""
    try:
        with torch.no_grad():
            _compare(module, layout, torch.zeros(1, 2, layout.dim + layout.relation_width), torch.zeros(1, 3, layout.dim))
    except (RuntimeError, ValueError) as error:
        raise ConfigError(
            f"PyKEEN's {layout.name} cannot use vectors of {layout.size} numbers: {error}.",
            advice="take a dim with more small factors, such as 64 or 200 (and one more for ConvE, whose tails have a bias).",
        ) from error


def _is_distance(module: nn.Module) -> bool:
    """Tell whether the score is a negative distance, so that a margin belongs to it."""
    from pykeen.nn.modules import NormBasedInteraction

    return isinstance(module, NormBasedInteraction)


def _compare(module: nn.Module, layout: Layout, queries: Tensor, candidates: Tensor) -> Tensor:
    """Compare head and relation of each query with candidates. Shapes (k, c, dim + relation width), (k, n, dim) -> (k, c, n).

    Slices are computed again on the way back, so that memory holds one of them at a time.
    """
    score = partial(_scores, module, layout)
    a_query = candidates.numel() * NUMBERS_A_PAIR.get(layout.name.lower(), 1)
    slices = queries.split(max(1, MOST_NUMBERS // max(1, a_query)), dim=1)
    if len(slices) == 1 or (module.training and any(isinstance(part, NORMALISING) for part in module.modules())):
        return score(queries, candidates)
    return torch.cat([checkpoint(score, some, candidates, use_reentrant=False) for some in slices], dim=1)


def _scores(module: nn.Module, layout: Layout, queries: Tensor, candidates: Tensor) -> Tensor:
    heads, relations = queries[:, :, None, : layout.dim], queries[:, :, None, layout.dim :]
    scores = module(layout.head(heads), layout.relation(relations), layout.tail(candidates[:, None]))
    return -scores if _is_distance(module) else scores


def _no_inverse(name: str, relations: Tensor) -> Tensor:
    raise ConfigError(
        f"How to invert a relation of PyKEEN's {name} is not known.",
        expected="a relation of its own for each inverse",
        advice="set model.reciprocal = true.",
    )
