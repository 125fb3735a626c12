"""Random tables and batches for the tests of the training core."""

import numpy as np
import torch

from core.config import ModelSettings, RunSettings, TextSettings, TrainingSettings
from core.kg.graph import KnowledgeGraph
from core.kge.model import Model, new_model
from core.kge.sampling import ChunkSampler
from core.kge.training import Trainer
from core.text.matrix import TextMatrix

SMALL = {"objective": "sigmoid", "batch_size": 16, "chunk_size": 4, "negatives": 4, "device": "cpu", "threads": 1}
INTERACTION_NAMES = ("transe", "transe-l2", "distmult", "complex", "rotate")


def random_tensor(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return standard normal numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def random_text(graph: KnowledgeGraph, dim: int, *, seed: int = 0) -> TextMatrix:
    """Return random unit vectors as if they were text."""
    vectors = np.random.default_rng(seed).standard_normal((graph.n_entities, dim)).astype(np.float32)
    return TextMatrix(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), graph.vocabulary.fingerprint, {})


def run_settings(*, text: dict | None = None, model: dict | None = None, **training) -> RunSettings:
    """Return settings of a small run on one thread, with the paper's loss."""
    return RunSettings(
        text=TextSettings.parse({"mode": "none", **(text or {})}),
        model=ModelSettings.parse({"dim": 8, **(model or {})}),
        training=TrainingSettings.parse({**SMALL, **training}),
    )


def new_trainer(graph: KnowledgeGraph, settings: RunSettings, text: TextMatrix | None = None) -> Trainer:
    """Return a trainer of a fresh model."""
    sampler = ChunkSampler(graph.training_triples, graph.kind_codes, graph.n_relations, settings.training)
    model = new_model(
        graph.vocabulary, settings.model, settings.text, text, seed=settings.training.seed, kind_codes=graph.kind_codes
    )
    return Trainer(model, sampler, settings)


def trained(graph: KnowledgeGraph, settings: RunSettings, text: TextMatrix | None = None) -> Model:
    """Return a model after all its epochs."""
    trainer = new_trainer(graph, settings, text)
    for _ in trainer.run():
        pass
    return trainer.model
