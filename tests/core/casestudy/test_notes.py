import datetime

import pytest

from core.casestudy.notes import Note, NoteBook
from core.errors import WorkspaceError

MORNING = datetime.datetime(2026, 11, 24, 9, tzinfo=datetime.UTC)
EVENING = MORNING + datetime.timedelta(hours=9)


def note(drug="Compound::a", verdict="doubt", author="Ada", date=MORNING, **more):
    return Note(graph="starter", disease="Disease::x", drug=drug, verdict=verdict, author=author, date=date, **more)


@pytest.fixture
def book(tmp_path):
    return NoteBook(tmp_path / "notes.jsonl")


def test_an_empty_book_has_no_notes(book):
    assert book.history() == []
    assert book.current("starter", "Disease::x") == []


def test_the_last_note_of_an_author_holds_and_the_first_stays_in_the_file(book):
    first, second, other = note(), note(verdict="reject", date=EVENING, why="toxic"), note(author="Bo")
    for each in (first, second, other):
        book.add(each)
    assert book.current("starter", "Disease::x") == [second, other]
    assert book.history() == [first, second, other]


def test_notes_of_another_disease_or_graph_are_not_shown(book):
    book.add(note())
    assert book.current("starter", "Disease::y") == []
    assert book.current("hetionet", "Disease::x") == []


def test_an_export_taken_in_elsewhere_gives_the_same_notes(book, tmp_path):
    for each in (note(why="a, b\nc"), note(drug="Compound::b", date=EVENING)):
        book.add(each)
    there = NoteBook(tmp_path / "there" / "notes.jsonl")
    assert there.take_in(book.export()) == 2
    assert there.history() == book.history()


def test_taking_in_the_same_notes_again_adds_nothing(book):
    book.add(note())
    assert book.take_in(book.export()) == 0
    assert len(book.history()) == 1


def test_a_later_note_wins_whichever_was_taken_in_first(book):
    book.add(note(verdict="agree", date=EVENING))
    book.take_in(note(verdict="reject", date=MORNING).model_dump_json())
    assert [each.verdict for each in book.current("starter", "Disease::x")] == ["agree"]


@pytest.mark.parametrize("bad", ["no json", "{}", '{"graph": "g", "disease": "d", "drug": "e", "verdict": "maybe"}'])
def test_a_bad_line_is_named_and_nothing_is_taken_in(book, bad):
    with pytest.raises(WorkspaceError, match="line 2 is no note"):
        book.take_in(f"{note().model_dump_json()}\n{bad}\n", "mine.jsonl")
    assert book.history() == []


def test_a_date_without_time_zone_is_taken_as_utc(book):
    text = note().model_dump_json().replace("Z", "")
    book.take_in(text)
    assert book.history() == [note()]
