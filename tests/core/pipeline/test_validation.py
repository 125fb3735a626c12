"""Early stopping: the best epoch wins, what it is measured on was never learned from, and it resumes bit for bit."""

import json

import numpy as np
import pytest
from safetensors import safe_open

from core.kg.loaders import load_graph
from core.kge.sampling import ChunkSampler
from core.pipeline import Hooks, load_run, single, train_run
from core.pipeline.validation import Validation
from tests.core.pipeline.runs import assert_same_run, stop_after, toy_settings


@pytest.fixture
def settings(toy_folder):
    return toy_settings(toy_folder, epochs=30, patience=3, validation_fraction=0.4)


def epoch_of(run):
    with safe_open(run.model_file, "pt") as file:
        return int(file.metadata()["epoch"])


def test_the_best_epoch_is_kept_and_patience_counts_from_it(workspace, settings):
    run = train_run(workspace, "a", settings)
    scores = [line["validation_mrr"] for line in run.trace()]
    best = int(np.argmax(scores)) + 1
    assert epoch_of(run) == best == json.loads(run.status_file.read_text())["best_epoch"]
    assert len(scores) == min(best + 3, 30) < 30  # ended by patience here
    assert not run.best_file.exists()
    load_run(workspace, "a")


def test_what_is_measured_was_never_learned_from(workspace, settings, monkeypatch):
    seen = []

    def spy(triples, *rest, **options):
        seen.append(triples)
        return ChunkSampler(triples, *rest, **options)

    monkeypatch.setattr(single, "ChunkSampler", spy)
    run = train_run(workspace, "a", settings)
    graph = load_graph(settings.kg)
    whole, learned = {tuple(t) for t in graph.triples.tolist()}, {tuple(t) for t in seen[0].tolist()}
    validation = Validation(run, graph, settings)
    held_out = whole - {tuple(t) for t in validation.graph.triples.tolist()}
    assert held_out
    assert not held_out & learned


def test_stop_and_resume_is_bit_for_bit(workspace, settings):
    straight = train_run(workspace, "a", settings)
    train_run(workspace, "b", settings, hooks=stop_after(2))
    assert_same_run(train_run(workspace, "b", settings), straight)


def test_without_patience_nothing_is_held_out(workspace, toy_folder):
    events = []
    run = train_run(workspace, "a", toy_settings(toy_folder), hooks=Hooks(on_epoch=events.append))
    assert len(events) == 6
    assert "validation_mrr" not in run.trace()[0]
