"""Compare what is learned from equal triples: our shared corruptions and row-wise Adagrad, or LLaDR's step as the paper has it.

``python -m tests.benchmarks.trainer_quality FOLDER`` with a graph like the Hetionet core (about ten minutes on one core). Both
sides have the same model (one row a relation), loss, corruptions of the kinds that stand there, epochs and start widths. Each
side's learning rate is the best of four by the MRR on validation triples, at seed 0. Then every seed is ranked on other,
held-out triples: both ends, among all entities of the same kind (the others were no corruptions, so nothing was learned about
them), other known triples left out, ties in the middle.
"""

from typing import Annotated

import numpy as np
import torch
import typer

from core.config import ModelSettings, RunSettings, TextSettings, TrainingSettings
from core.kg.loaders import load_graph
from core.kge.model import Model
from core.kge.sampling import ChunkSampler
from core.kge.training import Trainer
from tests.benchmarks.trainer_reference import Recipe, Reference

RATES = {"ours": (0.01, 0.02, 0.03, 0.1), "reference": (3e-4, 1e-3, 3e-3, 1e-2)}
BATCH, NEGATIVES, HELD_OUT, SEEDS = 512, 128, 1500, 3


def main(
    folder: Annotated[str, typer.Argument(help="Graph: a folder or starter.")],
    interaction: Annotated[str, typer.Option(help="Scoring function.")] = "complex",
    dim: Annotated[int, typer.Option(help="Width of the vectors.")] = 128,
    epochs: Annotated[int, typer.Option(help="How often each triple is seen, from both ends.")] = 10,
) -> None:
    """Tune, train, rank and print a Markdown table."""
    torch.set_num_threads(1)
    bench = Bench(folder, interaction, dim, epochs)
    typer.echo(f"{folder}, {interaction}, dim {dim}, {epochs} epochs of {len(bench.train):,} triples from both ends\n")
    typer.echo("| side | learning rates tried (validation MRR, seed 0) | test MRR, seeds 0-2 | mean |\n|---|---|---|---|")
    means = {}
    for side, rates in RATES.items():
        tried = {rate: bench.mrr(side, rate, 0, bench.validation) for rate in rates}
        best = max(tried, key=tried.get)
        results = [bench.mrr(side, best, seed, bench.test) for seed in range(SEEDS)]
        means[side] = np.mean(results)
        cells = "; ".join(f"{rate:g}: {value:.4f}" for rate, value in tried.items())
        typer.echo(f"| {side} | {cells} | {', '.join(f'{value:.4f}' for value in results)} | {means[side]:.4f} |")
    typer.echo(f"\nours / reference: {100 * means['ours'] / means['reference']:.1f} % (wanted: 99 % or more)")


class Bench:
    """One graph with its held-out triples, and the two ways to train on the rest."""

    def __init__(self, folder: str, interaction: str, dim: int, epochs: int) -> None:
        graph = load_graph(folder)
        self.interaction, self.dim, self.epochs, self.kinds, self.n_relations = (
            interaction, dim, epochs, graph.kind_codes, graph.n_relations,
        )  # fmt: skip
        shuffled = np.random.default_rng(0).permutation(np.unique(graph.training_triples, axis=0))
        self.validation, self.test, self.train = np.split(shuffled, [HELD_OUT, 2 * HELD_OUT])
        self._known: dict[tuple[int, int, int], list[int]] = {}
        for h, r, t in shuffled.tolist():
            self._known.setdefault((0, r, t), []).append(h)
            self._known.setdefault((2, r, h), []).append(t)

    def mrr(self, side: str, rate: float, seed: int, triples: np.ndarray) -> float:
        """Train one side and return its full filtered MRR, over both ends."""
        entities, relations = (self._ours if side == "ours" else self._reference)(rate, seed)
        scorer = Reference(self.train, self.kinds, self.n_relations, None, Recipe(self.interaction, self.dim))
        places = [self._place(scorer, entities, relations, triple, end) for triple in triples.tolist() for end in (0, 2)]
        return float(np.mean(1 / np.array(places)))

    def _ours(self, rate: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        settings = RunSettings(
            text=TextSettings(mode="none"),
            model=ModelSettings(interaction=self.interaction, dim=self.dim, reciprocal=False),
            training=TrainingSettings(
                objective="sigmoid",
                batch_size=BATCH,
                chunk_size=128,
                negatives=NEGATIVES,
                epochs=self.epochs,
                learning_rate=rate,
                seed=seed,
                device="cpu",
            ),
        )
        model = Model(len(self.kinds), self.n_relations, settings.model)
        model.start(seed=seed, text=None, settings=settings.text)
        for _ in Trainer(model, ChunkSampler(self.train, self.kinds, self.n_relations, settings.training), settings).run():
            pass
        return model.entities.data, model.relations.data

    def _reference(self, rate: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        recipe = Recipe(self.interaction, self.dim, BATCH, NEGATIVES, learning_rate=rate, seed=seed)
        reference = Reference(self.train, self.kinds, self.n_relations, None, recipe)
        for _ in range(self.epochs):
            reference.epoch()
        return reference.u.detach(), reference.r.detach()

    def _place(self, scorer: Reference, entities: torch.Tensor, relations: torch.Tensor, triple: list[int], end: int) -> float:
        """Return the filtered rank of the entity that was taken away at one end."""
        h, r, t = triple
        if end == 0:
            scores = scorer.score(entities, relations[r], entities[t])
        else:
            scores = scorer.score(entities[h], relations[r], entities)
        own = scores[triple[end]].clone()
        scores[self._known[end, r, t if end == 0 else h]] = -torch.inf
        scores[torch.from_numpy(self.kinds != self.kinds[triple[end]])] = -torch.inf
        return 1 + (scores > own).sum().item() + (scores == own).sum().item() / 2


if __name__ == "__main__":
    typer.run(main)
