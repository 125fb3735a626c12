"""Say how good a run is, under a named protocol, beside what any model must beat."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from core import pipeline
from core.casestudy.export import to_csv
from core.cli.app import app
from core.cli.progress import followed
from core.cli.shared import JsonFlag, RunOption, ScorerOption, print_table, tell
from core.errors import ConfigError
from core.evaluate.protocols import PROTOCOLS
from core.pipeline.evaluation import compare_runs, evaluate_protocol, kept_evaluation
from core.pipeline.questions import Question
from core.workspace import Workspace, write_json, write_text

SHOWN = ("MR", "MRR", "H@1", "H@3", "H@10", "H@50", "recall@100", "AUC", "AUPRC", "AUROC", "BEDROC", "EF1%", "AUROC vs negatives")
CSV_COLUMNS = ("scorer", "metric", "value", "low", "high")
HEADLINE = ("MRR", "MR")  #: the first one that there is has its interval in a table of several scorers
PROTOCOL_HELP = "; ".join(f"{protocol.name}: {protocol.words}" for protocol in PROTOCOLS.values()) + "."


@app.command("evaluate")
def evaluate_command(
    run: RunOption = None,
    protocol: Annotated[str, typer.Option(help=PROTOCOL_HELP)] = "drugs-for-disease",
    scorer: ScorerOption = None,
    positives: Annotated[Path | None, typer.Option(help="Pairs for external: a table with columns compound and disease.")] = None,
    negatives: Annotated[Path | None, typer.Option(help="The same, of pairs that are no treatments.")] = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out pairs the graph does not have; say how many.")
    ] = False,
    area: Annotated[str | None, typer.Option(help="Therapeutic area for area, such as brain; an unknown one lists them.")] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Also measure degree, neighbours, paths, walks and text alone (cheap).")
    ] = False,
    controls: Annotated[
        bool, typer.Option("--controls", help="Also train and measure the same embedding with other text (up to five trainings).")
    ] = False,
    against: Annotated[
        str | None, typer.Option(help="Another run: print the difference with interval and permutation test.")
    ] = None,
    split_seed: Annotated[int, typer.Option(min=0, help="Of the split and of what is drawn.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Where to write all of it: .json, or the table as .csv.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say how well a run's recipe finds treatments that it has not seen.

    Treatments are held out as the protocol says, and the same settings are trained once more without them; ties stand at their
    mean place, intervals are bootstrapped over diseases. What was measured before is not measured again.
    """
    if out is not None and out.suffix not in (".json", ".csv"):
        raise ConfigError(f"--out {out} has no known ending.", expected="a file that ends in .json or .csv")
    workspace = Workspace.default()
    name = run or pipeline.default_run(workspace)
    question = Question(protocol, scorer, split_seed, area, positives, negatives, skip_unknown)
    result = _evaluated(workspace, name, question, baselines=baselines, controls=controls)
    differences = []
    if against is not None:
        _evaluated(workspace, against, question)
        differences = [vars(difference) for difference in compare_runs(workspace, name, against, question)]
        result = result | {"against": against, "differences": differences}
    if out is not None:
        _write(out, result)
    if as_json:
        typer.echo(json.dumps(result, indent=1))
        return
    _print(result)
    if differences:
        shown = [difference | {"p_value": f"{difference['p_value']:.4f}"} for difference in differences]
        print_table(f"{name} minus {against} (interval: bootstrap, p: permutation test, over diseases)", list(shown[0]), shown)


def _evaluated(
    workspace: Workspace, name: str, question: Question, *, baselines: bool = False, controls: bool = False
) -> dict[str, Any]:
    wanted = {"with_baselines": baselines, "with_controls": controls}
    kept = kept_evaluation(workspace, name, question, **wanted)
    if kept is not None:
        return kept
    with followed(f"how good is {name}") as hooks:
        return evaluate_protocol(workspace, name, question, **wanted, hooks=hooks)


def _print(result: dict[str, Any]) -> None:
    others = [*result.get("baselines", ()), *result.get("controls", ())]
    title = f"{result['run']} ({result['n_pairs']} pairs, {result['n_diseases']} diseases)"
    if others:
        rows = [_wide(result["run"], result["metrics"], [])]
        rows += [_wide(other["scorer"], other["metrics"], other["run_minus_this"]) for other in others]
        print_table(title, list(rows[0]), rows)
        tell(f"p: of the difference of {result['run']} in {_headline(result['metrics'])} (permutation test over diseases).")
        if "baseline_text" in result:
            tell(f"The baselines on text read it in mode {result['baseline_text']}.")
    else:
        rows = [{"metric": name, "value": m["value"], "95 % interval": _interval(m)} for name, m in result["metrics"].items()]
        print_table(title, ["metric", "value", "95 % interval"], rows)
    tell(f"{result['protocol']}; intervals: bootstrap over diseases.")
    if result.get("skipped"):
        tell(f"{result['skipped']} pairs of the files left out: the graph does not have them.")
    if result.get("leaks"):
        tell(result["leaks"]["sentence"])


def _wide(scorer: str, metrics: dict[str, Any], differences: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one line of a table of several scorers: p is that of the run's difference from it."""
    headline = _headline(metrics)
    p_value = next((d["p_value"] for d in differences if d["metric"] == headline), None)
    row: dict[str, Any] = {"scorer": scorer}
    for name in SHOWN:
        if name in metrics:
            row[name] = f"{metrics[name]['value']:.3f}"
            if name == headline:
                row |= {"95 % interval": _interval(metrics[name]), "p": "" if p_value is None else f"{p_value:.4f}"}
    return row


def _headline(metrics: dict[str, Any]) -> str:
    return next(name for name in HEADLINE if name in metrics)


def _interval(metric: dict[str, float]) -> str:
    return f"{metric['low']:.3f} - {metric['high']:.3f}"


def _write(out: Path, result: dict[str, Any]) -> None:
    if out.suffix == ".json":
        write_json(out, result)
        return
    scorers = [result | {"scorer": result["run"]}, *result.get("baselines", ()), *result.get("controls", ())]
    records = [
        dict(zip(CSV_COLUMNS, (entry["scorer"], metric, *values.values()), strict=True))
        for entry in scorers
        for metric, values in entry["metrics"].items()
    ]
    write_text(out, to_csv(records, CSV_COLUMNS))
