"""Lay the several vectors, matrices and numbers that an interaction of PyKEEN wants into one row of a table."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from core.errors import ConfigError

#: How long a letter of a shape is where it is not the length of a vector: ranks of CP (the sum over ranks is one over a longer
#: vector), slices of NTN (as in Socher et al. 2013, section 4), the four parts of a quaternion.
LENGTHS = {"cp": {"k": 1}, "ntn": {"k": 4}, "quate": {"k": 4}}

Parts = Tensor | list[Tensor]


@dataclass(frozen=True)
class Layout:
    """How vectors and matrices of PyKEEN lie in the one row that an entity or a relation has here.

    A shape is a word of letters: ``d`` a vector, ``dd`` a matrix, an empty one a number; ``e`` and ``f`` are as long as ``d``,
    ``s`` is one number. Complex vectors lie as their real half and their imaginary half. All of a row is one vector for the rest
    of the program: text is blended into all columns alike and the anchor pulls on all of them, so the first principal axes of
    the text reach the first vector, and the least ones what stands last, such as the bias of ConvE.
    """

    name: str
    entities: tuple[str, ...]
    relations: tuple[str, ...]
    of_head: tuple[int, ...]  #: which of an entity's vectors count where it stands as head
    of_tail: tuple[int, ...]
    dim: int  #: numbers an entity
    is_complex: bool = False
    size: int = field(init=False)  #: length of a vector

    def __post_init__(self) -> None:
        """Share the numbers out.

        :raises ConfigError: if that cannot be done
        """
        numbers = sum(map(self._numbers, self.entities, [0] * len(self.entities)))
        step = sum(map(self._numbers, self.entities, [1] * len(self.entities))) - numbers
        size, rest = divmod(self.dim - numbers, step)
        if rest or size < 1:
            raise ConfigError(
                f"PyKEEN's {self.name} cannot use a dim of {self.dim}.",
                expected=f"a multiple of {step}" + (f", and {numbers} more" if numbers else ""),
                advice=f"take dim {max(size, 1) * step + numbers}.",
            )
        object.__setattr__(self, "size", size)

    @property
    def relation_width(self) -> int:
        """Return how many numbers a relation has."""
        return sum(self._numbers(shape, self.size) for shape in self.relations)

    def head(self, rows: Tensor) -> Parts:
        """Cut rows into what PyKEEN takes for a head. Shape (..., dim)."""
        return self._chosen(rows, self.entities, self.of_head, ENTITY_FORMS)

    def tail(self, rows: Tensor) -> Parts:
        """Cut rows into what PyKEEN takes for a tail. Shape (..., dim)."""
        return self._chosen(rows, self.entities, self.of_tail, ENTITY_FORMS)

    def relation(self, rows: Tensor) -> Parts:
        """Cut rows into what PyKEEN takes for a relation. Shape (..., relation width)."""
        return self._chosen(rows, self.relations, tuple(range(len(self.relations))), RELATION_FORMS)

    def _chosen(self, rows: Tensor, shapes: Sequence[str], places: tuple[int, ...], forms: "Forms") -> Parts:
        parts = [self._part(part, shape) for part, shape in zip(self._cut(rows, shapes), shapes, strict=True)]
        for place, form in forms.get(self._key, {}).items():
            parts[place] = form(parts[place])
        return parts[places[0]] if len(places) == 1 else [parts[place] for place in places]

    def _cut(self, rows: Tensor, shapes: Sequence[str]) -> tuple[Tensor, ...]:
        return rows.split([self._numbers(shape, self.size) for shape in shapes], dim=-1)

    def _part(self, part: Tensor, shape: str) -> Tensor:
        if self.is_complex:
            part = torch.complex(*part.chunk(2, dim=-1))
        return part.reshape(*part.shape[:-1], *(self._length(letter, self.size) for letter in shape))

    def _numbers(self, shape: str, size: int) -> int:
        return math.prod(self._length(letter, size) for letter in shape) * (2 if self.is_complex else 1)

    def _length(self, letter: str, size: int) -> int:
        return 1 if letter == "s" else LENGTHS.get(self._key, {}).get(letter, size)

    @property
    def _key(self) -> str:
        return self.name.lower()


def _of_length_one(vectors: Tensor) -> Tensor:
    return functional.normalize(vectors, dim=-1)


def _on_the_circle(numbers: Tensor) -> Tensor:
    return numbers / numbers.abs().clamp_min(1e-12)


Forms = dict[str, dict[int, Callable[[Tensor], Tensor]]]
#: What an interaction takes for granted of a vector, and PyKEEN's model puts right after each step: here it is put right in
#: each use, with its gradient.
ENTITY_FORMS: Forms = {"kg2e": {1: functional.softplus}}  #: variances are positive
RELATION_FORMS: Forms = {
    "kg2e": {1: functional.softplus},
    "rotate": {0: _on_the_circle},
    "quate": {0: _of_length_one},  #: quaternions that turn without stretching
    "transh": {0: _of_length_one},  #: the normal of the hyperplane
}
