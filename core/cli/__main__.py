"""Make ``python -m core.cli`` the same as ``lladr``."""

from core.cli import main

main()
