import numpy as np
import pytest
from scipy.sparse import csr_array

from core.errors import WorkspaceError
from core.projection.layout import LayoutSettings
from core.projection.measures import Measure
from core.projection.panel import Labels, Panel, digest, kept_draft, part_of, read_panel, settings_digest, write_panel

PANEL = Panel(
    np.arange(8, dtype=np.float32).reshape(4, 2),
    np.array([[1], [2], [3], [0]], dtype=np.int32),
    {"kind purity": Measure(0.5, 0.4, 0.6, 4, chance=0.25, best=1.0)},
)


def test_a_panel_comes_back_as_it_was_written(tmp_path):
    write_panel(tmp_path / "panel", PANEL)
    back = read_panel(tmp_path / "panel")
    assert np.array_equal(back.coordinates, PANEL.coordinates)
    assert np.array_equal(back.neighbours, PANEL.neighbours)
    assert back.measures == PANEL.measures


@pytest.mark.parametrize("content", [b"", b"no tensors", None])
def test_a_damaged_or_missing_file_is_as_good_as_none(tmp_path, content):
    if content is not None:
        (tmp_path / "panel").write_bytes(content)
    assert read_panel(tmp_path / "panel") is None


def test_a_torn_file_is_as_good_as_none(tmp_path):
    write_panel(tmp_path / "panel", PANEL)
    whole = (tmp_path / "panel").read_bytes()
    (tmp_path / "panel").write_bytes(whole[:-5])
    assert read_panel(tmp_path / "panel") is None


def test_a_full_disk_leaves_nothing_half_written(tmp_path, small_files):
    with small_files(16), pytest.raises(WorkspaceError):
        write_panel(tmp_path / "panel", PANEL)
    assert list(tmp_path.iterdir()) == []


def test_the_draft_is_made_once(tmp_path):
    made = []
    places = PANEL.coordinates

    def make():
        made.append(1)
        return places

    assert np.array_equal(kept_draft(tmp_path / "draft", make), places)
    assert np.array_equal(kept_draft(tmp_path / "draft", make), places)
    assert made == [1]


def test_a_digest_tells_content_shape_and_type_apart():
    array = np.arange(6, dtype=np.float32)
    variants = [array, array.reshape(2, 3), array.astype(np.float64), array + 1, "0"]
    assert len({digest(variant) for variant in variants}) == 5
    assert digest(array, "a") != digest("a", array)
    assert digest(array[::2]) == digest(array[::2].copy())


def test_labels_are_known_by_all_that_is_measured_against():
    kinds, drugs, classes = np.array([0, 0, 1]), np.array([0, 1]), np.array([[1, 0], [0, 1]])
    variants = [
        (kinds, drugs, classes),
        (kinds[::-1], drugs, classes),
        (kinds, drugs + 1, classes),
        (kinds, drugs, classes[::-1]),
    ]
    assert len({Labels(kind, drug, csr_array(belongs)).fingerprint() for kind, drug, belongs in variants}) == 4


def test_every_setting_of_a_layout_is_in_its_name():
    base = settings_digest(LayoutSettings())
    numbers = {"components": 9, "neighbours": 9, "min_dist": 0.9, "draft_epochs": 9, "epochs": 9, "seed": 9}
    changes = {**numbers, "method": "umap-learn"}
    assert changes.keys() == LayoutSettings.__dataclass_fields__.keys()
    assert len({base, *(settings_digest(LayoutSettings(**{name: value})) for name, value in changes.items())}) == 8


def test_progress_of_a_part_is_a_share_of_the_whole():
    told = []
    part = part_of(part_of(lambda done, total: told.append(done / total), 0.5, 0.5), 0.2, 0.4)
    part(0, 10)
    part(10, 10)
    assert told == [pytest.approx(0.6), pytest.approx(0.8)]
