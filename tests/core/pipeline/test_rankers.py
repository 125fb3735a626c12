import pytest

from core.pipeline import train_run
from core.pipeline.rankers import text_twins
from tests.core.pipeline.runs import toy_settings


@pytest.fixture
def settings(toy_folder):
    return toy_settings(toy_folder, text="full", epochs=1)


def test_twins_differ_in_the_text_mode_and_in_nothing_else(workspace, settings):
    for name, changed in {
        "mine": settings,
        "base": settings.replace(text={"mode": "none", "rho": 0.9}),
        "blind": settings.replace(text={"mode": "blind"}),
        "other rho": settings.replace(text={"mode": "name", "rho": 0.9}),
        "longer": settings.replace(text={"mode": "name"}, training={"epochs": 2}),
        "same": settings,
    }.items():
        train_run(workspace, name.replace(" ", "-"), changed)
    assert text_twins(workspace, "mine") == {"none": "base", "blind": "blind"}


def test_a_base_run_has_the_runs_with_text_as_twins(workspace, settings):
    train_run(workspace, "mine", settings.replace(text={"mode": "none"}))
    train_run(workspace, "text", settings)
    assert text_twins(workspace, "mine") == {"full": "text"}
