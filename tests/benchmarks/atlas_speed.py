"""Time the atlas: against plain umap-learn, on the starter's runs cold and cached, and on a table as large as Hetionet.

``OMP_NUM_THREADS=1 python -m tests.benchmarks.atlas_speed versus`` (20,000 x 256, both warm, about two minutes),
``... panel --rows 37000 --dim 200 --panels 4`` (synthetic, as a background job), and with LLADR_HOME at a workspace that has
the default pair: ``... starter`` (throws the kept layouts away first).
"""

import shutil
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import typer
from scipy.sparse import csr_array

from core.pipeline.atlas import atlas_folder, compute_atlas, known_atlas
from core.pipeline.spaces import pair_for, read_spaces
from core.projection.layout import LayoutSettings, draft, principal_components
from core.projection.measures import trustworthiness
from core.projection.panel import Labels, make_draft, make_panel, write_panel
from core.workspace import Workspace

app = typer.Typer()


@app.command()
def versus(rows: int = 20_000, dim: int = 256, repeats: int = 2) -> None:
    """Compare PCA and UMAP on exact neighbours with plain umap-learn on the raw vectors, at the same epochs and seed."""
    from umap import UMAP

    warnings.simplefilter("ignore")
    vectors = synthetic(rows, dim)
    settings = LayoutSettings()
    small = synthetic(5000, dim)
    plain = {"n_neighbors": 16, "metric": "cosine", "n_epochs": settings.draft_epochs}
    UMAP(**plain, random_state=0, n_jobs=1).fit_transform(small)  # compiles
    UMAP(**plain).fit_transform(small)
    draft(principal_components(small, 50), settings)
    for _ in range(repeats):
        for name, make in {
            "ours": lambda: draft(principal_components(vectors, 50), settings),
            "ours, 300 epochs": lambda: draft(principal_components(vectors, 50), LayoutSettings(draft_epochs=300)),
            "plain, seeded": lambda: UMAP(**plain, random_state=0, n_jobs=1).fit_transform(vectors),
            "plain, unseeded": lambda: UMAP(**plain).fit_transform(vectors),
        }.items():
            began, used = time.perf_counter(), time.process_time()
            picture = make()
            seconds = f"{time.perf_counter() - began:.1f} s ({time.process_time() - used:.1f} s of processor)"
            typer.echo(f"{name}: {seconds}, trustworthiness {trustworthiness(vectors, picture).value:.3f}")


@app.command()
def panel(rows: int = 37_000, dim: int = 200, panels: int = 4) -> None:
    """Time a draft and so many panels with all measures, from a cold start."""
    began = time.perf_counter()
    random = np.random.default_rng(1)
    drugs = np.arange(1500)
    classes = csr_array((np.ones(1500, dtype=np.int32), (drugs, random.integers(300, size=1500))))
    labels = Labels(random.integers(8, size=rows), drugs, classes)
    vectors = synthetic(rows, dim)
    with TemporaryDirectory() as folder:
        start = make_draft(vectors, LayoutSettings())
        typer.echo(f"draft: {time.perf_counter() - began:.1f} s")
        for number in range(panels):
            space = vectors + random.normal(size=vectors.shape, scale=0.3).astype(np.float32)
            write_panel(Path(folder) / f"{number}", make_panel(space, start, labels, LayoutSettings()))
            typer.echo(f"panel {number + 1}: {time.perf_counter() - began:.1f} s ({time.process_time():.1f} s of processor)")


@app.command()
def starter() -> None:
    """Time the default pair of a workspace, cold, then reopened."""
    workspace = Workspace.default()
    spaces = read_spaces(workspace, pair_for(workspace))
    shutil.rmtree(atlas_folder(workspace), ignore_errors=True)
    began = time.perf_counter()
    compute_atlas(workspace, spaces)
    typer.echo(
        f"cold, {len(spaces.by_name)} panels: {time.perf_counter() - began:.1f} s ({time.process_time():.1f} s of processor)"
    )
    began = time.perf_counter()
    known_atlas(workspace, read_spaces(workspace, pair_for(workspace)))
    typer.echo(f"reopened: {time.perf_counter() - began:.2f} s")


def synthetic(rows: int, dim: int) -> np.ndarray:
    """Return clustered vectors with heavy noise, as embeddings are."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(60, dim))
    return (centres[random.integers(60, size=rows)] + random.normal(size=(rows, dim))).astype(np.float32)


if __name__ == "__main__":
    app()
