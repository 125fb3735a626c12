import json
import os
from functools import partial

import numpy as np
import pytest
from safetensors.torch import load_file

from core.errors import ConfigError, GraphFormatError, LeakError, LladrError, TrainingError, UnknownNameError
from core.evaluate.panel import BASELINES
from core.kg.loaders import load_graph
from core.kg.splits import zero_shot_split
from core.pipeline import Hooks, evaluate_run, evaluation, known_evaluation, load_run, questions, single, train_run
from core.pipeline.controls import CHANGES
from core.pipeline.evaluation import compare_runs, disease_reliability, evaluate_protocol
from core.pipeline.questions import Question
from core.pipeline.steps import current_step
from core.workspace import read_json, write_json
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
    assert (len(test), len(folds)) == (4, 2 + settings.fusion.disease_folds)
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


def followed(run, seen, last=None):
    """Hooks that note each measurement, with what other processes are told, and stop after so many."""

    def on_measure(words, done, total):
        step = current_step(run)
        assert (step.words, step.done, step.total, step.pid) == (words, done, total, os.getpid())
        seen.append((words, done, total))

    return Hooks(stop=lambda: bool(seen) and seen[-1][1] == last, on_measure=on_measure)


def begun(seen):
    return [words for words, _, _ in seen if words]


@pytest.mark.parametrize("wanted", [{}, {"with_baselines": True}, {"with_controls": True, "with_baselines": True}])
def test_every_measurement_is_told_and_counted(workspace, run, wanted):
    seen = []
    evaluate_protocol(workspace, "a", Question(), **wanted, hooks=followed(run, seen))
    (total,) = {total for _, _, total in seen}
    assert [done for words, done, _ in seen if words] == list(range(total))
    assert seen[-1] == ("", total, total)
    simple = [baseline.words for baseline in BASELINES.values()] if wanted else []
    other = [words for _, words in CHANGES.values()] + ["what the texts give away"] if "with_controls" in wanted else []
    assert begun(seen) == ["the run a", "what the texts give away", *simple, *other]
    assert current_step(run) is None
    assert not list(run.evaluations.glob("*.json"))


def test_a_stop_between_two_measurements_keeps_the_parts_that_are_whole(workspace, run, trained_on):
    """Headline and leaks are two measurements; the stop comes before the fifth, within the simple methods."""
    seen = []
    with pytest.raises(TrainingError, match="was stopped"):
        evaluate_protocol(workspace, "a", Question(), with_baselines=True, hooks=followed(run, seen, last=4))
    assert begun(seen)[2:] == [baseline.words for baseline in BASELINES.values()][:2]
    assert current_step(run) is None
    kept = known_evaluation(workspace, "a")
    assert kept == evaluate_run(workspace, "a")
    assert "baselines" not in kept
    again = []
    result = evaluate_protocol(workspace, "a", Question(), with_baselines=True, hooks=followed(run, again))
    assert begun(again) == [baseline.words for baseline in BASELINES.values()]
    assert {key: result[key] for key in kept} == kept
    assert len(trained_on) == 1


def test_a_stop_between_the_parts_of_an_audit_is_heard(workspace, run):
    """The second measurement is the audit, which asks the run for several sets of pairs; it has begun when the stop comes."""
    seen = []
    hooks = Hooks(stop=lambda: len(begun(seen)) == 2, on_measure=lambda *step: seen.append(step))
    with pytest.raises(TrainingError, match="was stopped"):
        evaluate_run(workspace, "a", hooks=hooks)
    assert begun(seen) == ["the run a", "what the texts give away"]
    assert known_evaluation(workspace, "a") is None


def test_what_another_version_left_behind_says_nothing(workspace, run):
    run.evaluations.mkdir()
    for content in ("{", '{"words": "x"}', "[]", "3"):
        (run.evaluations / "measuring.json").write_text(content)
        assert current_step(run) is None


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


def test_the_result_says_what_it_is_worth_disease_by_disease(workspace, toy, run):
    result = evaluate_run(workspace, "a")
    assert [part["id"] for part in result["per_disease"]] == [grade["id"] for grade in result["reliability"]]
    assert sum(part["n_pairs"] for part in result["per_disease"]) == result["n_pairs"]
    assert {grade["level"] for grade in result["reliability"]} == {"no evidence"}  # two pairs are none
    assert sum(result["calibration"]["counts"]) > result["n_pairs"]
    assert result["leaks"]["n_pairs"] == result["n_pairs"]
    assert result["name"] == result["question"]["protocol"] == "drugs-for-disease"


PROTOCOLS_OF_ONE_SPLIT = ("drugs-for-disease", "degree-matched", "paper", "paper-filtered")


def test_protocols_of_one_split_share_the_models(workspace, run, trained_on):
    results = [evaluate_protocol(workspace, "a", Question(protocol)) for protocol in PROTOCOLS_OF_ONE_SPLIT]
    assert len(trained_on) == 1
    assert [result["name"] for result in results] == list(PROTOCOLS_OF_ONE_SPLIT)
    assert len({result["n_pairs"] for result in results}) == 1
    assert [known_evaluation(workspace, "a", question=Question(p)) for p in PROTOCOLS_OF_ONE_SPLIT] == results


def test_zero_shot_trains_without_all_treatments_of_its_diseases(workspace, toy, run, trained_on, monkeypatch):
    monkeypatch.setattr(questions, "zero_shot_split", partial(zero_shot_split, fraction=0.34))
    result = evaluate_protocol(workspace, "a", Question("zero-shot"))
    (triples,) = trained_on
    roles = [toy.vocabulary.relation_row[name] for name in ("treats", "palliates")]
    (asked,) = [part["id"] for part in result["per_disease"]]
    learned = [triple for triple in triples.tolist() if triple[1] in roles]
    assert learned
    assert not [triple for triple in learned if toy.vocabulary.entities[triple[2]] == asked]
    assert run.evaluations.joinpath("zero-shot-0", "result.json").exists()


def write_pairs(path, *pairs):
    path.write_text("compound\tdisease\n" + "".join(f"{drug}\t{disease}\n" for drug, disease in pairs), encoding="utf-8")
    return path


def test_pairs_from_a_file_are_asked_of_the_run_itself(workspace, toy, run, trained_on, tmp_path):
    positives = write_pairs(tmp_path / "p.tsv", ("aspirin", "CJD"), ("metformin", "PD"))
    negatives = write_pairs(tmp_path / "n.tsv", ("levodopa", "CJD"), ("haloperidol", "T2DM"))
    trained_on.clear()
    result = evaluate_protocol(workspace, "a", Question("external", positives=positives, negatives=negatives))
    assert trained_on == []
    scores = load_run(workspace, "a").scorer.scores(toy.drugs, toy.diseases)
    place = {toy.names[row]: n for rows in (toy.drugs, toy.diseases) for n, row in enumerate(rows.tolist())}
    own = lambda drug, disease: scores[place[disease], place[drug]]  # noqa: E731
    good = [own("aspirin", "prion disease"), own("metformin", "Parkinson's disease")]
    bad = [own("levodopa", "prion disease"), own("haloperidol", "type 2 diabetes mellitus")]
    expected = np.mean([a > b for a in good for b in bad])
    assert result["metrics"]["AUROC vs negatives"]["value"] == expected
    assert (result["n_pairs"], result["skipped"]) == (2, 0)


def test_unknown_pairs_of_a_file_are_refused_or_counted(workspace, run, tmp_path):
    positives = write_pairs(tmp_path / "p.tsv", ("aspirin", "CJD"), ("kryptonite", "CJD"))
    with pytest.raises(GraphFormatError, match="kryptonite"):
        evaluate_protocol(workspace, "a", Question("external", positives=positives))
    result = evaluate_protocol(workspace, "a", Question("external", positives=positives, skip_unknown=True))
    assert (result["n_pairs"], result["skipped"]) == (1, 1)


@pytest.mark.parametrize(
    ("positives", "negatives", "words"),
    [
        ([("donepezil", "AD"), ("aspirin", "CJD")], [], "1 of 2 test pairs are in the graph.*donepezil"),
        ([("aspirin", "CJD")], [("donepezil", "AD")], "1 negative pairs are treatments that the graph knows: donepezil"),
        ([("aspirin", "CJD")], [("ASA", "CJD")], "1 negative pairs are in both files: aspirin"),
    ],
)
def test_pairs_that_cannot_be_asked_fail_loudly_and_leave_nothing(workspace, run, tmp_path, positives, negatives, words):
    files = {"positives": write_pairs(tmp_path / "p.tsv", *positives)}
    if negatives:
        files["negatives"] = write_pairs(tmp_path / "n.tsv", *negatives)
    with pytest.raises(LeakError, match=words):
        evaluate_protocol(workspace, "a", Question("external", **files))
    assert not list(run.path.rglob("result*.json"))


def test_a_changed_file_is_another_question(workspace, run, tmp_path):
    path = write_pairs(tmp_path / "p.tsv", ("aspirin", "CJD"))
    first = evaluate_protocol(workspace, "a", Question("external", positives=path))
    write_pairs(path, ("aspirin", "CJD"), ("metformin", "PD"))
    assert known_evaluation(workspace, "a", question=Question("external", positives=path)) is None
    assert evaluate_protocol(workspace, "a", Question("external", positives=path))["n_pairs"] == 2 != first["n_pairs"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"protocol": "external"}, "needs pairs"),
        ({"protocol": "area"}, "needs a therapeutic area"),
        ({"area": "brain"}, "--area says nothing to the protocol drugs-for-disease"),
        ({"protocol": "paper", "positives": "x.tsv"}, "--positives says nothing to the protocol paper"),
    ],
)
def test_a_question_says_what_it_lacks_or_has_too_much(values, words):
    with pytest.raises(ConfigError, match=words):
        Question(**values)


def test_baselines_are_added_once_and_stand_beside_the_run(workspace, run, trained_on):
    plain = evaluate_run(workspace, "a")
    result = evaluate_protocol(workspace, "a", Question(), with_baselines=True)
    assert len(trained_on) == 1
    assert {key: result[key] for key in plain} == plain
    assert [row["scorer"] for row in result["baselines"]] == list(BASELINES)
    for row in result["baselines"]:
        assert set(row["metrics"]) == set(result["metrics"])
        for difference in row["run_minus_this"]:
            name = difference["metric"]
            expected = result["metrics"][name]["value"] - row["metrics"][name]["value"]
            assert difference["difference"] == pytest.approx(expected)
    files = files_of(run.path)
    assert evaluate_protocol(workspace, "a", Question(), with_baselines=True) == result == evaluate_run(workspace, "a")
    assert files_of(run.path) == files


def test_baselines_see_the_training_graph_only(workspace, toy, run, monkeypatch, trained_on):
    seen, make = [], evaluation.baseline_scorers
    monkeypatch.setattr(evaluation, "baseline_scorers", lambda graph, text: (seen.append(graph), make(graph, text))[1])
    evaluate_protocol(workspace, "a", Question(), with_baselines=True)
    test = held_out(toy, trained_on[0])
    assert test
    assert not test & {tuple(pair) for pair in seen[0].known.tolist()}


def test_controls_are_the_same_recipe_with_other_text(workspace, run, trained_on):
    result = evaluate_protocol(workspace, "a", Question(), with_controls=True)
    assert [row["scorer"] for row in result["controls"]] == [
        f"text {name}" for name in ("none", "name", "blind", "shuffled", "init")
    ]
    assert len(trained_on) == 6
    assert len({frozenset(map(tuple, triples.tolist())) for triples in trained_on}) == 1  # all on the split's graph
    theirs = {row["scorer"]: row["metrics"]["MRR"]["value"] for row in result["controls"]}
    assert result["leaks"]["compared"] == ["base", "blind"]
    table = result["leaks"]["metrics"]["all"]
    assert table["run"]["metrics"] == result["metrics"]
    assert table["base"]["metrics"]["MRR"]["value"] == theirs["text none"]
    assert table["blind"]["metrics"]["MRR"]["value"] == theirs["text blind"]
    settings = {place.parent.name: read_json(place) for place in run.evaluations.glob("random-0/controls/*/settings.json")}
    assert {name: values["text"]["mode"] for name, values in settings.items()} == {
        "none": "none", "name": "name", "blind": "blind", "shuffled": "shuffled", "init": "full"
    }  # fmt: skip
    assert settings["init"]["text"]["anchor_weight"] == 0
    own = read_json(run.settings_file)
    assert all({**values, "text": own["text"]} == own for values in settings.values())


def test_a_control_that_another_run_has_trained_is_not_trained_again(workspace, toy_folder, run, trained_on):
    train_run(workspace, "base", toy_settings(toy_folder, model={"interaction": "distmult"}))
    base = evaluate_run(workspace, "base")
    first = evaluate_run(workspace, "a")
    assert first["leaks"]["compared"] == ["base"]
    assert first["leaks"]["metrics"]["all"]["base"]["metrics"] == base["metrics"]
    trained_on.clear()
    evaluate_protocol(workspace, "a", Question(), with_controls=True)
    assert len(trained_on) == 4


def test_the_audit_is_made_anew_when_there_is_more_to_compare_with(workspace, toy_folder, run):
    alone = evaluate_run(workspace, "a")
    assert alone["leaks"]["compared"] == []
    assert "--controls" in alone["leaks"]["sentence"]
    train_run(workspace, "base", toy_settings(toy_folder, model={"interaction": "distmult"}))
    assert "reads no text" in evaluate_run(workspace, "base")["leaks"]["sentence"]
    assert evaluate_run(workspace, "a")["leaks"]["compared"] == ["base"]


def test_the_audit_finds_the_pairs_whose_descriptions_name_the_partner(workspace, toy, toy_folder, trained_on):
    lines = [json.loads(line) for line in (toy_folder / "descriptions.jsonl").read_text().splitlines()]
    for line in lines:
        if line["name"] in ("donepezil", "memantine"):
            line["indications"] = "Treats Alzheimer's Disease."
    (toy_folder / "descriptions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    train_run(workspace, "n", toy_settings(toy_folder, text="full"))
    trained_on.clear()
    leaks = evaluate_run(workspace, "n")["leaks"]
    test = held_out(toy, trained_on[0])
    named = {("Compound::donepezil", "Disease::alzheimer"), ("Compound::memantine", "Disease::alzheimer")}
    names = toy.vocabulary.entities
    expected = {(names[drug], names[disease]) for drug, disease in test} & named
    assert {tuple(pair) for pair in leaks["named_pairs"]} == expected
    assert leaks["n_named"] == leaks["drug_text_names_disease"] == len(expected)
    assert expected
    counts = {name: table["run"]["n_pairs"] for name, table in leaks["metrics"].items()}
    assert counts == {k: v for k, v in {"all": 2, "unnamed": 2 - len(expected), "named": len(expected)}.items() if v}


def test_two_runs_are_compared_pair_by_pair(workspace, toy_folder, run):
    train_run(workspace, "base", toy_settings(toy_folder, model={"interaction": "distmult"}))
    results = [evaluate_run(workspace, name) for name in ("a", "base")]
    found = {difference.metric: difference for difference in compare_runs(workspace, "a", "base", Question())}
    one, other = (result["metrics"]["MRR"]["value"] for result in results)
    assert found["MRR"].difference == pytest.approx(one - other)
    with pytest.raises(LladrError, match="same pairs"):
        compare_runs(workspace, "a", "base", Question(split_seed=5))


def test_reliability_gathers_all_splits(workspace, toy, run):
    for seed in range(5):
        evaluate_run(workspace, "a", split_seed=seed)
    grade = disease_reliability(workspace, "a", toy)
    results = [part for seed in range(5) for part in known_evaluation(workspace, "a", split_seed=seed)["per_disease"]]
    for disease in toy.diseases.tolist():
        parts = [part for part in results if part["id"] == toy.vocabulary.entities[disease]]
        assert grade(disease).n_pairs == sum(part["n_pairs"] for part in parts)
        assert grade(disease).name == toy.names[disease]
    assert max(grade(disease).n_pairs for disease in toy.diseases.tolist()) >= 3
    prion = next(row for row in toy.diseases.tolist() if toy.vocabulary.entities[row] == PRION)
    assert grade(prion).level == "no evidence"


def test_an_old_result_without_diseases_is_made_anew_without_training(workspace, run, trained_on):
    result = evaluate_run(workspace, "a")
    path = run.evaluations / "random-0" / "result.json"
    old = {key: result[key] for key in ("run", "text", "protocol", "scorer", "n_pairs", "n_diseases", "n_candidates", "metrics")}
    write_json(path, old)
    assert known_evaluation(workspace, "a") == old
    assert evaluate_run(workspace, "a") == result
    assert len(trained_on) == 1
