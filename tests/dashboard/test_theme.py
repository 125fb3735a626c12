import pytest

from core.kg.sources import ROLES
from dashboard import theme


def test_every_role_has_a_mark_told_by_shape_word_and_colour():
    assert set(theme.MARKS) == {*ROLES, "new"}
    for part in ("symbol", "word", "colour", "badge"):
        assert len({getattr(mark, part) for mark in theme.MARKS.values()}) == len(theme.MARKS)


def test_every_kind_of_the_starter_graph_has_its_own_colour_and_shape(starter):
    styles = [theme.KINDS[kind] for kind in starter.kind_names]
    assert len({style.colour for style in styles}) == len({style.symbol for style in styles}) == len(styles)


@pytest.mark.parametrize("ground", ["#FFFFFF", "#12171B"])
def test_every_colour_is_legible_on_both_grounds(ground):
    """WCAG 2.1, 1.4.11: 3 to 1 for graphics. Orange and pink of Okabe and Ito are lighter; their shapes and labels carry them."""
    light = {"#E69F00", "#CC79A7", "#3FA0D8"}
    colours = {mark.colour for mark in theme.MARKS.values()} | {style.colour for style in theme.KINDS.values()}
    for colour in (colours | {theme.ACCENT, theme.EDGE_COLOUR}) - light:
        assert contrast(colour, ground) >= 3, colour


def contrast(one: str, other: str) -> float:
    """Return the contrast of WCAG 2.1."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_caution_alone_does_not_hide_that_a_use_is_new():
    assert theme.status_mark("cautioned").word == "new"
    assert theme.status_mark("treats").text == "● treats"


@pytest.mark.parametrize(
    ("rank", "words"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (21, "21st"), (112, "112th"), (1049, "1,049th")],
)
def test_places_read_as_ordinals(rank, words):
    assert theme.ordinal(rank) == words


def test_a_tie_between_two_places_is_called_about():
    assert theme.ordinal(12.5) == "about 13th"


def test_a_number_never_stands_alone():
    assert theme.place(12, 1049, 240) == "12th of 1,049 (without the text 240th)"
    assert theme.place(12, 1049) == "12th of 1,049"
    assert theme.above(98.74, 1049) == "above 98.7 % of 1,049 drugs"
    assert theme.counted(1, "drug") == "1 drug"


def test_a_share_has_its_interval():
    metric = {"value": 0.49, "low": 0.391, "high": 0.522}
    assert visible(theme.percent(metric)) == "49 % [39\u201352]"
    assert visible(theme.decimal(metric)) == "0.49 [0.39\u20130.52]"


def visible(text: str) -> str:
    """Return a text without the signs that only keep lines together."""
    return text.replace("\u2060", "").replace("\u00a0", " ")


@pytest.mark.parametrize(("seconds", "words"), [(40, "40 s"), (180, "3 min"), (7500, "2 h 5 min")])
def test_times_read_as_words(seconds, words):
    assert theme.duration(seconds) == words


def test_sources_lose_their_codes():
    assert theme.source_word("Hetionet:CbG") == "Hetionet"
    assert theme.source_word("Hetionet:CtD|Hetionet:CpD") == "Hetionet"


@pytest.mark.parametrize(
    "text", ["<b>x</b>", "[a](http://x)", "**a**", "`a`", "$x$", ":red[a]", "# a", "- a", "a|b", "~~a~~", "![](x)"]
)
def test_markdown_is_escaped_sign_by_sign(text):
    escaped = theme.plain(text)
    assert visible(escaped).replace("\\", "") == text
    for place, letter in enumerate(escaped):
        if letter in "<>[]()*`$:#-|~!_":
            assert escaped[place - 1] == "\\"


def test_names_of_icons_are_broken_and_lines_joined():
    assert ":material/home:" not in theme.plain(":material/home:").replace("\\", "")
    assert theme.plain("a\n\n# b") == "a \\# b"


def test_a_contraindicated_drug_is_not_asked_why_it_might_help():
    assert theme.question("X", "Y", "contraindicated") == "X is contraindicated in Y"
    assert {theme.question("X", "Y", status) for status in ("treats", "new", "cautioned")} == {"Why might X help in Y?"}
