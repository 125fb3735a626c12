import pytest
from pydantic import ValidationError

from core.config import ModelSettings, RunSettings, TextSettings, TrainingSettings, read_toml
from core.errors import ConfigError


@pytest.mark.parametrize(
    "values",
    [{"colour": "red"}, {"text": {"rhos": 1}}, {"model": {"dim": 10, "depth": 3}}, {"training": {"lr": 1}}],
)
def test_an_unknown_key_is_refused_by_name(values):
    key = next(iter(values)) if not isinstance(values[next(iter(values))], dict) else list(next(iter(values.values())))[-1]
    with pytest.raises(ConfigError, match=key):
        RunSettings.parse(values)


@pytest.mark.parametrize("interaction", ["complex", "rotate"])
def test_an_odd_dim_is_refused_where_numbers_are_complex(interaction):
    with pytest.raises(ConfigError, match="even dim"):
        ModelSettings.parse({"interaction": interaction, "dim": 7})


@pytest.mark.parametrize("interaction", ["transe", "distmult"])
def test_an_odd_dim_is_fine_where_numbers_are_real(interaction):
    assert ModelSettings.parse({"interaction": interaction, "dim": 7}).dim == 7


@pytest.mark.parametrize(
    ("group", "values"),
    [
        (TextSettings, {"rho": 0}),
        (TextSettings, {"rho": 1.1}),
        (TextSettings, {"anchor_weight": -1}),
        (TextSettings, {"mode": "loud"}),
        (TextSettings, {"anchor": "l3"}),
        (ModelSettings, {"dim": 0}),
        (ModelSettings, {"gamma": float("nan")}),
        (ModelSettings, {"interaction": "gnn"}),
        (TrainingSettings, {"epochs": 0}),
        (TrainingSettings, {"learning_rate": 0}),
        (TrainingSettings, {"learning_rate": "fast"}),
        (TrainingSettings, {"adversarial_temperature": -0.5}),
        (TrainingSettings, {"seed": -1}),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(group, values):
    with pytest.raises(ConfigError, match=next(iter(values))):
        group.parse(values)


@pytest.mark.parametrize(
    ("group", "key"), [(TrainingSettings, "learning_rate"), (ModelSettings, "gamma"), (TextSettings, "anchor_weight")]
)
def test_infinity_is_out_of_range(group, key):
    with pytest.raises(ConfigError):
        group.parse({key: float("inf")})


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        RunSettings().kg = "other"


def test_replace_changes_inside_a_group_and_leaves_the_rest():
    settings = RunSettings(model=ModelSettings(dim=64)).replace(text={"mode": "blind"}, kg="mine")
    assert settings == RunSettings(kg="mine", text=TextSettings(mode="blind"), model=ModelSettings(dim=64))


@pytest.mark.parametrize("changes", [{"model": {"dim": 7}}, {"text": {"rho": 2}}, {"text": {"colour": 1}}, {"colour": 1}])
def test_replace_validates(changes):
    with pytest.raises(ConfigError):
        RunSettings().replace(**changes)


@pytest.mark.parametrize("changes", [{"colours": {"red": 1}}, {"kg": {"name": "x"}}])
def test_replace_refuses_a_group_that_is_none(changes):
    with pytest.raises(ConfigError):
        RunSettings().replace(**changes)


def test_settings_come_back_from_json():
    settings = RunSettings(kg="β", training=TrainingSettings(learning_rate=0.1, threads=1))
    assert RunSettings.model_validate_json(settings.model_dump_json()) == settings


def test_a_base_run_and_its_lladr_run_share_their_recipe():
    base, lladr = RunSettings(text=TextSettings(mode="none")), RunSettings(text=TextSettings(rho=0.3))
    assert base.recipe() == lladr.recipe()
    assert base.recipe() != lladr.replace(training={"seed": 1}).recipe()


def test_toml_is_read_and_parsed(tmp_path):
    (tmp_path / "run.toml").write_text('kg = "starter"\n[model]\ndim = 32\n')
    assert RunSettings.parse(read_toml(tmp_path / "run.toml")).model.dim == 32


@pytest.mark.parametrize("content", [b"dim = ", b"caf\xe9 = 1", None])
def test_a_file_that_is_no_toml_is_named(tmp_path, content):
    path = tmp_path / "run.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"run\.toml cannot be read"):
        read_toml(path)
