"""Take a ranked table away: CSV and JSON that open harmlessly elsewhere."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

import pandas as pd

RANK_COLUMNS = ("rank", "id", "name", "score", "percentile", "status")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def rank_records(table: pd.DataFrame, columns: Iterable[str] = RANK_COLUMNS) -> list[dict[str, Any]]:
    """Return the rows of a shortlist as plain values; whole ranks as integers."""
    records = table[list(columns)].to_dict("records")
    return [{key: _whole(value) if key.endswith("rank") else value for key, value in record.items()} for record in records]


def to_json(records: list[dict[str, Any]]) -> str:
    """Write records as a JSON list."""
    return json.dumps(records, indent=1, ensure_ascii=False)


def to_csv(records: list[dict[str, Any]], columns: Iterable[str] = RANK_COLUMNS) -> str:
    """Write records as CSV; a text that a spreadsheet would run as a formula gets an apostrophe in front."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: spreadsheet_safe(value) for key, value in record.items()} for record in records)
    return buffer.getvalue()


def spreadsheet_safe(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula, or for the start of a new row (a bare carriage return)."""
    if not isinstance(value, str):
        return value
    harmless = value.replace("\r", " ")
    return f"'{harmless}" if value.startswith(FORMULA_STARTS) else harmless


def _whole(rank: float) -> int | float:
    """Return a rank as an integer, unless a tie put it between two places."""
    return int(rank) if float(rank).is_integer() else float(rank)
