"""Rank a pair as a run does, and as it would if some rows of its models were others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from core.fusion import EnsembleScorer, Fusion, FusionScorer, standardised
from core.kg.graph import KnowledgeGraph
from core.kge.influence import RowTrainer, with_rows
from core.kge.model import Model
from core.kge.retext import Retext
from core.kge.scoring import KgeScorer
from core.types import FloatArray, IntArray, Scorer


@dataclass(frozen=True)
class TrainedMember:
    """One model of a run, with what it takes to train its rows on and to give it another text."""

    backbone: str  #: its interaction
    trainer: RowTrainer
    retext: Retext | None  #: None for a model without text

    @property
    def model(self) -> Model:
        """Return the trained model."""
        return self.trainer.model


@dataclass(frozen=True)
class Place:
    """Where a drug stands for a disease."""

    rank: float  #: one-based, among all drugs; ties get the mean of best and worst
    height: float  #: standard deviations above the mean drug

    @classmethod
    def of(cls, scores: FloatArray, column: int) -> "Place":
        """Read a place from the scores of all drugs. Shape (n_drugs,)."""
        better, equal = (scores > scores[column]).sum(), (scores == scores[column]).sum()
        return cls(float(better + (equal + 1) / 2), float(standardised(scores[None])[0, column]))


@dataclass(frozen=True)
class Ranker:
    """Combine the models as the run does: one, an ensemble, or a fusion with simple components.

    :param members: the models with the run's own text
    :param fusion: None for a run without one
    :param others: the simple components of the fusion, by name
    """

    graph: KnowledgeGraph
    members: Sequence[TrainedMember]
    fusion: Fusion | None = None
    others: Mapping[str, Scorer] = field(default_factory=dict)

    @property
    def held(self) -> tuple[str, ...]:
        """Return the components that stay as they are where only models change."""
        backbones = {member.backbone for member in self.members}
        return tuple(name for name in self.fusion.components if name not in backbones) if self.fusion else ()

    def scores(
        self, disease: int, models: Sequence[Model] | None = None, others: Mapping[str, Scorer] | None = None
    ) -> FloatArray:
        """Score all drugs. Shape (n_drugs,).

        :param models: in place of the members' own
        :param others: in place of simple components
        """
        models = models or [member.model for member in self.members]
        return self._scorer(models, {**self.others, **(others or {})}).scores(self.graph.drugs, np.array([disease]))[0]

    def place(
        self, drug: int, disease: int, models: Sequence[Model] | None = None, others: Mapping[str, Scorer] | None = None
    ) -> Place:
        """Return where a drug stands; parameters as of :meth:`scores`."""
        return Place.of(self.scores(disease, models, others), int(np.searchsorted(self.graph.drugs, drug)))

    def _scorer(self, models: Sequence[Model], others: Mapping[str, Scorer]) -> Scorer:
        relations = self.graph.role_relations("treats")
        scorers = [KgeScorer(member.backbone, model, relations) for member, model in zip(self.members, models, strict=True)]
        if self.fusion is None:
            return scorers[0] if len(scorers) == 1 else EnsembleScorer("ensemble", scorers, self.graph.drugs)
        grouped: dict[str, list[Scorer]] = {}
        for scorer in scorers:
            grouped.setdefault(scorer.name, []).append(scorer)
        backbones = {name: EnsembleScorer(name, group, self.graph.drugs) for name, group in grouped.items()}
        named = {**others, **backbones}
        return FusionScorer(self.fusion, [named[name] for name in self.fusion.components], self.graph)


@dataclass(frozen=True)
class Shifts:
    """By how much the rows of each member are moved."""

    rows: IntArray  #: shape (k,), distinct
    moves: Sequence[FloatArray]  #: one a member, shape (k, dim)

    def models(self, members: Sequence[TrainedMember]) -> list[Model]:
        """Return the members' models with the rows moved."""
        return [moved(member.model, self.rows, move) for member, move in zip(members, self.moves, strict=True)]


def moved(model: Model, rows: IntArray, move: FloatArray) -> Model:
    """Return a model like this one with some rows moved. Shapes (k,), (k, dim)."""
    return with_rows(model, rows, model.entities.data[torch.from_numpy(rows)] + torch.from_numpy(move))
