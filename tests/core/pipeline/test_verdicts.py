import pytest

from core.evaluate.significance import Difference
from core.pipeline.verdicts import Row, first_metric, headline, method_rows, ranked, standing, table_records


def metric(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def row(name: str, value: float, difference: float, p: float, *, kind="simple method", of: str = "MRR") -> Row:
    return Row(name, kind, "", {of: metric(value)}, {of: Difference(of, difference, 0, 0, p, 9)})


@pytest.mark.parametrize(
    ("of", "difference", "p", "verdict"),
    [
        ("MRR", 0.1, 0.049, "better"),
        ("MRR", -0.1, 0.049, "worse"),
        ("MRR", 0.1, 0.05, "no difference shown"),
        ("MRR", 0.0, 0.001, "no difference shown"),
        ("MR", -3.0, 0.01, "better"),  # fewer places from the top
        ("MR", 3.0, 0.01, "worse"),
    ],
)
def test_a_verdict_needs_a_sign_and_a_p_value(of, difference, p, verdict):
    assert row("a", 1, difference, p, of=of).verdict(of) == verdict


def test_without_a_difference_there_is_no_verdict():
    assert row("a", 1, 0.1, 0.01).verdict("AUC") == "not comparable"


def test_the_best_of_each_kind_stands_first_and_none_without_the_metric():
    rows = [
        row("low", 0.1, 0, 1),
        row("text none", 0.9, 0, 1, kind="other text"),
        row("high", 0.5, 0, 1),
        row("me", 0.2, 0, 1, kind="run"),
        row("rank only", 7, 0, 1, of="MR"),
    ]
    assert [each.name for each in ranked(rows, "MRR")] == ["me", "high", "low", "text none"]
    places = [row("far", 20, 0, 1, of="MR"), row("near", 2, 0, 1, of="MR")]
    assert [each.name for each in ranked(places, "MR")] == ["near", "far"]


def test_who_beats_the_run_is_said_apart():
    rows = [
        row("me", 0.3, 0, 1, kind="run"),
        row("pagerank", 0.4, -0.1, 0.0003),
        row("gba-drug", 0.28, 0.02, 0.6),
        row("paths", 0.1, 0.2, 0.004),
        row("text-drug", 0.32, -0.02, 0.5),
    ]
    found = {verdict: [each.name for each in mine] for verdict, mine in standing(rows, "MRR").items()}
    assert found == {
        "worse": ["pagerank"],
        "no difference shown": ["text-drug", "gba-drug"],
        "better": ["paths"],
        "not comparable": [],
    }


def result(protocol: str = "drugs-for-disease", candidates: int = 1049, **question) -> dict:
    return {
        "run": "lladr",
        "text": "full",
        "question": {"protocol": protocol, "split_seed": 0, "area": None, "scorer": None} | question,
        "n_pairs": 235,
        "n_candidates": candidates,
        "metrics": {"MRR": metric(0.3), "H@10": metric(0.5), "H@50": metric(194 / 235)},
        "baselines": [
            {"scorer": "pagerank", "words": "walks", "metrics": {"MRR": metric(0.4)}, "run_minus_this": [vars(DIFFERENCE)]}
        ],
    }


DIFFERENCE = Difference("MRR", -0.1, -0.2, -0.01, 0.002, 129)


def test_the_first_sentence_counts_pairs_and_names_chance():
    """194 of 235 is 82.6 %; 50 of 1,049 drugs in random order hold 4.8 % of the pairs."""
    said = headline(result())
    assert said == (
        "On treatments that it had not seen, lladr finds 194 of 235 within the first 50 of 1,049 (83% [73 to 93]; chance: 5%)."
    )


def test_the_first_sentence_takes_a_depth_that_says_something():
    said = headline(result("paper", candidates=50))
    assert "finds about 118 of 235 within the first 10 of 50 (50% [40 to 60]; chance: 20%)" in said  # a mean over draws
    assert "too few candidates" in headline(result(candidates=5))


def test_the_first_sentence_says_what_was_asked():
    assert headline(result("zero-shot")).startswith("On diseases none of whose treatments it has seen, lladr")
    assert "area brain" in headline(result("area", area="brain"))
    assert "pairs of trials.tsv" in headline(result("external", positives="/some/where/trials.tsv"))


def test_rows_hold_run_other_runs_and_simple_methods():
    other = result() | {"run": "base", "text": "none"}
    rows = method_rows(result(), {"base": (other, [DIFFERENCE])})
    assert [(each.name, each.kind) for each in rows] == [("lladr", "run"), ("base", "other run"), ("pagerank", "simple method")]
    assert rows[1].words == "the graph alone, no text (base)"
    assert rows[2].differences == {"MRR": DIFFERENCE}


def test_every_difference_in_the_csv_has_its_p_value():
    records = table_records(method_rows(result(), {}))
    assert len(records) == 4
    (pagerank,) = (record for record in records if record["method"] == "pagerank")
    assert pagerank == {
        "method": "pagerank",
        "kind": "simple method",
        "metric": "MRR",
        **metric(0.4),
        "run_minus_this": -0.1,
        "difference_low": -0.2,
        "difference_high": -0.01,
        "p_value": 0.002,
    }
    assert all(record["run_minus_this"] is record["p_value"] is None for record in records if record["method"] == "lladr")


def test_the_first_metric_is_one_that_there_is():
    assert [first_metric(dict.fromkeys(names)) for names in (["AUC", "MRR"], ["AUC", "MR"], ["AUC"])] == ["MRR", "MR", "AUC"]
