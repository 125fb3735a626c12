"""Say things in words: errors, badges, headers, how good a run is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st

from core.casestudy.overview import DiseaseSummary
from core.casestudy.safety import Warned
from core.errors import LladrError
from core.evaluate.reliability import Reliability
from core.kg.sources import Source
from dashboard import theme
from dashboard.theme import plain

SYNONYMS_SHOWN, SIMILAR_SHOWN = 6, 4


STYLE = """<style>
[data-testid="stMainBlockContainer"] {padding: 3.5rem clamp(1rem, 3vw, 3rem) 2rem; max-width: 90rem}
.st-key-wide {overflow-x: auto}
.st-key-wide > div {min-width: 44rem}
</style>"""


def trim_margins() -> None:
    """Give the page the room that Streamlit leaves empty around it; a wide drawing scrolls on a narrow screen."""
    st.html(STYLE)


def footer() -> None:
    """Say quietly what this is not."""
    st.divider()
    st.caption("Research software, not medical advice.")


def error_box(error: LladrError) -> None:
    """Show what was found, what was expected and what to do."""
    parts = [f"**{plain(error.found)}**"]
    if error.expected:
        parts.append(f"Expected: {plain(error.expected)}")
    if error.advice:
        parts.append(f"What to do: {plain(error.advice)}")
    st.error("\n\n".join(parts), icon=":material/error:")


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an error that a user can act on where it is met; a bug shows itself."""
    try:
        yield
    except LladrError as error:
        error_box(error)


def source_badge(source: Source) -> None:
    """Say honestly where the facts come from: a badge, then one sentence."""
    if source.written_by_llm:
        st.markdown(":orange-badge[written by an LLM, not curated] :green-badge[✓ corroborated where marked]")
    st.caption(plain(source.note))


def mark_badges(status: str, holds: Mapping[str, bool]) -> None:
    """Show the marks of a pair: shape, word and colour, with a sentence on hover."""
    words = [theme.status_mark(status), *(theme.MARKS[role] for role in theme.WARNINGS if holds[role] and role != status)]
    if status == "cautioned":
        words.append(theme.MARKS["cautioned"])
    with st.container(horizontal=True, gap="small"):
        for mark in words:
            st.badge(mark.text, color=mark.badge, help=mark.help)


def disease_header(summary: DiseaseSummary) -> None:
    """Name a disease, with its synonyms and what is known of it."""
    st.title(plain(summary.name))
    if summary.synonyms:
        st.caption("Also called " + plain(", ".join(summary.synonyms[:SYNONYMS_SHOWN])))
    drugs = summary.drugs
    st.markdown(
        f"treated by **{theme.counted(drugs['treats'], 'drug')}** · symptoms relieved by **{drugs['palliates']}** · "
        f"in trials **{drugs['investigated']}** · contraindicated **{drugs['contraindicated']}** · genes **{summary.genes}**"
    )
    if summary.similar:
        st.caption("Similar: " + plain(", ".join(summary.similar[:SIMILAR_SHOWN])))
    if summary.untreated:
        st.badge("no treatment known to this graph", color="orange", icon=":material/help:")
        st.caption("The ranking rests on similar diseases and shared mechanisms alone, and nothing here can serve as a control.")


TRUST = {"reliable": ("green", "●●●"), "weak": ("orange", "●○○"), "no evidence": ("gray", "○○○")}
TRUST_HELP = "How well this ranking found treatments of this disease that were kept from it (page Evaluation)."
WARNINGS_SHOWN = 3
BOTH_SAID = (
    "Both are said: that it treats this disease, and that it is contraindicated. Either it is so in some cases (a stage, a form, "
    "an acute attack), or one of the two is wrong."
)


def trust(grade: Reliability, warnings: Sequence[str]) -> None:
    """Say how far the ranking of this disease can be trusted, and where it has little to go on."""
    colour, bars = TRUST[grade.level]
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.badge(f"ranking here: {grade.level} {bars}", color=colour, help=TRUST_HELP)
        st.caption(plain(grade.reason))
    for warning in warnings:
        st.warning(plain(warning), icon=":material/warning:")


def warned(reasons: Sequence[Warned], *, known: bool = False) -> None:
    """Read the gravest reasons against a drug, each with its source.

    :param known: whether it is a known treatment nevertheless
    """
    if known and any(each.bars for each in reasons):
        st.caption(BOTH_SAID)
    for each in reasons[:WARNINGS_SHOWN]:
        mark = theme.MARKS[each.severity]
        inherited = f"; said of {each.inherited_from}" if each.inherited_from else ""
        st.markdown(f":{mark.badge}[{mark.symbol} {plain(each.text)}] :gray[({plain(each.source + inherited)})]")
    if len(reasons) > WARNINGS_SHOWN:
        st.caption(f"and {theme.counted(len(reasons) - WARNINGS_SHOWN, 'more warning')}: column Warned of has all.")


def evaluation_words(base: dict[str, Any] | None, run: dict[str, Any]) -> None:
    """Say in plain words how good a run is on treatments it has not seen, beside its base."""
    hits = run["metrics"]["H@10"]
    without = f"; without the text {theme.percent(base['metrics']['H@10'])}" if base else ""
    st.markdown(
        f"A treatment that it had not seen stands **among the first ten** of {theme.count(run['n_candidates'])} drugs in "
        f"**{plain(theme.percent(hits))}** of cases{plain(without)}."
    )
    columns = {"graph alone": base, f"with text ({run['text']})": run} if base else {f"text: {run['text']}": run}
    rows = {
        "among the first ten (H@10)": [theme.percent(each["metrics"]["H@10"]) for each in columns.values()],
        "mean of 1 / rank (MRR)": [theme.decimal(each["metrics"]["MRR"]) for each in columns.values()],
        "beats another drug (AUC)": [theme.percent(each["metrics"]["AUC"]) for each in columns.values()],
    }
    st.markdown(_markdown_table(["held-out treatments", *columns], rows))
    st.caption(
        f"{run['n_pairs']} held-out treatments of {run['n_diseases']} diseases; in brackets 95 % intervals over diseases. "
        "Read it with care: treatments were held out at random, so similar drugs of a disease stayed known, which flatters."
        + (" The full text also names uses, so the language model may have known the answer." if run["text"] == "full" else "")
    )


def _markdown_table(header: list[str], rows: dict[str, list[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)]]
    cells = [[plain(label), *map(plain, values)] for label, values in rows.items()]
    return "\n".join("| " + " | ".join(line) + " |" for line in [*lines, *cells])
