import numpy as np
import pytest
from safetensors.torch import load_file

from core.errors import FingerprintError, GraphFormatError, UnknownNameError, WeightsError
from core.pipeline import load_run, train_run
from tests.core.pipeline.runs import stop_after, toy_settings
from tests.toy import ALZHEIMER, EDGES, NODES, row_of, write_table


@pytest.fixture
def settings(toy_folder):
    return toy_settings(toy_folder, epochs=2, model={"interaction": "distmult"})


def test_a_loaded_run_scores_with_the_weights_of_its_file(workspace, toy, settings):
    """DistMult by hand: sum h * r * t over the relation and its inverse, averaged."""
    run = train_run(workspace, "a", settings)
    loaded, tensors = load_run(workspace, "a"), load_file(run.model_file)
    entities, relations = tensors["entities"].double().numpy(), tensors["relations"].double().numpy()
    treats, disease = toy.vocabulary.relation_row["treats"], row_of(toy, ALZHEIMER)
    relation = (relations[treats] + relations[treats + toy.n_relations]) / 2
    expected = [(entities[drug] * relation * entities[disease]).sum() for drug in toy.drugs]
    np.testing.assert_allclose(loaded.scorer.scores(toy.drugs, np.array([disease]))[0], expected, rtol=1e-4, atol=1e-6)
    assert (loaded.name, loaded.settings, loaded.base) == ("a", settings, None)
    assert loaded.scorer.name == "a"


def test_an_unfinished_run_is_refused(workspace, settings):
    train_run(workspace, "a", settings, hooks=stop_after(1))
    with pytest.raises(WeightsError, match="'a' is not trained to its end"):
        load_run(workspace, "a")


def test_a_failed_run_is_refused(workspace, settings):
    with pytest.raises(Exception, match="abacus"):
        train_run(workspace, "a", settings.replace(training={"device": "abacus"}))
    with pytest.raises(WeightsError, match="'a' is not trained to its end"):
        load_run(workspace, "a")


def test_an_unknown_run_is_refused(workspace, settings):
    train_run(workspace, "a", settings)
    with pytest.raises(UnknownNameError, match=r"No run is called 'b'\.\nExpected: one of the nearest: a"):
        load_run(workspace, "b")


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"garbage", None])
def test_damaged_or_missing_weights_are_found_at_once(workspace, settings, damage):
    run = train_run(workspace, "a", settings)
    if damage:
        run.model_file.write_bytes(damage(run.model_file.read_bytes()))
    else:
        run.model_file.unlink()
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        load_run(workspace, "a")


@pytest.mark.parametrize("lost", ["node order", "relation"])
def test_weights_of_another_graph_are_refused(workspace, toy_folder, settings, lost):
    train_run(workspace, "a", settings)
    if lost == "node order":
        write_table(toy_folder / "nodes.tsv", ["id", "name", "kind", "synonyms"], [NODES[1], NODES[0], *NODES[2:]])
    else:
        edges = [edge for edge in EDGES if edge[1] != "resembles"]
        write_table(toy_folder / "edges.tsv", ["head", "relation", "tail", "detail", "corroborated"], edges)
    with pytest.raises((FingerprintError, WeightsError)) as caught:
        load_run(workspace, "a")
    assert "another graph" in str(caught.value)


def test_a_graph_that_is_gone_is_named(workspace, toy_folder, settings):
    train_run(workspace, "a", settings)
    toy_folder.rename(toy_folder.with_name("elsewhere"))
    with pytest.raises(GraphFormatError, match="toy"):
        load_run(workspace, "a")


@pytest.mark.parametrize(("mode", "name"), [("none", "base"), ("full", "lladr")])
def test_a_run_of_one_model_has_one_scorer(workspace, toy_folder, mode, name):
    train_run(workspace, "a", toy_settings(toy_folder, text=mode, epochs=1))
    loaded = load_run(workspace, "a")
    assert loaded.scorer_named(name) is loaded.scorer_named(None) is loaded.scorer
    with pytest.raises(UnknownNameError, match="No scorer is called 'fusion'"):
        loaded.scorer_named("fusion")
