"""Find the entities of a graph in running text: a dictionary of names and synonyms, whole words, the longest match first."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from rapidfuzz import fuzz, utils

from core.kg.graph import KnowledgeGraph

GENE_KINDS = ("Gene", "Protein", "gene/protein")
OTHER_KINDS = ("Condition", "Pharmacologic Class", "Phenotype", "Symptom", "Side Effect", *GENE_KINDS)
SYMBOL_LENGTH = 8  #: a name without spaces, so short and with two capitals or a digit, is a symbol: its case counts
GENERIC_HEADS = frozenset(
    ("agent", "agonist", "analog", "analogue", "antagonist", "antibody", "binder", "blocker", "compound", "derivative", "drug",
     "enzyme", "inhibitor", "modulator", "precursor", "protein", "releaser", "stabilizer", "substrate", "supplement", "therapy")
)  # fmt: skip
HEAD_LENGTH = 7  #: a shorter last word of a class is too common to stand for the class
#: What clinicians call classes of drugs, and by which names a graph may have them (judgement; unknown names do no harm).
CLASS_ALIASES: dict[str, tuple[str, ...]] = {
    "nsaid": ("nonsteroidal anti-inflammatory drug", "selective cox-2 inhibitor"),
    "ssri": ("selective serotonin reuptake inhibitor",),
    "serotonin reuptake inhibitor": ("selective serotonin reuptake inhibitor",),
    "snri": ("serotonin-norepinephrine reuptake inhibitor", "serotonin-noradrenaline reuptake inhibitor"),
    "maoi": ("monoamine oxidase inhibitor",),
    "mao inhibitor": ("monoamine oxidase inhibitor", "mao-b inhibitor"),
    "anticholinergic": ("muscarinic antagonist", "antimuscarinic"),
    "acetylcholinesterase inhibitor": ("cholinesterase inhibitor",),
    "statin": ("hmg-coa reductase inhibitor",),
    "opioid": ("opioid agonist", "opioid analgesic", "opioid partial agonist"),
    "anticoagulant": (
        "vitamin k antagonist", "factor xa inhibitor", "indirect factor xa inhibitor", "direct thrombin inhibitor",
        "indirect thrombin inhibitor", "heparin", "low molecular weight heparin",
    ),
    "checkpoint inhibitor": ("pd-1 inhibitor", "pd-l1 inhibitor", "ctla-4 inhibitor"),
    "stimulant": ("central nervous system stimulant", "psychostimulant"),
    "tricyclic": ("tricyclic antidepressant",),
    "nitrate": ("organic nitrate",),
    "thiazide": ("thiazide diuretic", "thiazide-like diuretic"),
    "angiotensin blocker": ("angiotensin receptor blocker",),
    "arb": ("angiotensin receptor blocker",),
    "calcium antagonist": ("calcium channel blocker",),
    "acei": ("ace inhibitor",),
}  # fmt: skip

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_JOINT = re.compile(r"[ \u00a0/-]")
_SPELLINGS = (("ae", "e"), ("oe", "e"), ("sulph", "sulf"), ("isation", "ization"), ("isati", "izati"))


@dataclass(frozen=True)
class Mention:
    """A stretch of a text that names one or more entities of a graph."""

    start: int
    end: int
    text: str  #: as it stands in the text
    rows: tuple[int, ...]  #: entities that have this name or synonym
    score: float  #: likeness of text and dictionary entry, 0 to 100


class Lexicon:
    """The names and synonyms of a graph, for reading text.

    Words are compared without regard to case, plural and British or American spelling; symbols (``ACHE``, ``AD``, ``IL-6``)
    with regard to case, and only where no further letter or digit is joined to them: the ``PD`` of ``PD-1`` is no disease.

    :param kinds: which kinds to read; by default drugs, diseases, and what is said of them
    """

    def __init__(self, graph: KnowledgeGraph, kinds: Collection[str] | None = None) -> None:
        wanted = kinds or {graph.source.drug_kind, graph.source.disease_kind, *OTHER_KINDS}
        self._words: dict[str, dict[int, str]] = defaultdict(dict)
        self._symbols: dict[str, dict[int, str]] = defaultdict(dict)
        self._longest: dict[str, int] = {}  #: most words of an entry, by its first one
        for row in range(graph.n_entities):
            if graph.kinds[row] in wanted:
                is_gene = graph.kinds[row] in GENE_KINDS
                for text in (graph.names[row], *graph.synonyms[row]):
                    self._add(text, row, is_gene=is_gene)
                    for other in _gene_words(text) if is_gene else ():
                        self._add(other, row, is_gene=True)
        self._add_classes({graph.names[row].lower(): row for row in class_rows(graph)})

    def find(self, text: str) -> list[Mention]:
        """Return the mentions in a text, in order and without overlap."""
        words = list(_WORD.finditer(text))
        keys = [normal_word(word[0]) for word in words]
        found, place = [], 0
        while place < len(words):
            match = self._longest_from(text, words, keys, place)
            if match:
                mention, place = match
                found.append(mention)
            else:
                place += 1
        return found

    def _longest_from(
        self, text: str, words: Sequence[re.Match[str]], keys: Sequence[str], place: int
    ) -> tuple[Mention, int] | None:
        first = words[place]
        limit = max(self._longest.get(keys[place], 0), 3)
        for stop in range(_run_end(text, words, place, limit), place, -1):
            start, end = first.start(), words[stop - 1].end()
            span = text[start:end]
            entries = self._words.get(" ".join(keys[place:stop]), {})
            if " " not in span and not _is_joined(text, start, end):
                entries = self._symbols.get(span.replace("-", ""), {}) | entries
            if entries:
                score = max(fuzz.ratio(span, entry, processor=utils.default_process) for entry in entries.values())
                return Mention(start, end, span, tuple(sorted(entries)), float(score)), stop
        return None

    def _add(self, text: str, row: int, *, is_gene: bool) -> None:
        if is_symbol(text, is_gene=is_gene):
            self._symbols[text.replace("-", "")].setdefault(row, text)
            return
        keys = [normal_word(word) for word in _WORD.findall(text)]
        if keys and len("".join(keys)) > 2:
            self._words[" ".join(keys)].setdefault(row, text)
            self._longest[keys[0]] = max(self._longest.get(keys[0], 0), len(keys))

    def _add_classes(self, row_of: dict[str, int]) -> None:
        for name, row in row_of.items():
            for shorter in _shorter_names(name):
                self._add(shorter, row, is_gene=False)
        for alias, names in CLASS_ALIASES.items():
            for name in names:
                if name in row_of:
                    self._add(alias, row_of[name], is_gene=False)


def class_rows(graph: KnowledgeGraph) -> list[int]:
    """Return the rows of the pharmacologic classes: what the class relations join to a drug."""
    edges = graph.triples[np.isin(graph.triples[:, 1], graph.relation_rows(graph.source.class_relations))]
    return [row for row in np.unique(edges[:, [0, 2]]).tolist() if graph.kinds[row] != graph.source.drug_kind]


def is_symbol(text: str, *, is_gene: bool = False) -> bool:
    """Return whether a name is a symbol: one short word with two capitals, or with a digit; of a gene, also with one capital."""
    capitals = sum(letter.isupper() for letter in text)
    short = len(text) <= SYMBOL_LENGTH and not re.search(r"\s", text)
    return short and (capitals >= (1 if is_gene else 2) or (capitals > 0 and any(letter.isdigit() for letter in text)))


@cache
def normal_word(word: str) -> str:
    """Return a word without case, possessive, plural and British spelling; only for comparison with another one."""
    plain = re.sub(r"['\u2019]s?$", "", word.casefold())
    for british, american in _SPELLINGS:
        plain = plain.replace(british, american)
    plain = re.sub(r"our(s?)$", r"or\1", plain)
    if len(plain) > 4 and plain.endswith("ies"):
        return plain[:-3] + "y"
    return plain[:-1] if len(plain) > 3 and plain.endswith("s") and not plain.endswith(("ss", "us", "is")) else plain


def normal_text(text: str) -> str:
    """Return the words of a text, each as :func:`normal_word` has it."""
    return " ".join(normal_word(word) for word in _WORD.findall(text))


def _shorter_names(name: str) -> Iterator[str]:
    """Yield under which shorter names a class is meant, too: ``nonselective beta blocker`` is a beta blocker."""
    words = name.split()
    for start in range(1, len(words)):
        rest = words[start:]
        if len(rest) > 1 or (rest[0] not in GENERIC_HEADS and len(rest[0]) >= HEAD_LENGTH):
            yield " ".join(rest)
    if len(words) == 2 and words[1] == "antibiotic":
        yield words[0]


def _gene_words(name: str) -> Iterator[str]:
    """Yield what else a gene is called: without a remark in brackets, and the serotonin receptors as ``5-HT2A``."""
    if (bare := re.sub(r"\s*\([^)]*\)$", "", name)) not in (name, ""):
        yield bare
    if serotonin := re.fullmatch(r"HTR(\d[A-Z]?)", name):
        yield f"5-HT{serotonin[1]}"


def _run_end(text: str, words: Sequence[re.Match[str]], place: int, limit: int) -> int:
    """Return up to which word the words from ``place`` on are joined by single spaces, hyphens or slashes."""
    stop = place + 1
    while stop < min(len(words), place + limit) and _JOINT.fullmatch(text[words[stop - 1].end() : words[stop].start()]):
        stop += 1
    return stop


def _is_joined(text: str, start: int, end: int) -> bool:
    """Return whether a capital or a digit is joined to a stretch of the text by a hyphen."""
    return bool(re.match(r"-[A-Z0-9]", text[end : end + 2]) or re.match(r"[A-Z0-9]-", text[max(start - 2, 0) : start]))
