"""Check a graph that could be loaded: what is right, what a reader or a model will stumble over, and what to do."""

from collections.abc import Sequence

import numpy as np

from core.kg.census import degrees
from core.kg.findings import Check, edge_words, judged, named
from core.kg.graph import KnowledgeGraph
from core.kg.name_checks import merged, no_link, no_texts, shared_names, text_without_entity, without_text
from core.types import BoolArray


def check_graph(
    graph: KnowledgeGraph, *, described: Sequence[tuple[str, str]] | None = None, linked: BoolArray | None = None
) -> list[Check]:
    """Check a graph and what belongs to it.

    :param described: identifier and name of each description, in the order of the file; None where there is no file
    :param linked: shape (n_entities,); whether a public page is known for an identifier; None leaves that check out
    """
    texts = [without_text(graph, described), text_without_entity(graph, described), merged(graph, described)]
    checks = [
        _tables(graph),
        _kinds(graph),
        _treatments(graph),
        _duplicates(graph),
        _loops(graph),
        _undeclared(graph),
        _missing_relations(graph),
        _misdirected(graph),
        _both_said(graph),
        _isolated(graph),
        shared_names(graph),
        *([no_link(graph, linked)] if linked is not None else []),
        *(texts if described else [no_texts()]),
    ]
    return sorted(checks, key=lambda check: ("fail", "warn", "pass").index(check.level))


def _tables(graph: KnowledgeGraph) -> Check:
    size = f"{graph.n_entities:,} entities and {len(graph.triples):,} edges were read"
    return Check(
        "tables", "pass", f"{size}: columns and encoding are right, no identifier is used twice, every edge joins nodes."
    )


def _kinds(graph: KnowledgeGraph) -> Check:
    wanted = {"drugs": graph.source.drug_kind, "diseases": graph.source.disease_kind}
    missing = [f"{what} (kind {kind})" for what, kind in wanted.items() if kind not in graph.kind_names]
    return judged(
        "kinds",
        missing,
        good="There are drugs and diseases.",
        bad=("Kinds that are not there", f"Missing: {', '.join(missing)}. There are: {', '.join(graph.kind_names[:12])}."),
        advice="name your kinds in source.toml: drug_kind and disease_kind.",
        level="fail",
    )


def _treatments(graph: KnowledgeGraph) -> Check:
    if len(graph.known):
        return Check("treatments", "pass", f"{len(graph.known):,} pairs of drug and disease are known as treatment.")
    return Check(
        "treatments",
        "fail",
        "No drug is known to treat a disease: there is nothing to learn from and nothing to test with.",
        "let edges of the relation that means 'treats' run from drug to disease, and name it under [roles] in source.toml.",
    )


def _duplicates(graph: KnowledgeGraph) -> Check:
    if not graph.duplicates:
        return Check("duplicates", "pass", "No edge is there twice.")
    found = f"Repeated edges: {graph.duplicates:,}. They were left out; of each the first stays."
    return Check("duplicates", "warn", found, "remove them from edges.tsv if their details differ.", graph.duplicates)


def _loops(graph: KnowledgeGraph) -> Check:
    loops = graph.triples[graph.triples[:, 0] == graph.triples[:, 2]]
    return judged(
        "self loops",
        (edge_words(graph, edge) for edge in loops),
        good="No edge joins an entity with itself.",
        bad=("Edges that join an entity with itself", "They say nothing, yet are learned from."),
        advice="remove them from edges.tsv.",
    )


def _undeclared(graph: KnowledgeGraph) -> Check:
    edges = np.bincount(graph.triples[:, 1], minlength=graph.n_relations)
    return judged(
        "undeclared relations",
        (
            f"{name} ({edges[row]:,} edges)"
            for row, name in enumerate(graph.vocabulary.relations)
            if name not in graph.source.relations
        ),
        good="Every relation is declared: how it reads and how much it says.",
        bad=("Relations that are not declared", "They are read by their identifier, and count fully in explanations."),
        advice='declare each in source.toml: [relations] NAME = { phrase = "...", inverse = "..." }.',
    )


def _missing_relations(graph: KnowledgeGraph) -> Check:
    source = graph.source
    lists = {**source.roles, "never_trained": source.never_trained, "class_relations": source.class_relations}
    lists |= {"area_relations": source.area_relations, "narrower_relations": source.narrower_relations}
    there = graph.vocabulary.relation_row
    return judged(
        "declared but missing",
        (f"{name} (declared as {what})" for what, names in lists.items() for name in names if name not in there),
        good="Every relation that the declaration gives a part is there.",
        bad=("Relations that are declared to play a part, but are not there", "No edge has them."),
        advice="look for a misspelling in source.toml or edges.tsv; ignore it where the graph has no such facts.",
    )


def _misdirected(graph: KnowledgeGraph) -> Check:
    """Find edges of treatment relations that no ranking counts, such as those stored from disease to drug."""
    roles = np.concatenate([graph.role_relations("treats"), graph.role_relations("palliates")])
    edges = graph.triples[np.isin(graph.triples[:, 1], roles)]
    joins = np.isin(edges[:, 0], graph.drugs) & np.isin(edges[:, 2], graph.diseases)
    return judged(
        "treatment ends",
        (edge_words(graph, edge) for edge in edges[~joins]),
        good="Every treatment edge runs from a drug to a disease.",
        bad=("Treatment edges that do not run from a drug to a disease", "No ranking and no test counts them."),
        advice="turn them round, or correct the kinds; ignore it where something else than a disease is treated.",
    )


def _both_said(graph: KnowledgeGraph) -> Check:
    known, forbidden = graph.known, graph.pairs("contraindicated")
    both = known[np.isin(graph.pair_codes(known), graph.pair_codes(forbidden))]
    return judged(
        "treats and contraindicated",
        (f"{graph.names[drug]} in {graph.names[disease]}" for drug, disease in both.tolist()),
        good="No pair is both treatment and contraindication.",
        bad=("Pairs that are both treatment and contraindication", "Pages show both marks."),
        advice="either it is so in some cases (a stage, a form), or one of the two edges is wrong: look them up.",
    )


def _isolated(graph: KnowledgeGraph) -> Check:
    return judged(
        "isolated entities",
        named(graph, np.flatnonzero(degrees(graph) == 0)),
        good="Every entity has an edge.",
        bad=("Entities without any edge", "The graph says nothing of them, only their text can."),
        advice="add edges, or remove them from nodes.tsv.",
    )
