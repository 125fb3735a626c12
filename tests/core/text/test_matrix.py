import numpy as np
import pytest
from sklearn.decomposition import PCA

from core.config import TextSettings
from core.errors import ConfigError, FingerprintError, WeightsError, WorkspaceError
from core.kg.loaders import load_graph
from core.kg.vocabulary import Vocabulary
from core.text.descriptions import load_descriptions
from core.text.embedders import HashingEmbedder
from core.text.matrix import TextMatrix, build_text_matrix, relation_vectors
from tests.core.text.fakes import SpyEmbedder
from tests.toy import ASPIRIN, DONEPEZIL, EDGES, NODES, graph_of, row_of, toy_descriptions

ENCODER = HashingEmbedder(8)
VOCABULARY = Vocabulary(("a", "b", "c"), ("r",))


@pytest.fixture
def graph(toy_folder):
    return load_graph(str(toy_folder))


@pytest.fixture
def build(graph):
    def build(mode, *, embedder=ENCODER, **settings):
        return build_text_matrix(graph, load_descriptions(graph), embedder, TextSettings(mode=mode, **settings))

    return build


def slow_row(identifier, name, fields):
    """[f(name); mean of f(field)] / sqrt(2), one entity at a time."""
    described = {line["id"]: line for line in toy_descriptions()}.get(identifier, {})
    texts = [described[field] for field in fields if described.get(field)] or [name]
    mean = np.mean([ENCODER.encode([text])[0] for text in texts], axis=0)
    return np.concatenate([ENCODER.encode([name])[0], mean / np.sqrt((mean**2).sum())]) / np.sqrt(2)


@pytest.mark.parametrize(
    ("mode", "fields"),
    [
        ("full", ("background", "mechanism", "indications", "contraindications")),
        ("blind", ("background", "mechanism")),
        ("name", ()),
    ],
)
def test_rows_are_name_and_description_of_the_mode(build, mode, fields):
    expected = [slow_row(identifier, name, fields) for identifier, name, _, _ in NODES]
    np.testing.assert_allclose(build(mode).vectors, expected, atol=1e-6)


@pytest.mark.parametrize("mode", ["full", "blind", "name", "shuffled"])
def test_rows_are_unit_vectors_in_the_order_of_the_graph(build, graph, mode):
    matrix = build(mode)
    np.testing.assert_allclose(np.linalg.norm(matrix.vectors, axis=1), 1, rtol=1e-5)
    assert matrix.fingerprint == graph.vocabulary.fingerprint
    assert matrix.vectors.dtype == np.float32


def test_no_text_has_no_matrix(build):
    with pytest.raises(ConfigError, match="none"):
        build("none")


@pytest.mark.parametrize("mode", ["blind", "name"])
def test_uses_are_never_embedded_without_being_asked_for(build, mode):
    spy = SpyEmbedder()
    build(mode, embedder=spy)
    assert not [text for text in spy.texts if "used for" in text or "avoid in" in text]


def test_full_text_embeds_each_text_once_with_its_uses(build):
    spy = SpyEmbedder()
    build("full", embedder=spy)
    assert len(spy.texts) == len(set(spy.texts))
    assert sum("used for" in text for text in spy.texts) == sum("indications" in line for line in toy_descriptions())


def test_shuffling_keeps_the_vectors_of_each_kind_and_moves_them(build, graph):
    full, shuffled = build("full").vectors, build("shuffled").vectors
    for kind in graph.kind_names:
        rows = graph.of_kind(kind)
        assert sorted(full[rows].tolist()) == sorted(shuffled[rows].tolist())
    assert not np.array_equal(full, shuffled)


def test_shuffling_follows_its_seed(build):
    first, again, other = (build("shuffled", shuffle_seed=seed).vectors for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_an_entity_without_description_has_its_name_twice(build, graph):
    vector = build("full").vectors[row_of(graph, ASPIRIN)]
    np.testing.assert_allclose(vector[:8], vector[8:], atol=1e-6)
    described = build("full").vectors[row_of(graph, DONEPEZIL)]
    assert not np.allclose(described[:8], described[8:])


def test_history_says_how_many_are_described(build):
    assert build("full").history["coverage"].startswith(f"{len(NODES) - 1} of {len(NODES)} entities")
    assert build("shuffled", shuffle_seed=7).history["mode"] == "shuffled, seed 7"


@pytest.mark.parametrize("rows_a_block", [8192, 7])
def test_reduction_is_scikit_learns_pca_with_unit_rows(monkeypatch, rows_a_block):
    monkeypatch.setattr("core.text.matrix.ROWS_A_BLOCK", rows_a_block)
    vectors = np.random.default_rng(0).standard_normal((40, 12)).astype(np.float32) * np.linspace(3, 1, 12, dtype=np.float32)
    expected = PCA(5, svd_solver="full").fit_transform(vectors.astype(float))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    reduced = TextMatrix(vectors, "f", {}).reduced(5).vectors
    signs = np.sign((reduced * expected).sum(0))
    np.testing.assert_allclose(reduced * signs, expected, atol=1e-5)


def test_centred_vectors_have_no_mean_whatever_the_block(monkeypatch):
    monkeypatch.setattr("core.text.matrix.ROWS_A_BLOCK", 4)
    vectors = np.random.default_rng(4).standard_normal((10, 3)).astype(np.float32) + 5
    np.testing.assert_allclose(TextMatrix(vectors, "f", {}).centred(), vectors - vectors.mean(0), atol=1e-6)


def test_reduction_is_the_same_every_time_and_says_its_variance():
    vectors = np.random.default_rng(1).standard_normal((30, 6)).astype(np.float32)
    first, second = (TextMatrix(vectors, "f", {"mode": "full"}).reduced(2) for _ in range(2))
    np.testing.assert_array_equal(first.vectors, second.vectors)
    share = PCA(2, svd_solver="full").fit(vectors.astype(float)).explained_variance_ratio_.sum()
    assert f"{share:.1%} of variance" in first.history["reduction"]
    assert first.history["mode"] == "full"


def test_more_columns_than_there_are_pad_with_zeros():
    vectors = np.random.default_rng(2).standard_normal((20, 4)).astype(np.float32)
    reduced = TextMatrix(vectors, "f", {}).reduced(7).vectors
    assert reduced.shape == (20, 7)
    assert not reduced[:, 4:].any()
    np.testing.assert_allclose(np.linalg.norm(reduced, axis=1), 1, rtol=1e-5)


def test_equal_texts_do_not_give_nan():
    assert np.isfinite(TextMatrix(np.ones((5, 4), dtype=np.float32), "f", {}).reduced(2).vectors).all()


def test_a_saved_matrix_comes_back_as_it_was(tmp_path):
    matrix = TextMatrix(np.arange(6, dtype=np.float32).reshape(3, 2), VOCABULARY.fingerprint, {"mode": "full", "β": "💊"})
    matrix.save(tmp_path / "text.safetensors")
    loaded = TextMatrix.load(tmp_path / "text.safetensors", VOCABULARY)
    np.testing.assert_array_equal(loaded.vectors, matrix.vectors)
    assert (loaded.fingerprint, loaded.history) == (matrix.fingerprint, matrix.history)


def test_a_matrix_of_another_row_order_is_refused(tmp_path, build, graph):
    build("name").save(tmp_path / "text.safetensors")
    other = graph_of(NODES[::-1], EDGES).vocabulary
    with pytest.raises(FingerprintError, match="another graph"):
        TextMatrix.load(tmp_path / "text.safetensors", other)


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"x" * 100, lambda b: b.replace(b"history", b"hist\\u00y")]
)
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = tmp_path / "text.safetensors"
    TextMatrix(np.ones((3, 2), dtype=np.float32), VOCABULARY.fingerprint, {}).save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(WeightsError, match=str(path)):
        TextMatrix.load(path, VOCABULARY)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(WeightsError):
        TextMatrix.load(tmp_path / "nowhere.safetensors", VOCABULARY)


def test_a_full_disk_is_explained_and_leaves_nothing(tmp_path, small_files):
    with small_files(1000), pytest.raises(WorkspaceError, match="could not be written"):
        TextMatrix(np.ones((100, 100), dtype=np.float32), "f", {}).save(tmp_path / "text.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_a_matrix_has_two_axes():
    with pytest.raises(ValueError, match="two axes"):
        TextMatrix(np.ones(3, dtype=np.float32), "f", {})


def test_other_vectors_are_projected_onto_the_same_axes():
    vectors = np.random.default_rng(3).standard_normal((9, 6)).astype(np.float32)
    matrix = TextMatrix(vectors, "f", {})
    np.testing.assert_allclose(matrix.project(vectors[2:5], 4), matrix.reduced(4).vectors[2:5], atol=1e-6)


def test_relations_are_embedded_as_they_read_in_both_directions(toy):
    embedder = HashingEmbedder(6)
    vectors, row = relation_vectors(toy, embedder), toy.vocabulary.relation_row["treats"]
    (forward, backward) = embedder.encode(["treats", "is treated by"]) / np.sqrt(2)
    np.testing.assert_allclose(vectors[row], [*forward, *forward], rtol=1e-6)
    np.testing.assert_allclose(vectors[row + toy.n_relations], [*backward, *backward], rtol=1e-6)
