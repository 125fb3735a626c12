import builtins
import datetime
import re
import zlib
from html.parser import HTMLParser

import pytest

from core.casestudy.dossier import Made, Sources, Warned, dossier, to_html, to_pdf
from core.casestudy.notes import Note
from core.casestudy.shortlist import shortlist
from core.errors import LladrError
from core.explain.paths import PathFinder
from core.text.descriptions import Description
from tests.core.casestudy.scorers import FixedScorer
from tests.toy import ALZHEIMER, DONEPEZIL, HALOPERIDOL, LEVODOPA, PARKINSON

DAY = datetime.date(2026, 11, 24)


class Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.words, self.tags = [], []

    def handle_data(self, data):
        self.words.append(data)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def made_for(toy, disease=ALZHEIMER, drugs=(DONEPEZIL, LEVODOPA), notes=(), **more):
    rows = toy.vocabulary.entity_row
    table = shortlist(toy, FixedScorer([6, 5, 4, 3, 2, 1]), rows[disease])
    finder = PathFinder(toy)
    sources = Sources(paths=lambda drug: finder.best(drug, rows[disease]), **more)
    descriptions = {rows[DONEPEZIL]: Description(id=DONEPEZIL, background="A piperidine.", indications="Dementia & more.")}
    made = Made("mine", {"Seed": "7"}, evaluation=["Finds half."], warnings=["Few facts."], date=DAY)
    chosen = [rows[drug] for drug in drugs]
    return dossier(toy, table, rows[disease], chosen, sources=sources, descriptions=descriptions, notes=notes, made=made)


def read(values):
    page = Text()
    page.feed(to_html(values))
    return page, re.sub(r"\s+", " ", " ".join(page.words))


def test_the_report_says_all_that_it_was_given(toy):
    _, words = read(made_for(toy))
    for said in ("Alzheimer's disease", "Finds half.", "Few facts.", "A piperidine.", "Dementia & more.", "Seed 7", "2026-11-24"):
        assert said in words
    assert "not medical advice" in words
    assert "donepezil inhibits ACHE (reversible inhibitor); ACHE is associated with Alzheimer's disease (involved)." in words


def test_places_are_those_of_the_table(toy):
    """The toy's drugs in the order of their identifiers; the scorer falls along it: donepezil is the second of six."""
    drugs = [toy.names[row] for row in toy.drugs]
    donepezil = made_for(toy)["drugs"][0]
    assert donepezil["place"] == str(drugs.index("donepezil") + 1)
    assert donepezil["status"] == "● treats"


def test_warnings_are_those_that_the_graph_states(toy):
    forbidden = made_for(toy, disease=PARKINSON, drugs=(HALOPERIDOL,))["drugs"][0]
    assert [warned.text for warned in forbidden["warnings"]] == [
        "haloperidol is contraindicated in Parkinson's disease (blocks dopamine)"
    ]
    assert forbidden["status"] == "✕ contraindicated"


def test_given_warnings_replace_them(toy):
    values = made_for(toy, warnings=lambda drug: [Warned("Beware.", "a text")])
    assert "Beware." in read(values)[1]


def test_notes_stand_with_their_drug_only(toy):
    note = Note(graph="toy", disease=ALZHEIMER, drug=DONEPEZIL, verdict="reject", why="bradycardia", author="Ada", date=DAY)
    first, second = made_for(toy, notes=[note])["drugs"]
    assert (first["verdict"], second["verdict"]) == ("reject", "")
    assert first["notes"][0]["why"] == "bradycardia"


def test_foreign_text_is_data(toy):
    note = Note(graph="toy", disease=ALZHEIMER, drug=DONEPEZIL, verdict="doubt", why="<script>alert(1)</script>", date=DAY)
    page, words = read(made_for(toy, notes=[note]))
    assert "<script>alert(1)</script>" in words
    assert not [tag for tag, _ in page.tags if tag == "script"]


def test_the_page_asks_nobody_else(toy):
    page, _ = read(made_for(toy))
    assert not [attrs for _, attrs in page.tags if "src" in attrs]
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe")]


def pages_of(pdf):
    """Count the page objects of a PDF, those in compressed object streams, too."""
    streams = [zlib.decompressobj() for _ in re.findall(rb"stream\n", pdf)]
    bodies = re.findall(rb"/ObjStm.*?stream\n(.*?)\nendstream", pdf, re.DOTALL)
    plain = b"".join(stream.decompress(body) for stream, body in zip(streams, bodies, strict=False))
    return len(re.findall(rb"/Type\s*/Page\b", pdf + plain))


def test_the_pdf_has_a_page_for_each_drug_and_more(toy):
    one, two = (pages_of(to_pdf(to_html(made_for(toy, drugs=drugs)))) for drugs in ((DONEPEZIL,), (DONEPEZIL, LEVODOPA)))
    assert one >= 2
    assert two == one + 1


def test_without_pango_the_error_says_what_to_do(monkeypatch):
    imported = builtins.__import__

    def refusing(name, *args, **kwargs):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refusing)
    with pytest.raises(LladrError, match="print the HTML"):
        to_pdf("<p>x</p>")
