"""The parts of the page Evaluation: pickers, background measuring, which method stands where in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import streamlit as st

from core.evaluate.metrics import LOWER_IS_BETTER, WORDS
from core.evaluate.protocols import PROTOCOLS
from core.pipeline.verdicts import Row, Verdict, first_metric, standing
from dashboard import state, theme
from dashboard.components.context import TEXT_WORDS
from dashboard.components.evaluation_tables import label
from dashboard.components.live import live
from dashboard.theme import plain

STANDING: dict[Verdict, str] = {
    "worse": ":red-badge[▼ Beaten by]",
    "no difference shown": ":gray-badge[= No difference shown]",
    "better": ":green-badge[▲ Better than]",
    "not comparable": ":gray-badge[? Not tested]",
}


class RunChoice(Protocol):
    """What a picker needs to know of a run."""

    name: str
    text: str


class Choice(Protocol):
    """What is chosen, and what could be."""

    runs: list[str]
    options: Sequence[RunChoice]
    protocol: str
    scorer: str | None
    scorers: tuple[str, ...]
    areas: list[str]


class Measurement(Protocol):
    """What is shown of a measurement in the background."""

    protocol: str
    running: bool
    stage: str
    share: float
    seconds_left: float
    error: str


def pickers(choice: Choice) -> None:
    """Choose runs, text, protocol, scorer, and what the protocol needs."""
    texts = {each.name: each.text for each in choice.options}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.multiselect(
            "Runs, the first one is judged",
            list(texts),
            format_func=lambda name: f"{name}: {TEXT_WORDS[texts[name]]}",
            width=340,
            help="Only runs of one graph can be compared: they are asked for the same held-out treatments.",
            **state.widget("runs", choice.runs),
        )
        _text_picker(choice, texts)
        if len(choice.scorers) > 1:
            st.selectbox(
                "Ranks with",
                choice.scorers,
                width=160,
                help="What the run ranks with: by default the first one.",
                **state.widget("scorer", choice.scorer or choice.scorers[0], default=choice.scorers[0]),
            )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Protocol",
            list(PROTOCOLS),
            width=220,
            help="  \n".join(f"**{name}**: {protocol.words}." for name, protocol in PROTOCOLS.items()),
            **state.widget("protocol", choice.protocol, default="drugs-for-disease"),
        )
        _what_it_needs(choice)
    words = PROTOCOLS[choice.protocol].words
    st.caption(f"{words[0].upper()}{words[1:]}.")


def _text_picker(choice: Choice, texts: Mapping[str, str]) -> None:
    """Jump to the last trained run of another text mode."""
    newest = {text: name for name, text in reversed(list(texts.items()))}
    modes = [mode for mode in theme.TEXT_MODES if mode in newest]
    key = "evaluation-text"

    def jump() -> None:
        if (mode := st.session_state[key]) and mode != texts[choice.runs[0]]:
            state.write(runs=",".join(dict.fromkeys([newest[mode], *choice.runs])))

    if len(modes) > 1:
        st.session_state[key] = texts[choice.runs[0]]
        st.pills(
            "Text that it reads",
            modes,
            key=key,
            on_change=jump,
            help="  \n".join(f"**{mode}**: {theme.TEXT_MODES[mode]}." for mode in modes),
        )


def _what_it_needs(choice: Choice) -> None:
    kind = PROTOCOLS[choice.protocol].split
    if kind == "area" and choice.areas:
        area = state.read("area") if state.read("area") in choice.areas else choice.areas[0]
        st.selectbox("Therapeutic area", choice.areas, width=220, **state.widget("area", area))
    elif kind == "external":
        for name, label in (("positives", "File of pairs"), ("negatives", "File of pairs that are no treatments")):
            st.text_input(
                label,
                placeholder="path on the server's machine",
                width=300,
                help="A table with columns compound and disease: identifiers or names of the graph.",
                **state.widget(name, state.read(name) or "", default=""),
            )
    elif kind != "area":
        seed = state.read("seed") or "0"
        st.number_input(
            "Split",
            min_value=0,
            width=110,
            help="Seed of what is held out. Other splits show how much the choice of pairs matters.",
            **state.widget("seed", int(seed) if seed.isdigit() else 0, default=0),
        )


def lacks_something(choice: Choice) -> None:
    """Say what the protocol still needs."""
    if PROTOCOLS[choice.protocol].split == "area":
        st.info(
            "The graph's source declares no therapeutic areas: choose the protocol zero-shot instead.", icon=":material/help:"
        )
    else:
        st.info(
            "Give a file of pairs above: a table with the columns compound and disease. The graph must not contain any of them.",
            icon=":material/upload_file:",
        )


def sentence(text: str) -> None:
    """Say the most important thing, large enough to be seen first."""
    st.markdown(f"#### {plain(text)}")


def standing_words(rows: Sequence[Row], metric: str) -> None:
    """Say which methods beat the run, where nothing is shown, and which it beats: in this order."""
    if len(rows) == 1:
        return
    for verdict, found in standing(rows, metric).items():
        if found:
            names = (f"**{plain(label(row))}** :gray[({_difference_words(row, metric)})]" for row in found)
            st.markdown(f"{STANDING[verdict]} {', '.join(names)}")
    st.caption(
        f"By {plain(metric)}; in brackets the run minus the other. A difference counts if p < 0.05 in a paired permutation test "
        "over diseases; the p-values are not corrected for their number."
    )


def no_disease_plot() -> None:
    """Say why there is no picture of diseases."""
    st.caption("Not under this protocol: it ranks diseases for a drug, so that no disease has a list of drugs of its own.")


def left_out(count: int) -> None:
    """Say how many pairs of a file were not asked."""
    if count:
        st.caption(f"{theme.counted(count, 'pair')} of the file left out: the graph does not have drug or disease.")


def _difference_words(row: Row, metric: str) -> str:
    difference = row.differences.get(metric)
    return "" if difference is None else plain(f"{difference.difference:+.3f}, {theme.p_words(difference.p_value)}")


def measuring(
    name: str,
    lacking: str,
    *,
    seconds: float,
    start: Callable[[], None],
    stop: Callable[[], None],
    progress: Callable[[], Measurement | None],
) -> None:
    """Say what is not measured yet of a run, and offer it; then show how far it is.

    :param lacking: what is not measured, as the start of a sentence
    """
    now = progress()
    if now and now.running:
        live(lambda: _draw_progress(name, progress()), running=True)
        st.button("Stop", icon=":material/stop:", key=f"stop-{name}", on_click=stop, help="What is trained is kept.")
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/hourglass_empty: **{lacking}** It takes about {theme.duration(seconds)} in the background.")
        if st.button("Measure", key=f"measure-{name}", type="primary", icon=":material/play_arrow:"):
            start()
            st.rerun()
    if now and now.error:
        st.error("The last try failed. The end of its log:", icon=":material/error:")
        st.code(now.error, language=None)


def _draw_progress(name: str, now: Measurement | None) -> bool:
    if now and now.running:
        left = f", about {theme.duration(now.seconds_left)} left"
        st.progress(min(max(now.share, 0.0), 1.0), text=f"Measuring {plain(name)} ({now.protocol}): {now.stage}{left}")
    return bool(now and now.running)


def metric_picker(metrics: Sequence[str]) -> str:
    """Choose the metric by which methods are compared."""
    default = first_metric(dict.fromkeys(metrics))
    chosen = state.read("metric") if state.read("metric") in metrics else default
    st.pills(
        "Compared by",
        list(metrics),
        help="  \n".join(f"**{metric}**: {plain(WORDS.get(metric, ''))}." for metric in metrics),
        required=True,
        **state.widget("metric", chosen, default=default),
    )
    lower = "; lower is better" if chosen in LOWER_IS_BETTER else ""
    st.caption(plain(f"{chosen}: {WORDS.get(chosen, '')}{lower}."))
    return chosen
