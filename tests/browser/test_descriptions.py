"""Read a description as a reader does: search, open, read the marks, edit by hand, check them all; on a phone too."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.toy import HALOPERIDOL


@pytest.mark.browser
@pytest.mark.slow
def test_from_a_search_to_an_edit_that_is_kept_beside_the_old_text(page: Page):
    page.get_by_role("link", name="Descriptions").click()
    page.get_by_label("Search an entity").fill("haloperidl")
    page.keyboard.press("Enter")
    page.get_by_role("button", name=re.compile(r"^haloperidol \(drug")).click()
    expect(page.get_by_role("heading", name="haloperidol")).to_be_visible()
    assert f"entity={HALOPERIDOL.replace(':', '%3A')}" in page.url

    page.get_by_text("Edit by hand").click()
    page.get_by_label("Uses", exact=True).fill("Never in Parkinson's disease. Used for Parkinson's disease.")
    page.get_by_label("Your name").fill("A. Reader")
    page.get_by_label("Why").fill("a test")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("≠ used for Parkinson's disease").first).to_be_visible()
    expect(page.get_by_text("the graph: is contraindicated in").first).to_be_visible()
    expect(page.get_by_text("Written by A. Reader")).to_be_visible()

    page.get_by_text(re.compile(r"^Earlier versions")).click()
    expect(page.get_by_text("haloperidol: used for this.")).to_be_visible()
    page.go_back()
    page.go_forward()
    expect(page.get_by_text("Written by A. Reader")).to_be_visible()


@pytest.mark.browser
@pytest.mark.slow
def test_all_are_checked_on_a_phone_without_scrolling_sideways(page: Page):
    page.get_by_role("link", name="Descriptions").click()
    expect(page.get_by_role("heading", name="All descriptions of this graph")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_role("button", name="Check them all against the graph").click()
    expect(page.get_by_text("What looks wrong")).to_be_visible()
    expect(page.get_by_text("Refused or empty: 0")).to_be_visible()
    assert "source=shipped" in page.url
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
