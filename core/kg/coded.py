"""Keep a text for each of millions of edges as a code into the distinct texts: 4 bytes an edge instead of a string."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np

from core.types import IntArray


class CodedTexts(Sequence[str]):
    """Look like a tuple of texts.

    :param codes: shape (n,), int32: places in the texts
    :param texts: distinct
    """

    __slots__ = ("codes", "texts")

    def __init__(self, codes: IntArray, texts: tuple[str, ...]) -> None:
        self.codes = codes
        self.texts = texts

    @classmethod
    def of(cls, values: Iterable[str]) -> "CodedTexts":
        """Code some texts; coded ones are returned as they are."""
        if isinstance(values, CodedTexts):
            return values
        coder = Coder()
        for value in values:
            coder.add(value)
        return coder.texts()

    def taken(self, rows: IntArray) -> "CodedTexts":
        """Return the texts of some rows."""
        return CodedTexts(self.codes[rows], self.texts)

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> "CodedTexts": ...

    def __getitem__(self, place: int | slice) -> "str | CodedTexts":
        if isinstance(place, slice):
            return CodedTexts(self.codes[place], self.texts)
        return self.texts[self.codes[place]]

    def __iter__(self) -> Iterator[str]:
        return map(self.texts.__getitem__, self.codes.tolist())

    def __add__(self, other: Iterable[str]) -> "CodedTexts":
        return CodedTexts.of((*self, *other))

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"CodedTexts({len(self)} texts, {len(self.texts)} distinct)"


class Coder:
    """Number distinct texts in the order in which they are met."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._codes = array("i")

    def add(self, text: str) -> None:
        """Append a text."""
        self._codes.append(self.numbers.setdefault(text, len(self.numbers)))

    @property
    def codes(self) -> IntArray:
        """Return the number of each text. Shape (n,), int32."""
        return np.array(self._codes, dtype=np.int32)

    def texts(self) -> CodedTexts:
        """Return all texts that were added."""
        return CodedTexts(self.codes, tuple(self.numbers))
