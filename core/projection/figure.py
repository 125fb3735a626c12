"""Draw layouts side by side as SVG, PNG and a page with hover, without any server or network."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.types import FloatArray, IntArray

TEMPLATE = Path(__file__).parents[2] / "assets" / "atlas" / "figure.html"
SIDE, GAP, TOP, BOTTOM = 520, 24, 96, 118  #: in pixels: of a panel, between panels, above and below
INK, QUIET, PAPER = "#1C2328", "#5B646B", "#FFFFFF"
FONT = "system-ui, 'DejaVu Sans', sans-serif"
PNG_SCALE = 2
LINE_LETTERS = 150  #: of the footnote, per 1000 pixels of width


@dataclass(frozen=True)
class Frame:
    """One panel of the figure."""

    title: str
    caption: str
    coordinates: FloatArray  #: shape (n, 2)


@dataclass(frozen=True)
class Group:
    """Points of one colour."""

    label: str
    colour: str
    rows: IntArray


@dataclass(frozen=True)
class Figure:
    """What is drawn; all frames have one scale, so that places can be compared."""

    title: str
    frames: Sequence[Frame]
    groups: Sequence[Group]  #: drawn in this order
    footnote: str

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels."""
        return GAP + len(self.frames) * (SIDE + GAP), TOP + SIDE + BOTTOM

    @property
    def radius(self) -> float:
        """Return the radius of a point: the more points, the smaller."""
        return float(np.clip(90 / np.sqrt(len(self.frames[0].coordinates)), 0.7, 4.0))

    def pixels(self) -> list[FloatArray]:
        """Return the places of each frame's points. Shape (n, 2) each, in pixels of the whole figure."""
        everything = np.concatenate([frame.coordinates for frame in self.frames])
        low, high = everything.min(axis=0), everything.max(axis=0)
        scale, middle = (SIDE - 24) / max(float((high - low).max()), 1e-9), (low + high) / 2
        centres = [(GAP + SIDE / 2 + number * (SIDE + GAP), TOP + SIDE / 2) for number in range(len(self.frames))]
        return [
            (frame.coordinates - middle) * [scale, -scale] + centre for frame, centre in zip(self.frames, centres, strict=True)
        ]

    def lines(self) -> list[str]:
        """Return the footnote in lines."""
        limit, lines = LINE_LETTERS * self.size[0] // 1000, [""]
        for word in self.footnote.split():
            if len(lines[-1]) + len(word) > limit:
                lines.append("")
            lines[-1] = f"{lines[-1]} {word}".strip()
        return lines


def to_svg(figure: Figure) -> str:
    """Return the figure as SVG: one path a group and frame, its points are dots of a round pen."""
    width, height = figure.size
    parts = [f'<rect width="{width}" height="{height}" fill="{PAPER}"/>', _text(GAP, 32, figure.title, size=19, weight=600)]
    for number, (frame, places) in enumerate(zip(figure.frames, figure.pixels(), strict=True)):
        left = GAP + number * (SIDE + GAP)
        parts += [_text(left, 62, frame.title, size=15, weight=600), _text(left, 82, frame.caption, size=12, colour=QUIET)]
        parts.append(f'<rect x="{left}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#D5DADD"/>')
        parts += [_dots(group, places, figure.radius) for group in figure.groups]
    parts += [_text(x, y, group.label, size=13, colour=INK) for group, x, y in _legend(figure)]
    parts += [f'<circle cx="{x - 12}" cy="{y - 4.5}" r="5" fill="{group.colour}"/>' for group, x, y in _legend(figure)]
    parts += [
        _text(GAP, _note_top(figure) + 16 * line, text, size=11.5, colour=QUIET) for line, text in enumerate(figure.lines())
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'{head} role="img" font-family="{FONT}"><title>{escape(figure.title)}</title>{"".join(parts)}</svg>\n'


def _dots(group: Group, places: FloatArray, radius: float) -> str:
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places[group.rows].tolist())
    pen = f'stroke="{group.colour}" stroke-width="{2 * radius:.2f}" stroke-linecap="round" stroke-opacity="0.75"'
    return f'<path fill="none" {pen} d="{path}"/>'


def _text(x: float, y: float, text: str, *, size: float, weight: int = 400, colour: str = INK) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" font-weight="{weight}" fill="{colour}">{escape(text)}</text>'


def _legend(figure: Figure) -> list[tuple[Group, float, float]]:
    """Return each group's label with its place, in as many lines as it takes."""
    placed, x, y = [], GAP + 16.0, TOP + SIDE + 26.0
    for group in reversed(figure.groups):
        width = 34 + 7.4 * len(group.label)
        if x + width > figure.size[0] and x > GAP + 16:
            x, y = GAP + 16.0, y + 20
        placed.append((group, x, y))
        x += width
    return placed


def _note_top(figure: Figure) -> float:
    return max(y for _, _, y in _legend(figure)) + 26


def to_png(figure: Figure) -> bytes:
    """Return the figure as PNG, at twice its size (Pillow comes with Streamlit; matplotlib would be one more library)."""
    image = Image.new("RGB", tuple(PNG_SCALE * length for length in figure.size), PAPER)
    draw = ImageDraw.Draw(image, "RGBA")
    _write(draw, GAP, 32, figure.title, 19, INK)
    for number, (frame, places) in enumerate(zip(figure.frames, figure.pixels(), strict=True)):
        left = GAP + number * (SIDE + GAP)
        _write(draw, left, 62, frame.title, 15, INK)
        _write(draw, left, 82, frame.caption, 12, QUIET)
        box = [PNG_SCALE * edge for edge in (left, TOP, left + SIDE, TOP + SIDE)]
        draw.rectangle(box, outline="#D5DADD", width=PNG_SCALE)
        for group in figure.groups:
            _stamp(draw, places[group.rows], figure.radius, group.colour)
    for group, x, y in _legend(figure):
        _stamp(draw, np.array([[x - 12, y - 4.5]]), 5, group.colour)
        _write(draw, x, y, group.label, 13, INK)
    for line, text in enumerate(figure.lines()):
        _write(draw, GAP, _note_top(figure) + 16 * line, text, 11.5, QUIET)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _stamp(draw: ImageDraw.ImageDraw, places: FloatArray, radius: float, colour: str) -> None:
    for x, y in (places * PNG_SCALE).tolist():
        reach = radius * PNG_SCALE
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=f"{colour}BF")


def _write(draw: ImageDraw.ImageDraw, x: float, y: float, text: str, size: float, colour: str) -> None:
    """Write a text with its base line at y, as SVG does."""
    font = ImageFont.load_default(size * PNG_SCALE)
    draw.text((x * PNG_SCALE, y * PNG_SCALE), text, fill=colour, font=font, anchor="ls")


def to_html(figure: Figure, names: Sequence[str], kinds: Sequence[str]) -> str:
    """Return a page of its own with all frames linked: hover shows an entity in each of them.

    :param names: one an entity
    :param kinds: one an entity
    """
    data = {
        "title": figure.title,
        "footnote": figure.footnote,
        "frames": [{"title": frame.title, "caption": frame.caption} for frame in figure.frames],
        "points": [
            np.round(places - [GAP + number * (SIDE + GAP), TOP], 1).ravel().tolist() for number, places in _numbered(figure)
        ],
        "groups": [{"label": group.label, "colour": group.colour, "rows": group.rows.tolist()} for group in figure.groups],
        "names": list(names),
        "kinds": list(kinds),
        "side": SIDE,
        "radius": figure.radius,
    }
    # a name may hold "</script>": no sign of it is left that could end the script
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    page = TEMPLATE.read_text(encoding="utf-8")
    return page.replace("{{title}}", escape(figure.title)).replace("{{data}}", text)


def _numbered(figure: Figure) -> list[tuple[int, FloatArray]]:
    return list(enumerate(figure.pixels()))
