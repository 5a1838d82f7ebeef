"""``python -m epochal``."""

from epochal.cli import main

main()
