"""Check what entities are called, where they link to, and what is written about them."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.kg.findings import Check, judged, named
from core.kg.graph import KnowledgeGraph
from core.types import BoolArray


def shared_names(graph: KnowledgeGraph) -> Check:
    """Find names and synonyms (case aside) that two entities of one kind have: a search for them is ambiguous."""
    owners: dict[tuple[str, str], dict[int, None]] = {}
    for row, kind in enumerate(graph.kinds):
        for text in (graph.names[row], *graph.synonyms[row]):
            owners.setdefault((kind, text.casefold()), {})[row] = None
    return judged(
        "shared names",
        (f"{text}: {'; '.join(named(graph, rows))}" for (_, text), rows in owners.items() if len(rows) > 1),
        good="No name or synonym is that of two entities of one kind.",
        bad=("Names or synonyms of two entities of one kind", "A search for one of them is ambiguous."),
        advice="keep an abbreviation with both; where two entities are the same one, merge them.",
    )


def no_link(graph: KnowledgeGraph, linked: BoolArray) -> Check:
    """Find drugs, diseases and targets whose identifier leads nowhere.

    :param linked: shape (n_entities,)
    """
    kinds = (graph.source.drug_kind, graph.source.disease_kind, graph.source.target_kind)
    rows = [row for row in np.flatnonzero(~linked).tolist() if graph.kinds[row] in kinds]
    return judged(
        "identifiers without a page",
        named(graph, rows),
        good="Every drug, disease and target links to its page in a public database.",
        bad=("Drugs, diseases and targets without a page", "Their identifier is of no known public database."),
        advice="use DrugBank (DB00001), Disease Ontology (DOID:1), Mondo, or NCBI Gene numbers after 'Kind::'.",
    )


def no_texts() -> Check:
    """Say that nothing is described."""
    advice = "put descriptions.jsonl beside nodes.tsv, or let a model write them: `lladr describe --kg ...`."
    return Check("descriptions", "warn", "There are no descriptions: only names can be injected as text.", advice)


def without_text(graph: KnowledgeGraph, described: Sequence[tuple[str, str]] | None) -> Check:
    """Look at drugs and diseases only: these are what is ranked."""
    there = {identifier for identifier, _ in described or ()}
    rows = np.sort(np.concatenate([graph.drugs, graph.diseases])).tolist()
    return judged(
        "entities without description",
        named(graph, [row for row in rows if graph.vocabulary.entities[row] not in there]),
        good="Every drug and disease is described.",
        bad=("Drugs and diseases without description", "Only their name stands for them."),
        advice="let a model write the rest: `lladr describe --kg ...`.",
    )


def text_without_entity(graph: KnowledgeGraph, described: Sequence[tuple[str, str]] | None) -> Check:
    """Find descriptions that nobody will read."""
    rows = graph.vocabulary.entity_row
    return judged(
        "descriptions without entity",
        (f"{name or 'unnamed'} ({identifier})" for identifier, name in described or () if identifier not in rows),
        good="Every description is of an entity of the graph.",
        bad=("Descriptions of entities that the graph does not have", "They are left out."),
        advice="correct their id in descriptions.jsonl, or remove them.",
    )


def merged(graph: KnowledgeGraph, described: Sequence[tuple[str, str]] | None) -> Check:
    """Find entities that are described twice: under two names, they are two entities that got one identifier."""
    times = Counter(identifier for identifier, _ in described or ())
    names: dict[str, list[str]] = {identifier: [] for identifier, number in times.items() if number > 1}
    for identifier, name in described or ():
        if identifier in names and name not in names[identifier]:
            names[identifier].append(name)
    return judged(
        "described twice",
        (f"{identifier}: {' and '.join(each)}" for identifier, each in names.items()),
        good="No entity is described twice.",
        bad=("Entities that are described more than once", "Under two names they may be two that share an identifier."),
        advice="where they are two, give each its own identifier and move its edges and synonyms.",
    )
