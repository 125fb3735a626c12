"""Keep graphs of the user's own in the workspace: whole or not at all, and never over another one."""

import gzip
import os
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from core.errors import GraphFormatError, WorkspaceError
from core.kg.loaders import load_folder
from core.workspace import RUN_NAME, Workspace, explained_disk_errors, write_bytes

TABLES = ("nodes.tsv", "edges.tsv", "edges.tsv.gz")
GRAPH_FILES = (*TABLES, "source.toml", "descriptions.jsonl", "README.md")  #: what of a folder is kept
MOST_UNPACKED = 2**30  #: bytes of edges.tsv.gz; a tenth of it is more than any public graph has
BLOCK = 2**20

Content = bytes | Path  #: of one file: what was uploaded, or where it lies


def stored_graphs(workspace: Workspace) -> list[Path]:
    """Return the folders of the graphs that are kept in the workspace, by name."""
    return sorted(path.parent for path in (workspace.root / "graphs").glob("[!.]*/nodes.tsv"))


def files_of(folder: Path) -> dict[str, Path]:
    """Return the files of a folder that belong to a graph, by name."""
    return {name: folder / name for name in GRAPH_FILES if (folder / name).is_file()}


def store_graph(workspace: Workspace, name: str, files: Mapping[str, Content]) -> Path:
    """Keep a graph in the workspace; returns its folder, by whose path it is loaded.

    :param files: by their names, those of :data:`GRAPH_FILES`
    :raises WorkspaceError: if the name is not usable or taken, or the disk is full; nothing is left behind
    :raises GraphFormatError: if the files are no graph
    """
    target = _free_folder(workspace, name)
    with explained_disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{name}."))
    try:
        write_files(temporary, files)
        load_folder(temporary)
        with explained_disk_errors(target):
            temporary.chmod(0o755)
            os.rename(temporary, target)  # noqa: PTH104 - refuses a folder that came up meanwhile, as Path.rename would
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def write_files(folder: Path, files: Mapping[str, Content]) -> None:
    """Write the files of a graph into a folder.

    :raises GraphFormatError: if a name is none of :data:`GRAPH_FILES`, or a packed file is too large
    """
    for name, content in files.items():
        if name not in GRAPH_FILES:
            raise GraphFormatError(Path(name), None, "this file is no part of a graph.", expected=", ".join(GRAPH_FILES))
        write_bytes(folder / name, content if isinstance(content, bytes) else _content(content))
        if name.endswith(".gz"):
            _refuse_bomb(folder / name)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise GraphFormatError(path, None, f"cannot be read: {error}.", advice="check the path and the rights.") from error


def _free_folder(workspace: Workspace, name: str) -> Path:
    if not RUN_NAME.fullmatch(name):
        raise WorkspaceError(
            f"{name!r} is no usable name of a graph.",
            expected="letters, digits, dot, dash, underscore; at most 80; a letter or digit first",
            advice="choose a name such as rare-diseases-1.",
        )
    target = workspace.root / "graphs" / name
    if target.exists():
        raise WorkspaceError(
            f"The workspace has a graph {name!r} already.",
            expected="a new name: runs that learned the old graph must find it unchanged",
            advice=f"choose another name, such as {name}-2.",
        )
    return target


def _refuse_bomb(path: Path) -> None:
    """Unpack block by block, and keep nothing; damage is named by whoever reads the lines."""
    size = 0
    try:
        with gzip.open(path, "rb") as file:
            while (block := file.read(BLOCK)) and size <= MOST_UNPACKED:
                size += len(block)
    except (OSError, EOFError, zlib.error):
        return
    if size > MOST_UNPACKED:
        raise GraphFormatError(
            path, None, "it unpacks to more than a gigabyte.", expected="a table of edges", advice="give a folder's path instead."
        )
