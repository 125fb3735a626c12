"""Declare what the relations of a graph mean: a TOML file per source, never a guess in code."""

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from core.config import Settings, read_toml
from core.errors import ConfigError

ASSETS = Path(__file__).parents[2] / "assets"
Role = Literal["treats", "palliates", "investigated", "contraindicated", "cautioned"]
ROLES: tuple[Role, ...] = ("treats", "palliates", "investigated", "contraindicated", "cautioned")


class RelationMeaning(Settings):
    """How a relation reads, and how much it says about treatment."""

    phrase: str  #: head PHRASE tail
    inverse: str  #: tail INVERSE head
    symmetric: bool = False
    correlation: bool = False  #: found by co-occurrence or expression, not by mechanism
    code: str = ""  #: short letter in the code of a metapath, such as b in CbGaD; initials of the identifier where empty
    sign: Literal[-1, 0, 1] = 0  #: -1 where the head lowers what the tail does, 1 where it raises it, 0 where nothing is said
    evidence_weight: float = Field(1.0, ge=0)  #: factor of a path that uses it; 0 keeps it out of the explanations


class Source(Settings):
    """What a graph source is, and what its kinds and relations mean."""

    name: str
    title: str
    note: str = ""
    licence: str = "not stated"
    written_by_llm: bool = False
    recognised_by: str = ""  #: a folder that has this relation is read as this source
    drug_kind: str = "Compound"
    disease_kind: str = "Disease"
    roles: dict[Role, tuple[str, ...]]
    never_trained: tuple[str, ...] = ()  #: relations that serve as marks and tests only
    class_relations: tuple[str, ...] = ()  #: drug to pharmacologic class, in either direction
    area_relations: tuple[str, ...] = ()  #: disease to what stands for its therapeutic area (an organ), in either direction
    narrower_relations: tuple[str, ...] = ()  #: head is a form of the disease that stands as tail
    target_kind: str = "Gene"  #: what drugs act on
    kind_codes: dict[str, str] = Field(default_factory=dict)  #: how a metapath abbreviates kinds
    relations: dict[str, RelationMeaning] = Field(default_factory=dict)

    def meaning(self, relation: str) -> RelationMeaning:
        """Return how a relation reads; an undeclared one is read by its identifier."""
        words = relation.replace("_", " ")
        return self.relations.get(relation) or RelationMeaning(phrase=words, inverse=f"is reached by '{words}' from")


def source_for(relations: Collection[str], folder: Path | None) -> Source:
    """Return the declaration for a graph with these relations.

    A ``source.toml`` in the graph's own folder wins; else the shipped declaration whose treatment relation occurs.

    :raises ConfigError: if nothing says which relation means "treats"
    """
    if folder and (own := folder / "source.toml").exists():
        return Source.parse(read_toml(own))
    matching = [source for source in shipped_sources() if source.recognised_by in relations]
    if matching:
        return matching[0]
    raise ConfigError(
        f"Nothing declares which of these relations means 'treats': {', '.join(sorted(relations)[:12])}.",
        expected=f"one of {', '.join(s.recognised_by for s in shipped_sources())}, or a file source.toml beside nodes.tsv",
        advice='write source.toml with: name = "mine", title = "My graph", [roles] treats = ["RELATION"].',
    )


@cache
def shipped_sources() -> tuple[Source, ...]:
    """Return the declarations in ``assets/sources``."""
    return tuple(Source.parse(read_toml(path)) for path in sorted((ASSETS / "sources").glob("*.toml")))
