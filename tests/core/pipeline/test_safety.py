from dataclasses import replace

import pandas as pd
import pytest

from core.llm.grounding import contraindication_claims
from core.pipeline.safety import safety_of
from core.text.descriptions import Description
from tests.toy import ASPIRIN, DIABETES, HALOPERIDOL, PARKINSON, row_of

WARNING = "Contraindicated in type 2 diabetes mellitus."


@pytest.fixture
def texts(toy):
    return {row_of(toy, ASPIRIN): Description(id=ASPIRIN, name="aspirin", contraindications=WARNING)}


def files(workspace):
    return sorted((workspace.root / "cache" / "warnings").glob("*"))


def test_what_the_texts_warn_of_is_found_and_kept(workspace, toy, texts):
    (reason,) = safety_of(workspace, toy, texts).warnings(row_of(toy, DIABETES))[row_of(toy, ASPIRIN)]
    assert (reason.kind, reason.source) == ("text", "text on aspirin")
    (file,) = files(workspace)
    expected = contraindication_claims(toy, {row: text.parts() for row, text in texts.items()})
    pd.testing.assert_frame_equal(pd.read_parquet(file), expected, check_dtype=False)


def test_the_second_call_reads_the_file(workspace, toy, texts):
    """A sentence that only the file has is what the second call says."""
    safety_of(workspace, toy, texts)
    (file,) = files(workspace)
    pd.read_parquet(file).assign(sentence="Only in the file.").to_parquet(file)
    (reason,) = safety_of(workspace, toy, texts).warnings(row_of(toy, DIABETES))[row_of(toy, ASPIRIN)]
    assert reason.text == "Only in the file."


@pytest.mark.parametrize("damage", [b"", b"PAR1 and then nothing", None])
def test_a_damaged_file_is_read_anew(workspace, toy, texts, damage):
    first = safety_of(workspace, toy, texts).warnings(row_of(toy, DIABETES))
    (file,) = files(workspace)
    if damage is None:
        pd.DataFrame({"other": [1]}).to_parquet(file)
    else:
        file.write_bytes(damage)
    assert safety_of(workspace, toy, texts).warnings(row_of(toy, DIABETES)) == first
    assert len(pd.read_parquet(file)) == 1


def test_other_texts_or_another_graph_are_kept_apart(workspace, toy, texts):
    safety_of(workspace, toy, texts)
    changed = {row: text.replace(contraindications="Contraindicated in Parkinson's disease.") for row, text in texts.items()}
    assert row_of(toy, ASPIRIN) in safety_of(workspace, toy, changed).warnings(row_of(toy, PARKINSON))
    safety_of(workspace, replace(toy, triples=toy.triples[:-1]), texts)
    assert len(files(workspace)) == 3


def test_without_texts_the_graph_speaks_alone_and_nothing_is_written(workspace, toy):
    assert list(safety_of(workspace, toy, {}).warnings(row_of(toy, PARKINSON))) == [row_of(toy, HALOPERIDOL)]
    assert files(workspace) == []
