"""Commands for a case: a dossier, the recovery of a list, warnings, a disease or drug that is new."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.casestudy.dossier import to_html, to_pdf
from core.casestudy.export import rank_records, to_json
from core.casestudy.filters import Filters, select
from core.casestudy.lists import drug_places, known_others, recovery_lists
from core.casestudy.newcomer import Newcomer
from core.casestudy.recovery import read_drug_list, recovery
from core.casestudy.shortlist import shortlist
from core.cli.app import app
from core.cli.progress import followed
from core.cli.shared import JsonFlag, RunOption, load_pair, print_table, tell
from core.errors import ConfigError, WorkspaceError
from core.explain.metapaths import MetapathFinder
from core.explain.significance import null_model
from core.kg.search import EntityIndex
from core.pipeline import LoadedRun
from core.pipeline.dossiers import make_dossier
from core.pipeline.newcomer_trust import newcomer_reliability
from core.pipeline.newcomers import gene_facts, place, rank_for_new_disease, rank_new_drug
from core.pipeline.safety import safety_of
from core.text.descriptions import descriptions_of
from core.workspace import Workspace, write_bytes, write_text

DiseaseOption = Annotated[str, typer.Option(help="Name, synonym or identifier of a disease.")]
RANDOM_GRAPHS = 100
FIRST = 10  #: new drugs that a dossier is made of where none is named


@app.command()
def dossier(
    disease: DiseaseOption,
    out: Annotated[Path, typer.Option(help="File to write: .html or .pdf.")],
    drug: Annotated[
        list[str] | None, typer.Option(help="A drug; may be given several times. Default: the first ten new ones.")
    ] = None,
    run: RunOption = None,
) -> None:
    """Write the printable report of a disease and chosen candidates."""
    if out.suffix.lower() not in (".html", ".pdf"):
        raise ConfigError(f"{out} ends in {out.suffix or 'nothing'}.", expected="a file that ends in .html or .pdf")
    workspace = Workspace.default()
    loaded, base = load_pair(run)
    graph = loaded.graph
    row = EntityIndex(graph, graph.diseases, "disease").resolve(disease)
    texts, metapaths = descriptions_of(graph, loaded.settings.text), MetapathFinder(graph)
    warnings = safety_of(workspace, graph, texts).warnings(row)
    table = shortlist(graph, loaded.scorer, row, base=base)
    table["barred"] = [any(each.bars for each in warnings.get(drug_row, ())) for drug_row in table["row"].tolist()]
    index = EntityIndex(graph, graph.drugs, "drug")
    new = select(table, Filters("new")).candidates["row"].head(FIRST).tolist()
    drugs = [index.resolve(name) for name in drug or []] or new
    with followed("random graphs") as hooks:
        null = null_model(workspace, metapaths.finder.search, count=RANDOM_GRAPHS, progress=hooks.on_text)
    html = to_html(
        make_dossier(workspace, loaded, table, row, drugs, metapaths=metapaths, warnings=warnings, descriptions=texts, null=null)
    )
    if out.suffix.lower() == ".pdf":
        write_bytes(out, to_pdf(html))
    else:
        write_text(out, html)
    tell(f"{out}: {graph.names[row]}, {len(drugs)} drug{'s' * (len(drugs) != 1)}. Research software, not medical advice.")


@app.command()
def recover(
    disease: DiseaseOption,
    drugs: Annotated[
        Path | None, typer.Option(help="File with one drug a line; default: known and trial drugs of the graph.")
    ] = None,
    run: RunOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Say how many drugs of a list stand among the first 10, 50, 100, beside what chance would give."""
    loaded, _ = load_pair(run)
    graph = loaded.graph
    row = EntityIndex(graph, graph.diseases, "disease").resolve(disease)
    lists, unknown = recovery_lists(graph, row), ()
    if drugs is not None:
        listed = read_drug_list(_text(drugs), EntityIndex(graph, graph.drugs, "drug"))
        lists, unknown = {drugs.name: listed.rows}, listed.unknown
    scores = loaded.scorer.scores(graph.drugs, graph.diseases[graph.diseases == row])[0]
    records = [
        {"list": name} | asdict(part) | {"recall": part.recall}
        for name, rows in lists.items()
        if rows
        for part in recovery(scores, drug_places(graph, rows), known_others(graph, row, rows)).at
    ]
    if not records:
        raise _nothing_listed(graph.names[row], drugs, unknown)
    if as_json:
        typer.echo(to_json(records))
    else:
        print_table(f"{graph.names[row]}, run {loaded.name}", list(records[0]), records)
    for problem in unknown:
        tell(f"Left out: {problem}")


def _nothing_listed(disease: str, file: Path | None, unknown: Sequence[str]) -> ConfigError:
    if file is None:
        return ConfigError(f"The graph has no treatment and no trial of {disease}.", expected="a list of your own: --drugs FILE")
    problems = f": {' '.join(unknown[:3])}" if unknown else "."
    return ConfigError(f"{file} names no drug of this graph{problems}", expected="one name, synonym or identifier a line")


@app.command(name="new")
def new_entity(
    name: Annotated[str | None, typer.Option(help="Name of the new disease or drug.")] = None,
    description: Annotated[Path | None, typer.Option(help="Text file that describes it: mechanism, genes, symptoms.")] = None,
    kind: Annotated[str, typer.Option(help="disease or drug.")] = "disease",
    gene: Annotated[list[str] | None, typer.Option(help="A known gene or target; may be given several times.")] = None,
    run: RunOption = None,
    top: Annotated[int, typer.Option(min=1, help="How many places.")] = 20,
    trust: Annotated[
        bool, typer.Option("--trust", help="Measure how well this works for held-out diseases (minutes); may stand alone.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Rank drugs for a disease (or diseases for a drug) that the graph does not have, by its text and genes."""
    loaded, _ = load_pair(run)
    if name is not None and description is not None:
        _rank_newcomer(loaded, name, _text(description), kind=kind, genes=gene or [], top=top, as_json=as_json)
    elif not trust or name is not None or description is not None:
        raise ConfigError("A new entity needs --name and --description.", expected="both, or --trust alone")
    with followed("held-out diseases") as hooks:
        found = newcomer_reliability(Workspace.default(), loaded.name, hooks=hooks, known_only=not trust)
    if found:
        tell(f"How well that works: H@10 {found['metrics']['H@10']['value']:.2f}, {found['protocol']}.")
    else:
        tell("How well that works for held-out diseases was not measured for this run yet: --trust does.")


def _rank_newcomer(loaded: LoadedRun, name: str, text: str, *, kind: str, genes: Sequence[str], top: int, as_json: bool) -> None:
    graph = loaded.graph
    kinds = {"disease": graph.source.disease_kind, "drug": graph.source.drug_kind}
    if kind not in kinds:
        raise ConfigError(f"--kind is {kind!r}.", expected="disease or drug")
    index = EntityIndex(graph, graph.of_kind(graph.source.target_kind), "gene")
    facts = gene_facts(graph, kinds[kind], [index.resolve(each) for each in genes])
    placed = place(Workspace.default(), loaded, Newcomer(kinds[kind], name, text, facts))
    table = (rank_for_new_disease(placed) if kind == "disease" else rank_new_drug(placed)).head(top)
    records = rank_records(table, ["rank", "id", "name", "percentile"])
    if as_json:
        typer.echo(to_json(records))
    else:
        print_table(f"{name} (new), run {loaded.name}; {', '.join(placed.parts)}", ["rank", "name", "percentile"], records)
    tell("Driven by the text: near to " + ", ".join(f"{graph.names[row]} ({cosine:.2f})" for row, cosine in placed.nearest) + ".")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"{path} cannot be read: {error}.", expected="a UTF-8 text file") from error
