"""Colours, marks, words and number formats: one table each, for all pages."""

import re
import string
from dataclasses import dataclass
from typing import Literal

BadgeColour = Literal["green", "blue", "violet", "red", "orange", "gray"]


@dataclass(frozen=True)
class Mark:
    """A mark is a shape, a word and a colour together, so that any two of them suffice."""

    symbol: str
    word: str
    badge: BadgeColour
    colour: str  #: legible on white and on near-black
    help: str
    brief: str = ""  #: a shorter word for a cell of a table

    @property
    def cell(self) -> str:
        """Return symbol and the shorter word."""
        return f"{self.symbol} {self.brief or self.word}"

    @property
    def text(self) -> str:
        """Return symbol and word."""
        return f"{self.symbol} {self.word}"


MARKS: dict[str, Mark] = {
    "treats": Mark("●", "treats", "green", "#1b8a5a", "Approved by a major regulator or standard of care, says the graph."),
    "palliates": Mark(
        "◐",
        "symptom relief or off-label",
        "blue",
        "#2b7bba",
        "Eases symptoms, or is established off-label use, says the graph.",
        "relief, off-label",
    ),
    "investigated": Mark("△", "in trials", "violet", "#8a63c9", "In trials or with serious published evidence, says the graph."),
    "contraindicated": Mark("✕", "contraindicated", "red", "#d1453b", "The label forbids it in this disease, says the graph."),
    "cautioned": Mark("▲", "caution", "orange", "#c77700", "May worsen this disease, says the graph."),
    "new": Mark("★", "new", "gray", "#7a7a85", "The graph knows no tie between drug and disease as treatment, trial or risk."),
}
WARNINGS = ("contraindicated", "cautioned")
NAMED = Mark(
    "⚑", "text names the use", "gray", "#a05a80", "A text that the ranking has read names drug and disease together.", "named"
)
SOME_CASES = Mark(
    "✕", "contraindicated in some cases", "red", "#d1453b", "A known treatment that is also forbidden.", "some cases"
)

VERDICTS: dict[str, Mark] = {
    "supported": Mark("✓", "in the graph", "green", "#1b8a5a", "The graph states the same.", "in graph"),
    "contradicted": Mark("≠", "against the graph", "red", "#d1453b", "The graph states the opposite.", "against"),
    "unknown": Mark("?", "not in the graph", "gray", "#7a7a85", "The graph is silent; that does not make it wrong.", "silent"),
}
CLAIMS = {
    "indicated_for": "used for",
    "investigated_for": "tried in",
    "no_use_in": "of no use in",
    "contraindicated_in": "warned against in",
    "cautioned_in": "may worsen",
    "may_cause": "may cause",
    "targets": "acts on",
    "involves": "involves",
}

LEVELS: dict[str, Mark] = {
    "reliable": Mark("●", "reliable", "green", "#1b8a5a", "Three or more held-out treatments, and found again near the top."),
    "weak": Mark("◆", "weak", "orange", "#c77700", "Three or more held-out treatments, and not found again well enough."),
    "no evidence": Mark("○", "no evidence", "gray", "#7a7a85", "Fewer than three held-out treatments: nothing can be said."),
}  #: how far the ranking of a disease can be trusted
METHODS: dict[str, str] = {
    "degree-prior": "popularity (degree-prior)",
    "gba-drug": "shared with known drugs (gba-drug)",
    "gba-disease": "shared with similar diseases (gba-disease)",
    "pagerank": "random walks (pagerank)",
    "paths": "weighted paths (paths)",
    "text-direct": "text of drug and disease (text-direct)",
    "text-drug": "text like that of known drugs (text-drug)",
    "text-disease": "text like that of its diseases (text-disease)",
    "text-classifier": "learned from the texts (text-classifier)",
    "text none": "same, no text",
    "text name": "same, names only",
    "text blind": "same, text without uses",
    "text shuffled": "same, shuffled text",
    "text init": "same, text as start only",
}  #: what a run is compared with: plain words first, the name on the command line in brackets
CHECKS: dict[str, Mark] = {
    "pass": Mark("✓", "right", "green", "#1b8a5a", "Nothing to do."),
    "warn": Mark("▲", "look", "orange", "#c77700", "It can be used; look at the cases."),
    "fail": Mark("✕", "not usable", "red", "#d1453b", "Nothing can be learned from it as it is."),
}  #: what a check of a graph found
COMPARED = {
    "better": "▲ better",
    "worse": "▼ worse",
    "no difference shown": "= undecided",
    "not comparable": "? not tested",
}  #: a run beside another method

TEXT_MODES: dict[str, str] = {
    "full": "all that the language model wrote, uses included",
    "blind": "what it wrote on background and mechanism: no field that names uses",
    "name": "names only, no descriptions",
    "shuffled": "the descriptions dealt out at random: a control that should do no better than none",
    "none": "no text: the graph alone (the base)",
}
FIELD_LABELS = {
    "background": "Background",
    "mechanism": "Mechanism",
    "indications": "Uses",
    "contraindications": "Contraindications and warnings",
}
STATES = {
    "waiting": "○ waiting",
    "running": "▶ running",
    "finished": "✓ finished",
    "stopped": "❚❚ stopped",
    "interrupted": "⚡ interrupted",
    "failed": "✕ failed",
}


@dataclass(frozen=True)
class KindStyle:
    """How one kind of entity looks in every drawing (colours of Okabe and Ito, told apart by the colour-blind)."""

    word: str
    colour: str
    symbol: str  #: of Plotly


KINDS: dict[str, KindStyle] = {
    "Compound": KindStyle("drug", "#0072B2", "circle"),
    "Disease": KindStyle("disease", "#D55E00", "square"),
    "Gene": KindStyle("gene", "#009E73", "diamond"),
    "Pharmacologic Class": KindStyle("drug class", "#E69F00", "triangle-up"),
    "Process": KindStyle("process", "#CC79A7", "hexagon"),
    "Biological Process": KindStyle("process", "#CC79A7", "hexagon"),
    "Pathway": KindStyle("pathway", "#9A6FB0", "hexagon2"),
    "Phenotype": KindStyle("symptom or side effect", "#3FA0D8", "x"),
    "Symptom": KindStyle("symptom", "#3FA0D8", "x"),
    "Side Effect": KindStyle("side effect", "#3FA0D8", "x"),
    "Anatomy": KindStyle("anatomy", "#A08030", "star"),
    "Condition": KindStyle("condition", "#80808A", "pentagon"),
}
OTHER_KIND = KindStyle("other", "#80808A", "circle-open")
#: for groups of one picture that are no kinds: all told apart by the colour-blind, legible on white and on near-black
CATEGORIES = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#3FA0D8", "#A08030", "#9A6FB0")
SCALE = ("#2B7BBA", "#9A9AA2", "#D07A00")  #: little, middling, much: told by hue alone where lightness must serve both looks
ACCENT = "#2492AA"  #: between the two of .streamlit/config.toml, legible in both looks
SECOND = "#D07A00"
FAR = 0.2  #: cosine of centred texts below which nothing is described much alike
INK = {"light": "#1C2328", "dark": "#E6EAEC"}  #: as textColor in .streamlit/config.toml
NO_BREAK = "\u00a0"
RANGE = "\u2060\u2013\u2060"  #: a dash at which no line breaks
ROW_HEIGHT = 35  #: of a table, in pixels
EDGE_COLOUR = "#8A8F98"  #: legible on white and on near-black


def kind_style(kind: str) -> KindStyle:
    """Return how a kind of entity is drawn; an unknown one in grey under its own name."""
    return KINDS.get(kind) or KindStyle(kind.lower(), OTHER_KIND.colour, OTHER_KIND.symbol)


def status_mark(status: str) -> Mark:
    """Return the leading mark; a mere caution does not hide that the use would be new."""
    return MARKS["new" if status == "cautioned" else status]


def plain(text: str) -> str:
    """Return a text that Markdown shows as it is: names of a graph may hold anything.

    Each punctuation sign is escaped, and ``:word:`` (icons, emoji, colours) is broken by an invisible joiner.
    """
    flat = re.sub(r"[\s]+", lambda space: NO_BREAK if space[0] == NO_BREAK else " ", text).strip()
    escaped = "".join(f"\\{letter}" if letter in string.punctuation else letter for letter in flat)
    return re.sub(r"\\:(?=\S)", "\\:\u2060", escaped)


def source_word(provenance: str) -> str:
    """Return the databases of a provenance without their codes: ``Hetionet:CbG`` is ``Hetionet``."""
    return ", ".join(dict.fromkeys(part.split(":")[0].strip() for part in re.split(r"[|;,]", provenance)))


def count(number: float) -> str:
    """Write a number with thousands separated: 1,049."""
    return f"{number:,.0f}"


def counted(number: int, word: str, plural: str | None = None) -> str:
    """Write a number with its noun: ``1 drug``, ``1,049 drugs``."""
    return f"{count(number)} {word if number == 1 else plural or word + 's'}"


def ordinal(rank: float) -> str:
    """Write a place: 1st, 12th, 1,049th; one that a tie put between two places is rounded up and called about."""
    whole = int(-(-rank // 1))
    ending = "th" if 10 <= whole % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th")
    return f"{'' if whole == rank else 'about '}{whole:,}{ending}"


def question(drug: str, disease: str, status: str) -> str:
    """Return what the evidence of a pair is about; a drug that is contraindicated is not asked why it might help."""
    if status == "contraindicated":
        return f"{drug} is contraindicated in {disease}"
    return f"Why might {drug} help in {disease}?"


def place(rank: float, total: int, base_rank: float | None = None) -> str:
    """Write ``12th of 1,049 (without the text 240th)``."""
    without = "" if base_rank is None else f" (without the text {ordinal(base_rank)})"
    return f"{ordinal(rank)} of {count(total)}{without}"


def above(percentile: float, total: int) -> str:
    """Write ``above 98.7 % of 1,049 drugs``."""
    return f"above {percentile:.1f} % of {counted(total, 'drug')}"


def percent(metric: dict[str, float]) -> str:
    """Write a share with its 95 % interval: ``49 % [39-52]``."""
    return _with_interval(f"{100 * metric['value']:.0f} %", f"{100 * metric['low']:.0f}", f"{100 * metric['high']:.0f}")


def decimal(metric: dict[str, float]) -> str:
    """Write a value with its 95 % interval: ``0.23 [0.18-0.27]``."""
    return _with_interval(f"{metric['value']:.2f}", f"{metric['low']:.2f}", f"{metric['high']:.2f}")


def _with_interval(value: str, low: str, high: str) -> str:
    return f"{value.replace(' ', NO_BREAK)} [{low}{RANGE}{high}]"


def one_in(p: float) -> str:
    """Write a probability as how often: ``1 in 400``; above a half it is no rarity."""
    if p > 0.5:
        return "often"
    return "less than 1 in 1,000,000" if p < 1e-6 else f"1 in {count(1 / p)}"


def p_cell(p: float) -> str:
    """Write a p-value for a column of such: ``0.026``, ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_words(p: float) -> str:
    """Write a p-value: ``p = 0.026``, ``p < 0.001``."""
    return f"p {'' if p < 0.001 else '= '}{p_cell(p)}".replace(" ", NO_BREAK)


def table_height(rows: int, most: int) -> int:
    """Return the height of a table in pixels: of all its rows below their header, but no more than ``most``; then it scrolls."""
    return min(most, ROW_HEIGHT * (rows + 1) + 3)


def duration(seconds: float) -> str:
    """Write a time: ``40 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
