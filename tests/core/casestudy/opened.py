"""Small trained runs of the toy graph, opened for questions of the kind "what if"."""

from dataclasses import dataclass
from pathlib import Path

from core.casestudy.attribution import Ranker, Wording
from core.pipeline import LoadedRun, load_run, train_run
from core.pipeline.rankers import open_ranker, open_wording
from core.text.descriptions import load_descriptions
from core.workspace import Workspace
from tests.core.pipeline.runs import toy_settings


@dataclass(frozen=True)
class Opened:
    loaded: LoadedRun
    ranker: Ranker
    wording: Wording | None


def open_toy(root: Path, folder: Path, *, text: str = "full", injection: str = "blend", **changes) -> Opened:
    """Train a run on the toy graph and open it."""
    workspace = Workspace(root)
    settings = toy_settings(folder, text=text).replace(text={"injection": injection}, **changes)
    train_run(workspace, "a", settings)
    loaded = load_run(workspace, "a")
    return Opened(loaded, open_ranker(loaded), open_wording(workspace, loaded, load_descriptions(loaded.graph)))


FUSION = {"fusion": {"backbones": ("distmult", "transe"), "folds": 2}, "seeds": 2}
