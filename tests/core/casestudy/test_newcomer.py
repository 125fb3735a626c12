import numpy as np
import pytest
import torch

from core.casestudy import newcomer as placing
from core.casestudy.newcomer import Newcomer
from core.config import ModelSettings
from core.errors import ConfigError
from core.evaluate.baselines import similar_diseases
from core.kge.model import Model
from core.kge.scoring import KgeScorer
from core.text.embedders import HashingEmbedder
from tests.toy import ACHE, DONEPEZIL, MEMANTINE


def new(toy, *facts, kind="Disease", name="new dementia", description="Loss of memory; ACHE is involved."):
    return Newcomer(kind, name, description, tuple((relation, toy.vocabulary.entity_row[entity]) for relation, entity in facts))


def test_a_newcomer_is_the_last_entity_and_the_others_stay(toy):
    larger = placing.extended_graph(toy, new(toy))
    assert larger.names[:-1] == toy.names
    assert larger.diseases.tolist() == [*toy.diseases.tolist(), toy.n_entities]
    assert larger.triples.tolist() == toy.triples.tolist()


def test_a_fact_points_the_way_its_relation_does(toy):
    rows, relations = toy.vocabulary.entity_row, toy.vocabulary.relation_row
    disease = placing.extended_graph(toy, new(toy, ("associated_with", ACHE)))
    assert disease.triples[-1].tolist() == [toy.n_entities, relations["associated_with"], rows[ACHE]]
    drug = placing.extended_graph(toy, new(toy, ("inhibits", ACHE), kind="Compound"))
    assert drug.triples[-1].tolist() == [toy.n_entities, relations["inhibits"], rows[ACHE]]
    gene = placing.extended_graph(toy, new(toy, ("inhibits", DONEPEZIL), kind="Gene"))
    assert gene.triples[-1].tolist() == [rows[DONEPEZIL], relations["inhibits"], toy.n_entities]


def test_a_relation_that_never_joins_these_kinds_is_refused_with_those_that_do(toy):
    with pytest.raises(ConfigError, match="associated_with"):
        placing.extended_graph(toy, new(toy, ("treats", ACHE)))


def test_joining_relations_are_those_of_the_table(toy):
    assert placing.joining_relations(toy, "Disease", "Gene") == ["associated_with"]
    assert placing.joining_relations(toy, "Disease", "Disease") == ["resembles"]
    assert placing.joining_relations(toy, "Compound", "Disease")[0] == "treats"
    assert placing.joining_relations(toy, "Compound", "Nothing") == []


def test_simple_methods_rank_for_a_newcomer_by_its_facts(toy):
    """ACHE is the gene of Alzheimer's disease alone, so its drugs come first."""
    larger = placing.extended_graph(toy, new(toy, ("associated_with", ACHE)))
    scores = similar_diseases(larger).scores(toy.drugs, np.array([toy.n_entities]))[0]
    best = {toy.vocabulary.entities[toy.drugs[place]] for place in np.flatnonzero(scores > 0)}
    assert {DONEPEZIL, MEMANTINE} <= best


@pytest.mark.parametrize(("name", "description"), [("", "text"), ("name", "  \n")])
def test_name_and_description_are_needed(toy, name, description):
    with pytest.raises(ConfigError, match="description"):
        new(toy, name=name, description=description)


def test_a_text_is_embedded_as_a_text_matrix_does():
    embedder = HashingEmbedder(16)
    vector = placing.text_vector(Newcomer("Disease", "name", "one part"), embedder)
    assert vector == pytest.approx(np.concatenate(embedder.encode(["name", "one part"])) / np.sqrt(2), abs=1e-6)
    assert np.linalg.norm(vector) == pytest.approx(1)


def test_a_long_description_is_cut_between_sentences_and_nothing_is_lost():
    sentences = [f"Sentence {number} says {'much ' * 20}." for number in range(40)]
    parts = placing.parts_of(" ".join(sentences))
    assert len(parts) > 1
    assert all(len(part) <= placing.PART_LENGTH for part in parts)
    assert " ".join(parts).split() == " ".join(sentences).split()


def test_a_linear_model_of_texts_is_found_again():
    """Entities that are an exact linear map of their texts: a new text gets the mapped vector."""
    generator = np.random.default_rng(0)
    texts, mapping = generator.normal(size=(60, 4)), generator.normal(size=(4, 6))
    model = Model(60, 1, ModelSettings(dim=6))
    model.entities.data = torch.from_numpy((texts @ mapping).astype(np.float32))
    text = generator.normal(size=4)
    assert placing.predicted_vector(model, np.arange(60), texts, text) == pytest.approx(text @ mapping, abs=0.05)


def test_an_extended_model_scores_the_newcomer_as_its_twin_and_the_others_as_before(toy):
    model = Model(toy.n_entities, toy.n_relations, ModelSettings(dim=8))
    generator = torch.Generator().manual_seed(0)
    for table in (model.entities, model.relations):
        table.data = torch.randn(table.shape, generator=generator)
    disease = int(toy.diseases[0])
    larger = placing.extended_model(model, model.entities[disease].numpy())
    treats = toy.role_relations("treats")
    asked = np.array([disease, toy.n_entities])
    scores = KgeScorer("", larger, treats).scores(toy.drugs, asked)
    assert scores[0] == pytest.approx(scores[1])
    assert scores[0] == pytest.approx(KgeScorer("", model, treats).scores(toy.drugs, asked[:1])[0])


def test_nearest_by_text_are_those_with_the_largest_cosine():
    texts = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0.9, 0.1, 0]])
    found = placing.nearest_by_text(texts, np.arange(4), np.array([1.0, 0, 0]), top=2)
    assert [row for row, _ in found] == [0, 3]
    assert found[0][1] == pytest.approx(1)
