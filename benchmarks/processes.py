"""Commands of ours in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from benchmarks.rows import NotMeasured

BEFORE = dict(os.environ)
"""The environment before TensorFlow was started here, with flags that are not for others."""


def child(
    name: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Run a child of `benchmarks.child`; give what it found."""
    command = [sys.executable, "-m", "benchmarks.child", name, repr(time.time()), *arguments]
    said = run(command, environment).strip().splitlines()
    found: dict[str, float] = json.loads(said[-1])
    return found


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a command; give its output.

    Python may keep the bytecode of what it imports, as it has that of installed packages.

    Raises
    ------
    NotMeasured
        It failed.
    """
    given = {**BEFORE, **(environment or {})}
    given.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(command, env=given, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise NotMeasured(f"`{' '.join(command[1:4])} ..` failed: {said[-1]}")
    return done.stdout


def epochal(*arguments: str) -> list[str]:
    """Give the command line of one of our commands."""
    return [sys.executable, "-m", "epochal", *arguments]


def trained(folder: str, *arguments: str) -> list[str]:
    """Give arguments of ``epochal train`` for a run that no person looks at."""
    return [*arguments, "--out", folder, "--force", "--quiet", "--json"]
