"""Check what a language model wrote against the graph: supported, contradicted, unknown; with the edge behind each verdict."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from core.kg.graph import KnowledgeGraph
from core.llm import statements
from core.llm.mapping import NameMap
from core.llm.mentions import Lexicon, Mention
from core.llm.statements import Relation, Statement
from core.llm.verdicts import VERDICTS, Judge, Verdict
from core.types import Progress, silent

Described = Mapping[str, str | Sequence[str]]  #: one entity: fields as text, structured facts as lists of names

LIST_RELATIONS: dict[str, Relation] = {
    "indicated_for": "indicated_for",
    "contraindicated_in": "contraindicated_in",
    "targets": "targets",
}
HARMS: tuple[Relation, ...] = ("contraindicated_in", "cautioned_in")


@dataclass(frozen=True)
class Claim:
    """One fact that a description states, mapped to the graph and judged.

    Treatments and harms run from drug (or class) to disease, targets from drug to gene, ``involves`` from disease to gene,
    whichever of the two the text is about.
    """

    about: int  #: the described entity
    field: str  #: the field or list that states it
    sentence: str  #: as written; the name itself where it stands in a list
    relation: Relation
    mention: str  #: the name as written
    entity: int | None  #: what it was mapped to; None where the graph has nothing like it
    score: float  #: likeness of name and entity, 0 to 100; below 100 it was not the same text
    verdict: Verdict
    edge: int | None  #: row of the triple behind the verdict; of an unknown one, a weaker tie of the two if there is one
    qualifier: str = ""  #: narrows the entity, such as ``decompensated``: an edge of the whole cannot contradict it
    also: tuple[int, ...] = ()  #: further classes that a wide word such as ``antipsychotics`` means

    def ends(self, graph: KnowledgeGraph) -> tuple[int, int]:
        """Return head and tail of a mapped claim."""
        assert self.entity is not None  # noqa: S101 - an unmapped claim has one end only
        return _ends(graph, self.about, self.entity, self.relation)


def _ends(graph: KnowledgeGraph, about: int, entity: int, relation: Relation) -> tuple[int, int]:
    is_head = graph.kinds[about] == graph.source.drug_kind or relation == "involves"
    return (about, entity) if is_head else (entity, about)


class Grounder:
    """Read and judge descriptions of one graph."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self._lexicon = Lexicon(graph)
        self.judge = Judge(graph)
        self._names = NameMap(graph, self._lexicon, self.judge.classes)

    def claims(self, about: int, described: Described) -> list[Claim]:
        """Return what a description claims, in the order of its fields.

        :param about: row of the described entity
        """
        found = [claim for field, value in described.items() for claim in self._of_field(about, field, value)]
        distinct: dict[tuple[object, ...], Claim] = {}
        for claim in found:
            named = claim.mention if claim.entity is None else claim.entity
            distinct.setdefault((claim.field, claim.sentence, claim.relation, named), claim)
        return list(distinct.values())

    def _of_field(self, about: int, field: str, value: str | Sequence[str]) -> Iterator[Claim]:
        if not isinstance(value, str):
            yield from self._of_list(about, field, value)
            return
        for sentence in statements.sentences(value):
            for statement in self._statements(about, field, sentence):
                if rows := self._meant(about, statement.relation, statement.mention.rows):
                    yield self._judged(about, field, statement, rows)

    def _statements(self, about: int, field: str, sentence: str) -> Iterable[Statement]:
        mentions = self._lexicon.find(sentence)
        drug, disease = self.graph.source.drug_kind, self.graph.source.disease_kind
        kind = self.graph.kinds[about]
        if kind == drug and field in ("indications", "contraindications"):
            named = [m for m in mentions if self._is_ill(m) and statements.stands_for_itself(sentence, m)]
            read = statements.read_uses if field == "indications" else statements.read_harms_of_a_drug
            return read(sentence, named)
        if kind == disease and field == "indications":
            return statements.read_uses(sentence, mentions)
        if kind == disease and field == "contraindications":
            return statements.read_harms_in_a_disease(
                sentence, mentions, elsewhere=lambda mention: self._is_ill(mention) and about not in mention.rows
            )
        if kind in (drug, disease) and field == "mechanism":
            return statements.read_mechanism(sentence, mentions, relation="targets" if kind == drug else "involves")
        return ()

    def _of_list(self, about: int, field: str, names: Sequence[str]) -> Iterator[Claim]:
        relation = LIST_RELATIONS.get(field)
        if relation is None:
            return
        if relation == "targets" and self.graph.kinds[about] == self.graph.source.disease_kind:
            relation = "involves"
        for name in names:
            found, score = self._names.map(name, self._wanted(about, relation))
            rows = self._meant(about, relation, found)
            mention = Mention(0, len(name), name, tuple(rows), score if rows else 0.0)
            yield self._judged(about, field, Statement(name, mention, relation), rows)

    def _wanted(self, about: int, relation: Relation) -> tuple[str, ...]:
        if relation in ("targets", "involves"):
            return ("gene",)
        if self.graph.kinds[about] == self.graph.source.drug_kind:
            phenotypes = ("Phenotype", "Side Effect") if relation == "may_cause" else ()
            return (self.graph.source.disease_kind, "Condition", *phenotypes)
        return (self.graph.source.drug_kind, "class")

    def _is_ill(self, mention: Mention) -> bool:
        ill = (self.graph.source.disease_kind, "Condition", "Phenotype", "Symptom", "Side Effect")
        return any(self.graph.kinds[row] in ill for row in mention.rows)

    def _meant(self, about: int, relation: Relation, rows: Sequence[int]) -> list[int]:
        """Return which of the entities of a name are meant: all classes of a wide word, else the first kind that is wanted.

        A name of several entities of that kind means the one that has an edge, and none if that does not decide.
        """
        for kind in self._wanted(about, relation):
            fitting = [row for row in rows if self._names.kind(row) == kind and row != about]
            if len(fitting) > 1 and kind != "class":
                fitting = [row for row in fitting if self.judge.between(*_ends(self.graph, about, row, relation))]
                fitting = fitting if len(fitting) == 1 else []
            if fitting:
                return fitting
        return []

    def _judged(self, about: int, field: str, statement: Statement, rows: Sequence[int]) -> Claim:
        """Judge a statement; of several classes that a wide word means, the first with a supporting edge stands for all."""
        relation, mention = statement.relation, statement.mention
        judged = [(row, *self._verdict(about, statement, row)) for row in rows]
        entity, verdict, edge = min(judged, key=lambda each: VERDICTS.index(each[1]), default=(None, "unknown", None))
        also = tuple(row for row in rows if row != entity)
        return Claim(
            about,
            field,
            statement.sentence,
            relation,
            mention.text,
            entity,
            mention.score,
            verdict,
            edge,
            statement.qualifier,
            also,
        )

    def _verdict(self, about: int, statement: Statement, row: int) -> tuple[Verdict, int | None]:
        ends = _ends(self.graph, about, row, statement.relation)
        return self.judge.verdict(statement.relation, *ends, qualifier=statement.qualifier)


def ground(graph: KnowledgeGraph, described: Mapping[int, Described], *, progress: Progress = silent) -> list[Claim]:
    """Check all descriptions of a graph.

    :param described: by entity row; for instance ``{row: text.parts() for row, text in load_descriptions(graph).items()}``
    """
    grounder = Grounder(graph)
    claims: list[Claim] = []
    for done, (row, each) in enumerate(described.items(), start=1):
        claims += grounder.claims(row, each)
        progress(done, len(described))
    return claims


def edge_words(graph: KnowledgeGraph, edge: int) -> str:
    """Say what an edge states, with its detail and its source."""
    head, relation, tail = graph.triples[edge].tolist()
    phrase = graph.source.meaning(graph.vocabulary.relations[relation]).phrase
    detail = f" ({graph.detail[edge]})" if graph.detail[edge] else ""
    source = f" [{graph.provenance[edge]}]" if graph.provenance[edge] else ""
    return f"{graph.names[head]} {phrase} {graph.names[tail]}{detail}{source}"


CLAIM_COLUMNS = (
    "id", "name", "kind", "field", "sentence", "claim", "mention", "mapped_id", "mapped_name", "score", "verdict", "edge",
    "qualifier",
)  # fmt: skip


def claim_records(graph: KnowledgeGraph, claims: Iterable[Claim]) -> list[dict[str, object]]:
    """Return claims as plain values, names for rows, one dictionary each with the keys :data:`CLAIM_COLUMNS`."""
    entities, names = graph.vocabulary.entities, graph.names
    return [
        {
            "id": entities[claim.about],
            "name": names[claim.about],
            "kind": graph.kinds[claim.about],
            "field": claim.field,
            "sentence": claim.sentence,
            "claim": claim.relation,
            "mention": claim.mention,
            "mapped_id": entities[claim.entity] if claim.entity is not None else "",
            "mapped_name": names[claim.entity] if claim.entity is not None else "",
            "score": round(claim.score, 1),
            "verdict": claim.verdict,
            "edge": edge_words(graph, claim.edge) if claim.edge is not None else "",
            "qualifier": claim.qualifier,
        }
        for claim in claims
    ]


def contraindication_claims(graph: KnowledgeGraph, described: Mapping[int, Described]) -> pd.DataFrame:
    """Return each pair that some text warns of: of a drug's own text, and of a disease's text that names a drug or its class.

    :param described: by entity row, as for :func:`ground`
    :returns: one row a pair and sentence: ``drug`` and ``disease`` (entity rows; the disease may be a condition), ``relation``
        (contraindicated_in or cautioned_in), ``sentence``, ``field``, ``source`` ("drug" or "disease": whose text), ``via`` (row
        of the class that was named, else -1), ``mention``, ``score``, ``qualifier``, ``verdict``, ``edge`` (row of the triple,
        else -1); verdict and edge are those of the single drug. What is said of a class leaves out its drugs that the same text
        or the graph has as a treatment of the disease (clozapine among the antipsychotics).
    """
    grounder = Grounder(graph)
    rows: dict[tuple[object, ...], dict[str, object]] = {}
    for about, each in described.items():
        claims = grounder.claims(about, each)
        used = {claim.entity for claim in claims if claim.relation == "indicated_for"}
        for claim in claims:
            if claim.relation in HARMS and claim.entity is not None:
                for record in _warnings(grounder, claim, used):
                    rows.setdefault((record["drug"], record["disease"], record["sentence"]), record)
    return pd.DataFrame(rows.values(), columns=WARNING_COLUMNS)


WARNING_COLUMNS = [
    "drug", "disease", "relation", "sentence", "field", "source", "via", "mention", "score", "qualifier", "verdict", "edge",
]  # fmt: skip


def _warnings(grounder: Grounder, claim: Claim, used: Collection[int | None]) -> Iterator[dict[str, object]]:
    graph = grounder.graph
    head, disease = claim.ends(graph)
    is_class = head in grounder.judge.classes
    named = (
        [(drug, group) for group in (head, *claim.also) for drug in grounder.judge.members(group)] if is_class else [(head, -1)]
    )
    for drug, group in named:
        if is_class and (drug in used or grounder.judge.verdict("indicated_for", drug, disease)[0] == "supported"):
            continue
        verdict, edge = grounder.judge.verdict(claim.relation, drug, disease, qualifier=claim.qualifier)
        yield {
            "drug": drug,
            "disease": disease,
            "relation": claim.relation,
            "sentence": claim.sentence,
            "field": claim.field,
            "source": "drug" if claim.about == head else "disease",
            "via": group,
            "mention": claim.mention,
            "score": claim.score,
            "qualifier": claim.qualifier,
            "verdict": verdict,
            "edge": -1 if edge is None else edge,
        }
