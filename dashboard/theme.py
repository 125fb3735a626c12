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
ACCENT = "#2492AA"  #: between the two of .streamlit/config.toml, legible in both looks
SECOND = "#D07A00"
INK = {"light": "#1C2328", "dark": "#E6EAEC"}  #: as textColor in .streamlit/config.toml
NO_BREAK = "\u00a0"
RANGE = "\u2060\u2013\u2060"  #: a dash at which no line breaks
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


def duration(seconds: float) -> str:
    """Write a time: ``40 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
