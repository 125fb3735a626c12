"""Check descriptions against the graph and report them."""

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from core.casestudy.export import to_csv
from core.cli.app import app
from core.cli.shared import JsonFlag, print_table, tell
from core.errors import ConfigError, GraphFormatError, UnknownNameError, WorkspaceError
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.llm.files import DescribedGraph, read_described, stored_descriptions
from core.llm.grounding import CLAIM_COLUMNS, claim_records
from core.llm.grounding import ground as ground_all
from core.llm.report import Report, report
from core.llm.store import DescriptionStore
from core.workspace import Workspace, write_json, write_text

INDICATORS = {
    "refusals": "refused or empty",
    "unmapped": "names in lists that the graph does not have",
    "misnamed": "written about another entity",
    "duplicates": "the same text for several entities",
}


@app.command("ground")
def ground_command(
    kg: Annotated[str, typer.Option(help="starter, a folder with nodes.tsv and edges.tsv[.gz], or NODES,EDGES.")] = "starter",
    prompt: Annotated[str | None, typer.Option(help="Which prompt's descriptions of the workspace; needs --model.")] = None,
    model: Annotated[str | None, typer.Option(help="Which model's descriptions of the workspace; needs --prompt.")] = None,
    descriptions: Annotated[
        Path | None, typer.Option(help="A file of descriptions; default: those of the graph's folder.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write all claims with their verdicts (.csv or .json).")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Check what a language model wrote against the graph: supported, contradicted or unknown; and report the whole.

    Unknown is not wrong: the graph may simply lack the fact.
    """
    if out and out.suffix not in (".csv", ".json"):
        raise ConfigError(f"{out} is neither .csv nor .json.", advice="give --out a name that ends in one of them.")
    graph = load_graph(kg)
    source = _source(graph, prompt, model, descriptions)
    claims = ground_all(graph, source.described)
    result = report(graph, source.described, claims, names=source.names)
    if out:
        records = claim_records(graph, claims)
        write_json(out, records) if out.suffix == ".json" else write_text(out, to_csv(records, CLAIM_COLUMNS))
        tell(f"{len(records)} claims written to {out}.")
    if as_json:
        typer.echo(json.dumps(result.as_dict() | {"left_out": source.left_out}, indent=1, ensure_ascii=False))
    else:
        _show(result, source)


def _source(graph: KnowledgeGraph, prompt: str | None, model: str | None, file: Path | None) -> DescribedGraph:
    if bool(prompt) != bool(model) or (prompt and file):
        raise ConfigError(
            "It is not clear which descriptions are meant.", expected="--prompt with --model, or --descriptions, or none of them"
        )
    if file:
        return read_described(graph, file)
    if prompt and model:
        return _stored(graph, prompt, model)
    shipped = graph.folder / "descriptions.jsonl" if graph.folder else None
    if shipped is None or not shipped.exists():
        raise GraphFormatError(
            shipped or Path(graph.name), None, "this graph has no descriptions.", advice="write some: `lladr describe --kg ...`."
        )
    return read_described(graph, shipped)


def _stored(graph: KnowledgeGraph, prompt: str, model: str) -> DescribedGraph:
    path = Workspace.default().description_store
    if not path.exists():
        raise WorkspaceError("Nothing has been described in this workspace.", advice="write some: `lladr describe --kg ...`.")
    with closing(DescriptionStore(path)) as store:
        known = [f"{each.prompt} by {each.model}" for each in store.sources(graph.name)]
        if f"{prompt} by {model}" not in known:
            raise UnknownNameError(
                "set of descriptions of this graph", f"{prompt} by {model}", known, advice="see `lladr describe`."
            )
        return stored_descriptions(graph, store, prompt=prompt, model=model)


def _show(result: Report, source: DescribedGraph) -> None:
    print_table("Coverage", ["kind", "described", "total"], [vars(each) for each in result.coverage])
    lengths = [vars(each) | {"median": f"{each.median:g}"} for each in result.lengths]
    print_table("Words a field", ["field", "texts", "shortest", "median", "longest"], lengths)
    print_table("Claims", ["claim", "supported", "contradicted", "unknown"], result.verdicts)
    rows = [{"indicator": words, "cases": result.counts[name]} for name, words in INDICATORS.items()]
    print_table("What looks wrong", ["indicator", "cases"], rows)
    for name in INDICATORS:
        for case in getattr(result, name)[:5]:
            tell(f"  {case.name} ({case.id}): {case.what}")
    if source.left_out:
        tell(f"{source.left_out} descriptions are of entities that the graph does not have.")
