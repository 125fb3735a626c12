import io
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from core.projection.figure import GAP, PNG_SCALE, SIDE, TOP, Figure, Frame, Group, to_html, to_png, to_svg

HOSTILE = "</script><script>alert(1)</script>&"
SQUARE = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])


@pytest.fixture
def figure() -> Figure:
    groups = [Group("blue <b>", "#0000FF", np.array([0, 1, 2])), Group("red", "#FF0000", np.array([3]))]
    return Figure("A & B", [Frame("One", "", SQUARE), Frame("Two", "", SQUARE / 2)], groups, f"{HOSTILE} " * 12)


def test_all_frames_have_one_scale_and_up_is_up(figure):
    one, two = figure.pixels()
    assert np.ptp(one, axis=0).tolist() == [SIDE - 24, SIDE - 24]
    assert np.ptp(two, axis=0) == pytest.approx(np.ptp(one, axis=0) / 2)
    assert one[3][1] < one[0][1]  # the larger ordinate is nearer to the top
    assert two[0][0] - one[0][0] == SIDE + GAP  # the same place in the next frame


def test_the_svg_holds_a_dot_a_point_and_frame_and_no_foreign_markup(figure):
    root = ET.fromstring(to_svg(figure))  # noqa: S314 - our own text
    paths = [element.get("d") for element in root.iter("{http://www.w3.org/2000/svg}path")]
    assert [path.count("M") for path in paths] == [3, 1, 3, 1]
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    assert "A & B" in [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_the_png_has_the_colours_where_the_points_are(figure):
    image = Image.open(io.BytesIO(to_png(figure)))
    assert image.size == tuple(PNG_SCALE * length for length in figure.size)
    x, y = (figure.pixels()[0][3] * PNG_SCALE).round().astype(int).tolist()
    red, green, blue = image.getpixel((x, y))
    assert (red, green < 100, blue < 100) == (255, True, True)
    assert image.getpixel(((GAP + SIDE // 2) * PNG_SCALE, (TOP + SIDE // 2) * PNG_SCALE)) == (255, 255, 255)


def test_the_page_holds_all_data_cannot_be_broken_by_a_name_and_loads_nothing(figure):
    page = to_html(figure, ["a", "b", "c", HOSTILE], ["Gene"] * 4)
    assert page.count("</script>") == 2  # the data and the program
    data = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)[1])
    assert data["names"][3] == HOSTILE
    assert [len(points) for points in data["points"]] == [8, 8]
    assert not re.search(r"""(src|href)=|https?://|url\(|@import""", page.replace(json.dumps(data), ""))
    assert "{{" not in page
