import numpy as np
import pytest

from core.projection.space import comparable, unit_rows


@pytest.mark.parametrize("interaction", ["complex", "rotate"])
def test_the_cosine_of_real_and_imaginary_halves_is_that_of_the_complex_vectors(interaction):
    drawn = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    one, other = drawn[:, :3] + 1j * drawn[:, 3:]
    expected = np.real(np.vdot(other, one)) / (np.linalg.norm(one) * np.linalg.norm(other))
    unit = unit_rows(comparable(drawn, interaction))
    assert unit[0] @ unit[1] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("interaction", "same"), [("transe", True), ("transe-l2", True), ("distmult", False), ("complex", False)]
)
def test_only_where_the_score_ignores_a_common_shift_it_is_taken_out(interaction, same):
    drawn = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)
    moved = drawn + np.array([3, -1, 0, 5], dtype=np.float32)
    assert np.allclose(comparable(drawn, interaction), comparable(moved, interaction), atol=1e-5) == same


def test_a_row_of_zeros_stays_one():
    assert unit_rows(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist() == [[0, 0], [pytest.approx(0.6), pytest.approx(0.8)]]
