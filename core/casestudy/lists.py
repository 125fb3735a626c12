"""Name the lists of drugs whose recovery says something of a disease, and who competes with them."""

import numpy as np

from core.kg.graph import KnowledgeGraph
from core.types import BoolArray, IntArray

#: The ten of LLaDR's case study of Alzheimer's disease (Xiang et al. 2025, arXiv 2510.12181), first to tenth.
PAPER_TEN = (
    "dasatinib",
    "methylthioninium",
    "digoxin",
    "mitoxantrone",
    "gemcitabine",
    "suramin",
    "quercetin",
    "flufenamic acid",
    "amiodarone",
    "quinacrine",
)
PAPER_DISEASE = "Disease::DOID:10652"


def recovery_lists(graph: KnowledgeGraph, disease: int) -> dict[str, tuple[int, ...]]:
    """Return the lists that the graph itself has.

    Known treatments were learned from: finding them again is a control. Trial drugs are kept from training where the source says
    so (``never_trained``).
    """
    known = _drugs(graph, disease, "treats", "palliates")
    trials = tuple(sorted(set(_drugs(graph, disease, "investigated")) - set(known)))
    return {"known (control)": known, "in trials": trials}


def _drugs(graph: KnowledgeGraph, disease: int, *roles: str) -> tuple[int, ...]:
    found = [graph.pairs(role) for role in roles if len(graph.role_relations(role))]
    return tuple(sorted({int(drug) for pairs in found for drug, other in pairs if other == disease}))


def drug_places(graph: KnowledgeGraph, rows: tuple[int, ...]) -> IntArray:
    """Return where drugs stand among all drugs of the graph. Shape (n,)."""
    return np.searchsorted(graph.drugs, np.array(rows, dtype=np.int64))


def known_others(graph: KnowledgeGraph, disease: int, rows: tuple[int, ...]) -> BoolArray:
    """Return the known treatments that are not of a list: they do not compete with it. Shape (n_drugs,)."""
    known = _drugs(graph, disease, "treats", "palliates")
    left_out = np.zeros(len(graph.drugs), dtype=bool)
    left_out[drug_places(graph, tuple(set(known) - set(rows)))] = True
    return left_out
