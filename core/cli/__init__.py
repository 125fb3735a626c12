"""The ``lladr`` command: names, options and output; no logic."""

import sys

from core.cli import atlas as _atlas  # noqa: F401 - defines its command
from core.cli import casestudy as _casestudy  # noqa: F401 - defines its commands
from core.cli import data as _data  # noqa: F401 - defines its command
from core.cli import describe as _describe  # noqa: F401 - defines its command
from core.cli import evaluate as _evaluate  # noqa: F401 - defines its command
from core.cli import explain as _explain  # noqa: F401 - defines its command
from core.cli import ground as _ground  # noqa: F401 - defines its command
from core.cli import reproduce as _reproduce  # noqa: F401 - defines its command
from core.cli.app import app
from core.errors import LladrError

__all__ = ["main"]


def main() -> None:
    """Run the command line; a user's error goes to stderr with exit code 1."""
    try:
        app()
    except LladrError as error:
        sys.stderr.write(f"Error: {error.message}\n")
        sys.exit(1)
