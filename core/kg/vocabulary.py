"""Fix the row order of entities and relations, and give it a fingerprint."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Vocabulary:
    """Entity and relation identifiers in row order.

    Every matrix and checkpoint stores :attr:`fingerprint` and refuses another one: the same model with another row order
    would give other scores without any error.
    """

    entities: tuple[str, ...]
    relations: tuple[str, ...]
    entity_row: dict[str, int] = field(init=False, repr=False, compare=False)
    relation_row: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "entity_row", _rows(self.entities, "entity"))
        object.__setattr__(self, "relation_row", _rows(self.relations, "relation"))

    @cached_property
    def fingerprint(self) -> str:
        """Return the SHA-256 of all identifiers in order (64 hexadecimal digits)."""
        digest = hashlib.sha256()
        for part in (self.entities, self.relations):
            for identifier in part:
                digest.update(identifier.encode() + b"\0")
            digest.update(b"\1")
        return digest.hexdigest()


def _rows(identifiers: Sequence[str], what: str) -> dict[str, int]:
    rows = {identifier: row for row, identifier in enumerate(identifiers)}
    if len(rows) != len(identifiers):
        message = f"{what} identifiers are not unique"
        raise ValueError(message)
    return rows
