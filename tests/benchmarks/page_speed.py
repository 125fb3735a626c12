"""Time pages as a reader feels them, through Chromium, on a workspace with trained runs of the starter graph.

``LLADR_HOME=WORKSPACE OMP_NUM_THREADS=1 python -m tests.benchmarks.page_speed interactions --repeats 40`` opens Candidates and
times interactions: the switch between new and all drugs, hiding the contraindicated, the selection of a row, another disease that
was visited before, and one that was not. An interaction ends when the page's own status no longer says that it runs and 60 ms
have passed without a change of the page. Beside them the floor: a switch on a Streamlit page that holds nothing else, timed in
turn. ``... launch --repeats 3`` starts the server anew each time and counts from the command to the first table of Candidates;
the first launch of a workspace also reads all warnings, once, unless ``lladr prepare`` did.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer
from playwright.sync_api import Browser, Locator, Page, sync_playwright

ROOT = Path(__file__).parents[2]
DISEASE = "Disease::DOID:10652"
DISEASES = ("asthma", "migraine", "gout", "psoriasis", "glaucoma", "osteoporosis", "hypertension", "malaria", "epilepsy syndrome")
#: resolves with the milliseconds until nothing has changed and nothing runs for 60 ms, that pause not counted; what a table's
#: canvas holds for screen readers is written anew 200 ms after the table is drawn, which nobody sees
SETTLED = """() => new Promise(resolve => {
  const start = performance.now(); let last = start;
  const watch = new MutationObserver(changes => {
    if (changes.some(change => change.target.tagName !== 'CANVAS')) last = performance.now();
  });
  watch.observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
  const app = document.querySelector('[data-testid="stApp"]');
  const look = () => {
    const now = performance.now(), running = app.getAttribute('data-test-script-state') !== 'notRunning';
    if (running) last = now;
    if (now - last > 60 && now - start > 100) { watch.disconnect(); resolve(last - start); } else setTimeout(look, 5);
  };
  setTimeout(look, 5);
})"""
app = typer.Typer()
Repeats = Annotated[int, typer.Option(help="How often each is timed.")]


@app.command()
def interactions(repeats: Repeats = 40) -> None:
    """Time interactions on Candidates."""
    with _server() as address, _floor() as empty, _browser() as browser:
        page, bare = _open(browser, f"{address}/candidates?disease={DISEASE}"), browser.new_page()
        bare.goto(empty)
        bare.get_by_text("Switch").wait_for()
        _timed(page, lambda: _show(page, "New only"))  # warm
        _timed(page, lambda: _show(page, "+ known as control"))
        times: dict[str, list[float]] = {"floor": [], "new only / all": []}
        for number in range(repeats):
            times["floor"].append(_timed(bare, lambda: bare.get_by_text("Switch").click()))
            label = ("New only", "+ known as control")[number % 2]
            times["new only / all"].append(_timed(page, lambda label=label: _show(page, label)))
        times["hide contraindicated"] = [
            _timed(page, lambda: page.get_by_text("Hide contraindicated").click()) for _ in range(repeats)
        ]
        times["a row is selected"] = [_timed(page, lambda n=n: _select(page, n % 8)) for n in range(repeats)]
        times["disease not seen before"] = [_timed(page, _found(page, name).click) for name in DISEASES]
        seen = [DISEASES[number % len(DISEASES)] for number in range(repeats)]
        times["disease seen before"] = [_timed(page, _found(page, name).click) for name in seen]
    for name, values in times.items():
        typer.echo(f"{name}: median {np.median(values):.0f} ms, p95 {np.quantile(values, 0.95):.0f} ms ({len(values)} times)")
    light = np.concatenate([values for name, values in times.items() if name not in ("floor", "disease not seen before")])
    typer.echo(f"all but the first visit of a disease: p95 {np.quantile(light, 0.95):.0f} ms")


@app.command()
def launch(repeats: Repeats = 3) -> None:
    """Time from the command to the first table."""
    with _browser() as browser:
        for number in range(repeats):
            start = time.monotonic()
            with _server() as address:
                served = time.monotonic() - start
                page = _open(browser, f"{address}/candidates?disease={DISEASE}")
                typer.echo(f"launch {number + 1}: server {served:.1f} s, first table {time.monotonic() - start:.1f} s")
                page.close()


def _timed(page: Page, act: Callable[[], None]) -> float:
    """Act, and return the milliseconds until the page has settled."""
    start = time.perf_counter()
    act()
    acted = 1000 * (time.perf_counter() - start)
    return acted + page.evaluate(SETTLED)


def _show(page: Page, label: str) -> None:
    page.get_by_test_id("stMain").get_by_role("radio", name=label).click()


def _select(page: Page, row: int) -> None:
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    before = page.evaluate("location.search")
    page.mouse.click(box["x"] + 18, box["y"] + 35 * (row + 1.5))
    page.wait_for_function("before => location.search !== before", arg=before, polling=5)


def _found(page: Page, name: str) -> Locator:
    """Type a disease, which is not timed, and return what is to be clicked."""
    box = page.get_by_test_id("stSidebar").get_by_role("combobox", name="Disease")
    box.click()
    box.fill(name)
    option = page.get_by_role("option", name=name, exact=True).first
    option.wait_for()
    return option


def _open(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(address)
    page.get_by_test_id("stDataFrame").first.locator("canvas").first.wait_for(timeout=120_000)
    return page


@contextmanager
def _browser() -> Iterator[Browser]:
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        yield browser
        browser.close()


def _server() -> AbstractContextManager[str]:
    """Serve the product."""
    return _serving(lambda port: [sys.executable, "-m", "core", "serve", "--port", str(port)])


@contextmanager
def _floor() -> Iterator[str]:
    """Serve a page that holds one switch."""
    with TemporaryDirectory() as folder:
        script = Path(folder) / "floor.py"
        script.write_text('import streamlit as st\nst.write(st.toggle("Switch"))\n', encoding="utf-8")
        options = ["--server.address=127.0.0.1", "--server.headless=true"]
        command = [sys.executable, "-m", "streamlit", "run", str(script), *options]
        with _serving(lambda port: [*command, f"--server.port={port}"]) as address:
            yield address


@contextmanager
def _serving(command: Callable[[int], list[str]]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command(port), cwd=ROOT, start_new_session=True, **quiet)  # noqa: S603 - our own arguments
    try:
        address = f"http://127.0.0.1:{port}"
        while not _answers(f"{address}/_stcore/health"):
            time.sleep(0.05)
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait(10)


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - our own server
    except (urllib.error.URLError, ConnectionError):
        return False
    return True


if __name__ == "__main__":
    app()
