"""Starting the command line against importing what it is built on."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.ratio import Ratio, compare
from epochal.library import library


def measure() -> list[Ratio]:
    """Compare ``epochal check`` on a file with a bare import of numpy, lark and jinja2."""
    path = str(library().files["classic/rdm"])

    def ours() -> None:
        subprocess.run([sys.executable, "-m", "epochal", "check", path], check=True, stdout=-3)

    def theirs() -> None:
        subprocess.run([sys.executable, "-c", "import numpy, lark, jinja2"], check=True)

    name = "epochal check rdm.task, against import numpy, lark, jinja2"
    return [compare(name, ours, theirs, target=2.0, rounds=8, repeats=1)]
