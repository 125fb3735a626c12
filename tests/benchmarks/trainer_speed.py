"""Compare our training step with LLaDR's as the paper has it and with PyKEEN's sLCWA loop, and with what the machine could do.

``python -m tests.benchmarks.trainer_speed`` (about five minutes): one process, one thread, CPU-seconds, the sides one after the
other in each repetition; graph of the starter's size, batches of 512 positives, 128 corruptions each (65,536 scored pairs),
width 1024, self-adversarial loss. All three count positives: ours has each triple twice, once for either end.
"""

import itertools
import time
import warnings
from collections.abc import Callable
from typing import Annotated

import numpy as np
import torch
import typer

from core.config import ModelSettings, RunSettings, TextSettings, TrainingSettings
from core.kge.model import Model
from core.kge.sampling import ChunkSampler
from core.kge.training import Trainer
from tests.benchmarks.trainer_reference import Recipe, Reference

N_ENTITIES, N_RELATIONS, N_TRIPLES = 7350, 20, 40959  # the starter graph
BATCH, NEGATIVES, DIM, CHUNK = 512, 128, 1024, 128
PYKEEN_STEPS = 3
TARGETS = {"distmult": (100, 60), "complex": (100, 60), "transe-l2": (100, 60), "transe": (60, None), "rotate": (25, None)}
#: floating-point operations per number of a scored pair, forward and backward: three matrix products, or the plain formula
OPERATIONS = {"distmult": 6, "complex": 6, "transe-l2": 6, "transe": 8, "rotate": 12}
Side = Callable[[], float]  #: takes some steps, returns positives a CPU-second


def main(repetitions: Annotated[int, typer.Option(help="How often each side is measured.")] = 3) -> None:
    """Measure, and print two Markdown tables."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message=".*(max_mem|tracked|pin_memory).*")
    triples, text = _graph()
    measured = {name: _measure(name, triples, text, repetitions) for name in TARGETS}
    _print_speeds(measured)
    _print_floor(measured, _least_bytes(triples))


def _graph() -> tuple[np.ndarray, torch.Tensor]:
    random = np.random.default_rng(0)
    columns = [random.integers(0, n, 2 * N_TRIPLES) for n in (N_ENTITIES, N_RELATIONS, N_ENTITIES)]
    triples = random.permutation(np.unique(np.stack(columns, axis=1), axis=0))[:N_TRIPLES]
    return triples, torch.nn.functional.normalize(torch.randn(N_ENTITIES, DIM, generator=torch.Generator().manual_seed(0)))


def _measure(name: str, triples: np.ndarray, text: torch.Tensor, repetitions: int) -> dict[str, list[float]]:
    """Return, for each repetition, positives a CPU-second of each side, and by name what else is printed.

    ``sampling`` is the share of our time that goes into batches; ``bandwidth`` and ``rate`` are what the machine does meanwhile.
    """
    trainer = _trainer(name, triples, text)
    sides = {"ours": _ours(trainer), "reference": _reference(name, triples, text), "pykeen": _pykeen(name, triples)}
    for warm_up in sides.values():
        warm_up()
    rates = {side: [] for side in (*sides, "sampling", "bandwidth", "rate")}
    for _ in range(repetitions):
        rates["bandwidth"].append(_copy_bandwidth())
        rates["rate"].append(_matrix_rate())
        for side, take in sides.items():
            rates[side].append(take())
        alone = _rate(lambda: sum(batch.heads.size for batch in trainer.sampler.epoch(1)))
        rates["sampling"].append(rates["ours"][-1] / alone)
    return rates


def _rate(work: Callable[[], int]) -> float:
    """Return how many positives a CPU-second some work gets through."""
    began = time.process_time()
    positives = work()
    return positives / (time.process_time() - began)


def _trainer(name: str, triples: np.ndarray, text: torch.Tensor) -> Trainer:
    settings = RunSettings(
        text=TextSettings(mode="full"),
        model=ModelSettings(interaction=name, dim=DIM),
        training=TrainingSettings(batch_size=BATCH, chunk_size=CHUNK, negatives=NEGATIVES, objective="sigmoid", device="cpu"),
    )
    model = Model(N_ENTITIES, N_RELATIONS, settings.model)
    model.start(seed=0, text=None, settings=settings.text)
    model.text = text.clone()
    kinds = np.zeros(N_ENTITIES, dtype=np.int64)
    return Trainer(model, ChunkSampler(triples, kinds, N_RELATIONS, settings.training), settings)


def _ours(trainer: Trainer) -> Side:
    """Go through a whole epoch, sampling and all."""

    def epoch() -> int:
        positives = 0
        for batch in trainer.sampler.epoch(0):
            trainer.step(batch)
            positives += batch.heads.size
        return positives

    return lambda: _rate(epoch)


def _reference(name: str, triples: np.ndarray, text: torch.Tensor) -> Side:
    """Take two steps, one for either end."""
    recipe = Recipe(name, DIM, BATCH, NEGATIVES)
    reference = Reference(triples, np.zeros(N_ENTITIES, dtype=np.int64), N_RELATIONS, text, recipe)
    batches = itertools.cycle(np.arange(len(triples) // BATCH * BATCH).reshape(-1, BATCH))

    def steps() -> int:
        for end in (0, 2):
            reference.step(next(batches), end)
        return 2 * BATCH

    return lambda: _rate(steps)


def _pykeen(name: str, triples: np.ndarray) -> Side:
    """Train an epoch of a few batches, on a factory that has as many entities as the graph."""
    from pykeen import models
    from pykeen.losses import NSSALoss
    from pykeen.training import SLCWATrainingLoop
    from pykeen.triples import CoreTriplesFactory

    kinds = {
        "distmult": (models.DistMult, {"embedding_dim": DIM, "regularizer": None}),
        "complex": (models.ComplEx, {"embedding_dim": DIM // 2, "regularizer": None}),
        "transe": (models.TransE, {"embedding_dim": DIM, "scoring_fct_norm": 1}),
        "transe-l2": (models.TransE, {"embedding_dim": DIM, "scoring_fct_norm": 2}),
        "rotate": (models.RotatE, {"embedding_dim": DIM // 2}),
    }
    few = torch.from_numpy(triples[: PYKEEN_STEPS * BATCH].astype(np.int64))
    factory = CoreTriplesFactory(few, num_entities=N_ENTITIES, num_relations=N_RELATIONS)
    kind, arguments = kinds[name]
    model = kind(triples_factory=factory, loss=NSSALoss(margin=12.0), random_seed=0, **arguments)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    sampling = {"negative_sampler": "basic", "negative_sampler_kwargs": {"num_negs_per_pos": NEGATIVES}}
    loop = SLCWATrainingLoop(model=model, triples_factory=factory, optimizer=optimizer, **sampling)
    options = {"use_tqdm": False, "use_tqdm_batch": False, "pin_memory": False}

    def epoch() -> int:
        loop.train(factory, num_epochs=1, batch_size=BATCH, **options)
        return PYKEEN_STEPS * BATCH

    return lambda: _rate(epoch)


def _copy_bandwidth() -> float:
    """Return bytes read and written a second, between blocks of the entity table's size."""
    source = torch.rand(N_ENTITIES, DIM)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _seconds(lambda: target.copy_(source))


def _matrix_rate() -> float:
    """Return floating-point operations a second in the matrix product of a step."""
    left, right = torch.rand(BATCH // CHUNK, CHUNK, DIM), torch.rand(BATCH // CHUNK, DIM, NEGATIVES)
    return 2 * left.numel() * NEGATIVES / _seconds(lambda: torch.bmm(left, right))


def _seconds(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(30):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return float(np.median(seconds))


def _least_bytes(triples: np.ndarray) -> float:
    """Return the bytes that a step must move: its distinct rows read and written, their text read."""
    settings = TrainingSettings(batch_size=BATCH, chunk_size=CHUNK, negatives=NEGATIVES)
    sampler = ChunkSampler(triples, np.zeros(N_ENTITIES, dtype=np.int64), N_RELATIONS, settings)
    batches = list(sampler.epoch(0))[:20]
    entities = np.mean([len(np.unique(np.concatenate([b.heads, b.tails, b.negatives], axis=None))) for b in batches])
    relations = np.mean([len(np.unique(b.relations)) for b in batches])
    return 4 * DIM * (3 * entities + 2 * relations)


def _print_speeds(measured: dict[str, dict[str, list[float]]]) -> None:
    typer.echo("| model | ours, triples/s | reference | PyKEEN | x reference | target | x PyKEEN | target | sampling |")
    typer.echo("|---|---|---|---|---|---|---|---|---|")
    for name, rates in measured.items():
        speeds = " | ".join(f"{np.median(rates[side]):,.0f}" for side in ("ours", "reference", "pykeen"))
        ratios = [np.divide(rates["ours"], rates[side]) for side in ("reference", "pykeen")]
        cells = " | ".join(f"{_spread(r)} | {target or '-'}" for r, target in zip(ratios, TARGETS[name], strict=True))
        typer.echo(f"| {name} | {speeds} | {cells} | {100 * np.median(rates['sampling']):.1f} % |")


def _spread(values: np.ndarray) -> str:
    return f"{np.median(values):.0f} ({values.min():.0f}-{values.max():.0f})"


def _print_floor(measured: dict[str, dict[str, list[float]]], least_bytes: float) -> None:
    """Print the least time that bytes and operations of a step need, one after the other, beside ours."""
    bandwidth, rate = (np.median([rates[name] for rates in measured.values()]) for name in ("bandwidth", "rate"))
    typer.echo(
        f"\nfloor of a step: {least_bytes / 1e6:.1f} MB at the copy bandwidth ({bandwidth / 1e9:.1f} GB/s, read and written), "
        f"then its operations at the matrix rate ({rate / 1e9:.0f} GFLOP/s)\n"
    )
    typer.echo("| model | bytes, ms | operations, ms | floor, ms | ours, ms | share of the floor |\n|---|---|---|---|---|---|")
    for name, rates in measured.items():
        moving = 1e3 * least_bytes / np.array(rates["bandwidth"])
        reckoning = 1e3 * OPERATIONS[name] * BATCH * NEGATIVES * DIM / np.array(rates["rate"])
        ours = 1e3 * BATCH / np.array(rates["ours"])
        times = " | ".join(f"{np.median(times):.1f}" for times in (moving, reckoning, moving + reckoning, ours))
        typer.echo(f"| {name} | {times} | {_spread(100 * (moving + reckoning) / ours)} % |")


if __name__ == "__main__":
    typer.run(main)
