"""Report an extraction: how much is described, what was refused, how long it is, what looks made up."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

from rapidfuzz import fuzz, utils

from core.kg.graph import KnowledgeGraph
from core.llm.grounding import Claim, Described
from core.llm.verdicts import VERDICTS

SAME_NAME = 85.0  #: likeness, 0 to 100, below which a description's own name is another one than the entity's
LONG_ENOUGH = 40  #: letters from which two equal texts are no accident
SHOWN = 200  #: cases of one indicator that a report lists; the count is of all
REFUSAL = re.compile(
    r"\b(?:I(?:'m| am) (?:sorry|unable|not able)|I (?:cannot|can't|can not|won't)|as an AI|language model|"
    r"(?:no|insufficient) information (?:is )?available|cannot (?:provide|assist|help))\b",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^(?:the )?([\w' -]{3,60}?),? (?:is|are|was)\b")


@dataclass(frozen=True)
class Coverage:
    """How many entities of a kind have a text."""

    kind: str
    described: int
    total: int


@dataclass(frozen=True)
class Length:
    """How many words a field has, where it has any."""

    field: str
    texts: int
    shortest: int
    median: float
    longest: int


@dataclass(frozen=True)
class Case:
    """One entity that an indicator points at."""

    id: str
    name: str
    what: str  #: in words


@dataclass(frozen=True)
class Report:
    """All that is said of an extraction as a whole."""

    coverage: list[Coverage]
    lengths: list[Length]
    verdicts: list[dict[str, int | str]]  #: a line a claim: its name, then how many have each verdict
    refusals: list[Case]
    unmapped: list[Case]  #: names in lists that the graph has nothing like, such as targets that do not exist
    misnamed: list[Case]  #: the description has, or begins with, the name of another entity
    duplicates: list[Case]  #: the same text for several entities
    counts: dict[str, int] = field(default_factory=dict)  #: of the four indicators, all cases

    def as_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return asdict(self)


def report(
    graph: KnowledgeGraph, described: Mapping[int, Described], claims: Iterable[Claim], *, names: Mapping[int, str]
) -> Report:
    """Look at all descriptions of a graph.

    :param described: fields and lists by entity row
    :param claims: what they claim, judged
    :param names: under which name an entity was described, by row; may lack some
    """
    texts = {row: {key: value for key, value in each.items() if isinstance(value, str)} for row, each in described.items()}
    claims = list(claims)
    cases = {
        "refusals": _refusals(graph, texts),
        "unmapped": _unmapped(graph, claims),
        "misnamed": _misnamed(graph, texts, names),
        "duplicates": _duplicates(graph, texts),
    }
    shown = {name: found[:SHOWN] for name, found in cases.items()}
    counts = {name: len(found) for name, found in cases.items()}
    return Report(_coverage(graph, texts), _lengths(texts), verdict_counts(claims), **shown, counts=counts)


def verdict_counts(claims: Iterable[Claim]) -> list[dict[str, int | str]]:
    """Count verdicts by kind of claim, the most frequent claim first."""
    counted = Counter((claim.relation, claim.verdict) for claim in claims)
    totals = Counter[str]()
    for (relation, _), number in counted.items():
        totals[relation] += number
    return [
        {"claim": relation, **{verdict: counted[relation, verdict] for verdict in VERDICTS}}
        for relation, _ in totals.most_common()
    ]


def _coverage(graph: KnowledgeGraph, texts: Mapping[int, Mapping[str, str]]) -> list[Coverage]:
    written = Counter(graph.kinds[row] for row, each in texts.items() if any(text.strip() for text in each.values()))
    totals = Counter(graph.kinds)
    return [Coverage(kind, written[kind], total) for kind, total in totals.most_common()]


def _lengths(texts: Mapping[int, Mapping[str, str]]) -> list[Length]:
    words: dict[str, list[int]] = defaultdict(list)
    for each in texts.values():
        for name, text in each.items():
            if text.strip():
                words[name].append(len(text.split()))
    return [Length(name, len(n), min(n), median(n), max(n)) for name, n in words.items()]


def _case(graph: KnowledgeGraph, row: int, what: str) -> Case:
    return Case(graph.vocabulary.entities[row], graph.names[row], what)


def _refusals(graph: KnowledgeGraph, texts: Mapping[int, Mapping[str, str]]) -> list[Case]:
    found = []
    for row, each in texts.items():
        refused = next((text for text in each.values() if REFUSAL.search(text)), None)
        if refused is not None:
            found.append(_case(graph, row, f"refused: {refused[:120]}"))
        elif not any(text.strip() for text in each.values()):
            found.append(_case(graph, row, "nothing written"))
    return found


def _unmapped(graph: KnowledgeGraph, claims: Sequence[Claim]) -> list[Case]:
    return [_case(graph, c.about, f"{c.relation}: {c.mention[:120]}") for c in claims if c.entity is None]


def _misnamed(graph: KnowledgeGraph, texts: Mapping[int, Mapping[str, str]], names: Mapping[int, str]) -> list[Case]:
    known = {name.casefold() for row in range(graph.n_entities) for name in (graph.names[row], *graph.synonyms[row])}
    found = []
    for row, each in texts.items():
        name, opening = names.get(row, ""), _OPENING.match(each.get("background", ""))
        subject = opening[1].casefold() if opening else ""
        if name and not _is_named(graph, row, name):
            found.append(_case(graph, row, f"written about {name[:120]}"))
        elif subject in known and not _is_named(graph, row, subject):
            found.append(_case(graph, row, f"begins with {opening[1] if opening else ''}"))
    return found


def _is_named(graph: KnowledgeGraph, row: int, name: str) -> bool:
    own = (graph.names[row], *graph.synonyms[row])
    return any(fuzz.WRatio(name, each, processor=utils.default_process) >= SAME_NAME for each in own)


def _duplicates(graph: KnowledgeGraph, texts: Mapping[int, Mapping[str, str]]) -> list[Case]:
    rows_of: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row, each in texts.items():
        for name, text in each.items():
            if len(plain := utils.default_process(text)) >= LONG_ENOUGH:
                rows_of[plain].append((row, name))
    found = []
    for places in rows_of.values():
        if len(rows := list(dict.fromkeys(row for row, _ in places))) > 1:
            others = ", ".join(graph.names[row] for row in rows[1:4]) + (" ..." if len(rows) > 4 else "")
            found.append(_case(graph, rows[0], f"the same {places[0][1]} as {others}"))
    return found
