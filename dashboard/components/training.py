"""Choose how to train, and follow a run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, get_args

import streamlit as st

from core.config import InteractionName, RunSettings
from core.types import TEXT_MODES
from core.workspace import file_slug
from dashboard import theme
from dashboard.components.live import progress_words
from dashboard.theme import plain

PRESETS: dict[str, dict[str, int]] = {
    "Quick": {"dim": 64, "epochs": 10},
    "Standard": {"dim": RunSettings().model.dim, "epochs": RunSettings().training.epochs},
}
PRESET_HELP = "Quick: smaller and shorter, for a first look. Standard: the settings that the shown numbers are made with."
INTERACTIONS: dict[str, str] = {
    "complex": "ComplEx",
    "distmult": "DistMult",
    "transe": "TransE",
    "transe-l2": "TransE (Euclidean)",
    "rotate": "RotatE",
}


def training_form(taken: Sequence[str]) -> tuple[str, RunSettings] | None:
    """Choose the settings of a new run; returns its name and settings when the button is pressed.

    :param taken: names of runs that are there
    :raises ConfigError: if the settings do not fit together
    """
    with st.container(border=True):
        st.markdown("**New run**")
        preset = st.segmented_control("Preset", list(PRESETS), default="Standard", required=True, help=PRESET_HELP)
        text = st.radio(
            "Text",
            TEXT_MODES,
            captions=[theme.TEXT_MODES[mode] for mode in TEXT_MODES],
            help="What the language model wrote, injected.",
        )
        kg = st.text_input(
            "Graph", "starter", help="starter, or a folder on this machine with nodes.tsv and edges.tsv[.gz]."
        ).strip()
        model, training = _knobs(PRESETS[preset])
        stem = f"{file_slug(Path(kg.split(',')[0]).name)}-{model['interaction']}-{text}-{training['seed']}"
        name = st.text_input("Name of the run", free_name(stem, taken), help="Letters, digits, dot, dash and underscore.").strip()
        if not st.button("Start training", type="primary", icon=":material/play_arrow:"):
            return None
    return name, RunSettings.parse({"kg": kg, "text": {"mode": text}, "model": model, "training": training})


def _knobs(preset: dict[str, int]) -> tuple[dict[str, Any], dict[str, Any]]:
    names = get_args(InteractionName)
    with st.expander("Knobs"):
        columns = st.columns(4)
        interaction = columns[0].selectbox(
            "Interaction",
            names,
            index=names.index(RunSettings().model.interaction),
            format_func=lambda each: INTERACTIONS.get(each, each),
            help="How a fact is scored.",
        )
        dim = columns[1].number_input("Dimensions", 2, 8192, preset["dim"], step=2, help="Real numbers for each entity.")
        epochs = columns[2].number_input("Epochs", 1, 100_000, preset["epochs"], help="Passes over the graph.")
        seed = columns[3].number_input("Seed", 0, None, 0, help="Of start values and sampling.")
    return {"interaction": interaction, "dim": dim}, {"epochs": epochs, "seed": seed}


def free_name(stem: str, taken: Sequence[str]) -> str:
    """Return a name that no run has: the stem, else with the first free number."""
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (stem, *numbered) if name not in taken)


class Job(Protocol):
    """What is shown of a job."""

    name: str
    state: str
    running: bool
    share: float
    epoch: int
    epochs: int
    seconds_left: float | None
    error: str


def job_header(job: Job) -> None:
    """Name a run, its state and how far it is."""
    st.subheader(f"{plain(job.name)}: {theme.STATES[job.state]}")
    if job.running:
        st.progress(job.share, text=progress_words(job))
    else:
        st.caption(f"{job.epoch} of {theme.counted(job.epochs, 'epoch')}")


def job_buttons(job: Job, *, stop: Callable[[], None], resume: Callable[[], None], restart: Callable[[], None]) -> None:
    """Offer what can be done with a run now."""
    with st.container(horizontal=True):
        if job.running and st.button("Stop after this epoch", icon=":material/stop:"):
            stop()
            st.toast("It stops after this epoch; what it learned is kept.")
        unfinished = not job.running and job.state != "finished"
        if unfinished and st.button("Resume", icon=":material/play_arrow:", help="Go on where it stopped."):
            resume()
            st.rerun(scope="app")
        if not job.running and st.button("Restart", icon=":material/restart_alt:", help="Forget what it learned and train anew."):
            restart()
            st.rerun(scope="app")


def failure(error: str, log: str) -> None:
    """Say why a run failed, with the end of its log."""
    st.error(f"It failed: {plain(error) or 'no reason given'}", icon=":material/error:")
    if log:
        with st.expander("The end of its log"):
            st.code(log, language=None)
