"""Read tab-separated tables and say exactly where one is malformed."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import GraphFormatError


@dataclass(frozen=True)
class Row:
    """One line of a table: its number in the file (one-based) and its cells by column."""

    line: int
    cells: dict[str, str]


def read_table(path: Path, required: tuple[str, ...]) -> Iterator[Row]:
    """Read a tab-separated table with a header, plain or gzipped; empty lines are passed over.

    :param required: columns that must be there and filled in
    :raises GraphFormatError: at the first malformed line; names file and line
    """
    header, lines = open_table(path, required)
    return (Row(number, dict(zip(header, cells, strict=True))) for number, cells in lines)


def open_table(path: Path, required: tuple[str, ...]) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return a table's header, and its lines as numbers and cells: :func:`read_table` for millions of lines."""
    lines = _read_lines(path)
    header = next(lines, (1, ""))[1].split("\t")
    if any(column not in header for column in required):
        raise GraphFormatError(
            path,
            1,
            f"the header is {header!r}.",
            expected=f"tab-separated columns {', '.join(required)}",
            advice="add a header line.",
        )
    return header, _checked(path, header, required, lines)


def _checked(
    path: Path, header: list[str], required: tuple[str, ...], lines: Iterator[tuple[int, str]]
) -> Iterator[tuple[int, list[str]]]:
    width, places = len(header), [header.index(column) for column in required]
    for number, line in lines:
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != width or not all([cells[place].strip() for place in places]):  # noqa: C419 - a list is twice as fast
            raise GraphFormatError(
                path,
                number,
                f"{len(cells)} column(s): {line[:120]!r}.",
                expected=f"{width} tab-separated columns ({', '.join(header)}) with {', '.join(required)} filled in",
                advice="mend this line; a tab inside a name must become a space.",
            )
        yield number, cells


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line numbers (one-based) and lines; name the line at which a damaged file stops being readable."""
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except FileNotFoundError as error:
        raise GraphFormatError(path, None, "the file is missing.", expected="nodes.tsv and edges.tsv[.gz]") from error
    except UnicodeDecodeError as error:
        raise GraphFormatError(path, number, f"not UTF-8 ({error.reason}).", advice="save the file as UTF-8.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise GraphFormatError(path, number + 1, f"cannot be read: {error}.", advice="fetch or write the file again.") from error
