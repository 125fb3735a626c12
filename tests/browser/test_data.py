"""Bring a graph of one's own in three steps: the example, a preview of what is wrong, the store."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

WAIT = 20_000  #: milliseconds


@pytest.mark.browser
@pytest.mark.slow
def test_the_example_is_taken_broken_mended_and_stored(page: Page, tmp_path: Path):
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Data", exact=True).click()
    expect(page.get_by_role("heading", name="Checks")).to_be_visible(timeout=WAIT)
    expect(page.get_by_test_id("stPlotlyChart")).to_be_visible()
    page.get_by_role("radio", name="Bring your own").click()

    with page.expect_download() as example:
        page.get_by_role("button", name="Example graph (zip)").click()
    zipfile.ZipFile(example.value.path()).extractall(tmp_path)
    edges = tmp_path / "edges.tsv"
    sound = edges.read_bytes()
    edges.write_bytes(sound + b"Compound::nobody\ttreats\tGene::43\t\t\n")
    give(page, tmp_path)
    line = sound.count(b"\n") + 1
    expect(page.get_by_text(f"edges.tsv, line {line}")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("button", name="Store in the workspace")).to_have_count(0)

    page.get_by_role("button", name="Remove edges.tsv").click()
    edges.write_bytes(sound)
    give(page, edges)
    expect(page.get_by_text("What each relation would mean")).to_be_visible(timeout=WAIT)
    page.set_viewport_size({"width": 390, "height": 900})
    page.get_by_label("Name of the graph", exact=True).fill("browser-graph")
    page.get_by_role("button", name="Store in the workspace").click()
    expect(page.get_by_text("Stored as browser-graph.")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("graphs/browser-graph --text full")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("9 entities", exact=True)).to_have_count(1)  # that of the preview is gone
    assert "kg=" in page.url
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def give(page: Page, what: Path) -> None:
    files = sorted(what.iterdir()) if what.is_dir() else [what]
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files([str(file) for file in files])
