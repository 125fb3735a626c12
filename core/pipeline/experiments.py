"""Plan the paper's experiments: which lines its tables have, and the cells of each line, one a seed."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from core.config import RunSettings
from core.errors import ConfigError
from core.kg.graph import KnowledgeGraph
from core.pipeline.cells import DESCRIPTIONS, Cell, data_digest, described_by
from core.types import TextMode
from core.workspace import Workspace, graph_slug

PAPER_BACKBONES = ("transe", "distmult", "rotate")
PROMPTS = ("original", "good", "treatment")
TEMPERATURES = ("0.7", "0.1")
SHARES = (0.2, 0.4, 0.6)  #: of triples deleted or added, of descriptions masked
ENCODERS = ("bundled", "hashing:384", "openai:text-embedding-3-small", "openai:bge-small-en-v1.5")
SHIPPED = "treatment"  #: the prompt under which a graph's own descriptions were written, as far as is known
NO_SERVER = "needs an embedding server: set OPENAI_BASE_URL and OPENAI_API_KEY"


@dataclass(frozen=True)
class Line:
    """One line of a table: what is compared, and one cell a seed; without cells it says why."""

    table: str
    backbone: str
    variant: str
    condition: str = ""
    cells: tuple[Cell, ...] = ()
    why: str = ""  #: it has no cells
    note: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what tells it from all other lines."""
        return self.table, self.backbone, self.variant, self.condition


@dataclass(frozen=True)
class Study:
    """What all tables have in common.

    :param settings: what the lines do not vary; its seed is the first one
    :param backbones: empty: those that the paper has in a table
    :param files: descriptions that were named: by prompt, or by temperature such as ``0.1``
    """

    graph: KnowledgeGraph
    workspace: Workspace
    settings: RunSettings
    seeds: int = 3
    backbones: tuple[str, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    encoders: tuple[str, ...] = ENCODERS
    held_out: float = 0.1
    draws: int = 10

    def lines(self, table: str) -> list[Line]:
        """Return the lines of a table, or of all of them.

        :raises ConfigError: if there is no such table
        """
        if table not in (*TABLES, "all"):
            raise ConfigError(f"There is no table {table!r}.", expected=", ".join([*TABLES, "all"]))
        return [line for name, plan in TABLES.items() if table in (name, "all") for line in plan(self)]

    @cached_property
    def texts(self) -> dict[str, str]:
        """Return the file of descriptions of each prompt: named, written into the workspace, or the graph's own (empty)."""
        found = {prompt: self._named(path) for prompt, path in self.files.items()}
        for prompt in PROMPTS:
            if prompt not in found and (exports := self._exports(prompt)):
                found[prompt] = self._named(exports[-1])
        if SHIPPED not in self.files and self.settings.text.descriptions:
            found[SHIPPED] = self._named(Path(self.settings.text.descriptions))
        elif SHIPPED not in self.files and self.graph.folder and (self.graph.folder / DESCRIPTIONS).exists():
            found[SHIPPED] = ""
        return found

    @cached_property
    def main_prompt(self) -> str | None:
        """Return the prompt of the descriptions that all tables but that of the prompts take; None where there are none."""
        return next((prompt for prompt in (SHIPPED, "original", "good") if prompt in self.texts), None)

    @property
    def text_mode(self) -> TextMode:
        """Return how the lines with text take their descriptions: as the settings say, else whole."""
        mode = self.settings.text.mode
        return mode if mode in ("full", "blind", "shuffled") else "full"

    def _exports(self, prompt: str) -> list[Path]:
        folder = self.workspace.root / "descriptions"
        return sorted(folder.glob(f"{graph_slug(self.graph.name)}-{prompt}-*.jsonl"), key=lambda path: path.stat().st_mtime)

    def _named(self, path: Path) -> str:
        """Return a file's path as a cell has it."""
        path, root = path.resolve(), self.workspace.root.resolve()
        return str(path.relative_to(root) if path.is_relative_to(root) else path)

    def cells(self, backbone: str, *, text: Mapping[str, Any], file: str = "", **damage: Any) -> tuple[Cell, ...]:
        """Return one cell a seed; the file of descriptions is the cell's, because a mask is laid over it."""
        first, text = self.settings.training.seed, {"descriptions": None, "descriptions_sha256": None, **text}
        varied = self.settings.replace(kg=self.graph.name, model={"interaction": backbone}, text=text)
        data = self._digest(varied, file)
        known = {"descriptions": file, "data": data, "held_out": self.held_out, "draws": self.draws, **damage}
        seeded = [varied.replace(training={"seed": seed}) for seed in range(first, first + self.seeds)]
        return tuple(Cell(settings=settings, **known) for settings in seeded)

    def _digest(self, settings: RunSettings, file: str) -> str:
        key = (settings.text.mode in ("none", "name"), file)
        if key not in self._digests:
            self._digests[key] = data_digest(self.graph, settings, described_by(self.workspace, file))
        return self._digests[key]

    @cached_property
    def _digests(self) -> dict[tuple[bool, str], str]:
        return {}

    def base(self, table: str, backbone: str, condition: str = "", **damage: Any) -> Line:
        """Return a line of the model without text."""
        return Line(table, backbone, "base", condition, self.cells(backbone, text={"mode": "none"}, **damage))

    def injected(
        self,
        table: str,
        backbone: str,
        variant: str = "LLaDR",
        condition: str = "",
        *,
        prompt: str | None = None,
        text: Mapping[str, Any] | None = None,
        **damage: Any,
    ) -> Line:
        """Return a line of the model with text; without descriptions it says why it has no cells."""
        prompt = prompt or self.main_prompt
        if prompt not in self.texts:
            return Line(table, backbone, variant, condition, why=_no_descriptions(prompt))
        file = self.texts[prompt]
        cells = self.cells(backbone, text={"mode": self.text_mode, **(text or {})}, file=file, **damage)
        origin = Path(file).name if file else "the graph's own"
        return Line(table, backbone, variant, condition, cells, note=f"descriptions: {origin}")

    def backbones_of(self, *usual: str) -> tuple[str, ...]:
        """Return the backbones that were asked for, or the usual ones."""
        return self.backbones or usual


def _no_descriptions(prompt: str | None) -> str:
    if prompt and prompt not in PROMPTS:
        return f"needs descriptions written at temperature {prompt} by a language model: --descriptions {prompt}=FILE"
    wanted = f"under the prompt {prompt}" if prompt else "of this graph"
    option = prompt or "original"
    return f"no descriptions {wanted}: `lladr describe --prompt {option}` with a language model, or --descriptions {option}=FILE"


def _main(study: Study) -> Iterator[Line]:
    for backbone in study.backbones_of(*PAPER_BACKBONES, "complex"):
        yield study.base("main", backbone)
        yield study.injected("main", backbone)


def _prompt(study: Study) -> Iterator[Line]:
    for backbone in study.backbones_of(*PAPER_BACKBONES):
        names = study.cells(backbone, text={"mode": "name"})
        yield Line("prompt", backbone, "none", "", names, note="names only")
        yield from (study.injected("prompt", backbone, prompt, prompt=prompt) for prompt in PROMPTS)


def _temperature(study: Study) -> Iterator[Line]:
    for backbone in study.backbones_of(*PAPER_BACKBONES):
        yield from (study.injected("temperature", backbone, warmth, prompt=warmth) for warmth in TEMPERATURES)


def _anchor(study: Study) -> Iterator[Line]:
    for backbone in study.backbones_of(*PAPER_BACKBONES):
        for anchor in ("cosine", "euclidean", "kl"):
            yield study.injected("anchor", backbone, anchor, text={"anchor": anchor})


def _encoder(study: Study) -> Iterator[Line]:
    served = os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")
    for backbone in study.backbones_of(*PAPER_BACKBONES):
        for encoder in study.encoders:
            if encoder.startswith("openai:") and not served:
                yield Line("encoder", backbone, encoder, why=NO_SERVER)
            else:
                yield study.injected("encoder", backbone, encoder, text={"encoder": encoder})


def _noise(study: Study) -> Iterator[Line]:
    conditions = [("none", {})]
    for noise in ("deleted", "added"):
        conditions += [(f"{share * 100:.0f} % {noise}", {"noise": noise, "share": share}) for share in SHARES]
    for backbone in study.backbones_of("transe"):
        for condition, damage in conditions:
            yield study.base("noise", backbone, condition, **damage)
            yield study.injected("noise", backbone, condition=condition, **damage)


def _masking(study: Study) -> Iterator[Line]:
    for backbone in study.backbones_of("transe"):
        yield study.injected("masking", backbone, condition="none")
        for share in SHARES:
            yield study.injected("masking", backbone, condition=f"{share * 100:.0f} % masked", masked=share)


TABLES: dict[str, Callable[[Study], Iterator[Line]]] = {
    "main": _main,
    "prompt": _prompt,
    "temperature": _temperature,
    "anchor": _anchor,
    "encoder": _encoder,
    "noise": _noise,
    "masking": _masking,
}


def distinct_cells(lines: Sequence[Line]) -> list[Cell]:
    """Return each cell once: tables share some."""
    return list(dict.fromkeys(cell for line in lines for cell in line.cells))


def named_files(options: Sequence[str]) -> dict[str, Path]:
    """Read options ``WHAT=FILE``, where WHAT is a prompt or a temperature.

    :raises ConfigError: if one is no such option, or its file is not there
    """
    found = {}
    for option in options:
        what, _, file = option.partition("=")
        if what not in (*PROMPTS, *TEMPERATURES) or not Path(file).is_file():
            raise ConfigError(
                f"{option!r} names no file of descriptions.",
                expected=f"WHAT=FILE, where WHAT is one of {', '.join((*PROMPTS, *TEMPERATURES))} and FILE is there",
            )
        found[what] = Path(file)
    return found
