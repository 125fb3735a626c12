"""Start Streamlit with all that pages import already there, so that the first page opens at once.

``python -m dashboard.server PORT``, from the project's folder; ``lladr serve`` does that.
"""

import sys
from pathlib import Path

from streamlit.web import cli

import dashboard.charts
import dashboard.components
import dashboard.jobs
import dashboard.resources.casestudy  # noqa: F401 - as the others: imported for the pages

APP = Path(__file__).with_name("app.py")


def main(port: str) -> None:
    """Serve until Ctrl-C."""
    options = ["--server.address=127.0.0.1", f"--server.port={port}", "--server.headless=true"]
    cli.main(["run", str(APP), *options], prog_name="streamlit")


if __name__ == "__main__":
    main(sys.argv[1])
