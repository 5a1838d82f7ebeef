"""The tasks of the library as the tests see them: files, compiled tasks, rows of learning.

A row of ``learning/SOURCE.toml`` says how a task of that source is learnt::

    [dms]
    updates = 1000
    units = 64
    margin = 0.4

A network of so many ``units``, trained for at most so many ``updates``, is right more often than
chance by ``margin``: at least 40% more of the answers are correct than by guessing, where chance
is what `epochal describe` says, and accuracy that on 2,000 fresh trials.  All else is the built-in
profile, but for what the row says: ``rate`` (of Adam), ``batch``, ``dt`` (ms), ``noise`` (of the
recurrent units).  Choose numbers with which the task is learnt well in a minute or two on one
core, and a margin that leaves it no doubt that it was learnt: far above chance, and below what
was reached by some hundredths, as seeds differ.

``epochal train SOURCE/NAME --units 64 --updates 1000`` shows how a task is learnt before its row
is written, and the test of one row is

    pytest -m slow tests/library/test_learning.py -k "classic/dms"

A task that is not learnt at once has an experiment of its name beside it, with a curriculum, and
its margin in ``IN_STAGES``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import epochal
from epochal import Task
from epochal.library import library

HERE = Path(__file__).parent
TASKS = library().tasks
"""The files of all tasks, by full name."""

IN_STAGES: Mapping[str, float] = {"neurogym/hierarchical_reasoning": 0.6}
"""Tasks that are learnt as the .train file of their name says, each with its margin."""


@dataclass(frozen=True)
class Row:
    """How a task is learnt; None is what the built-in profile has."""

    updates: int
    units: int
    margin: float
    rate: float | None = None
    batch: int | None = None
    dt: float | None = None
    noise: float | None = None


@cache
def task_of(name: str) -> Task:
    """Compile a task once for all tests."""
    return epochal.load(name)


def rows() -> dict[str, Row]:
    """Read the rows of all sources, by the full name of their tasks."""
    found = {}
    for path in sorted((HERE / "learning").glob("*.toml")):
        for name, row in tomllib.loads(path.read_text("utf-8")).items():
            found[f"{path.stem}/{name}"] = Row(**row)
    return found


def stated_lints(text: str) -> set[str]:
    """List the warnings that a file says it gets: ``# lint W0705: why that is right here``."""
    return set(re.findall(r"^ *# lint (W\d{4}): \w.+$", text, re.M))
