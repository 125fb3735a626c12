"""Make the printable report of a disease and chosen candidates: HTML and PDF from one source."""

import datetime
import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.casestudy.drawing import draw_paths
from core.casestudy.notes import Note
from core.casestudy.overview import DiseaseSummary, summarise_disease
from core.errors import LladrError
from core.explain.direct import direct_facts
from core.explain.paths import Path
from core.explain.sentences import Fact, facts
from core.kg.graph import KnowledgeGraph
from core.kg.sources import ASSETS
from core.text.descriptions import Description

TEMPLATE = "dossier.html.j2"
STATUS_WORDS = {
    "treats": "\u25cf treats",
    "palliates": "\u25d0 symptom relief or off-label",
    "investigated": "\u25b3 in trials",
    "contraindicated": "\u2715 contraindicated",
    "cautioned": "\u2605 new",
    "new": "\u2605 new",
}
FIELD_WORDS = {
    "background": "Background",
    "mechanism": "Mechanism",
    "indications": "Uses",
    "contraindications": "Contraindications and warnings",
}
PACKAGES = ("torch", "numpy", "scikit-learn")


@dataclass(frozen=True)
class Warned:
    """One warning with its source."""

    text: str
    source: str = ""


@dataclass(frozen=True)
class Sources:
    """Where the parts of a dossier come from; each is asked for one drug (entity row)."""

    paths: Callable[[int], Sequence[Path]]
    chance: Callable[[int, Path], str] = lambda drug, path: ""  #: how often random graphs have such paths, in words
    warnings: Callable[[int], Sequence[Warned]] | None = None  #: None takes what the graph states of the pair
    links: Callable[[int], Sequence[tuple[str, str]]] = lambda drug: ()


@dataclass(frozen=True)
class Made:
    """How the ranking came about."""

    run: str
    facts: Mapping[str, str]  #: settings, seeds, fingerprints, in words
    evaluation: Sequence[str] = ()  #: sentences on how good the ranking is
    warnings: Sequence[str] = ()  #: on the disease as a whole
    date: datetime.date = field(default_factory=datetime.date.today)


def dossier(
    graph: KnowledgeGraph,
    table: pd.DataFrame,
    disease: int,
    drugs: Sequence[int],
    *,
    sources: Sources,
    descriptions: Mapping[int, Description],
    notes: Sequence[Note],
    made: Made,
) -> dict[str, Any]:
    """Gather all that the report says, as plain values.

    :param table: the whole shortlist of the disease
    :param drugs: entity rows of the chosen drugs
    """
    rows = table.set_index("row")
    total = len(table)
    return {
        "disease": _disease(graph, disease),
        "warnings": list(made.warnings),
        "evaluation": list(made.evaluation),
        "drugs": [_drug(graph, rows.loc[drug], disease, sources, descriptions.get(drug), notes) for drug in drugs],
        "made": {
            "date": made.date.isoformat(),
            "version": importlib.metadata.version("lladr-explorer"),
            "run": made.run,
            "total": f"{total:,}",
            "written_by_llm": graph.source.written_by_llm,
            "facts": [*made.facts.items(), ("Packages", _packages()), ("Graph", f"{graph.source.title}. {graph.source.note}")],
        },
    }


def _disease(graph: KnowledgeGraph, disease: int) -> dict[str, Any]:
    summary = summarise_disease(graph, disease)
    return {
        "id": graph.vocabulary.entities[disease],
        "name": summary.name,
        "synonyms": summary.synonyms,
        "words": _words(summary),
    }


def _words(summary: DiseaseSummary) -> str:
    counts = {
        "treats": "treat it",
        "palliates": "relieve it",
        "investigated": "are in trials",
        "contraindicated": "are forbidden",
    }
    drugs = ", ".join(f"{summary.drugs[role]} drugs {words}" for role, words in counts.items() if summary.drugs.get(role))
    known = drugs or "no drug is joined to it"
    similar = f" Similar: {', '.join(summary.similar[:5])}." if summary.similar else ""
    return f"{summary.genes} genes; {known}.{' No known treatment.' if summary.untreated else ''}{similar}"


def _drug(
    graph: KnowledgeGraph,
    row: pd.Series,
    disease: int,
    sources: Sources,
    description: Description | None,
    notes: Sequence[Note],
) -> dict[str, Any]:
    drug = int(row.name)
    paths = list(sources.paths(drug))
    mine = [note for note in notes if note.drug == row["id"]]
    warned = sources.warnings(drug) if sources.warnings else stated_warnings(graph, drug, disease)
    return {
        "name": row["name"],
        "class": row["class"],
        "place": f"{row['rank']:g}",
        "above": f"{row['percentile']:.1f} %",
        "without_text": f"{row['base_rank']:g}" if "base_rank" in row else "",
        "status": STATUS_WORDS[row["status"]],
        "warnings": list(warned),
        "verdict": ", ".join(note.verdict for note in mine),
        "notes": [{"verdict": n.verdict, "author": n.author, "date": n.date.date().isoformat(), "why": n.why} for n in mine],
        "paths": [_path(graph, path, sources.chance(drug, path)) for path in paths],
        "picture": draw_paths(graph, paths),
        "description": [(FIELD_WORDS[name], text) for name, text in description.parts().items()] if description else [],
        "links": list(sources.links(drug)),
    }


def stated_warnings(graph: KnowledgeGraph, drug: int, disease: int) -> list[Warned]:
    """Return what the graph itself warns of."""
    return [Warned(item.text, item.provenance) for item in direct_facts(graph, drug, disease, "contraindicated", "cautioned")]


def _path(graph: KnowledgeGraph, path: Path, chance: str) -> dict[str, Any]:
    stated = facts(graph, path)
    sources = dict.fromkeys(_source(item) for item in stated)
    return {"sentence": "; ".join(item.text for item in stated) + ".", "chance": chance, "sources": list(sources)}


def _source(item: Fact) -> str:
    return item.provenance or "stated by the graph alone"


def _packages() -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)


def to_html(values: Mapping[str, Any]) -> str:
    """Write a dossier as one HTML page without scripts or outside parts; every value is escaped."""
    return _templates().get_template(TEMPLATE).render(values)


@cache
def _templates() -> Environment:
    loader = FileSystemLoader(ASSETS / "dossier")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def to_pdf(html: str) -> bytes:
    """Print the HTML of a dossier.

    :raises LladrError: if the operating system lacks Pango, which draws the text
    """
    try:
        from weasyprint import HTML
    except OSError as error:
        raise LladrError(
            f"The PDF cannot be made here: {error}.",
            expected="the library Pango of the operating system",
            advice="install it (Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0), or print the HTML in a browser.",
        ) from error
    return HTML(string=html).write_pdf()
