import numpy as np

from core.projection.movers import approach, change, most_changed


def test_a_change_says_who_stayed_came_and_left_the_nearest_first():
    before, after = np.array([[1, 2, 3, 4]]), np.array([[5, 3, 1, 2]])
    found = change(before, after, 0, k=3)
    assert (found.stayed, found.came, found.left) == ([3, 1], [5], [2])


def test_the_emptiest_overlap_comes_first_and_ties_go_to_the_wider_neighbourhood_then_to_the_known():
    before = np.array([[1, 2, 3], [2, 3, 4], [3, 4, 0], [4, 0, 1], [0, 1, 2]])
    after = before.copy()
    after[2] = [1, 4, 0]  # half of the two nearest changed
    after[3] = [2, 0, 4]  # as much, but the third is an old one
    degrees = np.array([1, 9, 1, 1, 1])
    assert most_changed(before, after, np.arange(5), degrees, k=2).tolist()[:2] == [2, 3]
    assert most_changed(before, after, np.array([0, 1, 4]), degrees, k=2).tolist() == [1, 0, 4]


def test_a_drug_that_was_planted_beside_a_disease_came_nearer():
    random = np.random.default_rng(0)
    before, after = random.normal(size=(2, 60, 8))
    after[7] = after[50] + 0.01
    drugs = np.arange(40)
    found = approach(before, after, 50, drugs)
    assert found.candidates[0] == 7
    assert found.after[0] == 1
    assert found.before[0] == 1 + sum(_cosine(before, 50, drug) > _cosine(before, 50, 7) for drug in drugs)
    gains = np.log(found.before / found.after)
    assert (np.diff(gains) <= 1e-12).all()


def test_nothing_approaches_in_the_same_space():
    vectors = np.random.default_rng(1).normal(size=(30, 4))
    found = approach(vectors, vectors, 29, np.arange(20))
    assert found.before.tolist() == found.after.tolist() == list(range(1, 21))


def _cosine(vectors: np.ndarray, one: int, other: int) -> float:
    return vectors[one] @ vectors[other] / np.linalg.norm(vectors[one]) / np.linalg.norm(vectors[other])
