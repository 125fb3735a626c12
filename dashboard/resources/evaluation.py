"""Read what was measured of a run, what is asked now, and what the robustness experiments gave; each once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core import pipeline
from core.errors import ConfigError, LladrError, WorkspaceError
from core.evaluate.protocols import PROTOCOLS
from core.evaluate.reliability import Reliability
from core.evaluate.significance import Difference
from core.kg.areas import areas
from core.kg.graph import KnowledgeGraph
from core.pipeline.evaluation import compare_runs, disease_reliability, known_evaluation
from core.pipeline.questions import Question, grading_results
from core.pipeline.verdicts import Row, method_rows
from core.workspace import graph_slug
from dashboard import resources, state
from dashboard.resources import _KEYED, RunChoice, Stamp, _graph_stamp, _times

ROBUSTNESS_TABLES = ("noise", "masking")
ROBUSTNESS_METRIC = "MR"  #: what the paper shows: mean rank of the true one among 50
HEADLINE = "drugs-for-disease"


@dataclass(frozen=True)
class Choice:
    """What the reader has chosen: the first run is judged, the others are compared with it."""

    runs: list[str]
    options: list[RunChoice]  #: all runs of the same graph
    protocol: str
    scorer: str | None
    scorers: tuple[str, ...]  #: of the first run
    areas: list[str]  #: of the graph; empty where it declares none


def choice() -> Choice:
    """Return what the context says of runs, protocol and scorer; what is not there is left out."""
    every = resources.run_choices()
    by_name = {each.name: each for each in every}
    names = [name for name in state.listed("runs") if name in by_name] or [resources.chosen_run_name() or every[0].name]
    resources.run(names[0])  # says what is wrong with a run of the context that is not there
    graph = by_name[names[0]].kg
    options = [each for each in every if each.kg == graph]
    same = {each.name for each in options}
    scorers = pipeline.scorer_names(pipeline.read_settings(resources.workspace().existing_run(names[0])))
    protocol, scorer = state.read("protocol"), state.read("scorer")
    return Choice(
        runs=[name for name in names if name in same],
        options=options,
        protocol=protocol if protocol in PROTOCOLS else HEADLINE,
        scorer=scorer if scorer in scorers[1:] else None,
        scorers=scorers,
        areas=_areas(resources.graph(graph), _graph_stamp(graph)),
    )


def question(of: Choice) -> Question | None:
    """Return what is asked; None as long as the protocol lacks a file or an area."""
    kind, seed = PROTOCOLS[of.protocol].split, int(state.read("seed") or 0) if (state.read("seed") or "0").isdigit() else 0
    if kind == "area":
        area = state.read("area")
        area = area if area in of.areas else next(iter(of.areas), None)
        return Question(of.protocol, of.scorer, area=area) if area else None
    if kind == "external":
        files = [Path(text).expanduser() if (text := state.read(name)) else None for name in ("positives", "negatives")]
        return Question(of.protocol, of.scorer, positives=files[0], negatives=files[1], skip_unknown=True) if files[0] else None
    return Question(of.protocol, of.scorer, seed)


def result(name: str, asked: Question) -> dict[str, Any] | None:
    """Return what was measured of a run; None if nothing was, or by a version that kept less.

    :raises LladrError: if a file of the question, or what was kept, cannot be read
    """
    found = known_evaluation(resources.workspace(), name, question=asked)
    return found if found and "per_disease" in found else None


def rows(names: list[str], asked: Question) -> list[Row]:
    """Return one row a method: the first run, the other runs that are measured, simple methods, other texts."""
    others = {name: found for name in names[1:] if (found := result(name, asked))}
    return method_rows(
        result(names[0], asked), {name: (found, _differences_from(names[0], name, asked)) for name, found in others.items()}
    )


def grades(name: str) -> list[Reliability]:
    """Return how far the ranking of each disease of a run's graph can be trusted, the reliable first."""
    run = resources.workspace().existing_run(name)
    of = resources.graph(pipeline.read_settings(run).kg)
    return _grades(name, of, _times(grading_results(run)))


def robustness(graph: KnowledgeGraph) -> pd.DataFrame | None:
    """Return what the experiments with damaged graphs and masked descriptions gave; None if there was none.

    :returns: columns damage, share, variant, backbone, value, sd, paper; mean ranks among 50
    """
    return _robustness(_times(_robustness_files(graph)))


def robustness_notes(graph: KnowledgeGraph) -> list[str]:
    """Return how these were made (seeds, epochs, damage), as the command wrote it below the title."""
    files = [file.with_name("table.md") for file in _robustness_files(graph)]
    parts = [file.read_text(encoding="utf-8").split("\n\n") for file in files if file.exists()]
    return list(dict.fromkeys(part[1] for part in parts if len(part) > 1))


def _robustness_files(graph: KnowledgeGraph) -> list[Path]:
    folder = resources.workspace().root / "reproduce"
    return [folder / f"{graph_slug(graph.name)}-{table}" / "table.csv" for table in (*ROBUSTNESS_TABLES, "all")]


def _differences_from(one: str, other: str, asked: Question) -> list[Difference]:
    workspace = resources.workspace()
    files = [asked.result_file(workspace.existing_run(name)) for name in (one, other)]
    return _differences(one, other, asked, _times(files))


@st.cache_data(show_spinner="Comparing the runs ...", max_entries=64, hash_funcs={Question: repr})
def _differences(one: str, other: str, asked: Question, stamp: Stamp) -> list[Difference]:
    try:
        return compare_runs(resources.workspace(), one, other, asked)
    except LladrError:
        return []  # not the same pairs: the table says so


@st.cache_data(show_spinner=False, max_entries=16, hash_funcs=_KEYED)
def _grades(name: str, of: KnowledgeGraph, stamp: Stamp) -> list[Reliability]:
    grade = disease_reliability(resources.workspace(), name, of)
    order = {"reliable": 0, "weak": 1, "no evidence": 2}
    found = [grade(disease) for disease in of.diseases.tolist()]
    return sorted(found, key=lambda each: (order[each.level], -each.n_pairs, each.name.casefold()))


@st.cache_data(show_spinner=False, max_entries=4, hash_funcs=_KEYED)
def _areas(of: KnowledgeGraph, stamp: Stamp) -> list[str]:
    try:
        return [area.name for area in areas(of)]
    except ConfigError:
        return []


@st.cache_data(show_spinner=False, max_entries=4)
def _robustness(stamp: Stamp) -> pd.DataFrame | None:
    parts = [_damaged(Path(file)) for file, _ in stamp]
    found = pd.concat(parts) if parts else pd.DataFrame()
    return found.drop_duplicates(["damage", "share", "variant", "backbone"]) if len(found) else None


def _damaged(file: Path) -> pd.DataFrame:
    """Read one table of the experiments: a row a condition."""
    try:
        table = pd.read_csv(file).fillna({"condition": ""})
        table = table[table["table"].isin(ROBUSTNESS_TABLES)]
        records = [
            record
            | {
                "value": line[ROBUSTNESS_METRIC],
                "sd": line[f"{ROBUSTNESS_METRIC} sd"],
                "paper": line[f"paper {ROBUSTNESS_METRIC}"],
            }
            for line in table.to_dict("records")
            for record in _conditions(line)
        ]
    except (KeyError, ValueError, OSError) as error:
        raise WorkspaceError(
            f"{file} cannot be read: {error}.",
            expected="as `lladr reproduce` writes it",
            advice="make it anew with that command.",
        ) from error
    found = pd.DataFrame(records)
    return found[found["value"].notna() | found["paper"].notna()] if len(found) else found


def _conditions(line: dict[str, Any]) -> list[dict[str, Any]]:
    """Say what was damaged and how much; the undamaged graph is the start of both of its curves."""
    words = str(line["condition"])
    own = {"variant": line["variant"], "backbone": line["backbone"]}
    if line["table"] == "masking":
        damages = ["descriptions masked"]
    else:
        damages = ["facts deleted", "facts added"] if words == "none" else [f"facts {words.split()[-1]}"]
    share = 0.0 if words == "none" else float(words.split()[0])
    return [own | {"damage": damage, "share": np.float64(share)} for damage in damages]
