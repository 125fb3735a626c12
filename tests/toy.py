"""The one toy graph, drawn here; every test that needs a small graph uses it.

::

    drug          treats      palliates        inhibits   gene      associated with
    ---------------------------------------------------------------------------------------------
    donepezil     Alzheimer   Alzheimer, PD    ACHE       ACHE      Alzheimer      (ACHE - PTGS1)
    memantine     Alzheimer                    GRIN1      GRIN1     Alzheimer, prion disease
    metformin     diabetes                     PRKAB1     PRKAB1    diabetes
    levodopa      Parkinson                               DRD2      Parkinson      (GRIN1 - DRD2)
    haloperidol               Alzheimer        DRD2       PTGS1     nothing
    aspirin                                    PTGS1

    investigated for: metformin, aspirin -> Alzheimer   contraindicated in: haloperidol -> Parkinson
    cautioned in: levodopa -> Alzheimer                 class: donepezil, haloperidol
    resembles: Alzheimer - prion disease                "dementia" is a synonym of both; prion disease has no treatment
    no description: aspirin; only a background: the genes and classes
"""

import json
from pathlib import Path

import numpy as np

from core.kg.graph import KnowledgeGraph
from core.kg.sources import source_for
from core.kg.vocabulary import Vocabulary

Node = tuple[str, str, str, str]  #: id, name, kind, synonyms
Edge = tuple[str, str, str, str, str]  #: head, relation, tail, detail, corroborated

DONEPEZIL, MEMANTINE, METFORMIN = "Compound::donepezil", "Compound::memantine", "Compound::metformin"
LEVODOPA, HALOPERIDOL, ASPIRIN = "Compound::levodopa", "Compound::haloperidol", "Compound::aspirin"
ALZHEIMER, PARKINSON = "Disease::alzheimer", "Disease::parkinson"
DIABETES, PRION = "Disease::diabetes", "Disease::prion"
ACHE, GRIN1, PRKAB1, DRD2, PTGS1 = "Gene::ACHE", "Gene::GRIN1", "Gene::PRKAB1", "Gene::DRD2", "Gene::PTGS1"
CHOLINESTERASE_INHIBITOR, ANTIPSYCHOTIC = "Class::cholinesterase-inhibitor", "Class::antipsychotic"

NODES: list[Node] = [
    (DONEPEZIL, "donepezil", "Compound", "Aricept|E2020"),
    (MEMANTINE, "memantine", "Compound", "Namenda"),
    (METFORMIN, "metformin", "Compound", ""),
    (LEVODOPA, "levodopa", "Compound", "L-DOPA"),
    (HALOPERIDOL, "haloperidol", "Compound", ""),
    (ASPIRIN, "aspirin", "Compound", "acetylsalicylic acid|ASA"),
    (ALZHEIMER, "Alzheimer's disease", "Disease", "AD|dementia"),
    (PARKINSON, "Parkinson's disease", "Disease", "PD"),
    (DIABETES, "type 2 diabetes mellitus", "Disease", "T2DM"),
    (PRION, "prion disease", "Disease", "dementia|CJD"),
    (ACHE, "ACHE", "Gene", "acetylcholinesterase"),
    (GRIN1, "GRIN1", "Gene", ""),
    (PRKAB1, "PRKAB1", "Gene", "AMPK"),
    (DRD2, "DRD2", "Gene", "dopamine receptor D2"),
    (PTGS1, "PTGS1", "Gene", "COX-1"),
    (CHOLINESTERASE_INHIBITOR, "cholinesterase inhibitor", "Pharmacologic Class", ""),
    (ANTIPSYCHOTIC, "antipsychotic", "Pharmacologic Class", "neuroleptic"),
]

EDGES: list[Edge] = [
    (DONEPEZIL, "treats", ALZHEIMER, "", "Hetionet v1.0"),
    (MEMANTINE, "treats", ALZHEIMER, "", "Hetionet v1.0"),
    (METFORMIN, "treats", DIABETES, "", ""),
    (LEVODOPA, "treats", PARKINSON, "", "Hetionet v1.0"),
    (DONEPEZIL, "palliates", ALZHEIMER, "", ""),
    (DONEPEZIL, "palliates", PARKINSON, "", ""),
    (HALOPERIDOL, "palliates", ALZHEIMER, "agitation", ""),
    (METFORMIN, "investigated_for", ALZHEIMER, "", ""),
    (ASPIRIN, "investigated_for", ALZHEIMER, "", ""),
    (HALOPERIDOL, "contraindicated_in", PARKINSON, "blocks dopamine", ""),
    (LEVODOPA, "cautioned_in", ALZHEIMER, "may confuse", ""),
    (DONEPEZIL, "inhibits", ACHE, "reversible inhibitor", "Hetionet v1.0"),
    (MEMANTINE, "inhibits", GRIN1, "channel blocker", ""),
    (METFORMIN, "inhibits", PRKAB1, "", ""),
    (HALOPERIDOL, "inhibits", DRD2, "antagonist", ""),
    (ASPIRIN, "inhibits", PTGS1, "irreversible inhibitor", ""),
    (ALZHEIMER, "associated_with", ACHE, "involved", ""),
    (ALZHEIMER, "associated_with", GRIN1, "involved", ""),
    (PRION, "associated_with", GRIN1, "involved", ""),
    (DIABETES, "associated_with", PRKAB1, "involved", ""),
    (PARKINSON, "associated_with", DRD2, "involved", ""),
    (DONEPEZIL, "has_class", CHOLINESTERASE_INHIBITOR, "", ""),
    (HALOPERIDOL, "has_class", ANTIPSYCHOTIC, "", ""),
    (ALZHEIMER, "resembles", PRION, "", ""),
    (GRIN1, "interacts_with", DRD2, "", ""),
    (ACHE, "interacts_with", PTGS1, "", ""),
]


def toy_graph() -> KnowledgeGraph:
    """Return the toy graph, built in memory without a loader."""
    return graph_of(NODES, EDGES)


def graph_of(nodes: list[Node], edges: list[Edge]) -> KnowledgeGraph:
    """Return a graph of these nodes and edges, read as the starter's; rows in this order, relations sorted."""
    relations = tuple(sorted({edge[1] for edge in edges}))
    vocabulary = Vocabulary(tuple(node[0] for node in nodes), relations)
    row, relation_row = vocabulary.entity_row, vocabulary.relation_row
    return KnowledgeGraph(
        name="toy",
        source=source_for(relations, None),
        vocabulary=vocabulary,
        names=tuple(node[1] for node in nodes),
        kinds=tuple(node[2] for node in nodes),
        synonyms=tuple(tuple(node[3].split("|")) if node[3] else () for node in nodes),
        triples=np.array([(row[h], relation_row[r], row[t]) for h, r, t, _, _ in edges], dtype=np.int32),
        detail=tuple(edge[3] for edge in edges),
        provenance=tuple(edge[4] for edge in edges),
    )


def row_of(graph: KnowledgeGraph, identifier: str) -> int:
    """Return the row of an entity."""
    return graph.vocabulary.entity_row[identifier]


def write_toy_folder(folder: Path) -> Path:
    """Write nodes.tsv, edges.tsv and descriptions.jsonl in the starter's form; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "nodes.tsv", ["id", "name", "kind", "synonyms"], NODES)
    write_table(folder / "edges.tsv", ["head", "relation", "tail", "detail", "corroborated"], EDGES)
    lines = [json.dumps(description) for description in toy_descriptions()]
    (folder / "descriptions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def write_table(path: Path, header: list[str], rows: list[Node] | list[Edge]) -> None:
    """Write a tab-separated table with a header."""
    path.write_text("".join("\t".join(cells) + "\n" for cells in [header, *rows]), encoding="utf-8")


def toy_descriptions() -> list[dict[str, str]]:
    """Return what descriptions.jsonl holds, one dictionary an entity.

    The fields that name uses have the words "used for" and "avoid in", so that a test can see where they went.
    """
    described = [node for node in NODES if node[0] != ASPIRIN]
    return [_description(*node) for node in described]


def _description(identifier: str, name: str, kind: str, _synonyms: str) -> dict[str, str]:
    description = {"id": identifier, "name": name, "kind": kind, "background": f"{name} is a {kind.lower()} of the toy graph."}
    if kind in ("Compound", "Disease"):
        description |= {
            "mechanism": f"The mechanism of {name}.",
            "indications": f"{name}: used for this.",
            "contraindications": f"{name}: avoid in that.",
        }
    return description
