"""A small workspace with a base and a LLaDR run on the toy graph, and the shell that shows it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import pipeline
from core.config import RunSettings
from core.workspace import Workspace
from dashboard import resources
from tests.toy import ALZHEIMER, EDGES, NODES, write_table, write_toy_folder

SHELL = Path(__file__).parents[2] / "dashboard" / "app.py"
HOSTILE = "<script>alert(1)</script> =1+1 ../../etc"
FORMULA = '=HYPERLINK("http://evil.example")'
HOSTILE_DRUG, HOSTILE_DISEASE = "Compound::hostile", "Disease::hostile"


def train_pair(root: Path, folder: Path) -> Workspace:
    """Train a base and a LLaDR run on a folder, as small as can be."""
    workspace = Workspace(root)
    small = {"kg": str(folder), "model": {"dim": 8}, "training": {"epochs": 2, "threads": 1}}
    for name, mode in {"base": "none", "lladr": "full"}.items():
        settings = RunSettings.parse(small | {"text": {"mode": mode, "encoder": "hashing:16"}})
        pipeline.train_run(workspace, name, settings)
    return workspace


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = write_toy_folder(tmp_path_factory.mktemp("toy") / "graph")
    return train_pair(tmp_path_factory.mktemp("workspace"), folder)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The toy graph with a drug and a disease whose names are attacks."""
    folder = write_toy_folder(tmp_path_factory.mktemp("hostile") / "graph")
    nodes = [
        *NODES,
        (HOSTILE_DRUG, FORMULA, "Compound", HOSTILE),
        (HOSTILE_DISEASE, HOSTILE, "Disease", "**bold** :material/home:"),
    ]
    edges = [*EDGES, (HOSTILE_DRUG, "treats", ALZHEIMER, HOSTILE, HOSTILE), (HOSTILE_DISEASE, "resembles", ALZHEIMER, "", "")]
    write_table(folder / "nodes.tsv", ["id", "name", "kind", "synonyms"], nodes)
    write_table(folder / "edges.tsv", ["head", "relation", "tail", "detail", "corroborated"], edges)
    return train_pair(tmp_path_factory.mktemp("hostile-workspace"), folder)


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    before = os.environ.get("LLADR_HOME")
    resources.forget()
    yield
    if before is None:
        os.environ.pop("LLADR_HOME", None)
    else:
        os.environ["LLADR_HOME"] = before


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """Open a page of a workspace through the shell, with a context as the URL would carry it."""

    def opened(workspace: Workspace, page: str = "start", **query: str) -> AppTest:
        os.environ["LLADR_HOME"] = str(workspace.root)
        app = AppTest.from_file(str(SHELL), default_timeout=30)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        if page != "start":
            app.switch_page(f"../pages/{page}.py").run()
        return app

    return opened


def words(app: AppTest) -> str:
    """Return all that a page says, one element a line."""
    elements = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.error, *app.warning, *app.success]
    return "\n".join(element.value for element in elements).replace("\\", "")
