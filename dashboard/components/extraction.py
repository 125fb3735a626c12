"""Let a language model write: how to configure a server, one entity now, many in the background."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import streamlit as st

from core.config import DescribeSettings
from core.llm.prompts import PROMPTS
from dashboard import theme
from dashboard.components.live import live
from dashboard.components.words import errors_shown
from dashboard.theme import plain

PROMPT_WORDS = {
    "none": "Only the name is given.",
    "original": "As the paper's first prompt: background and uses, in free words.",
    "good": "As the paper's better prompt: background, appearance, clinical use.",
    "treatment": "Background, mechanism, uses and warnings apart, with lists that can be checked. Best here.",
}
HOW_TO = """**No chat server is configured, so nothing can be written from here.** What is written already is shown above.

Any OpenAI-compatible server will do (OpenAI, vLLM, Ollama, llama.cpp). Set these where `lladr serve` is started, or as top-level
entries of `.streamlit/secrets.toml`, and start it again:

- `OPENAI_API_KEY`: the key; a local server takes any word
- `OPENAI_BASE_URL`: the address, such as `http://127.0.0.1:11434/v1` for Ollama; leave it out for OpenAI
- `LLADR_CHAT_MODEL`: the model's name at that server"""
STATES = {**theme.STATES, "budget spent": "❚❚ budget spent"}


class Extraction(Protocol):
    """What is shown of an extraction."""

    prompt: str
    model: str
    state: str
    status: dict[str, Any]
    running: bool
    share: float
    can_resume: bool


class Estimate(Protocol):
    """What an extraction will ask and cost."""

    entities: int
    answered: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None
    measured: bool


def no_server() -> None:
    """Say how to configure a server."""
    st.info(HOW_TO, icon=":material/key:")


def write_one_form(usual_model: str, write: Callable[[DescribeSettings], None]) -> None:
    """Choose prompt and model, and write about the entity that is shown."""
    with st.form("write-one", border=True):
        st.markdown("**Write one now**")
        prompt, model, facts = _prompt_and_model("one", usual_model)
        if st.form_submit_button("Write", icon=":material/edit_note:", type="primary"):
            with errors_shown():  # here, so that the choices stay
                write(DescribeSettings.parse({"prompt": prompt, "model": model, "neighbours": facts}))


def write_many_form(
    kinds: Sequence[str],
    usual_model: str,
    estimate: Callable[[DescribeSettings], Estimate],
    start: Callable[[DescribeSettings, float | None], None],
) -> None:
    """Choose what to describe; reckon what that costs, or start it in the background."""
    with st.form("write-many", border=True):
        st.markdown("**Write about many, in the background**")
        prompt, model, facts = _prompt_and_model("many", usual_model)
        which, limit, budget = st.columns(3)
        chosen = which.multiselect("Kinds", kinds, placeholder="drugs, diseases, then all others", format_func=_kind)
        most = limit.number_input("At most so many", min_value=1, value=None, placeholder="all", step=1)
        usd = budget.number_input("Budget in US dollars", min_value=0.01, value=None, placeholder="no limit", step=1.0)
        with st.container(horizontal=True):
            asked = st.form_submit_button("Estimate", icon=":material/calculate:")
            started = st.form_submit_button("Start", icon=":material/play_arrow:", type="primary")
        if asked or started:
            values = {"prompt": prompt, "model": model, "neighbours": facts, "kinds": chosen, "limit": most}
            with errors_shown():  # here, so that the choices stay
                settings = DescribeSettings.parse(values)
                estimate_words(estimate(settings)) if asked else start(settings, usd)


def _kind(kind: str) -> str:
    return theme.kind_style(kind).word


def _prompt_and_model(key: str, usual_model: str) -> tuple[str, str, bool]:
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    prompt = left.selectbox("Prompt", PROMPTS, index=PROMPTS.index("treatment"), key=f"{key}-prompt", help=_prompt_help())
    model = middle.text_input("Model", usual_model, key=f"{key}-model", help="As the server calls it.")
    facts = right.checkbox("Tell it the graph's facts", key=f"{key}-facts", help="Neighbours in the graph; no treatment or harm.")
    return prompt, model.strip(), facts


def _prompt_help() -> str:
    return "  \n".join(f"**{name}**: {words}" for name, words in PROMPT_WORDS.items())


def estimate_words(found: Estimate) -> None:
    """Say what an extraction will ask and cost."""
    new = found.entities - found.answered
    cost = "at an unknown price" if found.usd is None else f"about {dollars(found.usd)}"
    basis = "measured on earlier replies" if found.measured else "reckoned from the length of the prompt"
    st.info(
        f"{theme.counted(found.entities, 'entity', 'entities')}, of which {theme.count(found.answered)} are answered already. "
        f"To ask: {theme.count(new)}, with about {theme.count(found.prompt_tokens + found.completion_tokens)} tokens, "
        f"{plain(cost)} ({basis}).",
        icon=":material/calculate:",
    )


def follow(
    extractions: Callable[[], Sequence[Extraction]],
    *,
    stop: Callable[[Extraction], None],
    resume: Callable[[Extraction], None],
    log: Callable[[Extraction], str],
) -> None:
    """Show all extractions, again and again as long as any runs; nothing where there is none."""

    def draw() -> bool:
        found = extractions()
        for each in found:
            extraction_panel(each, stop=partial(stop, each), resume=partial(resume, each), log=partial(log, each))
        return any(each.running for each in found)

    if found := extractions():
        live(draw, running=any(each.running for each in found))


def extraction_panel(
    extraction: Extraction, *, stop: Callable[[], None], resume: Callable[[], None], log: Callable[[], str]
) -> None:
    """Show one extraction: how far it is, what it cost, what went wrong; stop or resume it."""
    status, key = extraction.status, f"{extraction.prompt}-{extraction.model}"
    with st.container(border=True):
        st.markdown(f"**{plain(f'Prompt {extraction.prompt}, {extraction.model}')}** {plain(STATES[extraction.state])}")
        if status:
            st.progress(extraction.share, text=plain(_progress_words(status)))
            st.caption(plain(_count_words(status)))
        elif extraction.running:
            st.progress(0.0, text="Reading the graph ...")
        if message := status.get("message"):
            st.error(plain(message), icon=":material/error:")
        if extraction.state == "failed" and (words := log()):
            with st.expander("The end of its log"):
                st.code(words, language=None)
        for problem in status.get("problems", [])[:3]:
            st.caption(f"{plain(problem['name'])}: {plain(problem['reason'])}")
        if extraction.running and st.button(
            "Stop", key=f"stop-{key}", icon=":material/pause:", help="Ends after what is under way."
        ):
            stop()
            st.rerun()
        if extraction.can_resume and st.button("Resume", key=f"resume-{key}", icon=":material/play_arrow:"):
            resume()
            st.rerun()


def _progress_words(status: dict[str, Any]) -> str:
    left = status.get("seconds_left")
    ending = f", {theme.duration(left)} left" if left is not None and status["state"] == "running" else ""
    return f"{theme.count(status['done'])} of {theme.counted(status['total'], 'entity', 'entities')}{ending}"


def _count_words(status: dict[str, Any]) -> str:
    names = {
        "written": "written",
        "kept": "were there",
        "refused": "refused",
        "failed": "without an answer",
        "waiting": "in a batch",
    }
    counts = [f"{theme.count(status[name])} {words}" for name, words in names.items() if status.get(name)]
    spent = f"{theme.count(status['tokens'])} tokens" + ("" if status.get("usd") is None else f", {dollars(status['usd'])}")
    budget = f" of {dollars(status['budget_usd'])}" if status.get("budget_usd") else ""
    return ", ".join([*counts, f"{spent}{budget} spent by this start"])


def dollars(usd: float) -> str:
    """Write an amount: ``$0.0042``, ``$12.30``."""
    return f"${usd:.4f}" if usd < 0.1 else f"${usd:,.2f}"
