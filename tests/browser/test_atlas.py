"""The atlas in a browser: laid out in the background, drawn by WebGL, and a box lists what is inside."""

import re

import pytest
from playwright.sync_api import Page, expect


@pytest.mark.browser
@pytest.mark.slow
def test_lay_out_select_a_box_and_open_a_neighbour(page: Page):
    page.get_by_role("link", name="Atlas").click()
    page.get_by_role("button", name="Lay out and measure").click()
    expect(page.get_by_text("What can be measured")).to_be_visible(timeout=120_000)
    drawing = page.locator(".js-plotly-plot").first
    expect(drawing.locator("canvas").first).to_be_visible()
    expect(drawing.locator(".gtitle, .annotation-text").first).to_have_text("Before")
    page.wait_for_timeout(1500)  # the toolbar and the drag layer come after the canvas

    panel = drawing.locator(".nsewdrag").first.bounding_box()
    left, top, right, bottom = panel["x"] + 4, panel["y"] + 4, panel["x"] + panel["width"] - 4, panel["y"] + panel["height"] - 4
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move((left + right) / 2, (top + bottom) / 2, steps=4)
    page.mouse.move(right, bottom, steps=4)
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"17 entities in the selection"))).to_be_visible(timeout=20_000)

    page.get_by_label("Search an entity").fill("memantine")
    page.keyboard.press("Enter")
    page.get_by_test_id("stMain").get_by_role("button", name=re.compile("memantine")).click()
    expect(page.get_by_role("heading", name="Neighbours of memantine")).to_be_visible()
    assert "entity=Compound%3A%3Amemantine" in page.url
