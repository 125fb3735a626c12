"""Graphs of the workspace: whole or not at all."""

import gzip

import pytest

from core.errors import GraphFormatError, WorkspaceError
from core.kg import stored
from core.kg.loaders import load_folder
from core.kg.stored import files_of, store_graph, stored_graphs, write_files
from core.workspace import Workspace
from tests.toy import write_toy_folder


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "home")


def left_behind(workspace):
    return sorted(path.name for path in (workspace.root / "graphs").glob("*"))


@pytest.mark.parametrize("read", [lambda path: path, lambda path: path.read_bytes()], ids=["by path", "uploaded"])
def test_a_stored_graph_is_the_same_byte_for_byte_and_loads(workspace, toy_folder, read):
    files = {name: read(path) for name, path in files_of(toy_folder).items()}
    folder = store_graph(workspace, "mine", files)
    assert stored_graphs(workspace) == [folder] == [workspace.root / "graphs" / "mine"]
    assert {name: path.read_bytes() for name, path in files_of(folder).items()} == {
        name: path.read_bytes() for name, path in files_of(toy_folder).items()
    }
    assert load_folder(folder).vocabulary == load_folder(toy_folder).vocabulary
    assert left_behind(workspace) == ["mine"]


def test_a_name_that_is_taken_is_refused_and_the_old_graph_stays(workspace, toy_folder):
    folder = store_graph(workspace, "mine", files_of(toy_folder))
    (folder / "nodes.tsv").write_text("kept")
    with pytest.raises(WorkspaceError, match="already"):
        store_graph(workspace, "mine", files_of(toy_folder))
    assert (folder / "nodes.tsv").read_text() == "kept"


def test_a_folder_that_came_up_meanwhile_is_not_overwritten(workspace, toy_folder, monkeypatch):
    def slow(folder):
        write_toy_folder(workspace.root / "graphs" / "mine")
        return load_folder(folder)

    monkeypatch.setattr(stored, "load_folder", slow)
    with pytest.raises(WorkspaceError):
        store_graph(workspace, "mine", {name: path.read_bytes() + b"\n" for name, path in files_of(toy_folder).items()})
    assert left_behind(workspace) == ["mine"]
    assert (workspace.root / "graphs" / "mine" / "nodes.tsv").read_bytes() == (toy_folder / "nodes.tsv").read_bytes()


@pytest.mark.parametrize("name", ["", "..", "../out", "a/b", ".hidden", "x" * 81, "a b"])
def test_a_name_that_is_no_safe_file_name_is_refused(workspace, toy_folder, name):
    with pytest.raises(WorkspaceError, match="usable"):
        store_graph(workspace, name, files_of(toy_folder))
    assert not workspace.root.exists()


def test_files_that_are_no_graph_leave_nothing_behind(workspace, toy_folder):
    with pytest.raises(GraphFormatError):
        store_graph(workspace, "mine", {"nodes.tsv": b"nonsense", "edges.tsv": toy_folder / "edges.tsv"})
    assert left_behind(workspace) == []


@pytest.mark.parametrize("name", ["../nodes.tsv", "notes.txt", "/etc/passwd", "nodes.tsv.exe"])
def test_a_file_that_is_no_part_of_a_graph_is_refused(tmp_path, name):
    with pytest.raises(GraphFormatError, match="no part of a graph"):
        write_files(tmp_path, {name: b"x"})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind(workspace, toy_folder, small_files):
    with small_files(100), pytest.raises(WorkspaceError, match="could not be written"):
        store_graph(workspace, "mine", files_of(toy_folder))
    assert left_behind(workspace) == []


def test_a_packed_file_that_unpacks_beyond_all_measure_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "MOST_UNPACKED", 2**20)
    write_files(tmp_path, {"edges.tsv.gz": gzip.compress(b"x" * 2**20)})
    with pytest.raises(GraphFormatError, match="unpacks"):
        write_files(tmp_path, {"edges.tsv.gz": gzip.compress(b"x" * (2**20 + 1))})


def test_a_workspace_without_graphs_has_none(workspace):
    assert stored_graphs(workspace) == []
