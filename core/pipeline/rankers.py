"""Open a finished run for questions of the kind "what if": its models with what they were trained on, and its twins."""

import numpy as np

from core.casestudy.attribution import Ranker, TrainedMember, Wording
from core.kge.checkpoints import load_model
from core.kge.influence import RowTrainer
from core.kge.retext import Retext
from core.pipeline.members import Member, members
from core.pipeline.runs import finished_runs, read_settings, run_status
from core.pipeline.scorers import LoadedRun
from core.text.cache import CachedEmbedder
from core.text.descriptions import Description
from core.text.embedders import embedder_named
from core.text.matrix import TextMatrix
from core.types import TextMode
from core.workspace import Workspace


def open_ranker(loaded: LoadedRun) -> Ranker:
    """Return what the run ranks with, ready to be changed; the base models of a fusion stay out."""
    parts = [part for part in members(loaded.settings) if part.role == "lladr"] or members(loaded.settings)
    opened = [_member(loaded, part) for part in parts]
    if loaded.settings.fusion is None:
        return Ranker(loaded.graph, opened)
    return Ranker(loaded.graph, opened, loaded.scorer.fusion, loaded.scorers)


def open_wording(workspace: Workspace, loaded: LoadedRun, descriptions: dict[int, Description]) -> Wording | None:
    """Return how the run turns descriptions into vectors; None for a run without text."""
    text = loaded.settings.text
    if text.mode == "none":
        return None
    return Wording(loaded.graph, descriptions, CachedEmbedder(embedder_named(text.encoder), workspace.vector_cache), text.mode)


def text_twins(workspace: Workspace, name: str) -> dict[TextMode, str]:
    """Return the finished runs that differ from this one in nothing but the text mode, the one trained last for each mode."""
    run = workspace.existing_run(name)
    settings, fingerprint = read_settings(run), run_status(run).get("fingerprint")
    found: dict[TextMode, str] = {}
    for other in finished_runs(workspace):
        theirs = read_settings(other)
        like_mine = settings.text.replace(mode=theirs.text.mode)
        same_text = theirs.text.mode == "none" or theirs.text == like_mine
        same = same_text and theirs.recipe() == settings.recipe() and run_status(other)["fingerprint"] == fingerprint
        if same and other.name != name and theirs.text.mode != settings.text.mode:
            found[theirs.text.mode] = other.name
    return found


def _member(loaded: LoadedRun, part: Member) -> TrainedMember:
    folder, settings, graph = part.folder(loaded.folder), part.settings, loaded.graph
    model = load_model(folder.model_file, graph.vocabulary, settings)
    if settings.text.mode == "none":
        return TrainedMember(settings.model.interaction, RowTrainer(graph, model, settings, None), None)
    text = TextMatrix.load(folder.text_file, graph.vocabulary)
    retext = Retext(text, settings, folder.model_file, graph.kind_codes.astype(np.int64))
    return TrainedMember(settings.model.interaction, RowTrainer(graph, model, settings, retext.reduced()), retext)
