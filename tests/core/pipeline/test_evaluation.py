import json

import numpy as np
import pytest
from safetensors.torch import load_file

from core.errors import TrainingError, UnknownNameError
from core.kg.loaders import load_graph
from core.pipeline import Hooks, evaluate_run, evaluation, known_evaluation, single, train_run
from tests.core.pipeline.runs import assert_same_run, files_of, stop_after, toy_settings
from tests.toy import ASPIRIN, DIABETES, LEVODOPA, MEMANTINE, METFORMIN, PARKINSON, PRION


@pytest.fixture(autouse=True)
def _half_is_held_out(monkeypatch):
    """The toy graph has four treatments: a tenth of them is none."""
    monkeypatch.setattr(evaluation, "TEST_FRACTION", 0.5)


@pytest.fixture
def run(workspace, toy_folder):
    return train_run(workspace, "a", toy_settings(toy_folder, text="full", model={"interaction": "distmult"}))


@pytest.fixture
def trained_on(monkeypatch):
    """The triples that are given to each sampler."""
    seen, make = [], single.ChunkSampler
    monkeypatch.setattr(single, "ChunkSampler", lambda triples, *a, **b: (seen.append(triples), make(triples, *a, **b))[1])
    return seen


def held_out(graph, triples):
    """Return the pairs that a drug treats in the graph and not in these triples."""
    treats = graph.vocabulary.relation_row["treats"]
    pairs = ({(h, t) for h, r, t in part.tolist() if r == treats} for part in (graph.triples, triples))
    return next(pairs) - next(pairs)


def test_the_model_of_the_numbers_never_saw_the_pairs_that_it_is_asked(workspace, toy, run, trained_on):
    result = evaluate_run(workspace, "a")
    (triples,) = trained_on
    test = held_out(toy, triples)
    assert len(test) == result["n_pairs"] == 2
    assert not [triple for triple in triples.tolist() if (triple[0], triple[2]) in test or (triple[2], triple[0]) in test]
    kept = {tuple(triple) for triple in toy.training_triples.tolist() if (triple[0], triple[2]) not in test}
    assert {tuple(triple) for triple in triples.tolist()} == kept  # and nothing else is missing


def test_no_model_of_a_fusion_saw_the_pairs_that_it_is_asked(workspace, toy_folder, trained_on):
    """With four treatments more, so that folds are left of the half that is not held out."""
    more = [(ASPIRIN, PRION), (METFORMIN, PARKINSON), (LEVODOPA, PRION), (MEMANTINE, DIABETES)]
    with (toy_folder / "edges.tsv").open("a") as file:
        file.writelines(f"{drug}\ttreats\t{disease}\t\t\n" for drug, disease in more)
    graph = load_graph(str(toy_folder))
    settings = toy_settings(toy_folder, text="full", epochs=1).replace(fusion={"folds": 2, "backbones": ["complex"]})
    train_run(workspace, "f", settings)
    trained_on.clear()
    evaluate_run(workspace, "f")
    whole, *folds, base = trained_on  # in the order of their training
    test = held_out(graph, whole)
    assert (len(test), len(folds)) == (4, 2)
    for triples in trained_on:
        assert not [t for t in triples.tolist() if (t[0], t[2]) in test or (t[2], t[0]) in test]
    assert held_out(graph, base) == test


def test_the_numbers_are_those_of_a_slow_loop(workspace, toy, run, trained_on):
    """Score each held-out drug by DistMult's formula with the weights of the evaluation's own folder, and count."""
    result = evaluate_run(workspace, "a")
    tensors = load_file(run.evaluations / "random-0" / "model.safetensors")
    entities, relations = tensors["entities"].double().numpy(), tensors["relations"].double().numpy()
    treats, palliates = (toy.vocabulary.relation_row[name] for name in ("treats", "palliates"))
    relation = (relations[treats] + relations[treats + toy.n_relations]) / 2
    known = {(h, t) for h, r, t in toy.triples.tolist() if r in (treats, palliates)}
    ranks, candidates = [], []
    for drug, disease in held_out(toy, trained_on[0]):
        others = [d for d in toy.drugs.tolist() if d != drug and (d, disease) not in known]
        own, *rest = ((entities[d] * relation * entities[disease]).sum() for d in [drug, *others])
        ranks.append(1 + sum(score > own for score in rest))
        candidates.append(len(others) + 1)
    ranks, candidates = np.array(ranks), np.array(candidates)
    values = {name: metric["value"] for name, metric in result["metrics"].items()}
    assert values["MRR"] == pytest.approx((1 / ranks).mean())
    assert values["AUC"] == pytest.approx(((candidates - ranks) / (candidates - 1)).mean())
    for k in (1, 3, 10, 50):
        assert values[f"H@{k}"] == (ranks <= k).mean()
    for metric in result["metrics"].values():
        assert metric["low"] <= metric["value"] <= metric["high"]


def test_the_result_says_what_was_asked(workspace, run):
    result = evaluate_run(workspace, "a", split_seed=3)
    assert (result["run"], result["text"], result["n_candidates"]) == ("a", "full", 6)
    for words in ("drugs for a disease", "seed 3", "all 6 drugs", "left out", "realistic ties"):
        assert words in result["protocol"]
    assert json.loads(json.dumps(result)) == result


def test_the_result_names_the_scorer_and_not_a_folder(workspace, run):
    assert evaluate_run(workspace, "a")["scorer"] in ("a", "lladr")


def test_the_run_itself_is_left_as_it_is(workspace, run):
    before = files_of(run.path)
    evaluate_run(workspace, "a")
    after = files_of(run.path)
    assert {name: data for name, data in after.items() if not name.startswith("evaluations/")} == before


def test_the_second_call_trains_nothing(workspace, run, trained_on):
    first = evaluate_run(workspace, "a")
    files = files_of(run.path)
    assert evaluate_run(workspace, "a", hooks=Hooks(on_epoch=lambda _: pytest.fail("it trained again"))) == first
    assert known_evaluation(workspace, "a") == first
    assert len(trained_on) == 1
    assert files_of(run.path) == files


def test_each_split_is_kept_by_itself(workspace, run, trained_on, toy):
    seeds = range(4)
    results = [evaluate_run(workspace, "a", split_seed=seed) for seed in seeds]
    assert [known_evaluation(workspace, "a", split_seed=seed) for seed in seeds] == results
    assert len({frozenset(held_out(toy, triples)) for triples in trained_on}) > 1
    assert known_evaluation(workspace, "a", split_seed=9) is None


def test_a_restart_forgets_the_evaluations(workspace, toy_folder, run):
    evaluate_run(workspace, "a")
    train_run(workspace, "a", toy_settings(toy_folder), restart=True)
    assert known_evaluation(workspace, "a") is None
    assert evaluate_run(workspace, "a")["text"] == "none"


def test_a_stopped_evaluation_goes_on_where_it_stopped(workspace, toy_folder, run):
    straight = evaluate_run(workspace, "a")
    other = train_run(workspace, "b", toy_settings(toy_folder, text="full", model={"interaction": "distmult"}))
    with pytest.raises(TrainingError, match="was stopped"):
        evaluate_run(workspace, "b", hooks=stop_after(2))
    assert known_evaluation(workspace, "b") is None
    events = []
    result = evaluate_run(workspace, "b", hooks=Hooks(on_epoch=events.append))
    assert [event.epoch for event in events] == [3, 4, 5, 6]
    assert result["metrics"] == straight["metrics"]
    assert_same_run(type(run)(other.evaluations / "random-0"), type(run)(run.evaluations / "random-0"))


def test_too_few_treatments_are_said_so_and_nothing_is_left(workspace, run, monkeypatch):
    monkeypatch.setattr(evaluation, "TEST_FRACTION", 0.1)
    with pytest.raises(TrainingError, match="4 known treatments; 10% of them cannot be held out"):
        evaluate_run(workspace, "a")
    assert not run.evaluations.exists()


def test_an_unknown_run_cannot_be_evaluated(workspace):
    for ask in (evaluate_run, known_evaluation):
        with pytest.raises(UnknownNameError, match="No run is called 'x'"):
            ask(workspace, "x")


def test_an_unknown_scorer_is_refused_before_anything_is_trained(workspace, run):
    events = []
    with pytest.raises(UnknownNameError, match="abacus"):
        evaluate_run(workspace, "a", scorer="abacus", hooks=Hooks(on_epoch=events.append))
    assert events == []
