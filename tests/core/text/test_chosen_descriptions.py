"""Descriptions from a file of one's own instead of the graph's."""

import hashlib
import json
from pathlib import Path

import pytest

from core.config import TextSettings
from core.errors import GraphFormatError, WorkspaceError
from core.kg.graph import KnowledgeGraph
from core.text.descriptions import descriptions_of, load_descriptions, pinned
from tests import toy as names


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"id": names.ASPIRIN, "background": "A salicylate."}) + "\n")
    return path


def test_the_chosen_file_replaces_the_graphs_own(toy: KnowledgeGraph, file: Path) -> None:
    found = descriptions_of(toy, TextSettings(descriptions=str(file)))
    assert {row: text.background for row, text in found.items()} == {toy.vocabulary.entity_row[names.ASPIRIN]: "A salicylate."}
    assert descriptions_of(toy, TextSettings()) == load_descriptions(toy)


def test_the_content_is_pinned_and_a_change_is_noticed(toy: KnowledgeGraph, file: Path, monkeypatch) -> None:
    monkeypatch.chdir(file.parent)
    settings = pinned(TextSettings(descriptions="mine.jsonl"))
    assert settings.descriptions == str(file)
    assert settings.descriptions_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert len(descriptions_of(toy, settings)) == 1
    file.write_text(file.read_text() + "\n")
    with pytest.raises(WorkspaceError, match="has changed"):
        descriptions_of(toy, settings)
    assert pinned(settings) != settings


def test_without_a_file_nothing_is_pinned() -> None:
    assert pinned(TextSettings()) == TextSettings()


@pytest.mark.parametrize("use", [lambda toy, settings: pinned(settings), descriptions_of])
def test_a_missing_file_is_named(toy: KnowledgeGraph, tmp_path: Path, use) -> None:
    with pytest.raises(GraphFormatError, match="nowhere"):
        use(toy, TextSettings(descriptions=str(tmp_path / "nowhere.jsonl")))
