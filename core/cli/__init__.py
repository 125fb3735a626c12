"""The ``lladr`` command: names, options and output; no logic."""

import sys

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
