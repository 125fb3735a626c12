"""Define the commands."""

import json
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from core import pipeline
from core.casestudy.export import rank_records, to_csv, to_json
from core.casestudy.pairs import read_pairs, score_pairs, write_scored_pairs
from core.casestudy.shortlist import shortlist
from core.cli.progress import followed
from core.cli.shared import JsonFlag, RunOption, ScorerOption, load_pair, print_table, tell
from core.config import RunSettings, read_toml
from core.errors import ConfigError, TrainingError
from core.kg.loaders import load_graph
from core.kg.search import EntityIndex
from core.kg.splits import PARTS
from core.pipeline.evaluation import evaluate_protocol
from core.pipeline.questions import Question
from core.pipeline.safety import safety_of
from core.pipeline.warming import compile_kernels
from core.serve import serve
from core.text.descriptions import load_descriptions
from core.types import TextMode
from core.workspace import Workspace, file_slug

NOT_ADVICE = "Research software, not medical advice."
app = typer.Typer(
    help="LLaDR Explorer: rank known drugs for a disease with a knowledge graph and what a language model wrote about it.",
    epilog=f"{NOT_ADVICE} Runs and vectors lie in ./workspace, or where LLADR_HOME points.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def prepare(
    fusion: Annotated[
        bool, typer.Option("--fusion", help="Train and measure the combination with simple methods, too: ten minutes more.")
    ] = False,
) -> None:
    """Make everything ready: text vectors, the default pair of runs (base and LLaDR), how good they are, and for which diseases.

    What is there already is kept, so a second call takes a second. Two to three minutes on two cores.
    """
    workspace = Workspace.default()
    runs = {name: RunSettings().replace(text={"mode": text}) for name, text in pipeline.DEFAULT_RUNS.items()}
    if fusion:
        runs[pipeline.FUSION_RUN] = runs["lladr"].replace(fusion={})
    for name, settings in runs.items():
        _train(workspace, name, settings, restart=False)
    for name in runs:
        with followed(f"how good is {name}") as hooks:
            evaluate_protocol(workspace, name, Question(), with_baselines=name != "base", hooks=hooks)
    for name, part in product([name for name in runs if name != "base"], range(PARTS)):
        with followed(f"{name}, how sure for each disease, {part + 1} of {PARTS}") as hooks:
            evaluate_protocol(workspace, name, Question("every-treatment", split_seed=part), hooks=hooks)
    graph = load_graph(RunSettings().kg)
    tell("Compiling the search for paths, reading what the texts warn of ...")
    compile_kernels(graph)
    safety_of(workspace, graph, load_descriptions(graph))
    tell(f'Ready in {workspace.root}. Next: `lladr serve`, or `lladr rank --disease "Alzheimer\'s disease"`.')


@app.command()
def train(
    kg: Annotated[str | None, typer.Option(help="starter, a folder with nodes.tsv and edges.tsv[.gz], or NODES,EDGES.")] = None,
    interaction: Annotated[
        str | None, typer.Option(help="transe, transe-l2, distmult, complex, rotate, or pykeen:NAME (slow) for one of PyKEEN's.")
    ] = None,
    text: Annotated[
        TextMode | None,
        typer.Option(
            help="full: all descriptions; blind: without fields that name uses; name: names only; shuffled; none: base."
        ),
    ] = None,
    dim: Annotated[int | None, typer.Option(help="Real numbers an entity.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the graph.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of start values and sampling.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:NUMBER.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; default: made of graph, interaction, text and seed.")] = None,
    injection: Annotated[
        Literal["blend", "projection", "gate"] | None, typer.Option(help="Fixed blend, learned projection, or gate a kind.")
    ] = None,
    rho: Annotated[float | None, typer.Option(help="Share of the learned vector in e = rho u + (1 - rho) t.")] = None,
    anchor: Annotated[Literal["cosine", "euclidean", "kl"] | None, typer.Option(help="Distance of the anchor loss.")] = None,
    anchor_weight: Annotated[float | None, typer.Option(help="Weight of the anchor loss (zeta 1).")] = None,
    encoder: Annotated[str | None, typer.Option(help="bundled, or openai:MODEL for an OpenAI-compatible server.")] = None,
    descriptions: Annotated[
        Path | None, typer.Option(help="Descriptions to inject, as `lladr describe` writes them; default: the graph's own.")
    ] = None,
    optimizer: Annotated[Literal["adagrad", "adam"] | None, typer.Option(help="Row-wise optimiser.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Step length.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Positives a step.")] = None,
    negatives: Annotated[int | None, typer.Option(help="Corrupted entities a chunk of positives.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Members of an ensemble that differ in their seed only.")] = None,
    fusion: Annotated[
        bool, typer.Option("--fusion", help="Also train what combines LLaDR with simple methods, as one run (11 models).")
    ] = False,
    jobs: Annotated[
        int, typer.Option(min=1, help="Models of an ensemble or a fusion that are trained at the same time; same result.")
    ] = 1,
    patience: Annotated[
        int | None, typer.Option(help="End after so many epochs without a better MRR on held-out treatments; 0 never.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads; 1 (default) repeats bit for bit, 0 takes all.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with any settings; flags win over it.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Throw away what a run of this name has.")] = False,
) -> None:
    """Train a run: a knowledge-graph embedding, with text injected or without (--text none).

    A stopped or killed training goes on from its last checkpoint when the same command is given again.
    """
    values = read_toml(config) if config else {}
    _override(values, kg=kg, seeds=seeds, fusion={} if fusion and not values.get("fusion") else None)
    _override(
        values, "text", mode=text, injection=injection, rho=rho, anchor=anchor, anchor_weight=anchor_weight, encoder=encoder
    )
    _override(values, "text", descriptions=str(descriptions) if descriptions else None)
    _override(values, "model", interaction=interaction, dim=dim)
    loop = {"epochs": epochs, "seed": seed, "device": device, "optimizer": optimizer, "learning_rate": learning_rate}
    _override(values, "training", **loop, batch_size=batch_size, negatives=negatives, patience=patience, threads=threads)
    settings = RunSettings.parse(values)
    _train(Workspace.default(), name or _default_name(settings), settings, restart=restart, jobs=jobs)


@app.command()
def rank(
    disease: Annotated[str, typer.Option(help="Name, synonym or identifier of a disease.")],
    run: RunOption = None,
    scorer: ScorerOption = None,
    top: Annotated[int, typer.Option(min=1, help="How many drugs.")] = 20,
    as_json: JsonFlag = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Rank all drugs of the graph for a disease; known treatments stay in and are marked."""
    loaded, base = load_pair(run)
    chosen = loaded.scorer_named(scorer)
    row = EntityIndex(loaded.graph, loaded.graph.diseases, "disease").resolve(disease)
    table = shortlist(loaded.graph, chosen, row, base=base).head(top)
    if as_json:
        typer.echo(to_json(rank_records(table)))
    elif as_csv:
        typer.echo(to_csv(rank_records(table)), nl=False)
    else:
        columns = ["rank", *(["base_rank"] if base else []), "name", "class", "percentile", "status"]
        print_table(
            f"{loaded.graph.names[row]}, run {loaded.name}, {len(loaded.graph.drugs)} drugs",
            columns,
            rank_records(table, columns),
        )
        tell(NOT_ADVICE)


@app.command()
def score(
    run: Annotated[str, typer.Option(help="Name of a finished run.")],
    pairs: Annotated[Path, typer.Option(help="Table with columns compound and disease (identifiers or names).")],
    out: Annotated[Path, typer.Option(help="Where to write the same pairs with score, percentile and rank.")],
    scorer: ScorerOption = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out pairs the graph does not have; say how many.")
    ] = False,
) -> None:
    """Score drug-disease pairs from a file.

    Percentile and rank are among all drugs of the disease; other drugs that are known to treat it do not compete.
    """
    loaded = pipeline.load_run(Workspace.default(), run)
    found = read_pairs(pairs, loaded.graph, skip_unknown=skip_unknown)
    write_scored_pairs(out, found, score_pairs(loaded.graph, loaded.scorer_named(scorer), found.rows))
    tell(
        f"{len(found.rows)} pairs scored with {run}, written to {out}." + (f" {found.skipped} left out." if found.skipped else "")
    )


@app.command()
def runs(as_json: JsonFlag = False) -> None:
    """List the runs of the workspace."""
    records = [_run_record(folder) for folder in Workspace.default().runs()]
    if as_json:
        typer.echo(json.dumps(records, indent=1))
    elif records:
        print_table("Runs", list(records[0]), records)
    else:
        tell("No run yet: `lladr prepare` trains the default pair, `lladr train` one of your own.")


app.command()(serve)


def _train(workspace: Workspace, name: str, settings: RunSettings, *, restart: bool, jobs: int = 1) -> None:
    with followed(name) as hooks:
        run = pipeline.train_run(workspace, name, settings, restart=restart, jobs=jobs, hooks=hooks)
    status = pipeline.run_status(run)
    tell(f"{name}: {status['state']}, epoch {status['epoch']} of {status['epochs']}.")
    if status["state"] != "finished":
        raise TrainingError(f"The run {name!r} was stopped.", advice="give the same command again: it goes on where it stopped.")


def _override(values: dict[str, Any], group: str | None = None, **flags: Any) -> None:
    """Put the flags that were given over the values of a file."""
    target = values.setdefault(group, {}) if group else values
    if not isinstance(target, dict):
        raise ConfigError(f"The setting {group!r} is {target!r}.", expected=f"a table [{group}]")
    target |= {key: value for key, value in flags.items() if value is not None}


def _default_name(settings: RunSettings) -> str:
    graph = file_slug(Path(settings.kg.split(",")[0]).name)
    texts = f"-{file_slug(Path(settings.text.descriptions).stem)}" if settings.text.descriptions else ""
    return f"{graph}-{settings.model.interaction}-{settings.text.mode}{texts}-{settings.training.seed}"[:80]


def _run_record(folder: Any) -> dict[str, Any]:
    settings, status = pipeline.read_settings(folder), pipeline.run_status(folder)
    return {
        "name": folder.name,
        "state": status["state"],
        "epoch": f"{status['epoch']}/{status.get('epochs', settings.training.epochs)}",
        "kg": settings.kg,
        "interaction": settings.model.interaction,
        "text": settings.text.mode,
        "dim": settings.model.dim,
        "seed": settings.training.seed,
    }
