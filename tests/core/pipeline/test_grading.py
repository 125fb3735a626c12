"""A disease's grade comes from the parts, where each treatment is asked for once; from random splits where there are none."""

import json

import pytest

from core.pipeline.evaluation import disease_reliability
from core.pipeline.questions import Question, grading_results
from core.workspace import Workspace
from tests.toy import ALZHEIMER, row_of


def keep(home: Workspace, protocol: str, seed: int, n_pairs: int) -> None:
    file = Question(protocol, split_seed=seed).result_file(home.run("a"))
    file.parent.mkdir(parents=True)
    found = {"id": ALZHEIMER, "name": "AD", "n_pairs": n_pairs, "metrics": {"AUC": 1.0, "H@50": 1.0}}
    file.write_text(json.dumps({"per_disease": [found]}))


@pytest.fixture
def home(workspace) -> Workspace:
    settings = workspace.run("a").settings_file
    settings.parent.mkdir(parents=True)
    settings.write_text("{}")
    return workspace


def test_random_splits_count_together_where_there_are_no_parts(home, toy):
    keep(home, "drugs-for-disease", 0, 1)
    keep(home, "drugs-for-disease", 1, 2)
    assert disease_reliability(home, "a", toy)(row_of(toy, ALZHEIMER)).n_pairs == 3


def test_the_parts_alone_count_where_there_are_some(home, toy):
    keep(home, "drugs-for-disease", 0, 7)
    keep(home, "every-treatment", 0, 2)
    keep(home, "every-treatment", 4, 3)
    keep(home, "zero-shot", 0, 9)
    grade = disease_reliability(home, "a", toy)(row_of(toy, ALZHEIMER))
    assert (grade.n_pairs, grade.level) == (5, "reliable")
    assert [file.parent.name for file in grading_results(home.run("a"))] == ["part-0", "part-4"]
