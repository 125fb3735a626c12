"""Keep the one context: disease, run, drug and filters, in the URL and in the session; nothing else touches either.

The URL is the truth as soon as it says anything. A page opened from the navigation comes with an empty one, which is then
filled from what the session remembers, so that every page keeps the context and every address can be passed on.
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args
from urllib.parse import quote

import streamlit as st

Name = Literal[
    "disease",
    "run",
    "drug",
    "show",
    "hide",
    "class",
    "find",
    "paths",
    "columns",
    "watch",
    "entity",
    "source",
    "colour",
    "panels",
    "texts",
    "compare",
    "part",
    "metapath",
    "measure",
    "without",
    "drawing",
    "listed",
    "chosen",
    "kind",
    "genes",
    "runs",
    "protocol",
    "scorer",
    "area",
    "seed",
    "metric",
    "positives",
    "negatives",
    "level",
    "search",
    "kg",
    "folder",
]
NAMES: tuple[Name, ...] = get_args(Name)
REMEMBERED = "remembered"
VISITS = "visits"
KEPT_VISITS = 5


def begin() -> None:
    """Bring URL and session together; once at the start of each run of the script."""
    if any(name in st.query_params for name in NAMES):
        st.session_state[REMEMBERED] = {name: st.query_params[name] for name in NAMES if name in st.query_params}
    else:
        st.query_params.update(_remembered())


def read(name: Name) -> str | None:
    """Return a value of the context; None if it is not chosen."""
    return _remembered().get(name)


def write(**values: str | None) -> None:
    """Choose values of the context; None takes one back."""
    for name, value in values.items():
        if value is None:
            _remembered().pop(name, None)
            st.query_params.pop(name, None)
        else:
            _remembered()[name] = value
            st.query_params[name] = value


def context() -> dict[str, str]:
    """Return the whole context, as the query of an address."""
    return dict(_remembered())


def widget(name: Name, value: Any, *, default: Any = None) -> dict[str, Any]:
    """Return the arguments that tie a widget to a value of the context.

    :param value: what the widget shows now
    :param default: what the URL need not say
    """
    key = f"widget-{name}"
    st.session_state[key] = value
    return {"key": key, "on_change": _take, "args": (name, key, default)}


def listed(name: Name) -> tuple[str, ...]:
    """Return a value of the context that is a list."""
    return tuple(part for part in (read(name) or "").split(",") if part and part != "none")


def unticked(name: Name, item: str) -> dict[str, Any]:
    """Return the arguments of a checkbox that is off as long as a list of the context has the item."""
    key = f"widget-{name}-{item}"
    st.session_state[key] = item not in listed(name)
    return {"key": key, "on_change": _tick, "args": (name, item, key)}


def table_selection(key: str) -> list[int]:
    """Return the selected rows of a table; to be called in its callback."""
    return list(st.session_state[key]["selection"]["rows"])


def visited(disease: str) -> None:
    """Remember that a disease was opened, for this session."""
    others = [other for other in visits() if other != disease]
    st.session_state[VISITS] = [disease, *others][:KEPT_VISITS]


def visits() -> list[str]:
    """Return the diseases opened last, the latest first."""
    return st.session_state.get(VISITS, [])


def tell(message: str) -> None:
    """Leave a message for the next run of the script."""
    st.session_state["message"] = message


def told() -> str | None:
    """Take the message that was left."""
    return st.session_state.pop("message", None)


def report(problems: Sequence[str]) -> None:
    """Leave what could not be read of a reader's list, until the next list."""
    st.session_state["problems"] = list(problems)


def problems() -> list[str]:
    """Return what could not be read of the last list."""
    return st.session_state.get("problems", [])


def keep(name: str, value: tuple[str, ...]) -> None:
    """Keep texts that are too long for an address, for this session and all pages."""
    st.session_state[f"kept-{name}"] = value


def kept(name: str) -> tuple[str, ...]:
    """Return the texts that were kept; empty if there are none."""
    return st.session_state.get(f"kept-{name}", ())


def look() -> str:
    """Return which of the two looks the browser shows: ``light`` or ``dark``."""
    return st.context.theme.type or "light"


def address() -> str:
    """Return the address of what is shown now, for passing on."""
    query = "&".join(f"{name}={quote(value, safe=':')}" for name, value in context().items())
    return f"{(st.context.url or '').split('?')[0]}?{query}"


def _remembered() -> dict[str, str]:
    return st.session_state.setdefault(REMEMBERED, {})


def _take(name: Name, key: str, default: Any) -> None:
    value = st.session_state[key]
    write(**{name: None if value == default else _encoded(value)})


def _tick(name: Name, item: str, key: str) -> None:
    others = [each for each in listed(name) if each != item]
    write(**{name: ",".join(others if st.session_state[key] else [*others, item]) or None})


def _encoded(value: Any) -> str | None:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in (None, "") else None
