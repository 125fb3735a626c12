"""The command that opens the dashboard starts without what the others import."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603


def test_serve_imports_neither_torch_nor_streamlit():
    code = "import sys, core.__main__, core.serve; core.serve.alone(); print({'torch', 'streamlit', 'pandas'} & set(sys.modules))"
    assert python("-c", code).stdout.strip() == "set()"


@pytest.mark.parametrize(("command", "word"), [("serve", "--port"), ("rank", "--disease")])
def test_every_command_is_reached_by_the_one_entry(command, word):
    result = python("-m", "core", command, "--help")
    assert (result.returncode, word in result.stdout) == (0, True)


def test_a_wrong_port_is_refused_in_words():
    result = python("-m", "core", "serve", "--port", "high")
    assert result.returncode == 2
    assert "--port" in result.stderr


def test_a_ranking_page_needs_no_scikit_learn():
    code = "import sys, dashboard.server; dashboard.server.import_ahead(); print('sklearn' in sys.modules)"
    assert python("-c", code).stdout.strip() == "False"
