"""Gather all parts of a dossier from a workspace: ranking, evidence, warnings, evaluation, notes."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from core.casestudy.dossier import Made, Sources, dossier
from core.casestudy.notes import NoteBook
from core.casestudy.overview import few_facts, summarise_disease
from core.casestudy.safety import Warned
from core.config import RunSettings
from core.explain.metapaths import MetapathFinder
from core.explain.paths import Path
from core.explain.references import pair_references
from core.explain.significance import NullModel
from core.pipeline.evaluation import disease_reliability, known_evaluation
from core.pipeline.scorers import LoadedRun
from core.text.descriptions import Description
from core.workspace import Workspace

PATHS = 5


def notebook(workspace: Workspace) -> NoteBook:
    """Return the readers' notes of a workspace."""
    return NoteBook(workspace.root / "notes.jsonl")


def make_dossier(
    workspace: Workspace,
    loaded: LoadedRun,
    table: pd.DataFrame,
    disease: int,
    drugs: Sequence[int],
    *,
    metapaths: MetapathFinder,
    warnings: Mapping[int, Sequence[Warned]],
    descriptions: Mapping[int, Description],
    null: NullModel | None = None,
) -> dict[str, Any]:
    """Return the values of a dossier (:func:`core.casestudy.dossier.to_html` writes them).

    :param table: the whole shortlist of the disease
    :param null: shuffled graphs to tell chance by; nothing is said of chance without
    """
    graph = loaded.graph
    chances = {drug: _chances(metapaths, null, drug, disease) for drug in drugs} if null else {}

    def chance(drug: int, path: Path) -> str:
        return chances.get(drug, {}).get(metapaths.finder.metapath(path), "")

    sources = Sources(
        paths=lambda drug: metapaths.finder.best(drug, disease, top=PATHS),
        chance=chance,
        warnings=lambda drug: warnings.get(drug, ()),
        links=lambda drug: list(pair_references(graph, drug, disease).items()),
    )
    made = Made(
        loaded.name,
        facts=run_facts(loaded),
        evaluation=evaluation_words(workspace, loaded, disease),
        warnings=disease_warnings(loaded, disease),
    )
    notes = notebook(workspace).current(graph.name, graph.vocabulary.entities[disease])
    return dossier(graph, table, disease, drugs, sources=sources, descriptions=descriptions, notes=notes, made=made)


def _chances(metapaths: MetapathFinder, null: NullModel, drug: int, disease: int) -> dict[object, str]:
    groups = metapaths.groups(drug, disease, shown=1)
    found = null.chances(drug, disease, groups)
    return {group.metapath: f"{found[group.code].words} ({group.code})" for group in groups}


def run_facts(loaded: LoadedRun) -> dict[str, str]:
    """Return how a run was made, in words."""
    settings: RunSettings = loaded.settings
    model, loop, text = settings.model, settings.training, settings.text
    fusion = f"fusion of {', '.join(settings.fusion.backbones)} and simple methods; " if settings.fusion else ""
    seeds = f"seeds {loop.seed} to {loop.seed + settings.seeds - 1}" if settings.seeds > 1 else f"seed {loop.seed}"
    return {
        "Run": loaded.name,
        "Ranking": f"{fusion}{model.interaction}, {model.dim} dimensions, {loop.epochs} epochs, {seeds}",
        "Text": f"{text.mode}; encoder {text.encoder}; injection {text.injection}",
        "Graph file": f"{settings.kg}; fingerprint of the vocabulary {loaded.graph.vocabulary.fingerprint[:16]}",
    }


def evaluation_words(workspace: Workspace, loaded: LoadedRun, disease: int) -> list[str]:
    """Say how good the run is on treatments that it has not seen, and how far to trust it for this disease."""
    result = known_evaluation(workspace, loaded.name)
    if result is None:
        return []
    hits, mrr = result["metrics"]["H@10"], result["metrics"]["MRR"]
    grade = disease_reliability(workspace, loaded.name, loaded.graph)(disease)
    leak = (result.get("leaks") or {}).get("sentence")
    overall = (
        f"A held-out treatment stands among the first ten of {result['n_candidates']:,} drugs in {hits['value']:.0%} of cases "
        f"(95 % interval {hits['low']:.0%} to {hits['high']:.0%}); "
        f"MRR {mrr['value']:.2f} ({mrr['low']:.2f} to {mrr['high']:.2f}); "
        f"{result['n_pairs']} pairs of {result['n_diseases']} diseases."
    )
    return [overall, f"For this disease: {grade.level}. {grade.reason}", *([leak] if leak else [])]


def disease_warnings(loaded: LoadedRun, disease: int) -> list[str]:
    """Say where the model has little or nothing to go on."""
    graph = loaded.graph
    warnings = few_facts(graph, disease)
    if summarise_disease(graph, disease).untreated:
        warnings.append("No treatment is known to this graph: nothing here can serve as a control.")
    return warnings
