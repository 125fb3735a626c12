import csv
import io
import json

import pandas as pd
import pytest

from core.casestudy.export import RANK_COLUMNS, rank_records, spreadsheet_safe, to_csv, to_json
from core.casestudy.shortlist import shortlist
from tests.core.casestudy.scorers import FixedScorer
from tests.toy import ALZHEIMER, row_of

FORMULAS = ['=HYPERLINK("http://x")', "+1", "-1+1", "@SUM(A1)", "\t=1", '=cmd|" /C calc"!A0']
HARMLESS = ["donepezil", "5-fluorouracil", "a=b", "x@y", " space", "'quoted'", "日本", "<b>bold</b>", 'a "b", c', "line\nbreak"]


@pytest.fixture
def records(toy):
    table = shortlist(toy, FixedScorer([6, 5, 4, 4, 3, 2.5]), row_of(toy, ALZHEIMER))
    return rank_records(table)


def parsed(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_records_have_exactly_the_columns_of_the_issue(records):
    assert [list(record) for record in records] == [["rank", "id", "name", "score", "percentile", "status"]] * 6
    assert records[0] == {
        "rank": 1,
        "id": "Compound::donepezil",
        "name": "donepezil",
        "score": 6.0,
        "percentile": 100.0,
        "status": "treats",
    }


def test_whole_ranks_are_integers_and_ties_stay_between(records):
    ranks = [record["rank"] for record in records]
    assert ranks == [1, 2, 3.5, 3.5, 5, 6]
    assert [type(rank) for rank in ranks] == [int, int, float, float, int, int]


def test_other_columns_may_be_asked_for(toy):
    table = shortlist(toy, FixedScorer([1, 2, 3, 4, 5, 6]), row_of(toy, ALZHEIMER), base=FixedScorer([6, 5, 4, 3, 2, 1]))
    records = rank_records(table, ["base_rank", "class"])
    assert records[0] == {"base_rank": 6, "class": ""}
    assert type(records[0]["base_rank"]) is int


def test_json_comes_back(records):
    assert json.loads(to_json(records)) == records
    assert json.loads(to_json([])) == []


def test_json_keeps_any_name():
    records = [{"name": name} for name in FORMULAS + HARMLESS]
    assert json.loads(to_json(records)) == records


def test_csv_comes_back(records):
    rows = parsed(to_csv(records))
    assert list(rows[0]) == list(RANK_COLUMNS)
    assert [(float(row["rank"]), row["id"], row["name"], float(row["score"])) for row in rows] == [
        (record["rank"], record["id"], record["name"], record["score"]) for record in records
    ]


@pytest.mark.parametrize("name", [*FORMULAS, "\r=1"])
def test_a_formula_is_defused(name):
    (row,) = parsed(to_csv([{"name": name}], ["name"]))
    assert row["name"] == "'" + name.replace("\r", " ")


@pytest.mark.parametrize("name", HARMLESS)
def test_another_text_stays_as_it_is(name):
    (row,) = parsed(to_csv([{"name": name}], ["name"]))
    assert row["name"] == name


def test_no_row_begins_inside_a_name():
    """A name of a graph's table may hold a carriage return; a spreadsheet would begin a row, and a formula, after it."""
    assert len(parsed(to_csv([{"name": "x\r=1+1"}], ["name"]))) == 1


def test_a_negative_number_stays_a_number():
    (row,) = parsed(to_csv([{"score": -1.5}], ["score"]))
    assert float(row["score"]) == -1.5
    assert spreadsheet_safe(-1.5) == -1.5


def test_a_formula_in_an_identifier_is_defused_too(records):
    text = to_csv([{**records[0], "id": "=1+1", "status": "@x"}])
    assert (parsed(text)[0]["id"], parsed(text)[0]["status"]) == ("'=1+1", "'@x")


def test_no_rows_leave_the_header():
    assert to_csv([]) == ",".join(RANK_COLUMNS) + "\n"
    assert rank_records(pd.DataFrame(columns=list(RANK_COLUMNS))) == []
