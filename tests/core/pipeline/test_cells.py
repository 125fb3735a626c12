import json

import numpy as np
import pytest

from core.errors import WorkspaceError
from core.kg.splits import random_split
from core.pipeline import cells, single
from core.pipeline.cells import Cell, data_digest, graph_of, run_cell, with_texts
from core.pipeline.training import train_run
from core.text.descriptions import load_descriptions
from core.workspace import Workspace
from tests.core.pipeline.runs import toy_settings


@pytest.fixture(autouse=True)
def _fresh_graph():
    graph_of.cache_clear()


@pytest.fixture
def cell(toy_folder):
    def make(text="full", **values):
        settings = toy_settings(toy_folder, text=text, epochs=2, seed=values.pop("seed", 1))
        return Cell(settings=settings, data=data_digest(graph_of(settings.kg), settings, None), held_out=0.5, draws=2, **values)

    return make


@pytest.fixture
def trained_on(monkeypatch):
    seen, make = [], single.ChunkSampler
    monkeypatch.setattr(single, "ChunkSampler", lambda triples, *a, **b: (seen.append(triples), make(triples, *a, **b))[1])
    return seen


@pytest.fixture
def texts(monkeypatch):
    seen, make = [], single.build_text_matrix
    monkeypatch.setattr(single, "build_text_matrix", lambda *a, **b: (seen.append((a[1], made := make(*a, **b))), made)[1])
    return seen


@pytest.mark.parametrize("noise", [{}, {"noise": "deleted", "share": 0.2}, {"noise": "added", "share": 0.2}])
def test_the_model_never_sees_what_it_is_asked(workspace, toy, cell, trained_on, noise):
    result = run_cell(workspace.root, cell("none", **noise))
    (triples,) = trained_on
    test = random_split(toy, fraction=0.5, seed=1).test
    assert result["n_test"] == len(test) == 2
    ends = {frozenset((h, t)) for h, _, t in triples.tolist()}
    assert not ends & {frozenset(pair) for pair in test.tolist()}


def test_noise_changes_the_number_of_triples_by_its_share(workspace, cell):
    counts = {
        noise: run_cell(workspace.root, cell("none", noise=noise, share=0.2))["n_triples"]
        for noise in ("none", "deleted", "added")
    }
    assert counts["none"] - counts["deleted"] == counts["added"] - counts["none"] == round(0.2 * counts["none"]) > 0


def test_masked_entities_have_their_name_s_vector(workspace, cell, texts):
    result = run_cell(workspace.root, cell(masked=0.5))
    described, matrix = texts[0]
    assert result["n_described"] == len(described) == 8  # half of the 16 that have one
    halves = matrix.vectors.reshape(len(matrix.vectors), 2, -1)
    same = {row for row, (name, text) in enumerate(halves) if np.allclose(name, text)}
    assert same == set(range(17)) - set(described)


def test_masking_is_seeded(workspace, toy, cell, tmp_path):
    graph = graph_of(cell().settings.kg)
    kept = [
        set(load_descriptions(with_texts(graph, workspace, cell(masked=0.5, seed=seed), tmp_path / "x"))) for seed in (1, 1, 2)
    ]
    assert kept[0] == kept[1] != kept[2]


def test_other_descriptions_replace_the_graph_s_own(workspace, cell, texts, tmp_path):
    file = workspace.root / "texts" / "other.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"id": "Gene::ACHE", "background": "An enzyme."}) + "\n")
    settings = cell().settings
    digest = data_digest(graph_of(settings.kg), settings, file)
    assert digest != cell().data
    run_cell(workspace.root, Cell(settings=settings, data=digest, descriptions="texts/other.jsonl", held_out=0.5))
    ((described, _),) = texts
    assert [text.background for text in described.values()] == ["An enzyme."]


def test_other_data_than_planned_are_refused(workspace, cell, toy_folder):
    planned = cell()
    with (toy_folder / "descriptions.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(WorkspaceError, match="not the same here"):
        run_cell(workspace.root, planned)


def test_descriptions_are_no_part_of_the_data_where_they_are_not_read(cell, toy_folder):
    before = [cell(text).data for text in ("none", "name", "full")]
    with (toy_folder / "descriptions.jsonl").open("a") as file:
        file.write("\n")
    assert [cell(text).data == digest for text, digest in zip(("none", "name", "full"), before, strict=True)] == [
        True,
        True,
        False,
    ]


def test_the_cell_gives_the_numbers_of_the_run_that_it_stands_for(workspace, toy, cell, tmp_path):
    """Train the same settings on the split as a plain run, and ask it directly."""
    result = run_cell(workspace.root, cell("full", seed=2))
    graph = graph_of(cell().settings.kg)
    split = random_split(graph, fraction=0.5, seed=2)
    other = Workspace(tmp_path / "other")
    run = train_run(other, "a", cell("full", seed=2).settings, graph=split.graph)
    scorer = cells.load_folder(run, "a", split.graph).scorer
    scores = scorer.scores(graph.drugs, graph.diseases)
    column = {drug: place for place, drug in enumerate(graph.drugs.tolist())}
    row = {disease: place for place, disease in enumerate(graph.diseases.tolist())}
    ranks = [1 + (scores[:, column[drug]] > scores[row[disease], column[drug]]).sum() for drug, disease in split.test.tolist()]
    assert result["paper"]["MR"] == pytest.approx(np.mean(ranks))  # all three other diseases are drawn each time
    known = {tuple(pair) for pair in graph.known.tolist()}
    full = []
    for drug, disease in split.test.tolist():
        rivals = [d for d in graph.drugs.tolist() if (d, disease) not in known]
        full.append(1 + sum(scores[row[disease], column[d]] > scores[row[disease], column[drug]] for d in rivals))
    assert result["full"]["MRR"] == pytest.approx(np.mean(1 / np.array(full)))


def test_the_model_is_gone_when_all_went_well_and_stays_when_not(workspace, cell, monkeypatch):
    models = workspace.root / "experiments" / "models"
    run_cell(workspace.root, cell("none"))
    assert list(models.iterdir()) == []
    monkeypatch.setattr(cells, "paper", lambda *a, **b: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_cell(workspace.root, cell("none"))
    (left,) = models.iterdir()
    assert (left / "model.safetensors").exists()
