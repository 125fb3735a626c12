"""Start Streamlit with all that pages import already there, so that the first page opens at once.

``python -m dashboard.server PORT``, from the project's folder; ``lladr serve`` does that.
"""

import sys
from importlib import import_module
from pathlib import Path

from streamlit.web import cli

APP = Path(__file__).with_name("app.py")
#: not the resources: Streamlit's caches complain of a server that does not run yet
NEEDED = ("core.pipeline.dossiers", "core.pipeline.outlook", "dashboard.charts", "dashboard.components", "dashboard.jobs")


def import_ahead() -> None:
    """Import what the pages need, which takes most of the start."""
    for name in NEEDED:
        import_module(name)


def main(port: str) -> None:
    """Serve until Ctrl-C."""
    import_ahead()
    options = ["--server.address=127.0.0.1", f"--server.port={port}", "--server.headless=true"]
    cli.main(["run", str(APP), *options], prog_name="streamlit")


if __name__ == "__main__":
    main(sys.argv[1])
