import numpy as np

from core.projection.colouring import GROUPS_SHOWN, by_degree, by_kind, by_label, degrees
from tests.toy import ALZHEIMER, row_of


def test_degrees_are_counts_of_facts(toy):
    expected = [sum(row in (head, tail) for head, _, tail in toy.triples.tolist()) for row in range(toy.n_entities)]
    assert degrees(toy).tolist() == expected
    scale = by_degree(toy)
    assert scale.values.argmax() == row_of(toy, ALZHEIMER)
    assert len(scale.rest) == 0


def test_kinds_are_drawn_from_the_largest_to_the_smallest(toy):
    parts = by_kind(toy).parts
    assert [(label, len(rows)) for label, rows in parts] == [
        ("Compound", 6),
        ("Gene", 5),
        ("Disease", 4),
        ("Pharmacologic Class", 2),
    ]
    assert sorted(row for _, rows in parts for row in rows.tolist()) == list(range(17))


def test_rare_labels_and_none_are_the_rest(toy):
    labels = {row: f"label {min(row, GROUPS_SHOWN)}" for row in range(12)}  # rows 8 to 11 share one label
    found = by_label(toy, labels)
    assert found.parts[0][0] == "label 8"
    assert found.parts[0][1].tolist() == [8, 9, 10, 11]
    assert len(found.parts) == GROUPS_SHOWN
    assert np.array_equal(found.rest, [7, *range(12, 17)])
