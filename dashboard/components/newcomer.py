"""The parts of page New entity: how far to trust it, and the ranking."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import pandas as pd
import streamlit as st

from dashboard import theme
from dashboard.components.live import live
from dashboard.theme import plain


class Measurement(Protocol):
    """What is shown of a measurement in the background."""

    running: bool
    share: float
    error: str


def trust_words(measured: Mapping[str, Any]) -> None:
    """Say how well it was done for held-out diseases."""
    st.caption(
        f"Driven by text. Of {measured['n_pairs']} treatments of {measured['n_diseases']} held-out diseases placed by their "
        f"text alone, {plain(theme.percent(measured['metrics']['H@10']))} stood among the first ten."
    )


def trust_offer(run: str, start: Callable[[], None], progress: Callable[[], Measurement | None]) -> None:
    """Say that it was not measured, and offer to do so in the background; then show how far it is."""
    now = progress()
    st.caption(f"Driven by text. How well that works for held-out diseases was not measured for the run {plain(run)} yet.")
    if now and now.error:
        st.error("The last try failed. The end of its log:", icon=":material/error:")
        st.code(now.error, language=None)
    if now and now.running:
        live(lambda: _draw(progress()), running=True)
    elif st.button("Measure it (some minutes, in the background)", icon=":material/speed:"):
        start()
        st.rerun()


def _draw(now: Measurement | None) -> bool:
    if now and now.running:
        st.progress(now.share, text="Training without a fifth of the diseases, then placing these by their text ...")
    return bool(now and now.running)


def ranking(table: pd.DataFrame, what: str, *, is_disease: bool) -> None:
    """Show the first places.

    :param what: drug or disease, as the header of the column
    """
    columns = {"#": table["rank"], what: table["name"], "Above": table["percentile"]}
    if is_disease:
        columns["Class"] = table["class"]
    column = st.column_config
    place = "Place among all drugs." if is_disease else "Place that the new drug would have among the drugs of this disease."
    configuration = {
        "#": column.NumberColumn(format="%.0f", width=60, help=place),
        "Above": column.ProgressColumn(
            format="%.1f %%", min_value=0, max_value=100, help="Share of the other drugs that stand below."
        ),
    }
    st.dataframe(pd.DataFrame(columns), hide_index=True, column_config=configuration, height=440)
