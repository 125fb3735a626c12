"""List claims with their verdicts and edges, and report an extraction as a whole."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.casestudy.export import to_csv, to_json
from core.kg.graph import KnowledgeGraph
from core.llm.grounding import CLAIM_COLUMNS, Claim, claim_records, edge_words
from core.llm.report import Report
from dashboard import theme
from dashboard.components.files import download

TABLE_HEIGHT = 360
INDICATORS = {
    "refusals": ("Refused or empty", "The model would not or could not write."),
    "unmapped": ("Names that the graph does not have", "Listed targets or diseases with nothing like them in the graph."),
    "misnamed": ("Perhaps about another entity", "Written under another name, or begins with one: often a former name."),
    "duplicates": ("The same text twice", "Several entities share it word for word."),
}


def claim_table(graph: KnowledgeGraph, claims: Sequence[Claim], file_name: str) -> None:
    """List the facts of a description with the edges behind their verdicts; offer them as CSV and JSON."""
    if not claims:
        st.caption("No sentence of it names an entity of the graph in a way that could be checked.")
        return
    records = claim_records(graph, claims)
    shown = pd.DataFrame(
        {
            "Verdict": [theme.VERDICTS[claim.verdict].text for claim in claims],
            "Claim": [theme.CLAIMS[claim.relation] for claim in claims],
            "Name": [record["mapped_name"] or record["mention"] for record in records],
            "Alike": [claim.score for claim in claims],
            "Edge of the graph": [edge_words(graph, claim.edge) if claim.edge is not None else "" for claim in claims],
            "Sentence": [claim.sentence for claim in claims],
        }
    )
    height = theme.table_height(len(shown), TABLE_HEIGHT)
    st.dataframe(shown, hide_index=True, column_config=_configuration(), height=height)
    claim_downloads(graph, claims, file_name)


def claim_downloads(graph: KnowledgeGraph, claims: Sequence[Claim], file_name: str) -> None:
    """Offer claims as CSV and JSON, made when they are asked for."""

    def csv() -> str:
        return to_csv(claim_records(graph, claims), CLAIM_COLUMNS)

    def json() -> str:
        return to_json(claim_records(graph, claims))

    with st.container(horizontal=True):
        download("CSV", csv, f"{file_name}.csv")
        download("JSON", json, f"{file_name}.json")


def _configuration() -> dict[str, object]:
    column = st.column_config
    return {
        "Verdict": column.TextColumn(width=150, pinned=True, help="What the graph says of it; silent is not wrong."),
        "Claim": column.TextColumn(width=140, help="How the sentence was read; by rules, not by a model."),
        "Name": column.TextColumn(width=170, help="The entity that the words were mapped to."),
        "Alike": column.NumberColumn(format="%.0f %%", width=60, help="Likeness of the words and the entity's name or synonym."),
        "Edge of the graph": column.TextColumn(width=320, help="The fact behind the verdict, or a weaker tie of the two."),
        "Sentence": column.TextColumn(width=420, help="As the model wrote it."),
    }


def whole_report(graph: KnowledgeGraph, claims: Sequence[Claim], result: Report, file_name: str) -> None:
    """Show the report of an extraction, and offer all its claims."""
    report_words(result)
    st.markdown("**All facts with their verdicts**")
    claim_downloads(graph, claims, file_name)


def report_words(result: Report) -> None:
    """Show the report of an extraction: how much, what the graph says, what looks wrong."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("**What the graph says of it**")
        marks = {mark.cell: name for name, mark in theme.VERDICTS.items()}
        rows = [
            {"Claim": theme.CLAIMS[line["claim"]], **{words: line[name] for words, name in marks.items()}}
            for line in result.verdicts
        ]
        if rows:
            st.dataframe(pd.DataFrame(rows), hide_index=True)
        else:
            st.caption("No sentence of them could be checked.")
    with right:
        st.markdown("**How much is described**")
        coverage = [{"Kind": theme.kind_style(c.kind).word, "Described": c.described, "Of": c.total} for c in result.coverage]
        st.dataframe(pd.DataFrame(coverage), hide_index=True)
    st.markdown("**What looks wrong**")
    for name, (label, meaning) in INDICATORS.items():
        cases = getattr(result, name)
        with st.expander(f"{label}: {theme.count(result.counts[name])}"):
            st.caption(meaning)
            if cases:
                st.dataframe(
                    pd.DataFrame([{"Entity": c.name, "What": c.what, "Identifier": c.id} for c in cases]), hide_index=True
                )
    words = [
        f"{theme.FIELD_LABELS.get(each.field, each.field)} {each.shortest} to {each.longest}, median {each.median:g}"
        for each in result.lengths
    ]
    if words:
        st.caption(f"Words a field: {'; '.join(words)}.")
