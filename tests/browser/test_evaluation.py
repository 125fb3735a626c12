"""Evaluation in a browser: not measured, measured in the background, beside the simple methods, taken away."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.evaluate.panel import BASELINES
from tests.toy import ASPIRIN, METFORMIN, PARKINSON, PRION


@pytest.mark.browser
@pytest.mark.slow
def test_ask_for_pairs_of_a_file_in_the_background_then_compare_and_take_away(page: Page, tmp_path: Path):
    pairs = tmp_path / "trials.tsv"
    pairs.write_text(f"compound\tdisease\n{ASPIRIN}\t{PRION}\n{METFORMIN}\t{PARKINSON}\n")
    page.get_by_role("link", name="Evaluation").click()
    expect(page.get_by_text("How good lladr is under this protocol is not measured yet.")).to_be_visible()
    page.get_by_role("combobox", name=re.compile("Protocol")).fill("external")
    page.keyboard.press("Enter")
    page.get_by_label("File of pairs", exact=True).fill(str(pairs))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    found = page.get_by_text(re.compile(r"pairs of trials.tsv, .* lladr finds \d of 2 within the first 3 of 6"))
    expect(found).to_be_visible(timeout=60_000)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()

    page.get_by_role("radio", name="AUC", exact=True).click()
    expect(page.get_by_text(re.compile("^AUC: chance that a held-out pair"))).to_be_visible()
    assert "metric=AUC" in page.url

    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    waiting.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert {line["method"] for line in lines} == {"lladr", *BASELINES}
    assert all(line["p_value"] for line in lines if line["method"] != "lladr")

    page.set_viewport_size({"width": 390, "height": 900})
    expect(page.get_by_text("How robust is it?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
