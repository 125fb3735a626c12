"""Show why: paths as sentences, what the language model wrote, where to read on."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import quote

import streamlit as st

from core.explain.paths import Path, Step
from core.explain.references import reference
from core.explain.sentences import Fact, fact, is_unspecific
from core.kg.graph import KnowledgeGraph
from core.llm.grounding import Claim
from core.llm.statements import sentences
from core.text.descriptions import BLIND_FIELDS, FIELDS, Description
from dashboard import state, theme
from dashboard.components.context import link_box
from dashboard.components.files import download
from dashboard.components.texts import sentence_words, verdict_key
from dashboard.theme import plain

DRAWN_AT_FIRST = 5
ONLY_UNSPECIFIC = (
    "**Only unspecific links.** They join nearly any drug to nearly any disease: a shared metabolising enzyme, a side effect."
)


class Remarks(Protocol):
    """What is to be said of a path beside what it states."""

    opposite: str
    generic: Sequence[str]
    pubmed: str


def path_list(graph: KnowledgeGraph, paths: Sequence[Path], remarks: Sequence[Remarks] = ()) -> None:
    """Read paths aloud as a numbered list, each fact with its source; say so where there is none, or nothing specific."""
    if not paths:
        st.info("The graph has no path of two or three facts between them: it cannot say why.", icon=":material/help:")
        return
    if all(is_unspecific(graph, path) for path in paths):
        st.warning(ONLY_UNSPECIFIC, icon=":material/link_off:")
    lines = [f"{number}. {_path_words(graph, path)}" for number, path in enumerate(paths, start=1)]
    added = [_remark_words(remark) for remark in remarks] or [""] * len(lines)
    st.markdown("\n".join(line + more for line, more in zip(lines, added, strict=True)))


def _remark_words(remark: Remarks) -> str:
    search = f" [PubMed]({remark.pubmed})"
    opposite = f" :red-badge[✕ {plain(remark.opposite)}]" if remark.opposite else ""
    generic = f" :gray-badge[{plain(', '.join(remark.generic))}: joined to nearly anything]" if remark.generic else ""
    return opposite + generic + search


def _path_words(graph: KnowledgeGraph, path: Path) -> str:
    first, *others = path.steps
    words = ", ".join([fact_words(fact(graph, first), _page(graph, first)), *(f"which {_step_rest(graph, s)}" for s in others)])
    return f"{words} :gray-badge[unspecific]" if is_unspecific(graph, path) else words


def fact_words(item: Fact, page: str = "") -> str:
    """Write a fact as Markdown: bold names, then where it is known from.

    :param page: address of a page on what the fact ends in
    """
    return f"**{plain(item.start)}** {_rest(item, page)}"


def _step_rest(graph: KnowledgeGraph, step: Step) -> str:
    return _rest(fact(graph, step), _page(graph, step))


def _page(graph: KnowledgeGraph, step: Step) -> str:
    page = reference(graph, step.end)
    return page[1] if page else ""


def _rest(item: Fact, page: str = "") -> str:
    detail = f" ({plain(item.detail)})" if item.detail else ""
    source = f" :green-badge[✓ {plain(theme.source_word(item.provenance))}]" if item.provenance else ""
    tag = " :orange-badge[correlation]" if item.correlation else ""
    end = f"**[{plain(item.end)}]({page})**" if page else f"**{plain(item.end)}**"
    return f"{plain(item.phrase)} {end}{detail}{source}{tag}"


def path_picker(paths: Sequence[Path]) -> list[Path]:
    """Choose which paths to draw, by their numbers in the list."""
    numbers = list(range(1, len(paths) + 1))
    asked = [int(part) for part in (state.read("paths") or "").split(",") if part.isdigit() and int(part) in numbers]
    shown = asked or numbers[:DRAWN_AT_FIRST]
    arguments = state.widget("paths", shown, default=numbers[:DRAWN_AT_FIRST])
    st.pills("Paths in the picture", numbers, selection_mode="multi", help="Numbers of the list above.", **arguments)
    return [paths[number - 1] for number in shown]


def descriptions(
    graph: KnowledgeGraph, rows: Sequence[int], texts: Mapping[int, Description], claims: Mapping[int, Sequence[Claim]]
) -> None:
    """Show what was written about drug and disease, field beside field, each sentence with its verdict against the graph.

    :param claims: what each text claims, by entity row
    """
    st.subheader("What the language model wrote" if graph.source.written_by_llm else "Descriptions")
    if not any(row in texts for row in rows):
        st.info("There is no description of either of them.", icon=":material/help:")
        return
    for field in FIELDS:
        with st.container(border=True):
            flag = "" if field in BLIND_FIELDS else " :orange-badge[⚑ names uses (left out of blind text)]"
            st.markdown(f"**{theme.FIELD_LABELS[field]}**{flag}")
            for column, row in zip(st.columns(len(rows)), rows, strict=True):
                text = getattr(texts[row], field) if row in texts else ""
                words = "\n\n".join(sentence_words(graph, claims.get(row, ()), field, each) for each in sentences(text))
                column.caption(plain(graph.names[row]))
                column.markdown(words or (":gray[nothing written]" if row in texts else ":gray[there is no description]"))
    verdict_key()
    st.caption(plain(graph.source.note))


def take_away(record: str, file_name: str, drug: str, disease: str) -> None:
    """Offer the evidence as JSON, the address, and where to read on."""
    with st.container(horizontal=True):
        download("JSON", record, f"{file_name}.json")
        link_box()
        external_links(drug, disease)


def external_links(drug: str, disease: str) -> None:
    """Link to searches elsewhere, built of names."""
    pair = quote(f'"{drug}" AND "{disease}"')
    st.link_button(
        "DrugBank", f"https://go.drugbank.com/unearth/q?searcher=drugs&query={quote(drug)}", icon=":material/open_in_new:"
    )
    st.link_button(
        "ClinicalTrials.gov",
        f"https://clinicaltrials.gov/search?cond={quote(disease)}&intr={quote(drug)}",
        icon=":material/open_in_new:",
    )
    st.link_button("PubMed", f"https://pubmed.ncbi.nlm.nih.gov/?term={pair}", icon=":material/open_in_new:")
