"""Save and load weights with all that a resumed training needs: safetensors, never pickle.

One file holds tables, weights of the interaction, optimiser state and, as metadata, fingerprint, settings and epoch. Batches
and dropout are drawn from generators of seed and epoch (:class:`core.kge.sampling.ChunkSampler`), so these two are the whole
random state.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from core.config import RunSettings
from core.errors import FingerprintError, WeightsError
from core.kg.vocabulary import Vocabulary
from core.kge.model import Model
from core.kge.optimizers import optimizer_state
from core.kge.training import Trainer
from core.kge.weights import weights_of
from core.workspace import write_bytes

FORMAT = "lladr-model-1"
METADATA = {"fingerprint", "settings", "epoch"}
RETRAIN = "train the run again (`lladr train --name ... --restart`)."


def save_checkpoint(trainer: Trainer, vocabulary: Vocabulary, path: Path) -> None:
    """Write the state of a training atomically."""
    tensors = _state(trainer) | {"entities": trainer.model.entities.data}
    metadata = {
        "format": FORMAT,
        "fingerprint": vocabulary.fingerprint,
        "settings": trainer.settings.model_dump_json(),
        "epoch": str(trainer.epoch),
        "text": json.dumps(trainer.model.text_history),
        "random_state": json.dumps({"seed": trainer.settings.training.seed, "next_epoch": trainer.epoch}),
    }
    write_bytes(path, save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata=metadata))


def load_model(path: Path, vocabulary: Vocabulary, settings: RunSettings) -> Model:
    """Read the tables of a model.

    :raises WeightsError: if the file is missing, damaged or of another shape
    :raises FingerprintError: if it follows another vocabulary
    """
    model = Model(len(vocabulary.entities), len(vocabulary.relations), settings.model)
    tables = {"entities": model.entities.data, "relations": model.relations.data}
    _fill(tables | weights_of(model.weights), path, vocabulary)
    return model


def restore(trainer: Trainer, vocabulary: Vocabulary, path: Path) -> None:
    """Put a trainer back where a checkpoint was written; it then goes on as if it had not stopped.

    :raises WeightsError: if the file is damaged, or of a run with other settings; the trainer is as before then
    """
    metadata = _metadata(path, vocabulary)
    if json.loads(metadata["settings"]) != trainer.settings.model_dump(mode="json"):
        raise WeightsError(
            f"{path} was written under other settings.", expected="the settings of this run", advice="train under another --name."
        )
    _fill(_state(trainer), path, vocabulary)
    trainer.entities.settle()
    trainer.epoch = trainer.saved = int(metadata["epoch"])


def _state(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Return all tensors that a training changes, by name."""
    relations = {"relations": trainer.model.relations.data} | optimizer_state("relation", trainer.relation_optimizer)
    return trainer.entities.state() | relations | trainer.weights.state()


def _fill(targets: dict[str, torch.Tensor], path: Path, vocabulary: Vocabulary) -> None:
    """Copy the file's tensors into these, after all of them were found to fit."""
    _metadata(path, vocabulary)
    with _readable(path) as file:
        tensors = {name: file.get_tensor(name) for name in targets}
    for name, target in targets.items():
        if target.shape != tensors[name].shape:
            raise WeightsError(
                f"The table {name!r} of {path} has shape {tuple(tensors[name].shape)}.",
                expected=f"{tuple(target.shape)}",
                advice=RETRAIN,
            )
    for name, target in targets.items():
        target.copy_(tensors[name])


def _metadata(path: Path, vocabulary: Vocabulary) -> dict[str, str]:
    with _readable(path) as file:
        metadata = file.metadata() or {}
    if metadata.get("format") != FORMAT or not metadata.keys() >= METADATA:
        raise WeightsError(f"{path} has the format {metadata.get('format')!r}.", expected=f"{FORMAT}, complete", advice=RETRAIN)
    if metadata["fingerprint"] != vocabulary.fingerprint:
        raise FingerprintError(f"The weights file {path}", metadata["fingerprint"], vocabulary.fingerprint)
    return metadata


@contextmanager
def _readable(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, "pt") as file:
            yield file
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"The weights file {path} is missing, incomplete or damaged: {error}.",
            expected="a safetensors file written by this program",
            advice=RETRAIN,
        ) from error
