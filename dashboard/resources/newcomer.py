"""Place what the graph does not have, once for each text."""

from typing import Any

import streamlit as st

from core.casestudy.newcomer import Newcomer
from core.pipeline.newcomer_trust import newcomer_reliability
from core.pipeline.newcomers import Placed, place
from dashboard import resources
from dashboard.resources import Stamp, _run_stamp


def placed(name: str, newcomer: Newcomer) -> Placed:
    """Return a newcomer in the graph of a run."""
    return _placed(name, _run_stamp(name), newcomer.kind, newcomer.name, newcomer.description, newcomer.neighbours)


def trust(name: str) -> dict[str, Any] | None:
    """Return how well this works for held-out diseases; None where it was not measured."""
    return newcomer_reliability(resources.workspace(), name, known_only=True)


@st.cache_resource(show_spinner="Placing it by its text ...", max_entries=8)
def _placed(name: str, stamp: Stamp, kind: str, called: str, description: str, neighbours: tuple[tuple[str, int], ...]) -> Placed:
    return place(resources.workspace(), resources.run(name), Newcomer(kind, called, description, neighbours))
