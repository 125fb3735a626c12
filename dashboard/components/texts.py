"""Show descriptions beside each other, each sentence with what the graph says of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import streamlit as st

from core.kg.graph import KnowledgeGraph
from core.kg.search import EntityIndex, Match
from core.llm.grounding import Claim, Described
from core.llm.statements import sentences
from core.llm.store import Version
from dashboard import state, theme
from dashboard.components.claims import claim_table
from dashboard.components.words import errors_shown
from dashboard.theme import plain

LISTS = {"indicated_for": "Listed uses", "contraindicated_in": "Listed contraindications", "targets": "Listed targets"}
LABELS = {**theme.FIELD_LABELS, **LISTS}
BESIDE = 3  #: descriptions that stand beside each other at first
FOUND = 8
ALIKE = 90.0  #: from which likeness on it is only a plural or another spelling, in percent


class Text(Protocol):
    """What is shown of one description."""

    key: str
    title: str
    described: Described
    claims: Sequence[Claim]
    current: Version
    versions: Sequence[Version]


def entity_search(graph: KnowledgeGraph, index: EntityIndex, choose: Callable[[int], None]) -> None:
    """Find an entity of any kind; a button opens it."""
    query = st.text_input(
        "Search an entity",
        placeholder="Drug, disease, gene, class ...; name, synonym or identifier; misspellings are fine",
        icon=":material/search:",
        key="search-entity",
    )
    matches = index.find(query, limit=FOUND) if query else []
    if query and not matches:
        st.info("Nothing in this graph comes near to that. Try another name or a synonym.", icon=":material/help:")
    with st.container(horizontal=True):
        for match in matches:
            if st.button(_match_words(graph, match), key=f"entity-{match.row}"):
                choose(match.row)


def _match_words(graph: KnowledgeGraph, match: Match) -> str:
    name, kind = graph.names[match.row], theme.kind_style(graph.kinds[match.row]).word
    by = "" if match.text.casefold() == name.casefold() else f", {plain(match.text)}"
    return f"{plain(name)} :gray[({plain(kind)}{by})]"


def entity_header(graph: KnowledgeGraph, row: int) -> None:
    """Name an entity, its kind and its synonyms."""
    st.subheader(plain(graph.names[row]))
    others = ", ".join(plain(each) for each in graph.synonyms[row])
    st.markdown(f":gray-badge[{plain(theme.kind_style(graph.kinds[row]).word)}]" + (f" also called {others}" if others else ""))


def verdict_key() -> None:
    """Explain the marks."""
    st.caption(" · ".join(f"{mark.text}: {mark.help}" for mark in theme.VERDICTS.values()))


def text_picker(texts: Sequence[Text]) -> list[Text]:
    """Choose which descriptions stand beside each other; no choice where there is one only."""
    if len(texts) < 2:
        return list(texts)
    titles = {text.key: text.title for text in texts}
    asked = [key for key in (state.read("texts") or "").split(",") if key in titles]
    first = list(titles)[:BESIDE]
    arguments = state.widget("texts", asked or first, default=first)
    st.pills("Descriptions", list(titles), selection_mode="multi", format_func=lambda key: plain(titles[key]), **arguments)
    return [text for text in texts if text.key in (asked or first)]


def text_columns(graph: KnowledgeGraph, texts: Sequence[Text]) -> None:
    """Show descriptions side by side, field by field, each sentence with its verdicts."""
    for column, text in zip(st.columns(len(texts)), texts, strict=True):
        column.markdown(f"**{plain(text.title)}**" + (" :violet-badge[edited by hand]" if text.current.by_hand else ""))
        column.caption(plain(provenance_words(graph, text.current)))
    for field, label in LABELS.items():
        if any(text.described.get(field) for text in texts):
            with st.container(border=True):
                st.markdown(f"**{label}**")
                for column, text in zip(st.columns(len(texts)), texts, strict=True):
                    if len(texts) > 1:  # on a narrow screen the columns stand below each other
                        column.caption(plain(text.title))
                    column.markdown(_field_words(graph, text, field) or ":gray[nothing written]")


def provenance_words(graph: KnowledgeGraph, version: Version) -> str:
    """Say who wrote a version, how, and when."""
    if not version.date:
        return graph.source.note or graph.source.title
    if version.by_hand:
        return f"Written by {version.author}, {_day(version)}: {version.reason}"
    parts = [f"Written by {version.model}", f"prompt {version.prompt} (version {version.prompt_version})"]
    parts += [] if version.temperature is None else [f"temperature {version.temperature:g}"]
    parts += ["the graph's facts were in the prompt"] if version.neighbours else []
    parts += [_day(version)]
    return ", ".join(parts)


def _day(version: Version) -> str:
    return version.date[:16].replace("T", " ") + " UTC"


def facts_and_history(graph: KnowledgeGraph, text: Text, file_name: str) -> None:
    """Offer the facts of a description with the edges behind their verdicts, and its earlier versions where there are some."""
    with st.expander(f"Facts and edges: {plain(text.title)} ({theme.counted(len(text.claims), 'fact')})"):
        claim_table(graph, text.claims, file_name)
    if len(text.versions) > 1:
        with st.expander(f"Earlier versions: {plain(text.title)} ({len(text.versions) - 1})", icon=":material/history:"):
            history(graph, text)


def history(graph: KnowledgeGraph, text: Text) -> None:
    """List the earlier versions of a description."""
    for version in text.versions[1:]:
        st.caption(plain(provenance_words(graph, version)))
        for field, value in version.fields.items():
            words = value if isinstance(value, str) else "; ".join(value)
            st.markdown(f"**{LABELS.get(field, plain(field))}**: {plain(words)}")


def edit_form(texts: Sequence[Text], save: Callable[[Text, dict[str, str | list[str]], str, str], None]) -> None:
    """Write a new version by hand; asks who and why."""
    with st.expander("Edit by hand", icon=":material/edit:"):
        by_title = {text.title: text for text in texts}
        text = by_title[st.selectbox("Which description", list(by_title), key="edit-which")]
        st.caption("It is kept as a new version beside the old one, which is never overwritten.")
        with st.form(f"edit-{text.current.entity}-{text.key}-{text.current.number}", border=False):
            changed = {field: _edited(field, label, text.described.get(field)) for field, label in LABELS.items()}
            author, reason = st.columns(2)
            who = author.text_input("Your name", key="edit-author")
            why = reason.text_input("Why", placeholder="what was wrong, and the source", key="edit-reason")
            if st.form_submit_button("Save as a new version", icon=":material/save:"):
                changes = {name: value for name, value in changed.items() if value != (text.described.get(name) or type(value)())}
                if not changes:
                    st.warning("Nothing was changed, so nothing was saved.", icon=":material/help:")
                    return
                with errors_shown():  # here, so that what was typed stays
                    save(text, changes, who, why)


def _edited(field: str, label: str, value: str | Sequence[str] | None) -> str | list[str]:
    if field in LISTS:
        return [line.strip() for line in st.text_area(f"{label}, one a line", "\n".join(value or ())).split("\n") if line.strip()]
    return st.text_area(label, str(value or ""), height=110).strip()


def source_picker(titles: Mapping[str, str]) -> str:
    """Choose the descriptions to report."""
    chosen = state.read("source")
    key = chosen if chosen in titles else next(iter(titles))
    if len(titles) > 1:
        st.selectbox("Descriptions", list(titles), format_func=titles.__getitem__, **state.widget("source", key))
    return key


def _field_words(graph: KnowledgeGraph, text: Text, field: str) -> str:
    value = text.described.get(field, "")
    parts = sentences(value) if isinstance(value, str) else list(value)
    return "\n\n".join(sentence_words(graph, text.claims, field, part) for part in parts)


def sentence_words(graph: KnowledgeGraph, claims: Iterable[Claim], field: str, sentence: str) -> str:
    """Write a sentence with the verdict on each claim that it makes below it."""
    verdicts = [_verdict_words(graph, claim) for claim in claims if (claim.field, claim.sentence) == (field, sentence)]
    return "  \n".join([plain(sentence), *verdicts])


def _verdict_words(graph: KnowledgeGraph, claim: Claim) -> str:
    """Write one claim: its mark, what is claimed, and where the graph says otherwise, what the graph says."""
    mark = theme.VERDICTS[claim.verdict]
    name = claim.mention if claim.entity is None or claim.also else graph.names[claim.entity]
    likeness = f" ({claim.score:.0f} % alike)" if claim.entity is not None and claim.score < ALIKE else ""
    narrowed = f" ({claim.qualifier})" if claim.qualifier and claim.verdict == "unknown" else ""
    phrase = theme.CLAIMS[claim.relation]
    words = f"{name}: {phrase} this" if claim.about == _tail(graph, claim) else f"{phrase} {name}"
    differs = claim.edge is not None and claim.verdict != "supported"
    graph_says = f" :gray[(the graph: {plain(_edge(graph, claim.edge))})]" if differs else ""
    return f":{mark.badge}[{mark.symbol} {plain(words + likeness + narrowed)}]{graph_says}"


def _tail(graph: KnowledgeGraph, claim: Claim) -> int | None:
    return claim.ends(graph)[1] if claim.entity is not None else None


def _edge(graph: KnowledgeGraph, edge: int) -> str:
    return graph.source.meaning(graph.vocabulary.relations[int(graph.triples[edge, 1])]).phrase
