"""Read the evidence as a clinician does: compare, measure, leave something out, draw; and with the keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.toy import ALZHEIMER, DONEPEZIL, MEMANTINE

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def open_evidence(page: Page) -> None:
    """Come with a disease and a drug, and follow the navigation, which keeps both."""
    page.goto(f"{page.url.split('?')[0]}?disease={ALZHEIMER}&drug={DONEPEZIL}")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Evidence").click()
    expect(page.get_by_role("heading", name="Why might donepezil help in Alzheimer's disease?")).to_be_visible()


def choose(page: Page, label: str, text: str) -> None:
    """Choose in a select box by typing."""
    box = page.get_by_test_id("stMain").get_by_role("combobox", name=label)
    box.click()
    box.fill(text)
    page.get_by_role("option", name=re.compile(text)).first.click()


def test_compare_measure_and_leave_out(page: Page):
    open_evidence(page)
    choose(page, "Compare with", "memantine")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="memantine", exact=True)).to_be_visible()
    assert f"compare={MEMANTINE.replace(':', '%3A')}" in page.url
    page.get_by_test_id("stMain").get_by_text("3 What counted").click()
    page.get_by_role("button", name=re.compile("Measure which facts")).click()
    tick = page.get_by_role("checkbox", name=re.compile("Keep: donepezil treats Alzheimer"))
    expect(tick).to_be_checked()
    tick.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text(re.compile("Without 1 thing that you unticked"))).to_be_visible()
    expect(tick).not_to_be_checked()
    for part in ("part=counted", "measure=yes", "without=e"):  # the address follows a moment after the page
        expect(page).to_have_url(re.compile(part))
    address = page.url
    assert {"part=counted", "measure=yes"} <= set(address.split("?")[1].split("&"))
    assert re.search(r"without=e\d+", address)
    page.get_by_role("button", name="Tick all again").click()
    expect(tick).to_be_checked()
    page.go_back()
    expect(page.get_by_role("heading", name=re.compile("Why might|Alzheimer")).first).to_be_visible()


def test_the_picture_is_drawn_from_this_machine_alone_and_tells_of_a_click(page: Page):
    """The fixture complains of any request to another machine, and of any error in the console."""
    open_evidence(page)
    page.get_by_test_id("stMain").get_by_text("2 Picture").click()
    frame = page.frame_locator("iframe[title='st_link_analysis.component.component.st_link_analysis']")
    canvas = frame.locator("#cy canvas").last
    expect(canvas).to_be_visible()
    page.wait_for_timeout(800)
    node = frame.locator("body").evaluate("() => document.getElementById('cy')._cyreg.cy.nodes()[0].renderedPosition()")
    canvas.click(position=node, force=True)
    expect(frame.locator("#infopanelProps")).to_contain_text("donepezil")
    page.get_by_text("to save (SVG)").click()
    expect(page.locator(".js-plotly-plot")).to_be_visible()


def test_a_kind_of_path_is_opened_with_the_keyboard(page: Page):
    open_evidence(page)
    box = page.get_by_test_id("stMain").get_by_role("combobox", name="Paths shown below")
    box.focus()
    page.keyboard.type("CiGaD")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("metapath=CiGaD"))
    assert DONEPEZIL.replace(":", "%3A") in page.url
    assert ALZHEIMER.replace(":", "%3A") in page.url
