import json
from functools import partial

import pandas as pd
import pytest

from core.errors import LladrError
from core.grid import KeptEngine, LocalEngine, content_key, tidy
from tests.core.grid.work import Number, counted, square

TASKS = [Number(value=value) for value in (1, 2, 3, 2)]


@pytest.fixture
def calls(tmp_path):
    folder = tmp_path / "calls"
    folder.mkdir()
    return lambda: {int(path.name): len(path.read_text()) for path in folder.iterdir()}


@pytest.fixture
def work(tmp_path, calls):
    return partial(counted, tmp_path / "calls")


def kept(tmp_path, version="1"):
    return KeptEngine(LocalEngine(), tmp_path / "kept", version=version)


def files(tmp_path):
    return {path.name: json.loads(path.read_text()) for path in (tmp_path / "kept").iterdir()}


def test_the_second_start_does_only_what_is_missing(tmp_path, work, calls):
    first = dict(kept(tmp_path).map(work, TASKS[:2]))
    second = dict(kept(tmp_path).map(work, [*TASKS[:2], Number(value=5)]))
    assert calls() == {1: 1, 2: 1, 5: 1}
    assert second == first | {2: {"square": 25, "of": {"seed": 5}}}


def test_what_was_done_when_the_iterator_is_closed_stays_done(tmp_path, work, calls):
    results = kept(tmp_path).map(work, TASKS)
    next(results)
    results.close()
    assert kept(tmp_path).n_missing(work, TASKS) == 2
    assert calls() == {1: 1}


def test_tasks_of_one_content_are_done_once_and_answered_at_each_place(tmp_path, work, calls):
    outcomes = dict(kept(tmp_path).map(work, TASKS))
    assert calls()[2] == 1
    assert outcomes[1] == outcomes[3] == {"square": 4, "of": {"seed": 2}}


def test_an_error_is_kept_with_its_words_and_its_task_tried_again(tmp_path, work, calls):
    outcomes = dict(kept(tmp_path).map(work, TASKS))
    assert isinstance(outcomes[2], LladrError)
    (error,) = [content for name, content in files(tmp_path).items() if name.endswith(".error.json")]
    assert error["error"] == {"found": "Three was found.", "expected": "any other number", "advice": "take four."}
    assert error["task"]["value"] == 3
    dict(kept(tmp_path).map(work, TASKS))
    assert calls() == {1: 1, 2: 1, 3: 2}


def test_a_success_removes_the_error_of_before(tmp_path, work):
    dict(kept(tmp_path).map(work, [Number(value=3)]))
    (error,) = (tmp_path / "kept").iterdir()
    task = Number(value=4)
    error.rename(error.with_name(f"{content_key(task, counted, version='1')}.error.json"))
    dict(kept(tmp_path).map(work, [task]))
    assert [name.endswith(".error.json") for name in files(tmp_path)] == [False]


def test_a_damaged_result_is_done_again(tmp_path, work, calls, caplog):
    dict(kept(tmp_path).map(work, TASKS[:1]))
    (file,) = (tmp_path / "kept").iterdir()
    file.write_text(file.read_text()[:20])
    assert dict(kept(tmp_path).map(work, TASKS[:1])) == {0: {"square": 1, "of": {"seed": 1}}}
    assert calls() == {1: 2}
    assert "damaged" in caplog.text


def test_a_full_disk_is_a_user_s_error_and_leaves_no_half_file(tmp_path, work, small_files):
    with small_files(10), pytest.raises(LladrError, match="could not be written"):
        dict(kept(tmp_path).map(partial(square), TASKS[:1]))
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.parametrize(
    ("task", "work", "version"),
    [(Number(value=2), square, "1"), (Number(value=1, inner={"a": 1}), square, "1"), (Number(value=1), counted, "1"),
     (Number(value=1), square, "2")],
)  # fmt: skip
def test_another_task_work_or_version_has_another_key(task, work, version):
    assert content_key(task, work, version=version) != content_key(Number(value=1), square, version="1")


def test_where_the_work_is_done_is_no_part_of_the_key(tmp_path):
    keys = {content_key(Number(value=1), partial(counted, folder), version="1") for folder in (tmp_path, tmp_path / "x")}
    assert keys == {content_key(Number(value=1), counted, version="1")}


def test_the_table_has_a_row_a_task(tmp_path, work):
    table = tidy(TASKS[:3], dict(kept(tmp_path).map(work, TASKS[:3])))
    expected = {
        "value": [1, 2, 3],
        "square": [1.0, 4.0, None],
        "of.seed": [1.0, 2.0, None],
        "error": ["", "", "Three was found."],
    }
    pd.testing.assert_frame_equal(table, pd.DataFrame(expected))


def test_a_task_that_was_not_done_has_settings_and_no_result():
    assert tidy(TASKS[:2], {0: {"square": 1}}).to_dict("records")[1]["value"] == 2
