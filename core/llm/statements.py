"""Read what a sentence says of the entities it names: use, trial, harm, adverse effect; and what it denies.

A sentence is read from left to right. Words such as *avoid*, *investigated* or *because* set what the names after them mean,
until the next such word; *was tested* or *may occur* at the end speak of the names before them. Crude, but open to the eye.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from core.llm.mentions import Mention

Relation = Literal[
    "indicated_for", "investigated_for", "no_use_in", "contraindicated_in", "cautioned_in", "may_cause", "targets", "involves"
]
Meaning = Relation | Literal["nothing"]  #: nothing: an explanation, an exception, an interaction of two drugs


@dataclass(frozen=True)
class Statement:
    """One sentence (or part of one up to a semicolon) says something of one mention."""

    sentence: str
    mention: Mention
    relation: Relation
    qualifier: str = ""  #: a word that narrows what is said, such as ``decompensated`` or ``without``


Cues = Sequence[tuple[Meaning, re.Pattern[str]]]


def _cues(**patterns: str) -> Cues:
    return [(meaning, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)) for meaning, pattern in patterns.items()]


_TRIED = (
    r"investigat\w+|studied|tested|tried|trial(?:s|led)?|explor\w+|experimental\w*|under study|evaluat\w+|preclinical\w*|"
    r"anecdotal\w*|case (?:reports?|use|series)|proposed"
)
_NO_USE = (
    r"not (?:approved|indicated|effective|recommended|useful|licensed|established|helpful|beneficial)|ineffective|fail(?:s|ed)?|"
    r"no (?:clear |proven |convincing )?(?:benefit|effect|efficacy|role)|without (?:clear )?(?:benefit|success)|futil\w+|"
    r"disappoint\w+|unsuccessful\w*|disproved|useless|did not help"
)
_EXPLAINED = r"because|since|as (?:it|they|its|the)|through|which|owing to|due to|so that|unlike|instead|after which"
_ALLOWED = (
    r"none|no (?:absolute|formal|label)|safe(?:r|st)? in|not contraindicated|no contraindication|does not (?:worsen|raise)|"
    r"(?:can|may) be used|acceptable|preferred|other than|except\w*|apart from"
)
_FORBIDDEN = (
    r"contraindicat\w+|forbid\w*|forbidden|avoid\w*|must not|should not|never|exclud\w+|barred|unsuitable|"
    r"not (?:be )?(?:given|used|recommended)|inadvisable|prohibited|precludes?|stop(?:ped)?|withh[eo]ld"
)
_CAREFUL = (
    r"caution\w*|with care|careful\w*|monitor\w*|worsen\w*|aggravat\w*|exacerbat(?:es?|ing)|unmask\w*|reactivat\w*|"
    r"dangerous|hazard\w*|"
    r"reduce dose|dose (?:falls|is reduced)|mortality warning|(?:and|or) in"
)
_CAUSED = (
    r"caus(?:e[sd]?|ing)|induc(?:e[sd]?|ing)|provok\w+|precipitat\w+|risk(?:s|ing)?(?: of)?|promot\w+|develop\w*|lead\w* to|"
    r"led to|result\w* in|trigger\w*|produc\w+|raises?|increas\w+|add\w* to|brings?|toxicity includes"
)
_OCCURS = (
    r"(?:may|can|could|might) (?:occur|follow|develop|result|arise)|occurs?|occurred|(?:is|are|was|were|been) reported|reported"
)

USES = _cues(
    cautioned_in=r"^(?:first )?(?:reduce|stop|withdraw|taper|discontinue|remove)|worsens?|caution\w*|aggravates?|exacerbates?",
    contraindicated_in=r"contraindicat\w+|avoid\w*|must not|forbidden",  # where a prompt has no field for harms
    may_cause=r"(?:side|adverse) effects?|(?:can|may|might) cause",
    no_use_in=_NO_USE,
    investigated_for=_TRIED,
    indicated_for=r"approved|licen[sc]ed|indicated|standard|off[- ]label|treats|treatment of|prophylaxis",
)
HARMS_OF_A_DRUG = _cues(
    nothing=f"{_EXPLAINED}|{_ALLOWED}",
    no_use_in=_NO_USE,
    contraindicated_in=_FORBIDDEN,
    cautioned_in=_CAREFUL,
    may_cause=_CAUSED,
)
HARMS_IN_A_DISEASE = _cues(nothing=f"{_EXPLAINED}|{_ALLOWED}|during")
_SAID_BEFORE: dict[Meaning, re.Pattern[str]] = {
    "investigated_for": re.compile(rf"\b(?:{_TRIED}|investigational)\b", re.IGNORECASE),
    "no_use_in": re.compile(rf"\b(?:{_NO_USE})\b", re.IGNORECASE),
    "may_cause": re.compile(rf"\b(?:{_OCCURS}|risk)\b", re.IGNORECASE),
}
_REASON = re.compile(rf"\b(?:{_EXPLAINED}|for)\b", re.IGNORECASE)
_STRICT = re.compile(rf"\b(?:{_FORBIDDEN})\b", re.IGNORECASE)
_INTERACTION = re.compile(
    r"\b(?:combin(?:ed|ing|e)|co-?administ\w+|accompan\w+|alongside|interact\w*|clearance|elimination|levels? of|absorption)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|no|nor|neither|without|lacks?|sparing|spares)\s+(?:[\w-]+\s+)?$", re.IGNORECASE)
_PLACE = re.compile(r"\b(?:in|with|during|of|for|under)\b[\w\s'-]{0,40}$", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"(?:^|[\s(])([\w-]+)[ -]$")
_NOT_NARROWING = re.compile(
    rf"(?:in|of|with|and|or|for|from|to|the|a|an|as|by|nor|than|after|on|including|also|such|like|against|treats?|both|other|"
    rf"is|are|any|known|{_FORBIDDEN}|{_CAREFUL}|{_CAUSED})",
    re.IGNORECASE,
)
_SETTING = re.compile(rf"^(?!.*\b(?:{_FORBIDDEN}|{_CAREFUL})\b).*\w (in)\b[^;]*$|\b(with|of) $", re.IGNORECASE)
_LIMITING = re.compile(
    r"\b(?:in|with|without|during|for|under|unless|before|after|until|when|if|where|while|alone|monotherapy|join|beforehand|abruptly)\b",
    re.IGNORECASE,
)
_LIMITING_ANYWHERE = re.compile(r"\b(?:unless|without|alone|monotherapy|combin\w+|stopping|prevention|also)\b", re.IGNORECASE)
_ANOTHER = re.compile(
    r"(?:\b(?:portal|ocular|intraocular|intracranial|pulmonary|respiratory|marrow|optic|renal|hepatic|gastrointestinal|vascular)|"
    r"\b(?:non|without|anti|free of|no))[\s-]$",
    re.IGNORECASE,
)
_NO_DISEASE = re.compile(
    r"[\s-](?:inhibitor|antagonist|agonist|blocker|antibod|vaccin|drug|medicine|medication|virus|viral|receptor|protease|therapy|"
    r"substrate|inducer)",
    re.IGNORECASE,
)
_END_OF_SENTENCE = re.compile(r"(?<=[.;!?])\s+")
_CONDITIONAL = re.compile(r"\b(?:when|where|after|if|once|unless|until|whom|that|have|has|had)\b[^,;]*$", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """Split a text at full stops and semicolons."""
    return [part for piece in _END_OF_SENTENCE.split(text.strip()) if (part := piece.strip())]


def read_uses(sentence: str, mentions: Sequence[Mention]) -> Iterator[Statement]:
    """Read a sentence on uses: ``indicated_for`` unless it speaks of trials or says that it does not work."""
    return _read(sentence, mentions, "indicated_for", USES, ("no_use_in", "investigated_for"))


def read_harms_of_a_drug(sentence: str, mentions: Sequence[Mention]) -> Iterator[Statement]:
    """Read a sentence of a drug's warnings: where it must not be used, where with care, and what it may cause itself."""
    return _read(sentence, mentions, "contraindicated_in", HARMS_OF_A_DRUG, ("may_cause",))


def read_harms_in_a_disease(
    sentence: str, mentions: Sequence[Mention], *, elsewhere: Callable[[Mention], bool]
) -> Iterator[Statement]:
    """Read a sentence of a disease's warnings: which drugs and classes it speaks against.

    :param elsewhere: whether a mention is another disease; what stands before "in" or "with" it is said of that one
    """
    if _INTERACTION.search(sentence):
        return
    strict: Relation = "contraindicated_in" if _STRICT.search(sentence) else "cautioned_in"
    others = [m for m in mentions if elsewhere(m) and _PLACE.search(sentence[: m.start])]
    named = [m for m in mentions if not any(m.start < other.start for other in others)]
    yield from _read(sentence, named, strict, HARMS_IN_A_DISEASE, ())


def read_mechanism(sentence: str, mentions: Sequence[Mention], *, relation: Relation) -> Iterator[Statement]:
    """Take each named gene as one that is acted on, or involved."""
    for mention in mentions:
        if not sentence[mention.end :].startswith((" substrate", "-substrate")) and not _DENIED.search(sentence[: mention.start]):
            yield Statement(sentence, mention, relation)


def stands_for_itself(sentence: str, mention: Mention) -> bool:
    """Return whether a disease's name means the disease: not ``portal`` hypertension, not an ``HIV`` protease inhibitor."""
    return not _ANOTHER.search(sentence[: mention.start]) and not _NO_DISEASE.match(sentence[mention.end :])


def qualifier(sentence: str, mention: Mention, relation: Relation) -> str:
    """Return what narrows a statement: the word before a name (``basilar`` migraine), or what limits a harm (``without``)."""
    before = _WORD_BEFORE.search(sentence[: mention.start])
    if before and not _NOT_NARROWING.fullmatch(before[1]):
        return before[1]
    if relation not in ("contraindicated_in", "cautioned_in"):
        return ""
    setting = _SETTING.search(sentence[: mention.start])
    limit = _LIMITING.search(sentence, mention.end) or _LIMITING_ANYWHERE.search(sentence)
    return (setting[1] or setting[2]) if setting else limit[0] if limit else ""


def _read(
    sentence: str, mentions: Sequence[Mention], default: Relation, cues: Cues, backwards: Sequence[Relation]
) -> Iterator[Statement]:
    marks = _marks(sentence, mentions, cues)
    for mention in mentions:
        meaning = _meaning(mention, marks, default)
        for late in backwards:
            if _is_said_after(sentence, mention, mentions, late) and meaning != "nothing":
                meaning = late
                break
        if meaning != "nothing":
            yield Statement(sentence, mention, meaning, qualifier(sentence, mention, meaning))


def _marks(sentence: str, mentions: Sequence[Mention], cues: Cues) -> list[tuple[int, Meaning]]:
    """Return where the meaning changes, in order; cues inside a name are part of the name."""
    inside = [(mention.start, mention.end) for mention in mentions]
    taken: list[tuple[int, int]] = []
    marks: list[tuple[int, Meaning]] = []
    for meaning, pattern in cues:
        for match in pattern.finditer(sentence):
            span = match.span()
            overlaps = any(start < span[1] and span[0] < end for start, end in (*inside, *taken))
            if not overlaps and not (meaning == "no_use_in" and _is_conditional(sentence, match)):
                taken.append(span)
                marks.append((span[0], meaning))
    return sorted(marks)


def _is_conditional(sentence: str, match: re.Match[str]) -> bool:
    """Return whether something else failed: ``when statins failed``."""
    return match[0].lower().startswith("fail") and bool(_CONDITIONAL.search(sentence[: match.start()]))


def _meaning(mention: Mention, marks: Sequence[tuple[int, Meaning]], default: Relation) -> Meaning:
    before = [meaning for place, meaning in marks if place < mention.start]
    return before[-1] if before else default


def _is_said_after(sentence: str, mention: Mention, mentions: Sequence[Mention], meaning: Relation) -> bool:
    """Return whether such a word ends the part of the sentence that the mention stands in, with no further name after it."""
    following = [m.start for m in mentions if m.start >= mention.end]
    for match in _SAID_BEFORE[meaning].finditer(sentence, mention.end):
        gap = sentence[mention.end : match.start()]
        if _is_conditional(sentence, match) or _REASON.search(gap):
            continue
        names_after = [start for start in following if start > match.end()]
        if not names_after and (meaning == "may_cause" or "," not in gap):
            return True
    return False
