"""Hold the settings of a run: frozen, validated, saved whole beside the result."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import ConfigError
from core.types import TextMode

InteractionName = Literal["transe", "transe-l2", "distmult", "complex", "rotate"]
PYKEEN_PREFIX = "pykeen:"  #: any other interaction by PyKEEN's name, on the slow path


def _known_interaction(name: str) -> str:
    if name not in get_args(InteractionName) and not name.startswith(PYKEEN_PREFIX):
        message = f"not one of {', '.join(get_args(InteractionName))}, {PYKEEN_PREFIX}NAME"
        raise ValueError(message)
    return name


Interaction = Annotated[str, AfterValidator(_known_interaction)]


class Settings(BaseModel):
    """A frozen group of settings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Build the settings from foreign data.

        :raises ConfigError: if a key is unknown or a value out of range
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigError(_explain(error), advice="see `lladr train --help` for names and ranges.") from error

    def replace(self, **changes: Any) -> Self:
        """Return validated settings with some values changed; ``text={"mode": "none"}`` changes inside a group."""
        values = self.model_dump()
        for key, value in changes.items():
            group = values.get(key)
            values[key] = {**group, **value} if isinstance(group, Mapping) and isinstance(value, Mapping) else value
        return self.parse(values)


def _explain(error: ValidationError) -> str:
    problems = (f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']} (found {e['input']!r})" for e in error.errors())
    return "A setting is not usable. " + "; ".join(problems)


class TextSettings(Settings):
    """What text is injected and how strongly (LLaDR, Xiang et al. 2025, arXiv 2510.12181, step 2)."""

    mode: TextMode = "full"
    encoder: str = "bundled"  #: ``bundled`` or ``openai:MODEL`` for any OpenAI-compatible server
    injection: Literal["blend", "projection", "gate"] = "blend"  #: fixed blend, learned projection, and a gate a kind
    relations: bool = False  #: start relation vectors from the text of their phrases, too
    rho: float = Field(0.6, gt=0, le=1)  #: e = rho * u + (1 - rho) * t
    anchor: Literal["cosine", "euclidean", "kl"] = "cosine"
    anchor_weight: float = Field(0.5, ge=0)  #: zeta_1
    shuffle_seed: int = 0  #: of the permutation in mode ``shuffled``
    descriptions: str | None = None  #: a file as ``lladr describe`` writes it; None: the one in the graph's folder
    descriptions_sha256: str | None = None  #: of that file when the run began; another content is refused


class DescribeSettings(Settings):
    """Which entities a language model describes, and how it is asked (LLaDR, step 1)."""

    prompt: str = "treatment"  #: none, original, good or treatment
    model: str  #: as the server calls it
    kinds: tuple[str, ...] = ()  #: of entities, in this order; empty: drugs, diseases, then all others
    limit: int | None = Field(None, ge=1)  #: of entities
    neighbours: bool = False  #: put facts of the graph into the prompt, none that joins a drug and a disease
    temperature: float | None = Field(0.7, ge=0, le=2)  #: as in the paper; None leaves it to the server
    seed: int | None = None  #: None leaves it to the server
    max_tokens: int | None = Field(None, ge=1)  #: of a reply; None: as the prompt says


class ModelSettings(Settings):
    """The shape of the model."""

    interaction: Interaction = "complex"
    dim: int = Field(200, ge=2, le=8192)  #: real numbers an entity; ComplEx and RotatE use half as many complex ones
    gamma: float = Field(12.0, gt=0)  #: margin of the distance models; also sets the width of the start values
    reciprocal: bool = True  #: learn a relation of its own for each inverse

    @model_validator(mode="after")
    def _complex_needs_pairs(self) -> Self:
        if self.interaction in ("complex", "rotate") and self.dim % 2:
            message = f"{self.interaction} needs an even dim (real and imaginary halves), not {self.dim}"
            raise ValueError(message)
        return self


class TrainingSettings(Settings):
    """The loop: objective, corruptions, optimiser, seeds."""

    epochs: int = Field(16, ge=1)
    batch_size: int = Field(1024, ge=1)
    chunk_size: int = Field(128, ge=1)  #: positives that share one set of corrupted entities
    negatives: int = Field(128, ge=1)  #: corrupted entities a chunk
    objective: Literal["sigmoid", "softmax"] = "sigmoid"  #: LLaDR's link loss, or cross-entropy
    one_vs_all: bool = True  #: with softmax, treatments compete with all drugs or diseases instead of a sample
    n3_weight: float = Field(0.0, ge=0)  #: pull on heads, relations and tails of the positives
    adversarial_temperature: float = Field(1.0, ge=0)  #: 0 weighs all negatives alike (1/N)
    link_weight: float = Field(1.8, gt=0)  #: zeta_2
    frequency_weights: bool = True  #: inverse square root of how often (h, r) and (r, t) occur
    type_constrained: bool = True  #: corrupt with entities of the kind that stands there
    optimizer: Literal["adagrad", "adam"] = "adagrad"
    learning_rate: float = Field(0.03, gt=0)
    patience: int = Field(0, ge=0)  #: epochs without a better validation MRR before training ends; 0 never ends early
    validation_fraction: float = Field(0.05, gt=0, lt=1)  #: of the known treatments, held out where there is a patience
    seed: int = Field(0, ge=0)
    device: str = "auto"  #: ``auto`` takes CUDA where it is, else the CPU
    threads: int = Field(1, ge=0)  #: CPU threads; 1 makes runs repeatable bit for bit, 0 takes torch's choice


class FusionSettings(Settings):
    """What the fusion combines with the simple methods (:mod:`core.fusion`)."""

    backbones: tuple[Interaction, ...] = Field(("complex", "transe"), min_length=1)
    folds: int = Field(3, ge=2)  #: parts of the known treatments, each held out once
    disease_folds: int = Field(1, ge=1)  #: how many of as many parts of the treated diseases lose all treatments once

    @model_validator(mode="after")
    def _no_more_parts_than_there_are(self) -> Self:
        if self.disease_folds > self.folds:
            message = f"disease_folds ({self.disease_folds}) cannot be more than folds ({self.folds})"
            raise ValueError(message)
        return self


class RunSettings(Settings):
    """All that determines a run; base and LLaDR differ only in ``text.mode``."""

    seeds: int = Field(1, ge=1)  #: members of an ensemble, from ``training.seed`` on
    fusion: FusionSettings | None = None
    kg: str = "starter"  #: name of a shipped graph or path of a folder
    text: TextSettings = TextSettings()
    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()

    @model_validator(mode="after")
    def _angles_have_no_text(self) -> Self:
        if self.text.relations and self.model.interaction == "rotate":
            message = "text.relations starts relation vectors from text, but relations of rotate are angles"
            raise ValueError(message)
        return self

    def recipe(self) -> dict[str, Any]:
        """Return what a base run and its LLaDR run share: all but the text."""
        return self.model_dump(exclude={"text"})


def read_toml(path: Path) -> dict[str, Any]:
    """Read settings from a TOML file.

    :raises ConfigError: if the file is missing or no TOML
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}", advice="check the path and the syntax.") from error
