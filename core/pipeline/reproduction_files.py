"""Take a reproduction away: Markdown, CSV, figure."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.kg.graph import KnowledgeGraph
from core.pipeline.dots import to_svg
from core.pipeline.experiments import Study
from core.pipeline.reproduce import FULL_METRICS, PAPER_METRICS, Reproduction, published
from core.workspace import write_text

HEADINGS = {"": "here", "paper": "paper", "full": "here, all drugs"}
LEAK = (
    " A language model that wrote what a drug is used for may have written down the answer: hold the blind texts (--text blind) "
    "beside it."
)


def write_reproduction(result: Reproduction, study: Study, folder: Path) -> list[Path]:
    """Write table and figure; each file whole or not at all. Returns the files."""
    table, note = result.table(), note_on(study)
    title = f"The paper's experiments on {study.graph.source.title}"
    contents = {
        "table.md": to_markdown(table, title, note),
        "table.csv": table.to_csv(index=False, float_format="%.6g"),
        "figure.svg": to_svg(table, title, note),
    }
    for name, content in contents.items():
        write_text(folder / name, content)
    return [folder / name for name in contents]


def note_on(study: Study) -> str:
    """Return what must be known before our numbers are held against the paper's."""
    settings, n_drugs = study.settings, len(study.graph.drugs)
    return (
        f"Not the same experiment: the paper ({published().source}) has DRKG (68,471 entities, 4,359,327 triples) and "
        f"descriptions by gpt-4o-mini under its prompt original; here are {_size(study.graph)}. Compare the differences between "
        "lines, not the numbers. MR, MRR, H@3, H@10 and AUC, here and in the paper: the true disease among 49 random ones, "
        f"mean of {study.draws} draws here (chance: MR 25.5, H@10 0.20), ties at their mean place (the paper's code: as sorted). "
        f"All drugs: each held-out drug among all {n_drugs} drugs of its disease, known ones left out; the paper has no such "
        "numbers. Lines without a number from here: the remark in the table says why. "
        f"Mean and standard deviation of {study.seeds} seed(s), each with its own split ({study.held_out:.0%} of the treatments "
        f"held out), start, sampling and damage; dim {settings.model.dim}, {settings.training.epochs} epochs. Deleted: a random "
        "share of the triples that are learned from. Added: relations as often as in the graph, ends drawn uniformly among the "
        "entities that stand there in some triple of the relation; no added triple joins what any known fact joins. Masked: "
        f"these entities have their name's vector instead of a description's. Text mode {study.text_mode}."
        f"{LEAK if study.text_mode == 'full' else ''}"
    )


def _size(graph: KnowledgeGraph) -> str:
    return f"{graph.n_entities:,} entities and {len(graph.triples):,} triples ({graph.source.title})"


def to_markdown(table: pd.DataFrame, title: str, note: str) -> str:
    """Return one Markdown table for each of the paper's."""
    parts = [f"# {title}", note]
    for name, lines in table.groupby("table", sort=False):
        parts += [f"## {name}", _markdown(lines)]
    return "\n\n".join(parts) + "\n"


def _markdown(lines: pd.DataFrame) -> str:
    keys = ["backbone", "variant", *(["condition"] if lines["condition"].any() else []), "seeds"]
    published_here = [metric for metric in PAPER_METRICS if lines[f"paper {metric}"].notna().any()]
    metrics = [part for metric in PAPER_METRICS for part in (metric, *([f"paper {metric}"] if metric in published_here else []))]
    head = [*keys, *metrics, *(f"full {metric}" for metric in FULL_METRICS), "remark"]
    rows = [[cell_words(line, column).replace("|", "\\|") for column in head] for line in lines.to_dict("records")]
    titles = [heading(column) for column in head]
    rule = ["---" if column in (*keys, "remark") else "---:" for column in head]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [titles, rule, *rows])


def heading(column: str) -> str:
    """Return what stands above a column: whose number it is, and in which ranking."""
    kind, _, metric = column.rpartition(" ")
    if metric not in (*PAPER_METRICS, *FULL_METRICS):
        return column
    return f"{metric}, {HEADINGS[kind]}"


def cell_words(line: dict, column: str) -> str:
    """Return a value with its spread; three decimals, mean ranks two."""
    value = line[column]
    if not isinstance(value, float):
        return str(value)
    if np.isnan(value):
        return ""
    digits = 2 if column.endswith("MR") else 3
    spread = line.get(f"{column} sd", np.nan)
    return f"{value:.{digits}f}" + ("" if np.isnan(spread) else f" ± {spread:.{digits}f}")
