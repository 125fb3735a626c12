"""The ``lladr`` command; ``python -m core`` is the same."""

import sys


def main() -> None:
    """Run the command line; ``serve`` starts without what the other commands need, which takes seconds to import."""
    if sys.argv[1:2] == ["serve"]:
        from core.serve import alone

        alone()()
    else:
        from core.cli import main as every_command

        every_command()


if __name__ == "__main__":
    main()
