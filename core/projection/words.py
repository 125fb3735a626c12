"""Say in one sentence each what the measures say, and what they do not."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.projection.measures import NEIGHBOURS, Measure

WARNING = (
    "Distances between groups in such a picture (UMAP) mean little, and so do sizes of groups and empty space: "
    "read who stands close to whom, and trust the measures, which were taken in the original space."
)
PANEL_WORDS = {"before": "before", "after": "after", "text": "text alone", "shuffled": "shuffled text"}


@dataclass(frozen=True)
class Explained:
    """One measure in words."""

    name: str
    title: str
    sentence: str  #: what it says of before and after
    is_share: bool  #: written in percent


@dataclass(frozen=True)
class _Question:
    title: str
    subject: str  #: what is counted
    more: str  #: what a higher value means
    is_share: bool


_QUESTIONS = {
    "kind purity": _Question(
        "Is like near like?",
        f"Of an entity's {NEIGHBOURS} nearest neighbours, {{after}} are of its own kind",
        "more",
        is_share=True,
    ),
    "class purity": _Question(
        "Are drugs near their class?",
        f"Of a drug's {NEIGHBOURS} nearest drugs, {{after}} share a pharmacologic class with it",
        "more",
        is_share=True,
    ),
    "silhouette": _Question(
        "Do kinds stand apart?",
        "The silhouette of the kinds, from -1 over 0 (mixed) to 1 (far apart), is {after}",
        "clearer",
        is_share=False,
    ),
    "trustworthiness": _Question(
        "Can the picture be trusted?",
        "Neighbours in the picture are neighbours in the space to a degree of {after} (1 is all of them)",
        "truer",
        is_share=False,
    ),
}
_LESS = {"more": "fewer", "clearer": "less clear", "truer": "less true"}


def explain(panels: Mapping[str, Mapping[str, Measure]]) -> list[Explained]:
    """Return each measure that before and after have, with a sentence that compares them."""
    before, after = panels["before"], panels["after"]
    known = {name: question for name, question in _QUESTIONS.items() if name in before and name in after}
    return [
        Explained(name, question.title, _sentence(question, before[name], after[name]), question.is_share)
        for name, question in known.items()
    ]


def _sentence(question: _Question, before: Measure, after: Measure) -> str:
    order = compared(after, before)
    verdict = {0: "no different from before", 1: f"{question.more} than before", -1: f"{_LESS[question.more]} than before"}[order]
    subject = question.subject.format(after=number(after, is_share=question.is_share))
    return f"{subject}: {verdict} ({number(before, is_share=question.is_share)}){_bounds(before, is_share=question.is_share)}."


def compared(one: Measure, other: Measure) -> int:
    """Return 1 where the first is higher beyond both intervals, -1 where it is lower, 0 where the intervals meet."""
    return int(one.low > other.high) - int(one.high < other.low)


def _bounds(measure: Measure, *, is_share: bool) -> str:
    """Say what chance and a perfect order would give, of shares."""
    if not is_share:
        return ""
    best = f", a perfect order {_percent(measure.best)}" if measure.best < 0.995 else ""
    return f"; neighbours drawn at random would give {_percent(measure.chance)}{best}"


def overlap_sentence(shared: Measure) -> str:
    """Say how much neighbourhoods before and after have in common."""
    return (
        f"Before and after have {number(shared, is_share=True)} of the {NEIGHBOURS} nearest neighbours in common, on average; "
        f"two unrelated spaces would have {_percent(shared.chance)}."
    )


def residual_sentence(residual: float) -> str:
    """Say how far two pictures are from having one shape."""
    return (
        f"After the best shift, turn and scaling of one picture onto the other, {_percent(residual)} of the spread of the places "
        "remains unexplained (Procrustes residual): 0 % would be the same picture."
    )


def shuffled_note(before: Mapping[str, Measure], shuffled: Mapping[str, Measure]) -> str:
    """Say whether text dealt out at random separates classes and kinds better than no text: it should not."""
    found = []
    for name, what in (("class purity", "by drug class"), ("kind purity", "by kind")):
        if name in before and name in shuffled:
            base, control = before[name], shuffled[name]
            verdict = {1: "more", -1: "less", 0: "neither more nor less"}[compared(control, base)]
            numbers = f"{number(control, is_share=True)} against {number(base, is_share=True)}"
            found.append(f"{verdict} purity {what} ({numbers})")
    more = any(part.startswith("more") for part in found)
    because = " Texts are shuffled within each kind, so they still tell what kind an entity is, and only that." if more else ""
    return f"Control: shuffled text gives {' and '.join(found)} than no text.{because}" if found else ""


def number(measure: Measure, *, is_share: bool) -> str:
    """Write a measure with its interval: ``62 % [61 to 63]`` or ``0.12 [0.10 to 0.14]``."""
    if is_share:
        return f"{_percent(measure.value)} [{100 * measure.low:.1f} to {100 * measure.high:.1f}]"
    return f"{measure.value:.2f} [{measure.low:.2f} to {measure.high:.2f}]"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
