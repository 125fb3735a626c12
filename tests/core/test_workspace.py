import errno
import json
import os
from pathlib import Path

import pytest

from core.errors import UnknownNameError, WorkspaceError
from core.workspace import Workspace, append_line, atomic, file_slug, read_json, write_json, write_text


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


def full_disk(*_arguments, **_options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_is_written_whole_and_readable(tmp_path):
    path = tmp_path / "new" / "folder" / "file.json"
    write_json(path, {"name": "β 💊", "values": [1, 2.5]})
    assert json.loads(path.read_bytes().decode("utf-8")) == read_json(path) == {"name": "β 💊", "values": [1, 2.5]}
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_writer_that_fails_midway_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def fail_midway():
        with atomic(path) as temporary:
            temporary.write_text("half of the ne")
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        fail_midway()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_not_there_before_it_is_whole(tmp_path):
    path = tmp_path / "file.txt"
    with atomic(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent  # else the last step would be no rename
    assert path.read_text() == "new"


@pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (Path, "replace"), (Path, "write_text")])
def test_a_full_disk_is_explained_and_leaves_the_old_file(tmp_path, monkeypatch, owner, name):
    path = tmp_path / "file.txt"
    write_text(path, "old")
    monkeypatch.setattr(owner, name, full_disk)
    with pytest.raises(WorkspaceError, match="No space left on device") as caught:
        write_text(path, "new")
    assert "LLADR_HOME" in caught.value.advice
    assert (path.read_text(), list(tmp_path.iterdir())) == ("old", [path])


def test_a_full_disk_is_explained_when_a_line_is_appended(tmp_path, small_files):
    with small_files(10), pytest.raises(WorkspaceError, match="could not be written"):
        append_line(tmp_path / "trace.jsonl", "x" * 100)


def test_a_file_in_the_place_of_the_folder_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="could not be written"):
        write_text(tmp_path / "file" / "inside.txt", "new")


@pytest.mark.parametrize("name", ["../x", "", "a b", ".hidden", "a/b", "-x", "x\n", "é", "x" * 81, "/etc", "a\0"])
def test_an_unsafe_run_name_is_refused(workspace, name):
    with pytest.raises(WorkspaceError, match="no usable run name"):
        workspace.run(name)


@pytest.mark.parametrize("name", ["alzheimer-full-1", "A", "1.2_x", "x" * 80])
def test_a_safe_run_name_lies_in_the_folder_of_runs(workspace, name):
    assert workspace.run(name).path == workspace.root / "runs" / name
    assert workspace.run(name).name == name


def test_only_folders_with_settings_are_runs(workspace):
    for name in ("b", "a"):
        write_json(workspace.run(name).settings_file, {})
    write_text(workspace.run("unfinished").log_file, "x")
    assert [run.name for run in workspace.runs()] == ["a", "b"]


def test_an_unknown_run_names_the_existing_ones(workspace):
    assert workspace.runs() == []
    for name in ("base", "full"):
        write_json(workspace.run(name).settings_file, {})
    assert workspace.existing_run("full").name == "full"
    with pytest.raises(UnknownNameError, match="base; full"):
        workspace.existing_run("fool")


def test_the_environment_names_the_workspace(monkeypatch, tmp_path):
    monkeypatch.setenv("LLADR_HOME", str(tmp_path / "home"))
    assert Workspace.default().root == (tmp_path / "home").resolve()
    monkeypatch.setenv("LLADR_HOME", "")
    monkeypatch.chdir(tmp_path)
    assert Workspace.default().root == tmp_path.resolve() / "workspace"


def test_a_trace_leaves_out_the_line_that_is_being_written(workspace):
    run = workspace.run("a")
    assert run.trace() == []
    for epoch in (1, 2):
        append_line(run.trace_file, json.dumps({"epoch": epoch}))
    with run.trace_file.open("a") as file:
        file.write('{"epo')
    assert run.trace() == [{"epoch": 1}, {"epoch": 2}]


def test_a_trace_goes_on_after_a_torn_line(workspace):
    run = workspace.run("a")
    write_text(run.trace_file, '{"epoch": 1}\n{"epo')
    append_line(run.trace_file, '{"epoch": 2}')
    assert run.trace() == [{"epoch": 1}, {"epoch": 2}]


@pytest.mark.parametrize("content", [b"{", b"\xff", None])
def test_a_damaged_json_file_is_refused(tmp_path, content):
    path = tmp_path / "status.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WorkspaceError, match=r"status\.json cannot be read"):
        read_json(path)


@pytest.mark.parametrize(
    "parts",
    [
        ("../../etc/passwd",),
        ("a/b\\c", "x y"),
        ("..", ""),
        ("=1+1",),
        ("<b>",),
        ("日本",),
        (".hidden",),
        ("x" * 500, "y" * 500),
        (),
    ],
)
def test_a_slug_is_a_harmless_file_name(parts):
    slug = file_slug(*parts)
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
    assert 0 < len(slug) < 130


def test_a_slug_keeps_the_words():
    assert file_slug("Alzheimer's disease", "run.1") == "alzheimer-s-disease_run-1"
