"""Choose how to train, and follow a run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, get_args

import pandas as pd
import streamlit as st

from core.config import InteractionName, RunSettings
from core.types import TEXT_MODES
from core.workspace import file_slug
from dashboard import theme
from dashboard.components.live import progress_words
from dashboard.theme import plain

#: settings that differ from the default ones
PRESETS: dict[str, dict[str, Any]] = {
    "Quick": {"model": {"dim": 64}, "training": {"epochs": 10}},
    "Standard": {},
    "Fusion": {"fusion": {}},
    "Paper": {
        "model": {"interaction": "transe", "dim": 1024, "reciprocal": False},
        "training": {
            "epochs": 625,  # 100,000 steps of 512 edges on the starter graph
            "batch_size": 512,
            "optimizer": "adam",
            "learning_rate": 1e-4,
            "type_constrained": False,
        },
    },
}
PRESET_WORDS = {
    "Quick": "Smaller and shorter, for a first look: seconds.",
    "Standard": "The settings that the shown numbers are made with: a minute or two.",
    "Fusion": "LLaDR in two forms, combined with simple methods such as shared targets: ranks best, eleven models, "
    "some minutes. Each method stays selectable on the pages.",
    "Paper": "As published (Xiang et al. 2025): 1,024 dimensions, 100,000 steps on the starter graph. An hour or more.",
}
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
        preset = st.segmented_control("Preset", list(PRESETS), default="Standard", required=True)
        st.caption(PRESET_WORDS[preset])
        text = st.radio(
            "Text",
            TEXT_MODES,
            captions=[theme.TEXT_MODES[mode] for mode in TEXT_MODES],
            help="What the language model wrote, injected.",
        )
        kg = st.text_input(
            "Graph", "starter", help="starter, or a folder on this machine with nodes.tsv and edges.tsv[.gz]."
        ).strip()
        values = _knobs(RunSettings().replace(**PRESETS[preset]))
        stem = _stem(kg, text, values)
        name = st.text_input("Name of the run", free_name(stem, taken), help="Letters, digits, dot, dash and underscore.").strip()
        if not st.button("Start training", type="primary", icon=":material/play_arrow:"):
            return None
    return name, RunSettings.parse(values | {"kg": kg, "text": {"mode": text}})


def _stem(kg: str, text: str, values: dict[str, Any]) -> str:
    kind = "fusion" if values["fusion"] else values["model"]["interaction"]
    return f"{file_slug(Path(kg.split(',')[0]).name)}-{kind}-{text}-{values['training']['seed']}"


def _knobs(preset: RunSettings) -> dict[str, Any]:
    """Offer what may differ from the preset; returns all settings, to be validated when the button is pressed."""
    with st.expander("Knobs"):
        interactions = _interactions(preset)
        columns = st.columns(4)
        dim = columns[0].number_input("Dimensions", 2, 8192, preset.model.dim, step=2, help="Real numbers for each entity.")
        epochs = columns[1].number_input("Epochs", 1, 100_000, preset.training.epochs, help="Passes over the graph.")
        seed = columns[2].number_input("Seed", 0, None, 0, help="Of start values and sampling.")
        seeds = columns[3].number_input("Seeds", 1, 20, 1, help="More than one: the mean of as many models.")
    values = preset.model_dump()
    fusion = {**values["fusion"], "backbones": interactions} if values["fusion"] else None
    model = {**values["model"], "interaction": interactions[0] if interactions else "", "dim": dim}
    training = {**values["training"], "epochs": epochs, "seed": seed}
    return {**values, "seeds": seeds, "fusion": fusion, "model": model, "training": training}


def _interactions(preset: RunSettings) -> list[str]:
    names, words = get_args(InteractionName), {"format_func": INTERACTIONS.get, "help": "How a fact is scored."}
    if preset.fusion:
        return st.multiselect("Interactions", names, list(preset.fusion.backbones), **words)
    return [st.selectbox("Interaction", names, index=names.index(preset.model.interaction), **words)]


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


class Model(Protocol):
    """What is shown of one model of a run."""

    role: str
    interaction: str
    seed: int
    fold: int
    regime: str | None
    state: str
    share: float


def model_words(model: Model) -> str:
    """Say which model of a run this is."""
    folds = "diseases" if model.regime == "untreated" else "fold"
    return f"{group_words(model)}, {f'{folds} {model.fold + 1}' if model.role == 'fold' else f'seed {model.seed}'}"


def group_words(model: Model) -> str:
    """Say what models that differ in seed or fold only have in common."""
    return INTERACTIONS.get(model.interaction, model.interaction) + (", no text" if model.role == "base" else "")


def model_table(models: Sequence[Model]) -> None:
    """Show how far each model of a run is."""
    shown = pd.DataFrame(
        {
            "Model": [model_words(model) for model in models],
            "State": [theme.STATES[model.state] for model in models],
            "Done": [100 * model.share for model in models],
        }
    )
    configuration = {
        "Model": st.column_config.TextColumn(pinned=True),
        "Done": st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, help="Epochs done."),
    }
    st.dataframe(shown, hide_index=True, column_config=configuration, key="models")
    if any(model.role == "fold" for model in models):
        st.caption(
            "Each fold leaves out a part of the treatments, or all treatments of some diseases: on these the fusion "
            "learns how far to trust each method, for diseases with known treatments and for those without any."
        )


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
