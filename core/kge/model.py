"""Compose an interaction with entity and relation vectors, into which text was injected."""

import logging

import numpy as np
import torch
from torch import Tensor, nn

from core.config import ModelSettings, TextSettings
from core.errors import ConfigError, FingerprintError
from core.kg.vocabulary import Vocabulary
from core.kge.adapters import interaction_named
from core.kge.interactions import INTERACTIONS, start_width
from core.text.matrix import TextMatrix
from core.types import FloatArray, IntArray

logger = logging.getLogger(__name__)


class Model(nn.Module):
    """Score ``interaction(entities(h), relations(r), entities(t))``.

    LLaDR blends ``e = rho * u + (1 - rho) * t`` with a learned ``u`` and a frozen text vector ``t``. The blend is kept as one
    table: text is its start, and a step on ``u`` is a step on ``e`` scaled by rho. Without text the table is ``u`` itself.

    :param n_entities: rows of the entity table, (n_entities, dim)
    :param n_relations: relations of the graph; with ``reciprocal`` each inverse has a row of its own below them
    """

    def __init__(self, n_entities: int, n_relations: int, settings: ModelSettings) -> None:
        super().__init__()
        self.settings = settings
        self.interaction = interaction_named(settings.interaction, settings.dim)
        self.weights = self.interaction.weights  #: moved with the model
        self.n_relations = n_relations
        rows = 2 * n_relations if settings.reciprocal else n_relations
        width = self.interaction.relation_width(settings.dim)
        self.entities = nn.Parameter(torch.zeros(n_entities, settings.dim), requires_grad=False)
        self.relations = nn.Parameter(torch.zeros(rows, width), requires_grad=False)
        self.n_kinds = 0  #: of entities, where they are known
        self.text_history: dict[str, str] = {}  #: what was done to the text vectors
        self.register_buffer("text", None, persistent=False)
        self.register_buffer("full_text", None, persistent=False)
        self.register_buffer("projection", None, persistent=False)
        self.register_buffer("kinds", None, persistent=False)
        self.eval()

    def start(self, *, seed: int, text: TextMatrix | None, settings: TextSettings) -> None:
        """Fill the tables with seeded start values; with injection ``blend``, blend the text in.

        :param text: shape (n_entities, any), or None for a base model
        """
        self.interaction = interaction_named(self.settings.interaction, self.settings.dim, seed=seed)
        self.weights = self.interaction.weights
        generator = torch.Generator().manual_seed(seed)
        widths = start_width(self.settings.interaction, self.settings.dim, self.settings.gamma)
        for table, half_width in zip((self.entities, self.relations), widths, strict=True):
            table.data = (torch.rand(table.shape, generator=generator) * 2 - 1) * half_width
        if text is not None:
            self._attach(text, settings)
            if settings.injection == "blend":
                self.entities.data.mul_(settings.rho).add_(self.text, alpha=1 - settings.rho)

    def start_relations(self, text: FloatArray, rho: float) -> None:
        """Blend text into the start values of the relations.

        :param text: shape (2 * n_relations, dim): of the relations, then of their inverses
        :raises ConfigError: if relations are no vectors of that width
        """
        if text.shape[1] != self.relations.shape[1]:
            raise ConfigError(
                f"Text cannot start the relations of {self.interaction.name}: they have {self.relations.shape[1]} numbers each.",
                expected=f"as many as an entity, {text.shape[1]}",
                advice="leave text.relations off.",
            )
        rows = torch.from_numpy(text[: len(self.relations)].copy())
        self.relations.data.mul_(rho).add_(rows, alpha=1 - rho)

    def _attach(self, text: TextMatrix, settings: TextSettings) -> None:
        """Keep the frozen text vectors: reduced for blend and anchor, whole for a learned projection."""
        reduced = text if text.vectors.shape[1] == self.settings.dim else text.reduced(self.settings.dim)
        self.text, self.text_history = torch.from_numpy(reduced.vectors.copy()), reduced.history
        if settings.injection != "blend":
            axes = text.principal_axes(self.settings.dim)
            lengths = np.linalg.norm(text.centred(axes), axis=1).mean()
            self.full_text = torch.from_numpy(text.centred())
            self.projection = torch.from_numpy((axes / lengths).astype(np.float32))

    def relation_rows(self, directed: Tensor) -> Tensor:
        """Return which rows of the relation table the directed relations use."""
        return directed if self.settings.reciprocal else directed % self.n_relations

    def queries(self, starts: Tensor, relations: Tensor, directed: Tensor) -> Tensor:
        """Turn start entities and relations into queries for the entity at the other end.

        :param starts: shape (..., dim)
        :param relations: shape (..., relation width): the rows of :meth:`relation_rows`
        :param directed: shape (...): an inverse relation that has no row of its own is inverted here
        """
        if not self.settings.reciprocal:
            inverse = (directed >= self.n_relations)[..., None]
            relations = torch.where(inverse, self.interaction.invert(relations), relations)
        return self.interaction.query(starts, relations)

    @torch.no_grad()
    def score_tails(self, starts: Tensor, directed: Tensor, candidates: Tensor) -> Tensor:
        """Score candidates at the other end of each query. Shapes (b,), (b,), (n,) -> (b, n)."""
        queries = self.queries(self.entities[starts], self.relations[self.relation_rows(directed)], directed)
        return self.interaction.scores(queries[None], self.entities[candidates][None], self.settings.gamma)[0]


def new_model(
    vocabulary: Vocabulary,
    settings: ModelSettings,
    text_settings: TextSettings,
    text: TextMatrix | None,
    *,
    seed: int,
    kind_codes: IntArray | None = None,
) -> Model:
    """Return a model with start values for this vocabulary.

    :param text: any number of columns, reduced to the model's width by PCA; None for a base model
    :param kind_codes: shape (n_entities,); needed by the injections ``projection`` and ``gate``
    :raises FingerprintError: if the text matrix follows another vocabulary
    """
    if text is not None and text.fingerprint != vocabulary.fingerprint:
        raise FingerprintError("The text matrix", text.fingerprint, vocabulary.fingerprint)
    model = Model(len(vocabulary.entities), len(vocabulary.relations), settings)
    model.start(seed=seed, text=text, settings=text_settings)
    if settings.interaction not in INTERACTIONS:
        logger.warning(
            "%s runs through PyKEEN, the slow path: a (queries x candidates x dim) tensor in each step.", model.interaction.name
        )
    if kind_codes is not None:
        model.kinds = torch.from_numpy(kind_codes.astype(np.int64))
        model.n_kinds = int(kind_codes.max()) + 1
    return model
