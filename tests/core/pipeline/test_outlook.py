import numpy as np
import pytest

from core.casestudy.safety import Safety
from core.casestudy.shortlist import shortlist
from core.casestudy.standing import Popularity
from core.kge.checkpoints import load_model
from core.kge.scoring import KgeScorer
from core.pipeline.outlook import harm_scorer, with_outlook
from core.pipeline.scorers import load_run
from core.pipeline.training import train_run
from core.text.descriptions import Description
from tests.core.pipeline.runs import toy_settings
from tests.toy import ALZHEIMER, ASPIRIN, DONEPEZIL, HALOPERIDOL, LEVODOPA, METFORMIN, PARKINSON, row_of


@pytest.fixture
def loaded(workspace, toy_folder):
    """An ensemble of two, with text."""
    train_run(workspace, "two", toy_settings(toy_folder, text="full").replace(seeds=2))
    return load_run(workspace, "two")


def outlook(loaded, disease, descriptions=None, **more):
    graph = loaded.graph
    row = row_of(graph, disease)
    given = {"popularity": Popularity.of(loaded.scorer, graph), "harm": harm_scorer(loaded)} | more
    return with_outlook(
        loaded,
        shortlist(graph, loaded.scorer, row),
        row,
        warnings=Safety(graph).warnings(row),
        descriptions=descriptions or {},
        **given,
    )


def place(scores, drug):
    """Return the one-based place by counting, ties in the middle."""
    return 1 + sum(each > scores[drug] for each in scores) + (sum(each == scores[drug] for each in scores) - 1) / 2


def test_every_column_stands_beside_its_own_drug(loaded):
    """The table is sorted, the columns are computed in the order of the drugs: each cell is compared by name."""
    graph, disease = loaded.graph, np.array([row_of(loaded.graph, ALZHEIMER)])
    table = outlook(loaded, ALZHEIMER).set_index("row")
    members = loaded.scorer.member_scores(graph.drugs, disease)[:, 0]
    harm = harm_scorer(loaded).scores(graph.drugs, disease)[0]
    adjusted = Popularity.of(loaded.scorer, graph).adjusted_ranks(loaded.scorer.scores(graph.drugs, disease)[0])
    for number, drug in enumerate(graph.drugs.tolist()):
        above = [100 * (6 - place(scores, number)) / 5 for scores in members]
        assert table.loc[drug, "adjusted_rank"] == adjusted[number]
        assert table.loc[drug, "low"] == pytest.approx(min(above))
        assert table.loc[drug, "high"] == pytest.approx(max(above))
        assert table.loc[drug, "harm"] == pytest.approx(100 * (6 - place(harm, number)) / 5)


def test_predicted_harm_is_the_score_of_the_contraindication_relation(loaded):
    graph = loaded.graph
    relations, diseases = np.array([graph.vocabulary.relation_row["contraindicated_in"]]), graph.diseases
    parts = []
    for seed in (0, 1):
        settings = loaded.settings.replace(seeds=1, training={"seed": seed})
        file = next(loaded.folder.path.rglob(f"*seed{seed}/model.safetensors"))
        scores = KgeScorer("", load_model(file, graph.vocabulary, settings), relations).scores(graph.drugs, diseases)
        parts.append((scores - scores.mean(1, keepdims=True)) / scores.std(1, keepdims=True))
    assert harm_scorer(loaded).scores(graph.drugs, diseases) == pytest.approx(np.mean(parts, axis=0), abs=1e-5)


def test_warnings_and_bars(loaded):
    table = outlook(loaded, PARKINSON).set_index("id")
    assert table["barred"].to_dict() == {drug: drug == HALOPERIDOL for drug in table.index}
    assert [reason.severity for reason in outlook(loaded, ALZHEIMER).set_index("id").loc[LEVODOPA, "warnings"]] == ["cautioned"]


def test_a_text_that_names_the_use_is_flagged(loaded):
    graph = loaded.graph
    named = {row_of(graph, ASPIRIN): Description(id=ASPIRIN, name="aspirin", indications="Studied in Alzheimer's disease.")}
    table = outlook(loaded, ALZHEIMER, named).set_index("id")
    assert table["named"].to_dict() == {drug: drug == ASPIRIN for drug in table.index}


def test_fields_that_the_run_has_not_read_flag_nothing(workspace, toy_folder):
    train_run(workspace, "blind", toy_settings(toy_folder, text="blind"))
    blind = load_run(workspace, "blind")
    text = Description(id=ASPIRIN, name="aspirin", indications="Studied in Alzheimer's disease.")
    assert not outlook(blind, ALZHEIMER, {row_of(blind.graph, ASPIRIN): text})["named"].any()


def test_one_model_has_no_interval_and_a_graph_without_the_relation_no_harm(workspace, toy_folder):
    edges = [line for line in (toy_folder / "edges.tsv").read_text("utf-8").splitlines() if "contraindicated" not in line]
    (toy_folder / "edges.tsv").write_text("\n".join(edges) + "\n", "utf-8")
    train_run(workspace, "plain", toy_settings(toy_folder))
    plain = load_run(workspace, "plain")
    assert harm_scorer(plain) is None
    assert {"low", "high", "harm"}.isdisjoint(outlook(plain, ALZHEIMER).columns)


def test_better_than_popularity_is_a_place_above_the_one_by_known_uses(loaded):
    """Donepezil, metformin and levodopa have a known use elsewhere: they share places 1 to 3, the other three 4 to 6."""
    table = outlook(loaded, ALZHEIMER).set_index("id")
    by_uses = dict.fromkeys(table.index, 5) | dict.fromkeys((DONEPEZIL, METFORMIN, LEVODOPA), 2)
    assert table["beats_popularity"].to_dict() == {drug: table.loc[drug, "rank"] < by_uses[drug] for drug in table.index}
