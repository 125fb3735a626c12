import pytest

from core.errors import ConfigError
from core.kg.sources import shipped_sources, source_for

OWN = 'name = "mine"\ntitle = "My graph"\n[roles]\ntreats = ["cures"]\n'


def test_the_treatment_relation_says_which_graph_it_is():
    assert source_for({"treats", "inhibits"}, None).name == "starter"
    assert source_for({"CtD", "CbG"}, None).name == "hetionet"


def test_own_declaration_wins(tmp_path):
    (tmp_path / "source.toml").write_text(OWN)
    source = source_for({"treats", "cures"}, tmp_path)
    assert source.name == "mine"
    assert source.roles == {"treats": ("cures",)}


def test_an_unknown_treatment_relation_is_answered_with_how_to_declare_it(tmp_path):
    with pytest.raises(ConfigError) as caught:
        source_for({"heals"}, tmp_path)
    assert "heals" in caught.value.found
    assert "source.toml" in caught.value.advice
    assert 'treats = ["RELATION"]' in caught.value.advice


@pytest.mark.parametrize(
    "text",
    ["name = ", 'name = "mine"', OWN + 'colour = "red"', OWN.replace("treats", "heals"), OWN.replace('["cures"]', "3")],
)
def test_a_declaration_with_a_mistake_is_refused(tmp_path, text):
    (tmp_path / "source.toml").write_text(text)
    with pytest.raises(ConfigError):
        source_for({"cures"}, tmp_path)


def test_an_undeclared_relation_is_read_by_its_identifier():
    meaning = source_for({"treats"}, None).meaning("acts_via")
    assert meaning.phrase == "acts via"
    assert "acts via" in meaning.inverse


def test_all_shipped_relations_of_the_starter_are_declared(starter):
    assert set(starter.vocabulary.relations) <= set(starter.source.relations)


@pytest.mark.parametrize("source", shipped_sources(), ids=lambda source: source.name)
def test_roles_and_classes_of_shipped_sources_are_declared_relations(source):
    used = {relation for relations in source.roles.values() for relation in relations}
    used |= {*source.never_trained, *source.class_relations, source.recognised_by}
    assert used <= set(source.relations)
