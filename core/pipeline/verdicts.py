"""Read kept evaluations for people: a row a method, who is better by more than chance, and one plain sentence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from core.evaluate.metrics import HITS_AT, LOWER_IS_BETTER
from core.evaluate.protocols import PROTOCOLS
from core.evaluate.significance import Difference

SIGNIFICANT = 0.05  #: p-value below which a difference counts as more than chance
FIRST = ("MRR", "MR")  #: metrics by which methods are compared where none is asked for: the first that there is

Kind = Literal["run", "other run", "simple method", "other text"]
Verdict = Literal["better", "no difference shown", "worse", "not comparable"]

SEEN: dict[str, str] = {
    "drugs-for-disease": "On treatments that it had not seen",
    "every-treatment": "On a fifth of the treatments, which it had not seen",
    "zero-shot": "On diseases none of whose treatments it has seen",
    "area": "On all treatments of the area {area}, none of which it has seen",
    "degree-matched": "On treatments that it had not seen, among drugs of as many known diseases",
    "external": "On the pairs of {file}, which the graph does not contain",
    "paper": "On treatments that it had not seen, the disease among 49 random others",
    "paper-filtered": "On treatments that it had not seen, the disease among 49 random others that the drug is not known for",
}  #: what a protocol asks, as the start of a sentence


@dataclass(frozen=True)
class Row:
    """One method under one question."""

    name: str
    kind: Kind
    words: str  #: what it does
    metrics: Mapping[str, Mapping[str, float]]  #: value, low, high
    differences: Mapping[str, Difference]  #: by metric: the first run minus this; empty for the first run itself

    def verdict(self, metric: str) -> Verdict:
        """Return whether the first run is better than this: by the sign of the difference, if chance does not explain it."""
        difference = self.differences.get(metric)
        if difference is None:
            return "not comparable"
        if difference.p_value >= SIGNIFICANT or difference.difference == 0:
            return "no difference shown"
        return "better" if (difference.difference > 0) != (metric in LOWER_IS_BETTER) else "worse"


def method_rows(result: Mapping[str, Any], others: Mapping[str, tuple[Mapping[str, Any], Sequence[Difference]]]) -> list[Row]:
    """Return the first run, the runs that it is compared with, the simple methods and the other texts, as far as measured.

    :param result: as :func:`core.pipeline.evaluation.evaluate_protocol` gives it
    :param others: by name: another run's result, and the first run's difference from it
    """
    rows = [Row(result["run"], "run", _text_words(result), result["metrics"], {})]
    rows += [
        Row(name, "other run", _text_words(other), other["metrics"], _by_metric(differences))
        for name, (other, differences) in others.items()
    ]
    for key, kind in (("baselines", "simple method"), ("controls", "other text")):
        rows += [
            Row(
                record["scorer"],
                kind,
                record["words"],
                record["metrics"],
                _by_metric(Difference(**difference) for difference in record["run_minus_this"]),
            )
            for record in result.get(key, ())
        ]
    return rows


def _text_words(result: Mapping[str, Any]) -> str:
    words = {"none": "the graph alone, no text (base)", "name": "reads names only", "blind": "reads text without uses"}
    return words.get(result["text"], f"reads {result['text']} text")


def _by_metric(differences: Iterable[Difference]) -> dict[str, Difference]:
    return {difference.metric: difference for difference in differences}


def first_metric(metrics: Mapping[str, Any]) -> str:
    """Return the metric by which methods are compared where none is asked for."""
    return next((name for name in FIRST if name in metrics), next(iter(metrics)))


def headline(result: Mapping[str, Any]) -> str:
    """Say in one sentence how many of the held-out pairs a run finds near the top, and how many chance would find."""
    question, metrics, candidates = result["question"], result["metrics"], result["n_candidates"]
    within = max((k for k in HITS_AT if f"H@{k}" in metrics and k < candidates), default=0)
    file = Path(question.get("positives") or "the file").name
    start = SEEN[question["protocol"]].format(area=question.get("area"), file=file)
    if not within:
        return f"{start}, {result['run']} had too few candidates to say anything."
    hits, total = metrics[f"H@{within}"], result["n_pairs"]
    about = "" if PROTOCOLS[question["protocol"]].candidates == "all drugs" else "about "  # a mean over draws
    found = f"{about}{hits['value'] * total:.0f} of {total}"
    share = f"{hits['value']:.0%} [{100 * hits['low']:.0f} to {100 * hits['high']:.0f}]; chance: {within / candidates:.0%}"
    return f"{start}, {result['run']} finds {found} within the first {within} of {candidates:,} ({share})."


def ranked(rows: Sequence[Row], metric: str) -> list[Row]:
    """Return those that have the metric: the first run, other runs, simple methods, other texts; the best of each first."""
    sign = 1 if metric in LOWER_IS_BETTER else -1
    kinds = get_args(Kind)
    having = [row for row in rows if metric in row.metrics]
    return sorted(having, key=lambda row: (kinds.index(row.kind), sign * row.metrics[metric]["value"]))


def standing(rows: Sequence[Row], metric: str) -> dict[Verdict, list[Row]]:
    """Group the other methods by whether the first run is better than them."""
    found: dict[Verdict, list[Row]] = {"worse": [], "no difference shown": [], "better": [], "not comparable": []}
    for row in ranked(rows, metric):
        if row.kind != "run":
            found[row.verdict(metric)].append(row)
    return found


def table_records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return one record a method and metric, with the first run's difference and its significance, for CSV."""
    records = []
    for row in rows:
        for metric, value in row.metrics.items():
            difference = row.differences.get(metric)
            record = {"method": row.name, "kind": row.kind, "metric": metric, **value}
            names = {"run_minus_this": "difference", "difference_low": "low", "difference_high": "high", "p_value": "p_value"}
            record |= {column: getattr(difference, name, None) for column, name in names.items()}
            records.append(record)
    return records
