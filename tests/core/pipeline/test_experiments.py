import os
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.kg.loaders import load_graph
from core.pipeline.experiments import Study, distinct_cells, named_files
from core.pipeline.reproduce import published
from core.workspace import graph_slug
from tests.core.pipeline.runs import toy_settings


@pytest.fixture
def study(workspace, toy_folder, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    graph = load_graph(str(toy_folder))
    return lambda **values: Study(
        **{"graph": graph, "workspace": workspace, "settings": toy_settings(toy_folder), "seeds": 2} | values
    )


def keys(lines):
    return {(line.backbone, line.variant, line.condition) for line in lines}


def test_main_compares_base_and_lladr_in_four_backbones(study):
    lines = study().lines("main")
    assert keys(lines) == {(b, v, "") for b in ("transe", "distmult", "rotate", "complex") for v in ("base", "LLaDR")}
    for line in lines:
        assert [cell.seed for cell in line.cells] == [0, 1]
        assert {cell.settings.model.interaction for cell in line.cells} == {line.backbone}
        assert {cell.settings.text.mode for cell in line.cells} == {"none" if line.variant == "base" else "full"}


def test_base_and_lladr_differ_in_the_text_only(study):
    base, injected = study(backbones=("transe",)).lines("main")
    for one, other in zip(base.cells, injected.cells, strict=True):
        assert one.settings.recipe() == other.settings.recipe()


def test_every_figure_of_the_paper_has_a_line_of_ours_or_says_why(study):
    ours = {line.key for line in study().lines("all")}
    absent = [figure.key for figure in published().figures if figure.key not in ours and not figure.why]
    assert absent == []
    assert len({figure.key for figure in published().figures}) == len(published().figures)


def test_blind_text_stays_blind_in_every_table(study, toy_folder):
    blind = study(settings=toy_settings(toy_folder, text="blind"), backbones=("transe",))
    modes = {line.variant: {cell.settings.text.mode for cell in line.cells} for line in blind.lines("all") if line.cells}
    assert modes.pop("base") == {"none"}
    assert modes.pop("none") == {"name"}
    assert set(map(frozenset, modes.values())) == {frozenset({"blind"})}


def test_prompts_without_descriptions_say_how_to_get_them(study):
    lines = {line.variant: line for line in study(backbones=("transe",)).lines("prompt")}
    assert [bool(lines[prompt].cells) for prompt in ("none", "original", "good", "treatment")] == [True, False, False, True]
    assert "lladr describe --prompt good" in lines["good"].why
    assert {cell.settings.text.mode for cell in lines["none"].cells} == {"name"}


def test_descriptions_in_the_workspace_are_found_and_the_newest_taken(study, workspace, toy_folder):
    slug, folder = graph_slug(study().graph.name), workspace.root / "descriptions"
    folder.mkdir(parents=True)
    for age, model in ((50, "new"), (99, "old")):
        file = folder / f"{slug}-good-{model}.jsonl"
        file.write_text(f'{{"id": "Gene::ACHE", "background": "{model}"}}\n')
        stamp = 1_700_000_000 - age
        os.utime(file, (stamp, stamp))
    (line,) = [line for line in study(backbones=("transe",)).lines("prompt") if line.variant == "good"]
    assert {cell.descriptions for cell in line.cells} == {f"descriptions/{slug}-good-new.jsonl"}


def test_a_named_file_wins_and_gives_a_temperature_its_cells(study, tmp_path):
    file = tmp_path / "cool.jsonl"
    file.write_text("")
    (warm, cool) = study(backbones=("rotate",), files={"0.1": file}).lines("temperature")
    assert (warm.cells, {cell.descriptions for cell in cool.cells}) == ((), {str(file)})
    assert "--descriptions 0.7=FILE" in warm.why


def test_the_file_of_the_settings_is_the_cells_so_that_masks_work(study, toy_folder, tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_text('{"id": "Gene::ACHE", "background": "An enzyme."}\n')
    settings = toy_settings(toy_folder).replace(text={"descriptions": str(file)})
    lines = study(settings=settings, backbones=("transe",)).lines("masking")
    assert {cell.descriptions for line in lines for cell in line.cells} == {str(file)}
    assert {cell.settings.text.descriptions for line in lines for cell in line.cells} == {None}


def test_a_graph_without_descriptions_has_base_lines_only(study, toy_folder):
    (toy_folder / "descriptions.jsonl").unlink()
    base, injected = study(backbones=("transe",)).lines("main")
    assert base.cells
    assert not injected.cells
    assert "no descriptions of this graph" in injected.why


def test_a_server_that_is_not_there_is_not_asked(study, monkeypatch):
    lines = study(backbones=("transe",)).lines("encoder")
    assert {line.variant for line in lines if not line.cells} == {"openai:text-embedding-3-small", "openai:bge-small-en-v1.5"}
    assert all("OPENAI_BASE_URL" in line.why for line in lines if not line.cells)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    assert all(line.cells for line in study(backbones=("transe",)).lines("encoder"))


def test_noise_and_masking_go_up_to_sixty_per_cent(study):
    lines = study().lines("noise")
    assert len(lines) == 14
    damages = {line.condition: {(cell.noise, cell.share) for cell in line.cells} for line in lines}
    assert damages["40 % added"] == {("added", 0.4)}
    assert damages["60 % deleted"] == {("deleted", 0.6)}
    assert [{cell.masked for cell in line.cells} for line in study().lines("masking")] == [{0.0}, {0.2}, {0.4}, {0.6}]


def test_tables_share_their_cells(study):
    lines = study(backbones=("transe",), seeds=1).lines("all")
    everything = [cell for line in lines for cell in line.cells]
    # main 2, prompt 2, anchor 3, encoder 2, noise 14, masking 4; LLaDR as it is stands in all but the encoders, whose names are
    # others than the toy's, and base in main and noise
    assert (len(everything), len(distinct_cells(lines))) == (27, 22)


@pytest.mark.parametrize("option", ["good", "good=nowhere.jsonl", "best={file}", "=x"])
def test_a_file_that_is_not_there_is_refused(option, tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text("")
    with pytest.raises(ConfigError, match="names no file of descriptions"):
        named_files([option.format(file=file)])
    assert named_files([f"0.1={file}"]) == {"0.1": Path(file)}


def test_an_unknown_table_is_refused(study):
    with pytest.raises(ConfigError, match="no table 'speed'"):
        study().lines("speed")
