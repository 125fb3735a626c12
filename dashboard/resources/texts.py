"""Load what was written about an entity, judge it, add to it; reading is done once for each state of the files."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.kg.graph import KnowledgeGraph
from core.kg.search import EntityIndex
from core.llm.files import DescribedGraph, read_described, stored_descriptions
from core.llm.grounding import Claim, Described, Grounder, ground
from core.llm.report import Report, report
from core.llm.store import DescriptionStore, Fields, SourceOfDescriptions, Version
from core.text.descriptions import Description
from dashboard import state
from dashboard.resources import _KEYED, Stamp, _graph_stamp, _times, workspace

SHIPPED = "shipped"  #: prompt and model of what came with the graph
AT_ONCE = 20_000  #: descriptions that a page checks while the reader waits (some 10 s)


@dataclass(frozen=True)
class Text:
    """What one source wrote about one entity; ``versions`` are all of it, the current one first."""

    key: str  #: of the source, for the address
    title: str
    claims: Sequence[Claim]
    versions: Sequence[Version]

    @property
    def current(self) -> Version:
        """Return the version that counts."""
        return self.versions[0]

    @property
    def described(self) -> Described:
        """Return its fields and lists."""
        return self.current.fields


@dataclass(frozen=True)
class Checked:
    """All descriptions of a source, judged."""

    claims: Sequence[Claim]
    report: Report


def chosen_entity(of: KnowledgeGraph) -> int | None:
    """Return the entity of the context, else its disease; None if neither is chosen.

    :raises UnknownNameError: if the graph does not have it; carries the nearest names
    """
    text = state.read("entity")
    if text:
        row = of.vocabulary.entity_row.get(text)
        return entity_index(of).resolve(text) if row is None else row
    disease = state.read("disease")
    return of.vocabulary.entity_row.get(disease) if disease else None


def entity_index(of: KnowledgeGraph) -> EntityIndex:
    """Return the search over entities of any kind."""
    return _entity_index(of, _graph_stamp(of.name))


def texts_of(of: KnowledgeGraph, entity: int) -> list[Text]:
    """Return every description of an entity by prompt and model, the shipped one first."""
    grouped: dict[tuple[str, str], list[Version]] = {}
    store = _store()
    for version in store.versions(of.vocabulary.entities[entity], graph=of.name) if store else []:
        grouped.setdefault((version.prompt, version.model), []).append(version)
    if shipped := _shipped_version(of, entity):
        grouped[SHIPPED, SHIPPED] = [*grouped.get((SHIPPED, SHIPPED), []), shipped]
    grounder = _grounder(of, _graph_stamp(of.name))
    texts = []
    for key in sorted(grouped, key=lambda key: (key != (SHIPPED, SHIPPED), key)):
        versions = sorted(grouped[key], key=lambda version: (not version.by_hand, -version.number))
        texts.append(Text(source_key(*key), source_title(*key), grounder.claims(entity, versions[0].fields), versions))
    return texts


def edit(text: Text, changes: Fields, *, author: str, reason: str) -> None:
    """Add a version by hand; nothing is overwritten.

    :raises ConfigError: if author or reason is missing
    """
    edited = text.current.edited(changes, author=author, reason=reason)
    _opened(str(workspace().description_store)).add(edited)


def server_is_configured() -> bool:
    """Return whether a chat server is named; top-level secrets of Streamlit count as environment variables."""
    st.secrets.load_if_toml_exists()
    return any(os.environ.get(name, "").strip() for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"))


def source_key(prompt: str, model: str) -> str:
    """Return how the address names a source."""
    return SHIPPED if prompt == SHIPPED else f"{prompt}|{model}"


def source_title(prompt: str, model: str) -> str:
    """Return how a page names a source."""
    return "Shipped with the graph" if prompt == SHIPPED else f"Prompt {prompt}, {model}"


def sources(of: KnowledgeGraph) -> dict[str, str]:
    """Return all sources of descriptions of a graph: key and title."""
    store = _store()
    found = store.sources(of.name) if store else []
    if shipped_descriptions(of).described:
        found = [SourceOfDescriptions(SHIPPED, SHIPPED, 0), *(each for each in found if each.prompt != SHIPPED)]
    return {source_key(each.prompt, each.model): source_title(each.prompt, each.model) for each in found}


def shipped_descriptions(of: KnowledgeGraph) -> DescribedGraph:
    """Return the descriptions in the graph's folder; none where it has none."""
    return _shipped(of, _graph_stamp(of.name))


def descriptions_of(of: KnowledgeGraph, source: str) -> DescribedGraph:
    """Return all current descriptions of a source, by its key."""
    return shipped_descriptions(of) if source == SHIPPED else _stored(of, _graph_stamp(of.name), _store_stamp(), source)


def claims_of(of: KnowledgeGraph, row: int, description: Description | None) -> Sequence[Claim]:
    """Return what a description claims, judged; empty where there is none."""
    return _claims(of, _graph_stamp(of.name), row, description) if description else ()


def checked(of: KnowledgeGraph, source: str) -> Checked:
    """Return all descriptions of a source, judged, with their report."""
    return _checked(of, _graph_stamp(of.name), () if source == SHIPPED else _store_stamp(), source)


def _shipped_version(of: KnowledgeGraph, entity: int) -> Version | None:
    described = shipped_descriptions(of).described.get(entity)
    if not described:
        return None
    identifier, name, kind = of.vocabulary.entities[entity], of.names[entity], of.kinds[entity]
    origin = {"graph": of.name, "prompt": SHIPPED, "prompt_version": 0, "model": SHIPPED, "date": ""}
    return Version(**origin, entity=identifier, name=name, kind=kind, fields=described)


def _store() -> DescriptionStore | None:
    """Open the store of the workspace, if anything was ever written to it."""
    path = workspace().description_store
    return _opened(str(path)) if path.exists() else None


def _store_stamp() -> Stamp:
    path = workspace().description_store
    return _times([path, path.with_name(f"{path.name}-wal")])


@st.cache_resource(show_spinner=False, max_entries=4)
def _opened(path: str) -> DescriptionStore:
    return DescriptionStore(workspace().description_store)


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=_KEYED)
def _entity_index(of: KnowledgeGraph, stamp: Stamp) -> EntityIndex:
    return EntityIndex(of, np.arange(of.n_entities, dtype=np.int32), "entity")


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=_KEYED)
def _grounder(of: KnowledgeGraph, stamp: Stamp) -> Grounder:
    return Grounder(of)


@st.cache_data(show_spinner=False, max_entries=256, hash_funcs=_KEYED | {Description: lambda text: text.model_dump_json()})
def _claims(of: KnowledgeGraph, stamp: Stamp, row: int, description: Description) -> list[Claim]:
    return _grounder(of, stamp).claims(row, description.parts())


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=_KEYED)
def _shipped(of: KnowledgeGraph, stamp: Stamp) -> DescribedGraph:
    path = of.folder / "descriptions.jsonl" if of.folder else None
    return read_described(of, path) if path and path.exists() else DescribedGraph({}, {}, 0)


@st.cache_resource(show_spinner="Reading the descriptions ...", max_entries=2, hash_funcs=_KEYED)
def _stored(of: KnowledgeGraph, stamp: Stamp, store_stamp: Stamp, source: str) -> DescribedGraph:
    prompt, _, model = source.partition("|")
    store = _store()
    return stored_descriptions(of, store, prompt=prompt, model=model) if store else DescribedGraph({}, {}, 0)


@st.cache_resource(show_spinner="Checking all descriptions against the graph ...", max_entries=4, hash_funcs=_KEYED)
def _checked(of: KnowledgeGraph, stamp: Stamp, store_stamp: Stamp, source: str) -> Checked:
    found = descriptions_of(of, source)
    claims = ground(of, found.described)
    return Checked(claims, report(of, found.described, claims, names=found.names))
