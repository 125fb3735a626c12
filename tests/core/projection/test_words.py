from core.projection.measures import Measure
from core.projection.words import compared, explain, shuffled_note

LOW, HIGH, WIDE = (
    Measure(0.2, 0.19, 0.21, 9, 0.1, 0.5),
    Measure(0.4, 0.38, 0.42, 9, 0.1, 0.5),
    Measure(0.3, 0.1, 0.5, 9, 0.1, 0.5),
)


def test_only_intervals_that_do_not_meet_make_a_difference():
    assert (compared(HIGH, LOW), compared(LOW, HIGH), compared(WIDE, LOW), compared(LOW, LOW)) == (1, -1, 0, 0)


def test_a_sentence_carries_both_numbers_chance_and_the_best():
    (found,) = explain({"before": {"class purity": LOW}, "after": {"class purity": HIGH}})
    assert "40.0 % [38.0 to 42.0] share a pharmacologic class with it: more than before (20.0 % [19.0 to 21.0])" in found.sentence
    assert "drawn at random would give 10.0 %, a perfect order 50.0 %" in found.sentence
    (less,) = explain({"before": {"trustworthiness": HIGH}, "after": {"trustworthiness": LOW}})
    assert "less true than before (0.40 [0.38 to 0.42])" in less.sentence


def test_the_control_is_judged_by_its_interval():
    assert "gives less purity by drug class" in shuffled_note({"class purity": HIGH}, {"class purity": LOW})
    assert "neither more nor less" in shuffled_note({"class purity": LOW}, {"class purity": WIDE})
    more = shuffled_note({"kind purity": LOW}, {"kind purity": HIGH})
    assert "gives more purity by kind" in more
    assert "shuffled within each kind" in more
    assert shuffled_note({}, {}) == ""
