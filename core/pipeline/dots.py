"""Draw our mean ranks beside the paper's as a plain SVG: a dot plot, one panel a table."""

from collections.abc import Iterator
from html import escape

import numpy as np
import pandas as pd

OURS, THEIRS, FAINT, INK = "#0072B2", "#D55E00", "#80808A", "#222222"  #: of Okabe and Ito, told apart by the colour-blind
LEFT, WIDTH, RIGHT, ROW, HEAD, FOOT = 300, 460, 30, 22, 44, 40  #: in pixels
RANDOM = 25.5  #: mean rank of a random scorer among 50
REMARK_LENGTH = 74  #: letters that fit into a panel


def to_svg(table: pd.DataFrame, title: str, note: str) -> str:
    """Return the figure.

    :param table: as :meth:`core.pipeline.reproduce.Reproduction.table` gives it
    :param note: below the panels
    """
    tops, height = {}, 70
    for name, lines in table.groupby("table", sort=False):
        tops[name] = height
        height += HEAD + ROW * len(lines) + FOOT
    body = "".join(_panel(lines, tops[name]) for name, lines in table.groupby("table", sort=False))
    words, width = list(_wrapped(note, 120)), LEFT + WIDTH + RIGHT
    notes = "".join(_text(20, height + 18 * row, line, size=11, fill=FAINT) for row, line in enumerate(words))
    height += 18 * len(words)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" role="img"><title>{escape(title)}</title>'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{_text(20, 28, title, size=16)}{_legend()}{body}{notes}</svg>\n'
    )


def _legend() -> str:
    ours = f'<circle cx="26" cy="47" r="5" fill="{OURS}"/>' + _text(38, 51, "here, mean and standard deviation of seeds", size=12)
    return ours + _diamond(330, 47) + _text(342, 51, "paper; mean rank among 50, fewer is better, chance is 25.5", size=12)


def _panel(lines: pd.DataFrame, top: int) -> str:
    last = _last(lines)
    bottom = top + HEAD + ROW * len(lines)
    rows = "".join(_row(line, top + HEAD + ROW * number, last) for number, line in enumerate(lines.to_dict("records")))
    return _text(20, top + 18, str(lines["table"].iloc[0]), size=14) + _axis(top + HEAD - 12, bottom - 8, last) + rows


def _last(lines: pd.DataFrame) -> float:
    """Return where the axis ends."""
    ends = pd.concat([lines["MR"] + lines["MR sd"].fillna(0), lines["paper MR"]])
    largest = ends.max()
    return RANDOM if np.isnan(largest) else float(np.ceil(largest / 2) * 2)


def _place(value: float, last: float) -> float:
    """Return where a mean rank stands; the axis begins at the best, 1."""
    return round(LEFT + WIDTH * (value - 1) / (last - 1), 1)


def _axis(top: float, bottom: float, last: float) -> str:
    ticks = [1, *range(2, int(last) + 1, max(int(last) // 8 // 2 * 2, 2))]
    lines = "".join(
        f'<line x1="{_place(tick, last)}" x2="{_place(tick, last)}" y1="{top}" y2="{bottom}" stroke="#e4e4e8"/>'
        + _text(_place(tick, last), bottom + 14, str(tick), size=11, anchor="middle", fill=FAINT)
        for tick in ticks
    )
    return lines


def _row(line: dict, y: float, last: float) -> str:
    label = ", ".join(filter(None, [line["backbone"], line["variant"], line["condition"]]))
    parts = [_text(LEFT - 12, y + 4, label, size=12, anchor="end")]
    if not np.isnan(line["MR"]):
        spread = 0 if np.isnan(line["MR sd"]) else line["MR sd"]
        low, high = (_place(max(line["MR"] + sign * spread, 1), last) for sign in (-1, 1))
        parts.append(f'<line x1="{low}" x2="{high}" y1="{y}" y2="{y}" stroke="{OURS}" stroke-width="2"/>')
        parts.append(
            f'<circle cx="{_place(line["MR"], last)}" cy="{y}" r="5" fill="{OURS}"><title>{line["MR"]:.2f}</title></circle>'
        )
    if not np.isnan(line["paper MR"]):
        parts.append(_diamond(_place(line["paper MR"], last), y))
    if np.isnan(line["MR"]) and np.isnan(line["paper MR"]):
        parts.append(_text(LEFT + 6, y + 4, _short(line["remark"]), size=11, fill=FAINT))
    return "".join(parts)


def _diamond(x: float, y: float) -> str:
    return (
        f'<path d="M{x - 6:.1f} {y}L{x:.1f} {y - 6}L{x + 6:.1f} {y}L{x:.1f} {y + 6}Z" '
        f'fill="#ffffff" fill-opacity="0.6" stroke="{THEIRS}" stroke-width="2"/>'
    )


def _text(x: float, y: float, words: str, *, size: int, anchor: str = "start", fill: str = INK) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">{escape(words)}</text>'


def _short(words: str) -> str:
    return words if len(words) <= REMARK_LENGTH else words[: REMARK_LENGTH - 3] + "..."


def _wrapped(words: str, length: int) -> Iterator[str]:
    line = ""
    for word in words.split():
        if len(line) + len(word) >= length:
            yield line
            line = ""
        line = f"{line} {word}".strip()
    yield line
