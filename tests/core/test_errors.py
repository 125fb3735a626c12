from pathlib import Path

import pytest

from core import errors
from core.errors import AmbiguousNameError, FingerprintError, GraphFormatError, LladrError, UnknownNameError

FAMILY = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]


def test_a_message_says_what_was_found_expected_and_what_to_do():
    error = LladrError("Two heads.", expected="one head", advice="look again.")
    assert str(error) == error.message == "Two heads.\nExpected: one head\nWhat to do: look again."


def test_parts_that_are_empty_leave_no_line():
    assert str(LladrError("Two heads.")) == "Two heads."
    assert str(LladrError("Two heads.", advice="look again.")) == "Two heads.\nWhat to do: look again."


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_all_errors_are_caught_as_one_family(kind):
    assert issubclass(kind, LladrError)


def test_a_format_error_carries_file_and_line():
    error = GraphFormatError(Path("nodes.tsv"), 7, "no tab.", expected="tabs")
    assert (error.path, error.line) == (Path("nodes.tsv"), 7)
    assert error.found == "nodes.tsv, line 7: no tab."
    assert GraphFormatError(Path("nodes.tsv"), None, "missing.").found == "nodes.tsv: missing."


def test_an_unknown_name_carries_the_nearest():
    error = UnknownNameError("disease", "flue", ["influenza", "flu"])
    assert (error.name, error.nearest) == ("flue", ("influenza", "flu"))
    assert "No disease is called 'flue'." in str(error)
    assert "influenza; flu" in str(error)


def test_an_ambiguous_name_carries_its_options():
    error = AmbiguousNameError("disease", "MS", ["multiple sclerosis", "mitral stenosis"])
    assert error.options == ("multiple sclerosis", "mitral stenosis")
    assert "multiple sclerosis; mitral stenosis" in str(error)


def test_a_fingerprint_error_shows_both():
    message = str(FingerprintError("The matrix", "a" * 64, "b" * 64))
    assert "a" * 12 in message
    assert "b" * 12 in message
    assert "a" * 13 not in message
