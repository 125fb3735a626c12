"""Runs of several models: ensembles and fusions. What one model does is in test_single."""

import pytest
import torch

from core import pipeline
from core.errors import ConfigError, UnknownNameError, WorkspaceError
from core.kg.loaders import load_graph
from core.pipeline import Hooks, run_status, single, train_run
from core.pipeline.members import epochs_in_all, members
from tests.core.pipeline.runs import assert_same_run, files_of, record_of, stop_after, toy_settings


def ensemble_settings(folder, **changes):
    return toy_settings(folder, text="full", epochs=3, seed=4).replace(seeds=3, **changes)


def fusion_settings(folder):
    return toy_settings(folder, text="full", epochs=2).replace(
        fusion={"backbones": ["complex", "transe"], "folds": 2, "disease_folds": 2}
    )


def models_of(run):
    return {path.parent.name: record_of(type(run)(path.parent)) for path in sorted(run.members.glob("*/model.safetensors"))}


def test_each_member_of_an_ensemble_is_the_run_of_its_seed(workspace, toy_folder):
    run = train_run(workspace, "three", ensemble_settings(toy_folder))
    for seed in (4, 5, 6):
        alone = train_run(workspace, f"alone-{seed}", toy_settings(toy_folder, text="full", epochs=3, seed=seed))
        assert_same_run(type(run)(run.members / f"seed{seed}"), alone)
    assert (run_status(run)["state"], run_status(run)["epoch"], run_status(run)["epochs"]) == ("finished", 9, 9)
    assert [line["epoch"] for line in run.trace()] == list(range(1, 10))


@pytest.mark.parametrize("settings", [ensemble_settings, fusion_settings])
def test_a_run_of_several_models_goes_on_bit_for_bit(workspace, toy_folder, settings):
    straight = train_run(workspace, "straight", settings(toy_folder))
    run, times = None, 0
    while run is None or run_status(run)["state"] != "finished":
        run, times = train_run(workspace, "stopped", settings(toy_folder), hooks=stop_after(2)), times + 1
        assert times < 20
    assert times > 2
    ours, theirs = models_of(run), models_of(straight)
    assert list(ours) == list(theirs)
    for name, (tensors, trace) in ours.items():
        assert trace == theirs[name][1]
        assert all(torch.equal(tensors[key], theirs[name][0][key]) for key in tensors)
    assert [line["epoch"] for line in run.trace()] == [line["epoch"] for line in straight.trace()]
    if straight.fusion_file.exists():
        assert run.fusion_file.read_bytes() == straight.fusion_file.read_bytes()


def test_progress_is_counted_through(workspace, toy_folder):
    events = []
    train_run(workspace, "three", ensemble_settings(toy_folder), hooks=Hooks(on_epoch=events.append))
    assert [(event.epoch, event.epochs) for event in events] == [(number, 9) for number in range(1, 10)]


def test_a_stop_file_stops_all_members(workspace, toy_folder):
    run = workspace.run("three")
    hooks = Hooks(on_epoch=lambda event: run.stop_file.touch() if event.epoch == 4 else None)
    train_run(workspace, "three", ensemble_settings(toy_folder), hooks=hooks)
    assert run_status(run)["state"] == "stopped"
    assert not run.stop_file.exists()


@pytest.mark.parametrize("settings", [ensemble_settings, fusion_settings])
def test_a_finished_run_of_several_models_is_left_untouched(workspace, toy_folder, settings):
    run = train_run(workspace, "a", settings(toy_folder))
    before = files_of(run.path)
    train_run(workspace, "a", settings(toy_folder), hooks=Hooks(on_epoch=lambda _: pytest.fail("it trained again")))
    assert files_of(run.path) == before


def test_restart_forgets_the_members(workspace, toy_folder):
    run = train_run(workspace, "a", fusion_settings(toy_folder))
    plain = toy_settings(toy_folder, epochs=1)
    train_run(workspace, "a", plain, restart=True)
    assert not run.members.exists()
    assert not run.fusion_file.exists()
    assert not run.text_file.exists()
    assert_same_run(run, train_run(workspace, "b", plain))


def test_a_run_with_a_fusion_and_one_without_are_other_settings(workspace, toy_folder):
    train_run(workspace, "a", fusion_settings(toy_folder))
    with pytest.raises(WorkspaceError, match=r"other settings.*fusion"):
        train_run(workspace, "a", fusion_settings(toy_folder).replace(fusion=None))


def test_and_the_other_way_round(workspace, toy_folder):
    train_run(workspace, "a", fusion_settings(toy_folder).replace(fusion=None))
    with pytest.raises(WorkspaceError, match=r"other settings.*fusion"):
        train_run(workspace, "a", fusion_settings(toy_folder))


def test_a_fold_never_sees_the_treatments_that_it_holds_out(workspace, toy, toy_folder, monkeypatch):
    """The weights of the fusion are learned from these: a model that had seen them would be trusted too much."""
    seen, make = [], single.ChunkSampler
    monkeypatch.setattr(single, "ChunkSampler", lambda triples, *a, **b: (seen.append(triples), make(triples, *a, **b))[1])
    settings = fusion_settings(toy_folder)
    train_run(workspace, "a", settings)
    treats, every = toy.vocabulary.relation_row["treats"], {tuple(pair) for pair in toy.pairs("treats").tolist()}
    held_out = []
    for number, part in enumerate(members(settings)):
        there = {(h, t) for h, r, t in seen[number].tolist() if r == treats}
        assert part.role == "fold" or there == every
        if part.role == "fold":
            held_out += [(part.settings.model.interaction, part.regime, pair) for pair in every - there]
            assert not {(h, t) for h, _, t in seen[number].tolist()} & (every - there)  # nor by another relation
    backbones, regimes = ("complex", "transe"), ("treated", "untreated")
    assert sorted(held_out) == sorted((backbone, regime, pair) for backbone in backbones for regime in regimes for pair in every)


def test_the_untreated_regime_learns_from_models_that_know_nothing_for_their_diseases(workspace, toy, toy_folder, monkeypatch):
    """Not even what relieves them: the toy's haloperidol only palliates."""
    seen, make = [], single.ChunkSampler
    monkeypatch.setattr(single, "ChunkSampler", lambda triples, *a, **b: (seen.append(triples), make(triples, *a, **b))[1])
    settings = fusion_settings(toy_folder)
    train_run(workspace, "a", settings)
    roles = [toy.vocabulary.relation_row[role] for role in ("treats", "palliates")]
    treated, without = {disease for _, disease in toy.pairs("treats").tolist()}, []
    for triples, part in zip(seen, members(settings), strict=True):
        if part.regime == "untreated" and part.settings.model.interaction == "complex":
            joined = {tail for _, relation, tail in triples.tolist() if relation in roles}
            without += sorted(treated - joined)
    assert sorted(without) == sorted(treated)


def test_epochs_of_both_regimes_count(toy_folder):
    """Two models with text; for each of both three folds of pairs and one of diseases; one model without text."""
    settings = fusion_settings(toy_folder).replace(fusion={"folds": 3, "disease_folds": 1})
    assert epochs_in_all(settings) == 2 * (2 + 2 * (3 + 1) + 1)
    with pytest.raises(ConfigError, match=r"disease_folds \(4\) cannot be more than folds \(3\)"):
        settings.replace(fusion={"disease_folds": 4})


def test_a_fusion_ranks_with_all_its_scorers(workspace, toy, toy_folder):
    train_run(workspace, "a", fusion_settings(toy_folder))
    loaded = pipeline.load_run(workspace, "a")
    assert list(loaded.scorers)[:3] == ["fusion", "lladr", "base"]
    for name in loaded.scorers:
        assert loaded.scorer_named(name).scores(toy.drugs, toy.diseases).shape == (4, 6)
    with pytest.raises(UnknownNameError, match="fusion; lladr; base"):
        loaded.scorer_named("fusoin")


def test_parts_of_epochs_count_through_all_members(workspace, toy_folder):
    parts = []
    train_run(workspace, "parts", ensemble_settings(toy_folder), hooks=Hooks(on_part=lambda *part: parts.append(part)))
    done, totals = zip(*parts, strict=True)
    assert list(done) == sorted(done)
    assert {done[-1], *totals} == {totals[0]}


def test_a_graph_that_is_given_is_not_loaded_again(workspace, toy_folder, monkeypatch):
    settings, graph = toy_settings(toy_folder, text="full"), load_graph(str(toy_folder))
    expected = train_run(workspace, "a", settings)
    monkeypatch.setattr("core.pipeline.training.load_graph", lambda name: pytest.fail("it was loaded again"))
    assert_same_run(train_run(workspace, "b", settings, graph=graph), expected)
    assert run_status(workspace.run("b"))["fingerprint"] == graph.vocabulary.fingerprint
