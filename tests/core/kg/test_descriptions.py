import json

import pytest

from core.errors import GraphFormatError
from core.kg.descriptions import Line, lines_of
from core.llm.files import read_described
from core.text.descriptions import load_descriptions
from tests.toy import ASPIRIN, DONEPEZIL, row_of

LINES = [
    {"id": DONEPEZIL, "name": "E2020", "background": "first of two that have another name"},
    {"id": "Compound::stranger", "name": "stranger", "background": "not of this graph"},
    {"id": DONEPEZIL, "name": "donepezil", "background": "has the entity's name", "targets": ["ACHE"]},
    {"id": DONEPEZIL, "name": "donepezil", "background": "has it, too, but later"},
    {"id": ASPIRIN, "name": "ASA", "background": "first of two that have another name"},
    {"id": ASPIRIN, "name": "acetylsalicylic acid", "background": "second"},
]
CHOSEN = {DONEPEZIL: "has the entity's name", ASPIRIN: "first of two that have another name"}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text("\n\n".join(json.dumps(line) for line in LINES) + "\n", encoding="utf-8-sig")
    return path


def test_the_line_with_the_entitys_name_wins_else_the_first(toy, path):
    found = lines_of(toy, path, Line)
    assert {row: line.background for row, line in found.by_row.items()} == {row_of(toy, id): text for id, text in CHOSEN.items()}
    assert found.left_out == 1


def test_training_and_grounding_read_the_same_lines(toy, path):
    texts, described = load_descriptions(toy, path), read_described(toy, path)
    assert {row: text.background for row, text in texts.items()} == {
        row: fields["background"] for row, fields in described.described.items()
    }
    assert described.described[row_of(toy, DONEPEZIL)]["targets"] == ["ACHE"]
    assert described.left_out == 1


@pytest.mark.parametrize("line", ["{", '"a text"', '{"name": "without an id"}', '{"id": "x", "background": 3}'])
def test_a_line_that_is_no_description_is_named(toy, path, line):
    path.write_text(path.read_text(encoding="utf-8-sig") + line, encoding="utf-8")
    with pytest.raises(GraphFormatError, match="no description") as caught:
        lines_of(toy, path, Line)
    assert (caught.value.line, "mend or remove" in caught.value.advice) == (2 * len(LINES), True)
