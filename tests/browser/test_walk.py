"""Walk through the main job as a reader does: search, open, select, read, open the evidence, take it away."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.toy import ALZHEIMER, NODES

HEADER, ROW, BOX = 35, 35, 18  #: pixels of the drawn table: header, row, middle of the selection column
DRUGS = {name for _, name, kind, _ in NODES if kind == "Compound"}


@pytest.mark.browser
@pytest.mark.slow
def test_from_a_misspelt_disease_to_evidence_and_a_csv(page: Page, tmp_path: Path):
    page.get_by_label("Search a disease").fill("alzhiemer")
    page.keyboard.press("Enter")
    page.get_by_test_id("stMain").get_by_role("button", name="Alzheimer's disease", exact=True).click()
    expect(page.get_by_role("heading", name="Alzheimer's disease")).to_be_visible()
    assert f"disease={ALZHEIMER.replace(':', '%3A')}" in page.url

    ranked = download(page, "CSV", tmp_path)
    assert {row["name"] for row in ranked} == DRUGS
    assert [float(row["rank"]) for row in ranked] == [1, 2, 3, 4, 5, 6]

    select_row(page, 2)
    second = ranked[1]["name"]
    expect(page.get_by_role("heading", name=second, exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"2nd of 6 \(without the text"))).to_be_visible()
    page.get_by_role("button", name="Open evidence").click()
    expect(page.get_by_role("heading", name=f"Why might {second} help in Alzheimer's disease?")).to_be_visible()
    expect(page.get_by_role("heading", name="What the language model wrote")).to_be_visible()
    expect(page.get_by_text("Research software, not medical advice.")).to_be_visible()

    address = page.url
    page.go_back()
    expect(page.get_by_role("heading", name="Alzheimer's disease", exact=True)).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name=f"Why might {second} help")).to_be_visible()
    assert page.url == address


def download(page: Page, label: str, folder: Path) -> list[dict[str, str]]:
    """Click a download and read the table it brings."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label).click()
    assert re.fullmatch(r"alzheimer-s-disease_lladr_\d{4}-\d{2}-\d{2}\.csv", waiting.value.suggested_filename)
    waiting.value.save_as(folder / "table.csv")
    with (folder / "table.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def select_row(page: Page, number: int) -> None:
    """Click the selection box of a row of the first table, which is drawn on a canvas."""
    table = page.get_by_test_id("stDataFrame").first
    expect(table.locator("canvas").first).to_be_visible()
    page.wait_for_timeout(500)  # the canvas draws after it is there
    box = table.bounding_box()
    page.mouse.click(box["x"] + BOX, box["y"] + HEADER + ROW * (number - 1) + ROW / 2)
