"""Start the head of a Ray cluster on this machine, as its owner would on another one."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS_TO_START = 120.0


@contextmanager
def ray_head(*, token: str = "", cpus: int = 2) -> Iterator[str]:
    """Give ``HOST:PORT`` of a cluster; all of its processes are gone afterwards.

    They have a folder of their own, by which they are told from any other cluster's (`ray stop` would end those, too).

    :param token: that it wants of everybody (as Ray does by default from 2.59 on); empty: it wants none
    """
    rights = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token} if token else {"RAY_AUTH_MODE": "disabled"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:  # a short path: sockets lie there
        arguments = ["start", "--head", f"--port={port}", f"--num-cpus={cpus}", f"--temp-dir={folder}", "--block"]
        quiet = ["--include-dashboard=false", "--disable-usage-stats"]
        command = [str(Path(sys.executable).with_name("ray")), *arguments, *quiet]
        log = Path(folder) / "head.log"
        with log.open("wb") as file:
            head = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | rights)  # noqa: S603 - our own arguments
        try:
            _wait(head, port, log)
            yield f"127.0.0.1:{port}"
        finally:
            _end(head, folder)


def _wait(head: subprocess.Popen, port: int, log: Path) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while "Ray runtime started" not in log.read_text():
        assert head.poll() is None, log.read_text()
        assert time.monotonic() < end, f"no head on port {port}: {log.read_text()}"
        time.sleep(0.2)


def _end(head: subprocess.Popen, folder: str) -> None:
    head.terminate()
    head.wait(60)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in _processes_of(folder):
            os.kill(pid, number)
        time.sleep(0.5)
    assert not _processes_of(folder)


def _processes_of(folder: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:  # it ended in this moment
            continue
        if folder.encode() in words:
            found.append(int(path.parent.name))
    return found
