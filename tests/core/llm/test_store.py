"""The store against what was put in: nothing changes, nothing goes, hand edits stand above the model's."""

import hashlib
import multiprocessing
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ConfigError, WorkspaceError
from core.kg.graph import KnowledgeGraph
from core.llm.database import MIGRATIONS
from core.llm.store import DescriptionStore, Version
from core.text.descriptions import load_descriptions
from tests import toy

DONEPEZIL = Version(
    graph="toy",
    entity=toy.DONEPEZIL,
    name="donepezil",
    kind="Compound",
    prompt="treatment",
    prompt_version=1,
    model="m",
    fields={"background": "A piperidine.", "targets": ["ACHE"]},
    temperature=0.7,
    reply=b"1",
)
FIRST_FORM = "03fcc0f9c5ac695335e31bda2f17afc47e8aca740b47d71e5497ae0862612906"
WHICH = {"graph": "toy", "prompt": "treatment", "model": "m"}


@pytest.fixture
def store(tmp_path: Path):
    store = DescriptionStore(tmp_path / "descriptions" / "store.sqlite")
    yield store
    store.close()


def test_a_version_comes_back_as_it_was(store: DescriptionStore) -> None:
    store.add(DONEPEZIL)
    assert store.versions(toy.DONEPEZIL, graph="toy") == [replace(DONEPEZIL, number=1)]
    assert store.versions(toy.DONEPEZIL, graph="another") == []


def test_one_reply_makes_one_version(store: DescriptionStore) -> None:
    assert [store.add(DONEPEZIL), store.add(DONEPEZIL)] == [True, False]
    assert len(store.versions(toy.DONEPEZIL, graph="toy")) == 1


def test_a_person_stands_above_the_model_and_nothing_is_overwritten(store: DescriptionStore) -> None:
    store.add(DONEPEZIL)
    edited = DONEPEZIL.edited({"background": "Corrected."}, author="Jo", reason="wrong class")
    store.add(edited)
    store.add(replace(DONEPEZIL, fields={"background": "Later."}, reply=b"2"))
    current = store.current(**WHICH)[toy.DONEPEZIL]
    assert (current.fields["background"], current.fields["targets"], current.by_hand) == ("Corrected.", ["ACHE"], True)
    texts = [version.fields["background"] for version in store.versions(toy.DONEPEZIL, graph="toy")]
    assert texts == ["Later.", "Corrected.", "A piperidine."]


def test_of_the_models_versions_the_latest_is_current(store: DescriptionStore) -> None:
    for number in (b"1", b"2"):
        store.add(replace(DONEPEZIL, fields={"background": number.decode()}, reply=number))
    store.add(replace(DONEPEZIL, model="other", reply=b"3"))
    assert store.current(**WHICH)[toy.DONEPEZIL].fields["background"] == "2"
    assert [(each.model, each.entities) for each in store.sources("toy")] == [("m", 1), ("other", 1)]


@pytest.mark.parametrize(("author", "reason"), [("", "why"), ("Jo", " "), ("model", "why")])
def test_an_edit_needs_a_person_and_a_reason(author: str, reason: str) -> None:
    with pytest.raises(ConfigError, match="who made it and why"):
        DONEPEZIL.edited({}, author=author, reason=reason)


@pytest.mark.parametrize("statement", ["UPDATE version SET fields = '{}'", "DELETE FROM version"])
def test_the_file_itself_refuses_to_change_a_version(store: DescriptionStore, statement: str) -> None:
    store.add(DONEPEZIL)
    with sqlite3.connect(store.database.path) as direct, pytest.raises(sqlite3.IntegrityError, match="never"):
        direct.execute(statement)
    direct.close()
    assert len(store.versions(toy.DONEPEZIL, graph="toy")) == 1


def test_the_export_is_what_training_reads(store: DescriptionStore, toy: KnowledgeGraph, tmp_path: Path) -> None:
    for row in (3, 0, 2):
        identity = {"entity": toy.vocabulary.entities[row], "name": toy.names[row], "kind": toy.kinds[row]}
        store.add(replace(DONEPEZIL, **identity, fields={"background": f"text {row}"}, reply=bytes([row])))
    store.add(replace(DONEPEZIL, entity="Compound::of-another-graph", reply=b"x"))
    assert store.export(toy, tmp_path / "out.jsonl", prompt="treatment", model="m") == 3
    read = load_descriptions(toy, tmp_path / "out.jsonl")
    assert [(row, text.background) for row, text in read.items()] == [(0, "text 0"), (2, "text 2"), (3, "text 3")]


def test_a_store_of_a_later_program_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    DescriptionStore(path).close()
    with sqlite3.connect(path) as direct:
        direct.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    direct.close()
    with pytest.raises(WorkspaceError, match="later version"):
        DescriptionStore(path)
    assert path.exists()


def test_the_released_migrations_are_unchanged() -> None:
    # SHA-256 of the first form, which workspaces out there have; a change of form is a new migration, never an edit
    assert hashlib.sha256(MIGRATIONS[0].encode()).hexdigest() == FIRST_FORM


def test_what_is_no_store_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_text("no database" * 100)
    with pytest.raises(WorkspaceError, match="cannot be used"):
        DescriptionStore(path)


def test_a_full_disk_is_explained_and_loses_nothing(store: DescriptionStore, small_files) -> None:
    store.add(DONEPEZIL)
    with small_files(40_000), pytest.raises(WorkspaceError, match="cannot be used"):
        store.add(replace(DONEPEZIL, fields={"background": "x" * 100_000}, reply=b"2"))
    assert len(store.versions(toy.DONEPEZIL, graph="toy")) == 1
    assert store.add(replace(DONEPEZIL, reply=b"3"))


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "store.sqlite"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add_many, args=(path, number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    store = DescriptionStore(path)
    numbers = [version.number for version in store.versions(toy.DONEPEZIL, graph="toy")]
    store.close()
    assert numbers == list(range(60, 0, -1))


def _add_many(path: Path, number: int) -> None:
    store = DescriptionStore(path)
    for count in range(20):
        store.add(replace(DONEPEZIL, reply=f"{number}-{count}".encode()))
    store.close()
