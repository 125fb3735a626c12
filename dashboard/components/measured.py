"""Show what was measured: what the text did, which facts and sentences count, and what would be without them."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import streamlit as st

from core.casestudy.attribution import EdgeEffect, Sentence, SentenceEffect, TextPlace
from core.casestudy.contributions import COMPONENT_WORDS, Contribution
from core.casestudy.whatif import WhatIf
from core.explain.paths import Step
from core.explain.sentences import fact
from core.kg.graph import KnowledgeGraph
from dashboard import state, theme
from dashboard.components.evidence import fact_words
from dashboard.theme import plain

SHOWN = 8  #: of each list before the reader asks for more
EFFECTS = {
    "supports": ":green-badge[▲ supports]",
    "speaks against": ":red-badge[▼ speaks against]",
    "no measurable effect": ":gray-badge[no measurable effect]",
    "not learned from": ":gray-badge[the model has not learned from it]",
}
SENTENCE_EFFECTS = (":red-badge[▼ lowers]", ":gray-badge[no measurable effect]", ":green-badge[▲ lifts]")
MODES = {"none": "no text", "name": "names only", "blind": "without the uses", "full": "all the text", "shuffled": "shuffled"}


def ladder_steps(places: Sequence[TextPlace]) -> list[tuple[str, float]]:
    """Return label and rank of what can be told, a counterfactual with a star."""
    star = {"trained": "", "counterfactual": " *"}
    return [(f"{MODES[place.mode]}{star[place.how]}", place.rank) for place in places if place.rank is not None and place.how]


def ladder_words(places: Sequence[TextPlace]) -> None:
    """Say which rungs were trained, and why others are missing."""
    if any(place.how == "counterfactual" for place in places):
        st.caption(
            "Without a star: by a run that was trained with this text. * Not trained: the text of drug and disease was swapped "
            "for less in this run; what the model has learned from the rest stays."
        )
    missing = {place.reason: [] for place in places if place.rank is None}
    for place in places:
        if place.rank is None:
            missing[place.reason].append(MODES[place.mode])
    for reason, modes in missing.items():
        st.caption(f"Not known with {plain(', '.join(modes))}: {plain(reason)}.")


def measure_button(seconds: str) -> bool:
    """Offer to measure; returns whether it was asked for, now or by the address."""
    if state.read("measure") == "yes":
        return True
    st.button(
        f"Measure which facts and sentences count ({seconds})",
        icon=":material/science:",
        type="primary",
        on_click=lambda: state.write(measure="yes"),
    )
    return False


def fact_ticks(graph: KnowledgeGraph, effects: Sequence[EdgeEffect], total: int) -> tuple[int, ...]:
    """List facts with their measured effect, each with a tick; returns the rows of those that are off."""
    st.markdown("**Facts**, the most telling first")
    if not effects:
        st.caption("There is no fact to leave out: the graph has no path between the two.")
    first, rest = _split(effects, [effect.verdict in ("supports", "speaks against") for effect in effects])
    for effect in first:
        _fact_tick(graph, effect, total)
    if rest:
        with st.expander(f"{theme.counted(len(rest), 'more fact')}, of little or no measurable effect"):
            for effect in rest:
                _fact_tick(graph, effect, total)
    return tuple(effect.edge for effect in effects if f"e{effect.edge}" in state.listed("without"))


def _fact_tick(graph: KnowledgeGraph, effect: EdgeEffect, total: int) -> None:
    head, _, tail = graph.triples[effect.edge].tolist()
    item = fact(graph, Step(head, tail, effect.edge, forward=True))
    told = f"{fact_words(item)} {EFFECTS[effect.verdict]} {_without(effect.rank, effect.rank_without, total)}"
    _tick(item.text, told, f"e{effect.edge}")


def _tick(name: str, told: str, item: str) -> None:
    """Draw a tick beside words that wrap, which the label of a checkbox would not."""
    with st.container(horizontal=True, gap="small", key=f"tick-{item}"):
        st.checkbox(f"Keep: {plain(name)}", label_visibility="collapsed", **state.unticked("without", item))
        st.markdown(told, width="stretch")


def sentence_ticks(
    graph: KnowledgeGraph, effects: Sequence[SentenceEffect], rank: float, total: int, reason: str
) -> tuple[str, ...]:
    """List sentences with their measured effect, each with a tick; returns the keys of those that are off."""
    st.markdown("**Sentences** that the language model wrote, the most telling first")
    if reason or not effects:
        st.caption(f"None can be left out: {plain(reason or 'neither drug nor disease has a description in this text')}.")
    first, rest = _split(effects, [effect.measurable for effect in effects])
    for effect in first:
        _sentence_tick(graph, effect, rank, total)
    if rest:
        with st.expander(f"{theme.counted(len(rest), 'more sentence')}, of little or no measurable effect"):
            for effect in rest:
                _sentence_tick(graph, effect, rank, total)
    return tuple(effect.sentence.key for effect in effects if f"s{effect.sentence.key}" in state.listed("without"))


def _sentence_tick(graph: KnowledgeGraph, effect: SentenceEffect, rank: float, total: int) -> None:
    sign = 0 if not effect.measurable else 1 if effect.change > 0 else -1
    words = f"*{plain(graph.names[effect.sentence.row])}*: {plain(effect.sentence.text)}"
    told = f"{words} {SENTENCE_EFFECTS[sign + 1]} {_without(rank, effect.rank_without, total)}"
    _tick(effect.sentence.text, told, f"s{effect.sentence.key}")


def _split(effects: Sequence, telling: Sequence[bool]) -> tuple[list, list]:
    """Put what tells first, at most SHOWN of it, and what the reader has unticked."""
    order = [effect for effect, tells in zip(effects, telling, strict=True) if tells][:SHOWN]
    first = order or list(effects[:2])
    return first, [effect for effect in effects if effect not in first]


def _without(rank: float, without: float, total: int) -> str:
    same = f"in the same place without it ({theme.ordinal(rank)})"
    return f":small[{same if rank == without else f'without it {theme.ordinal(without)} of {theme.count(total)}'}]"


def what_if_words(result: WhatIf | None, left_out: int, total: int) -> None:
    """Say where the drug would stand without what is unticked."""
    if result is None:
        st.info("Untick a fact or a sentence, and see where the drug would stand without it.", icon=":material/check_box:")
        return
    falls = result.moved
    words = (
        "in the same place" if not falls else f"{theme.counted(round(abs(falls)), 'place')} {'lower' if falls > 0 else 'higher'}"
    )
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"Without {theme.counted(left_out, 'thing')} that you unticked: **{theme.place(result.after.rank, total)}**, {words} "
            f"(as it is: {theme.ordinal(result.before.rank)})."
        )
        st.button("Tick all again", on_click=lambda: state.write(without=None))
    if result.held:
        held = "; ".join(COMPONENT_WORDS.get(name, name) for name in result.held)
        st.caption(f"Held as they are: {plain(held)}.")
    if result.ignored:
        st.caption(f"The sentences change nothing: {plain(result.ignored)}.")


def strongest_sentence(effects: Sequence[SentenceEffect], graph: KnowledgeGraph) -> None:
    """Name the sentence whose removal moves the drug most."""
    best: Sentence | None = effects[0].sentence if effects and effects[0].measurable else None
    if best is None:
        st.caption("No single sentence moves the drug measurably.")
        return
    verb = "lifts" if effects[0].change > 0 else "lowers"
    st.markdown(f"The sentence that counts most {verb} the drug: *{plain(graph.names[best.row])}*: “{plain(best.text)}”")
    if verb == "lifts" and best.field == "contraindications":
        st.warning(
            "This sentence warns, and yet it lifts the drug: the encoder sees what a text is about, not whether it speaks for or "
            "against a use.",
            icon=":material/warning:",
        )


class Texts(Protocol):
    """What the text did to a pair."""

    reason: str
    rank: float


def ticks(
    graph: KnowledgeGraph,
    facts: Sequence[EdgeEffect],
    sentences: Sequence[SentenceEffect],
    texts: Texts,
    total: int,
    what_if: Callable[[tuple[int, ...], tuple[str, ...]], WhatIf],
) -> None:
    """Lay facts and sentences side by side, each with a tick, over what would be without those that are off."""
    if sentences:
        strongest_sentence(sentences, graph)
    answer = st.container()
    left, right = st.columns(2)
    with left:
        edges = fact_ticks(graph, facts, total)
    with right:
        left_out = sentence_ticks(graph, sentences, texts.rank, total, texts.reason)
    with answer:
        count = len(edges) + len(left_out)
        what_if_words(what_if(edges, left_out) if count else None, count, total)
    st.caption(
        "Measured by training the rows of drug and disease on, three times with the fact and three times without it. It supports "
        "the drug only where all three agree and the change is no mere noise. A sentence is left out by embedding its text anew."
    )


def carried(items: Sequence[Contribution], weights: str, draw: Callable[[Sequence[Contribution]], Any]) -> None:
    """Show which component of a fusion carried the rank, and say which weights were used."""
    if items:
        st.markdown("**What carried the rank**")
        st.plotly_chart(draw(items), key="carried")
        st.caption(f"The ranking is a weighted sum of these: {weights}.")


def text_ladder(places: Sequence[TextPlace], total: int, draw: Callable[[Sequence[tuple[str, float]], int], Any]) -> None:
    """Draw where the drug stands with how much text."""
    steps = ladder_steps(places)
    if len(steps) > 1:
        st.markdown("**What the text did**")
        st.plotly_chart(draw(steps, total), config={"displayModeBar": False}, key="ladder")
    ladder_words(places)
