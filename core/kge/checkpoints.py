"""Save and load weights with all that a resumed training needs: safetensors, never pickle.

One file holds tables, optimiser state and, as metadata, fingerprint, settings and epoch. Batches are drawn from a generator of
seed and epoch (:class:`core.kge.sampling.ChunkSampler`), so seed and epoch are the whole random state.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from core.config import RunSettings
from core.errors import FingerprintError, WeightsError
from core.kg.vocabulary import Vocabulary
from core.kge.model import Model
from core.kge.training import Trainer
from core.workspace import write_bytes

FORMAT = "lladr-model-1"


def save_checkpoint(trainer: Trainer, vocabulary: Vocabulary, path: Path) -> None:
    """Write the state of a training atomically."""
    tensors = {"entities": trainer.model.entities.data, "relations": trainer.model.relations.data}
    tensors |= _optimizer_tensors(trainer)
    metadata = {
        "format": FORMAT,
        "fingerprint": vocabulary.fingerprint,
        "settings": trainer.settings.model_dump_json(),
        "epoch": str(trainer.epoch),
        "random_state": json.dumps({"seed": trainer.settings.training.seed, "next_epoch": trainer.epoch}),
    }
    write_bytes(path, save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, metadata=metadata))


def load_model(path: Path, vocabulary: Vocabulary, settings: RunSettings) -> Model:
    """Read the tables of a model.

    :raises WeightsError: if the file is missing, damaged or of another shape
    :raises FingerprintError: if it follows another vocabulary
    """
    model = Model(len(vocabulary.entities), len(vocabulary.relations), settings.model)
    tensors, _ = _read(path, vocabulary, ("entities", "relations"))
    _fill(model, tensors, path)
    return model


def restore(trainer: Trainer, vocabulary: Vocabulary, path: Path) -> None:
    """Put a trainer back where a checkpoint was written; it then goes on as if it had not stopped.

    :raises WeightsError: if the file is damaged, or of a run with other settings
    """
    names = ("entities", "relations", *_optimizer_tensors(trainer))
    tensors, metadata = _read(path, vocabulary, names)
    if json.loads(metadata["settings"]) != trainer.settings.model_dump(mode="json"):
        raise WeightsError(
            f"{path} was written under other settings.", expected="the settings of this run", advice="train under another --name."
        )
    _fill(trainer.model, tensors, path)
    for name, tensor in _optimizer_tensors(trainer).items():
        tensor.copy_(tensors[name])
    trainer.epoch = int(metadata["epoch"])


def _optimizer_tensors(trainer: Trainer) -> dict[str, torch.Tensor]:
    optimizers = {"entity": trainer.entity_optimizer, "relation": trainer.relation_optimizer}
    return {f"{owner}.{name}": getattr(o, name) for owner, o in optimizers.items() for name in o.state_names}


def _read(path: Path, vocabulary: Vocabulary, names: tuple[str, ...]) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"The weights file {path} is missing, incomplete or damaged: {error}.",
            expected="a safetensors file written by this program",
            advice="train the run again (`lladr train --name ... --restart`).",
        ) from error
    if metadata.get("format") != FORMAT:
        raise WeightsError(f"{path} has the format {metadata.get('format')!r}.", expected=FORMAT, advice="train the run again.")
    if metadata["fingerprint"] != vocabulary.fingerprint:
        raise FingerprintError(f"The weights file {path}", metadata["fingerprint"], vocabulary.fingerprint)
    return tensors, metadata


def _fill(model: Model, tensors: dict[str, torch.Tensor], path: Path) -> None:
    for name in ("entities", "relations"):
        table = getattr(model, name)
        if table.shape != tensors[name].shape:
            raise WeightsError(
                f"The table {name!r} of {path} has shape {tuple(tensors[name].shape)}.", expected=f"{tuple(table.shape)}"
            )
        table.data.copy_(tensors[name])
