"""Evaluate a run's recipe on treatments that it has not seen."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from typing import Any

from core.config import RunSettings
from core.evaluate.calibration import calibrate
from core.evaluate.panel import BASELINES, baseline_scorers
from core.evaluate.protocols import evaluate
from core.evaluate.reliability import Reliability, not_held_out, reliability
from core.evaluate.results import DiseaseResult, Evaluation
from core.evaluate.significance import Difference, compare
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.pipeline.audit import audit
from core.pipeline.controls import control_scorer, controls, train_folder, trained_control, trained_controls
from core.pipeline.questions import Asked, Question, ask, grading_results
from core.pipeline.runs import read_settings
from core.pipeline.scorers import LoadedRun, check_scorer, load_folder
from core.pipeline.single import Hooks, text_matrix
from core.pipeline.steps import Steps
from core.types import FloatArray, IntArray, Scorer, TextMode
from core.workspace import RunFolder, Workspace, read_json, write_json

TEST_FRACTION = 0.1  #: of the known treatments, held out
UNUSABLE_TEXT = ("none", "shuffled")  #: text modes of runs whose baselines read the full text


def evaluate_run(
    workspace: Workspace, name: str, *, scorer: str | None = None, split_seed: int = 0, hooks: Hooks | None = None
) -> dict[str, Any]:
    """Say how good a run's recipe is on treatments that it has not seen: the headline protocol, drugs for a disease.

    :param scorer: one of the run's scorers; None is its default
    :returns: as :func:`evaluate_protocol`
    """
    return evaluate_protocol(workspace, name, Question(scorer=scorer, split_seed=split_seed), hooks=hooks)


def known_evaluation(
    workspace: Workspace,
    name: str,
    *,
    scorer: str | None = None,
    split_seed: int = 0,
    question: Question | None = None,
) -> dict[str, Any] | None:
    """Return an evaluation made before, or None.

    :param question: any other than the headline; wins over ``scorer`` and ``split_seed``
    """
    path = (question or Question(scorer=scorer, split_seed=split_seed)).result_file(workspace.existing_run(name))
    return read_json(path) if path.exists() else None


def kept_evaluation(
    workspace: Workspace, name: str, question: Question, *, with_baselines: bool = False, with_controls: bool = False
) -> dict[str, Any] | None:
    """Return an evaluation made before that has all that is wanted, or None."""
    run = workspace.existing_run(name)
    settings = read_settings(run)
    check_scorer(name, settings, question.scorer)
    known = known_evaluation(workspace, name, question=question) or {}
    wanted = {"baselines": with_baselines, "controls": with_controls}
    return None if _Evaluating(workspace, run, settings, question, Hooks()).lacking(known, wanted) else known


def evaluate_protocol(
    workspace: Workspace,
    name: str,
    question: Question,
    *,
    with_baselines: bool = False,
    with_controls: bool = False,
    hooks: Hooks | None = None,
) -> dict[str, Any]:
    """Ask a run under a protocol.

    The run itself has learned from all known treatments, so the same settings are trained once more on a graph without the
    held-out pairs; those models are kept in the run's folder and are used for nothing else. Pairs from a file are asked of the
    run as it is.

    :param with_baselines: measure the simple methods, too
    :param with_controls: train the same embedding with other text, and measure it
    :returns: protocol, counts, metrics with intervals, per disease, leaks, reliability, calibration, and the baselines and
        controls that were ever asked for; kept as JSON in the run's folder, each part as soon as it is measured
    :raises TrainingError: if it was stopped, in a training or between two measurements
    """
    kept = kept_evaluation(workspace, name, question, with_baselines=with_baselines, with_controls=with_controls)
    if kept is not None:
        return kept
    run = workspace.existing_run(name)
    job = _Evaluating(workspace, run, read_settings(run), question, hooks or Hooks())
    result = known_evaluation(workspace, name, question=question) or {}
    lacking = job.lacking(result, {"baselines": with_baselines, "controls": with_controls})
    with job.steps.planned(sum(lacking.values())):
        for part in lacking:
            result = result | job.measured(part, result)
            write_json(question.result_file(run), result)
    return result


def compare_runs(workspace: Workspace, one: str, other: str, question: Question) -> list[Difference]:
    """Compare two runs that were evaluated under the same question: first minus second.

    :raises LladrError: if they were not asked for the same pairs
    """
    results = [known_evaluation(workspace, name, question=question) or {} for name in (one, other)]
    return compare(*(disease_results(result) for result in results))


def disease_results(result: dict[str, Any]) -> list[DiseaseResult]:
    """Return what a kept result says disease by disease."""
    return [DiseaseResult(**record) for record in result.get("per_disease", ())]


def disease_reliability(workspace: Workspace, name: str, graph: KnowledgeGraph) -> Callable[[int], Reliability]:
    """Return a function from a disease's row to how far its ranking can be trusted.

    All evaluations of the run's default scorer count together: of every treatment once, else of random splits.
    """
    found = grading_results(workspace.existing_run(name))
    graded = {grade.id: grade for grade in reliability(disease_results(read_json(path)) for path in found)}

    def of(disease: int) -> Reliability:
        identifier = graph.vocabulary.entities[disease]
        return graded.get(identifier) or not_held_out(identifier, graph.names[disease])

    return of


@dataclass(frozen=True)
class _Evaluating:
    """One evaluation on its way; what is expensive is made when it is needed."""

    workspace: Workspace
    run: RunFolder
    settings: RunSettings
    question: Question
    hooks: Hooks

    def lacking(self, known: dict[str, Any], wanted: dict[str, bool]) -> dict[str, int]:
        """Return the parts that a kept result lacks, in their order, and how many measurements each of them is.

        Leaks are audited anew where more can be compared with by now.
        """
        new = "per_disease" not in known
        audited = new or set(self._comparable()) <= set(known["leaks"]["compared"])
        needs = {"headline": new, "leaks": not audited} | {part: wanted[part] and (new or part not in known) for part in wanted}
        sizes = {"headline": 2, "leaks": 1, "baselines": len(BASELINES), "controls": len(controls(self.settings)) + 1}
        return {part: sizes[part] for part, needed in needs.items() if needed}

    def measured(self, part: str, result: dict[str, Any]) -> dict[str, Any]:
        """Measure one part of a result; with every part it can be kept, and what a stop cuts short is not."""
        if part == "headline":
            return self.headline() | {"leaks": self.leaks()}
        if part == "baselines":
            return {"baselines": self.baselines(result), "baseline_text": self.baseline_text}
        if part == "controls":
            return {"controls": self.controls(result), "leaks": self.leaks()}
        return {"leaks": self.leaks()}

    def headline(self) -> dict[str, Any]:
        """Measure the run's scorer."""
        scorer = self.scorer  # trained first where it must be
        with self.steps.measuring(f"the run {self.run.name}"):
            evaluation = self._ask(scorer, self.asked.split.test)
            result = {"run": self.run.name, "text": self.settings.text.mode} | evaluation.as_record()
            result |= {"question": self.question.as_record(), "skipped": self.asked.skipped}
            if self.question.protocol == "drugs-for-disease":
                result["reliability"] = [asdict(grade) for grade in reliability([evaluation.per_disease])]
            if self.question.kind.candidates == "all drugs":
                calibration = calibrate(scorer, self.graph, self.asked.split.test)
                result["calibration"] = asdict(calibration) if calibration else None
        return result

    def baselines(self, result: dict[str, Any]) -> list[dict[str, Any]]:
        """Measure the simple methods on the same pairs."""
        scorers = baseline_scorers(self.asked.split.graph, self._text)
        words = self.steps.each(baseline.words for baseline in BASELINES.values())
        return [self._row(scorer, what, result) for what, scorer in zip(words, scorers, strict=True)]

    def controls(self, result: dict[str, Any]) -> list[dict[str, Any]]:
        """Train and measure the same embedding with other text."""
        folder, graph = self.question.folder(self.run), self.asked.split.graph
        trained = trained_controls(self.workspace, folder, graph, self.settings, self.hooks)
        rows = []
        for control, scorer in trained:
            with self.steps.measuring(control.words):
                rows.append(self._row(scorer, control.words, result))
        return rows

    def leaks(self) -> dict[str, Any]:
        """Audit the pairs with whatever is there to compare with."""
        with self.steps.measuring("what the texts give away"):
            scorers = {"run": self.scorer} | {who: make() for who, make in self._comparable().items()}
            return audit(self.graph, self.asked.split.test, scorers, self._ask, text=self.settings.text)

    def _row(self, scorer: Scorer, words: str, result: dict[str, Any]) -> dict[str, Any]:
        """Return metrics of another scorer, and the run's difference from it with its significance."""
        evaluation = self._ask(scorer, self.asked.split.test)
        differences = compare(disease_results(result), evaluation.per_disease)
        record = {key: value for key, value in evaluation.as_record().items() if key in ("scorer", "metrics")}
        return record | {"words": words, "run_minus_this": [asdict(difference) for difference in differences]}

    def _ask(self, scorer: Scorer, pairs: IntArray) -> Evaluation:
        self.steps.check()
        kind, split = self.question.kind, self.asked.split.name
        negatives = self.asked.negatives
        return evaluate(kind, scorer, self.graph, pairs, split=split, negatives=negatives, seed=self.question.split_seed)

    def _comparable(self) -> dict[str, Callable[[], Scorer]]:
        """Return how to get what the run is compared with, where it is trained on this split: base, blind."""
        if self.settings.text.mode == "none":
            return {}
        if self.settings.fusion is not None:
            return {"base": lambda: self.loaded.base}
        folder, found = self.question.folder(self.run), {}
        for who, name in (("base", "none"), ("blind", "blind")):
            control = controls(self.settings).get(name)
            place = trained_control(self.workspace, folder, control) if control else None
            if place is not None:
                found[who] = partial(self._control, place, control)
        return found

    def _control(self, place: RunFolder, control: Any) -> Scorer:
        return control_scorer(place, control, self.asked.split.graph)

    @cached_property
    def steps(self) -> Steps:
        return Steps(self.run, self.hooks.on_measure, self.hooks.stop)

    @cached_property
    def graph(self) -> KnowledgeGraph:
        return load_graph(self.settings.kg)

    @cached_property
    def asked(self) -> Asked:
        return ask(self.question, self.graph, fraction=TEST_FRACTION)

    @cached_property
    def loaded(self) -> LoadedRun:
        """Return the run as it is without the held-out pairs; trains it where it must."""
        graph = self.asked.split.graph
        if self.question.kind.split == "external":
            return load_folder(self.run, self.run.name, graph)
        folder = self.question.folder(self.run)
        train_folder(folder, self.workspace, graph, self.settings, self.hooks)
        return load_folder(folder, self.run.name, graph)

    @cached_property
    def scorer(self) -> Scorer:
        return self.loaded.scorer_named(self.question.scorer)

    @property
    def baseline_text(self) -> TextMode:
        """Return what text the baselines read: that of the run, or all where it has none of its own."""
        return "full" if self.settings.text.mode in UNUSABLE_TEXT else self.settings.text.mode

    @cached_property
    def _text(self) -> FloatArray:
        settings = self.settings.replace(text={"mode": self.baseline_text})
        return text_matrix(self.workspace, self.graph, settings, progress=self.hooks.on_text).vectors
