"""Offer files to take away."""

from collections.abc import Callable

import streamlit as st

TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".html": "text/html",
    ".pdf": "application/pdf",
}


def download(label: str, content: str | bytes | Callable[[], str | bytes], name: str, mime: str | None = None) -> None:
    """Offer a file without drawing the page anew.

    :param content: or a function that makes it when it is asked for
    :param mime: told by the ending of the name where it is left out
    """
    mime = mime or TYPES.get(name[name.rfind(".") :])
    st.download_button(label, content, name, mime, on_click="ignore", icon=":material/download:")
