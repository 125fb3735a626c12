"""Names of a graph are foreign data: no page may run them as HTML, Markdown or a formula."""

import csv
import io
import re

import pytest
import streamlit as st

from tests.pages.conftest import FORMULA, HOSTILE_DISEASE, HOSTILE_DRUG
from tests.toy import ALZHEIMER

PAGES = ("start", "candidates", "evidence", "training")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("disease", [HOSTILE_DISEASE, ALZHEIMER])
def test_no_page_lets_markup_through(hostile, open_page, page, disease):
    app = open_page(hostile, page, disease=disease, drug=HOSTILE_DRUG)
    assert not app.exception
    assert not app.error
    ours = [element for element in app.markdown if not element.proto.allow_html]
    for element in [*ours, *app.title, *app.subheader, *app.caption]:
        assert "<script" not in element.value.replace("\\<", "")
        assert "**bold**" not in element.value
        assert ":material/home:" not in element.value


def test_a_button_of_the_search_is_harmless(hostile, open_page):
    app = open_page(hostile)
    app.text_input(key="search").set_value("script").run()
    labels = [button.label for button in app.button]
    assert any("\\<script\\>" in label for label in labels)
    assert not any("<script" in label.replace("\\<", "") for label in labels)


def test_the_csv_holds_no_formula_and_its_name_no_path(hostile, open_page, monkeypatch):
    offered = {}
    monkeypatch.setattr(
        st,
        "download_button",
        lambda label, data, name, *_, **__: offered.update({label: (data() if callable(data) else data, name)}),
    )
    open_page(hostile, "candidates", disease=HOSTILE_DISEASE)
    data, name = offered["CSV"]
    cells = [cell for row in csv.reader(io.StringIO(data)) for cell in row]
    assert f"'{FORMULA}" in cells
    assert FORMULA not in cells
    assert re.fullmatch(r"script-alert-1-script-1-1-etc_lladr_\d{4}-\d{2}-\d{2}\.csv", name)


def test_a_link_elsewhere_is_encoded(hostile, open_page):
    app = open_page(hostile, "evidence", disease=HOSTILE_DISEASE, drug=HOSTILE_DRUG)
    urls = [link.proto.url for link in app.get("link_button")]
    assert len(urls) == 3
    assert not [url for url in urls if set(url) & set("<>\" '")]


def test_a_drawn_name_is_escaped(hostile, open_page):
    app = open_page(hostile, "evidence", disease=ALZHEIMER, drug=HOSTILE_DRUG)
    for chart in app.get("plotly_chart"):
        assert "<script" not in chart.proto.spec
