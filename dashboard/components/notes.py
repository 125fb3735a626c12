"""Readers' verdicts on candidates: take one, list those that hold, pass them on."""

import datetime
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.casestudy.notes import VERDICTS, Note, NoteBook, Verdict
from core.kg.graph import KnowledgeGraph
from dashboard import state, theme
from dashboard.components.files import download
from dashboard.components.words import errors_shown
from dashboard.theme import plain

VERDICT_WORDS: dict[Verdict, str] = {"agree": "✓ agree", "doubt": "? doubt", "reject": "✕ reject"}


def verdict_words(notes: Sequence[Note]) -> dict[str, str]:
    """Return the verdicts of each drug (identifier), all authors together."""
    words: dict[str, list[str]] = {}
    for note in notes:
        words.setdefault(note.drug, []).append(VERDICT_WORDS[note.verdict])
    return {drug: ", ".join(dict.fromkeys(mine)) for drug, mine in words.items()}


def note_form(graph: KnowledgeGraph, disease: int, drug: int, book: NoteBook) -> None:
    """Take a verdict on the chosen drug; it is added to the notes, earlier ones stay."""
    with st.form("note"):
        st.markdown(f"**{plain(graph.names[drug])}**")
        verdict = st.segmented_control("Verdict", VERDICTS, format_func=VERDICT_WORDS.__getitem__, default="doubt", required=True)
        why = st.text_input("Why")
        author = st.text_input("Your name or initials", key="author")
        if st.form_submit_button("Keep this verdict", type="primary", icon=":material/save:"):
            identifiers = graph.vocabulary.entities
            now = datetime.datetime.now(datetime.UTC)
            book.add(
                Note(
                    graph=graph.name,
                    disease=identifiers[disease],
                    drug=identifiers[drug],
                    verdict=verdict,
                    why=why.strip(),
                    author=author.strip(),
                    date=now,
                )
            )
            st.toast(f"Kept: {VERDICT_WORDS[verdict]}.")


def notes_kept(graph: KnowledgeGraph, notes: Sequence[Note], book: NoteBook) -> None:
    """Show the verdicts that hold; offer all notes of the workspace, and to take in those of another."""
    note_list(graph, notes)
    download("All notes (JSON lines)", book.export(), "notes.jsonl")
    notes_form(book)


def note_list(graph: KnowledgeGraph, notes: Sequence[Note]) -> None:
    """Show the verdicts that hold."""
    if not notes:
        st.caption("No verdict on a drug of this disease yet.")
        return
    rows = graph.vocabulary.entity_row
    records = [
        {
            "Drug": graph.names[rows[note.drug]] if note.drug in rows else note.drug,
            "Verdict": VERDICT_WORDS[note.verdict],
            "Why": note.why,
            "By": note.author,
            "On": note.date.date(),
        }
        for note in notes
    ]
    st.dataframe(pd.DataFrame(records), hide_index=True)


def notes_form(book: NoteBook) -> None:
    """Take in a file of notes once it is given, all of it or nothing."""
    with st.form("notes", border=False):
        file = st.file_uploader("Notes of another workspace", type=["jsonl"])
        given = st.form_submit_button("Take in", icon=":material/upload:")
    if given and file is not None:
        with errors_shown():
            taken = book.take_in(file.getvalue().decode("utf-8", errors="replace"), file.name)
            state.tell(f"{theme.counted(taken, 'new note')} taken in.")
            st.rerun()
    if message := state.told():
        st.success(message, icon=":material/check:")
