"""A server on a free port, and a browser that talks to nobody else."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from core.kg.loaders import load_graph
from core.pipeline.warming import compile_kernels
from tests.pages.conftest import train_pair
from tests.toy import write_toy_folder

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
expect.set_options(timeout=20_000)  # noisy machines
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the toy graph; gives the address."""
    root = tmp_path_factory.mktemp("browser")
    folder = write_toy_folder(root / "graph")
    train_pair(root / "workspace", folder)
    compile_kernels(load_graph(str(folder)))
    port = _free_port()
    command = [sys.executable, "-m", "core", "serve", "--port", str(port)]
    log = (root / "log.txt").open("wb")
    environment = os.environ | {"LLADR_HOME": str(root / "workspace")}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/_stcore/health", root / "log.txt")
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait(10)
        log.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(address: str, log: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the server did not answer; its log:\n{log.read_text()}")


@pytest.fixture
def page(server: str) -> Iterator[Page]:
    """Give a page of Chromium at the start; at the end, no error in its console and no request to another machine."""
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium")
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: None if _is_local(request.url, server) else complaints.append(request.url))
        page.goto(server)
        yield page
        browser.close()
    assert complaints == []


def _is_local(address: str, server: str) -> bool:
    return address.startswith((f"{server}/", server.replace("http", "ws"), "data:", "blob:"))
