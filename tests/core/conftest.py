"""The command as a shell calls it, and two runs for it that are trained once. It is imported late: most tests need none of it."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.core.trained import TOY, copied
from tests.toy import write_toy_folder


@pytest.fixture
def lladr(capsys, monkeypatch):
    """Call the command as a shell would; return code, out and err."""
    from core.cli import main

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["lladr", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        return SimpleNamespace(code=code, **capsys.readouterr()._asdict())

    return call


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory) -> Path:
    """Return a folder with a workspace and the toy graph: two finished runs, full and its twin without text."""
    from typer.testing import CliRunner

    from core.cli import app

    folder = tmp_path_factory.mktemp("trained")
    graph = write_toy_folder(folder / "toy")
    for name, text in (("full", "full"), ("plain", "none")):
        arguments = ["train", "--kg", graph, "--text", text, "--name", name, *TOY]
        CliRunner().invoke(app, list(map(str, arguments)), env={"LLADR_HOME": str(folder / "home")}, catch_exceptions=False)
    return folder


@pytest.fixture
def trained(trained_once, toy_folder):
    """Give a test the two runs in a workspace of its own, on a toy graph of its own."""
    return copied(trained_once, toy_folder.parent)
