"""Walk through three cases as a clinician does: a well-known disease, one without treatment, one that is new to the graph."""

import json
import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_walk import select_row
from tests.toy import ALZHEIMER, PRION

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WAIT = 20_000  #: milliseconds; the first visit reads texts and runs


def opened(page: Page, link: str, query: str = "") -> None:
    """Come with a context in the address, and follow the navigation, which keeps it."""
    page.goto(f"{urljoin(page.url, '/')}?{query}")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=link, exact=True).click()


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=WAIT)


def test_alzheimers_disease_from_candidates_to_the_printed_dossier(page: Page, tmp_path: Path):
    opened(page, "Candidates", f"disease={ALZHEIMER}")
    heading(page, "Alzheimer's disease")
    select_row(page, 1)
    page.get_by_role("button", name="In other diseases").click()
    expect(page.get_by_role("heading", name=re.compile("in all diseases"))).to_be_visible(timeout=WAIT)
    page.get_by_role("radio", name="This disease").click()
    expect(page.get_by_role("heading", name="Case study: Alzheimer's disease")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("heading", name="Are known and trial drugs found again?")).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_be_visible(timeout=WAIT)

    page.get_by_role("radio", name="reject").click()
    page.get_by_label("Why", exact=True).fill("seen in clinic")
    page.get_by_role("button", name="Keep this verdict").click()
    expect(page.get_by_text("Kept: ✕ reject.")).to_be_visible()
    with page.expect_download() as notes:
        page.get_by_role("button", name="All notes").click()
    (kept,) = notes.value.path().read_text(encoding="utf-8").splitlines()
    assert json.loads(kept)["why"] == "seen in clinic"

    page.get_by_role("button", name="Make the dossier").click()
    with page.expect_download(timeout=WAIT) as report:
        page.get_by_role("button", name="HTML", exact=True).click()
    assert "Alzheimer" in report.value.path().read_text(encoding="utf-8")
    with page.expect_download(timeout=WAIT) as printed:
        page.get_by_role("button", name="PDF", exact=True).click()
    assert printed.value.path().read_bytes().startswith(b"%PDF-")
    page.screenshot(path=tmp_path / "alzheimer.png", full_page=True)


def test_notes_of_another_workspace_are_taken_in_once_and_all_or_none(page: Page, tmp_path: Path):
    opened(page, "Case study", f"disease={PRION}")
    heading(page, "Case study: prion disease")
    (tmp_path / "bad.jsonl").write_text("no note\n", encoding="utf-8")
    note = {
        "graph": "elsewhere",
        "disease": PRION,
        "drug": "Compound::aspirin",
        "verdict": "doubt",
        "date": "2026-11-24T00:00:00Z",
    }
    (tmp_path / "good.jsonl").write_text(json.dumps(note) + "\n", encoding="utf-8")
    take_in(page, tmp_path / "bad.jsonl", "bad.jsonl, line 1 is no note")
    take_in(page, tmp_path / "good.jsonl", "1 new note taken in.")
    page.get_by_test_id("stMain").get_by_role("radio", name="One drug in all diseases").click()
    page.get_by_test_id("stMain").get_by_role("radio", name="This disease").click()
    heading(page, "Case study: prion disease")
    expect(page.get_by_text("taken in.")).to_have_count(0)
    take_in(page, tmp_path / "good.jsonl", "0 new notes taken in.")


def take_in(page: Page, file: Path, said: str) -> None:
    uploader = page.get_by_test_id("stFileUploader").filter(has_text="Notes of another workspace")
    uploader.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    expect(uploader.get_by_role("button", name=f"Remove {file.name}")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Take in").click()
    expect(page.get_by_text(said)).to_be_visible(timeout=WAIT)


def test_a_rare_disease_without_treatment_says_so_and_takes_a_list(page: Page):
    opened(page, "Candidates", f"disease={PRION}")
    heading(page, "prion disease")
    expect(page.get_by_text("no treatment known to this graph")).to_be_visible()
    expect(page.get_by_text("ranking here: no evidence").first).to_be_visible()
    opened(page, "Case study", f"disease={PRION}")
    heading(page, "Case study: prion disease")
    expect(page.get_by_text("Give a list of your own below")).to_be_visible(timeout=WAIT)
    page.get_by_text("Look for drugs of your own list").click()
    page.get_by_label(re.compile("Names, one a line")).fill("memantine\nnonesuch")
    page.get_by_role("button", name="Look for these").click()
    expect(page.get_by_test_id("stPlotlyChart")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("No drug is called 'nonesuch'")).to_be_visible()
    assert "listed=Compound%3A%3Amemantine" in page.url


def test_a_disease_new_to_the_graph_by_its_text_and_genes(page: Page):
    opened(page, "New entity")
    heading(page, "A disease or drug that the graph does not have")
    page.get_by_label("Name", exact=True).fill("new dementia")
    page.get_by_label(re.compile("Description")).fill("Loss of memory with deposits; ACHE is involved.")
    page.get_by_label(re.compile("Known genes")).fill("ACHE")
    page.get_by_role("option", name="ACHE").click()
    page.keyboard.press("Escape")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    expect(page.get_by_text("is described most like")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("Driven by text.")).to_be_visible()
    assert "genes=Gene%3A%3AACHE" in page.url
    page.get_by_role("link", name="Start").click()
    expect(page.get_by_role("heading", name="Which known drugs might help, and why?")).to_be_visible(timeout=WAIT)
    page.get_by_role("link", name="New entity").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("new dementia", timeout=WAIT)
    expect(page.get_by_text("is described most like")).to_be_visible(timeout=WAIT)


@pytest.mark.parametrize("link", ["Candidates", "Case study", "New entity"])
def test_on_a_phone_no_page_is_wider_than_the_screen(page: Page, link: str):
    opened(page, link, f"disease={ALZHEIMER}")
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.get_by_text("Research software, not medical advice.")).to_be_visible(timeout=WAIT)
    page.wait_for_timeout(1000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
