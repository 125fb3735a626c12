import json
from pathlib import Path

import pytest

from core.errors import GraphFormatError
from core.llm.files import read_described
from core.llm.grounding import Described, ground
from core.llm.report import Report, report
from tests.toy import ALZHEIMER, ASPIRIN, DONEPEZIL, HALOPERIDOL, LEVODOPA, MEMANTINE, METFORMIN, row_of

TEXT = "A long text of more than forty letters that says a thing."


def reported(graph, described: dict[str, Described], names: dict[str, str] | None = None) -> Report:
    rows = {row_of(graph, key): value for key, value in described.items()}
    return report(graph, rows, ground(graph, rows), names={row_of(graph, k): v for k, v in (names or {}).items()})


def ids(cases) -> list[str]:
    return [case.id for case in cases]


def test_coverage_counts_texts_by_kind(toy):
    result = reported(toy, {DONEPEZIL: {"background": "a"}, ASPIRIN: {"background": " "}, ALZHEIMER: {"mechanism": "b"}})
    assert {c.kind: (c.described, c.total) for c in result.coverage} == {
        "Compound": (1, 6),
        "Gene": (0, 5),
        "Disease": (1, 4),
        "Pharmacologic Class": (0, 2),
    }


def test_lengths_are_in_words(toy):
    (length,) = reported(toy, {DONEPEZIL: {"background": "one two"}, ASPIRIN: {"background": "a b c d"}}).lengths
    assert (length.field, length.texts, length.shortest, length.median, length.longest) == ("background", 2, 2, 3, 4)


@pytest.mark.parametrize("text", ["I'm sorry, but I cannot help.", "As an AI, I know nothing.", "No information available.", ""])
def test_refusals_and_empty_ones_are_counted(toy, text):
    result = reported(toy, {DONEPEZIL: {"background": text}, ASPIRIN: {"background": "Inhibits PTGS1."}})
    assert ids(result.refusals) == [DONEPEZIL]


def test_targets_that_do_not_exist_are_named(toy):
    result = reported(toy, {DONEPEZIL: {"targets": ["ACHE", "XYZ99"]}})
    assert [(case.id, case.what) for case in result.unmapped] == [(DONEPEZIL, "targets: XYZ99")]
    assert result.counts["unmapped"] == 1


def test_another_name_than_the_entity_s_is_an_indicator(toy):
    names = {DONEPEZIL: "Galantamine", MEMANTINE: "Memantine hydrochloride", ASPIRIN: "acetylsalicylic acid"}
    result = reported(toy, {key: {"background": "x"} for key in names}, names)
    assert ids(result.misnamed) == [DONEPEZIL]


def test_a_text_that_begins_with_another_entity_is_an_indicator(toy):
    texts = {
        METFORMIN: {"background": "Levodopa is a precursor."},
        LEVODOPA: {"background": "L-DOPA is a precursor."},
        HALOPERIDOL: {"background": "This is an antipsychotic."},
    }
    assert ids(reported(toy, texts).misnamed) == [METFORMIN]


def test_the_same_text_of_two_entities_is_an_indicator(toy):
    texts = {METFORMIN: {"background": TEXT}, LEVODOPA: {"background": TEXT.upper()}, DONEPEZIL: {"background": "Short."}}
    result = reported(toy, texts | {ASPIRIN: {"background": "Short."}})
    assert [(case.id, case.what) for case in result.duplicates] == [(METFORMIN, "the same background as levodopa")]


def test_verdicts_are_counted_by_claim(toy):
    result = reported(toy, {HALOPERIDOL: {"indications": "Parkinson's disease.", "contraindications": "Parkinson's disease."}})
    assert result.verdicts == [
        {"claim": "indicated_for", "supported": 0, "contradicted": 1, "unknown": 0},
        {"claim": "contraindicated_in", "supported": 1, "contradicted": 0, "unknown": 0},
    ]


def test_plain_values_survive_json(toy):
    result = reported(toy, {DONEPEZIL: {"targets": ["XYZ99"]}})
    assert json.loads(json.dumps(result.as_dict()))["unmapped"][0]["name"] == "donepezil"


def test_a_file_gives_texts_and_lists_and_counts_strangers(toy, tmp_path: Path):
    path = tmp_path / "texts.jsonl"
    lines = [
        {"id": DONEPEZIL, "name": "other", "background": "first"},
        {"id": DONEPEZIL, "name": "donepezil", "background": "second", "targets": ["ACHE"], "extra": 1},
        {"id": "Compound::none", "background": "x"},
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    found = read_described(toy, path)
    assert found.described == {row_of(toy, DONEPEZIL): {"background": "second", "targets": ["ACHE"]}}
    assert found.names == {row_of(toy, DONEPEZIL): "donepezil"}
    assert found.left_out == 1


@pytest.mark.parametrize("line", ["{", '{"name": "no id"}', '{"id": "x", "targets": "not a list"}'])
def test_a_line_that_is_no_description_is_named(toy, tmp_path: Path, line):
    path = tmp_path / "texts.jsonl"
    path.write_text(json.dumps({"id": DONEPEZIL}) + "\n" + line)
    with pytest.raises(GraphFormatError, match="line 2"):
        read_described(toy, path)
