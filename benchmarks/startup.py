"""Starting the command line against importing what it is built on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial

from msgspec.structs import replace

from benchmarks.plan import Plan, attempt
from benchmarks.processes import epochal, run
from benchmarks.ratio import at_most, compare, timed
from benchmarks.rows import Row, Target
from epochal.library import library

COMMANDS = ("check", "describe", "list")


def measure(plan: Plan) -> Iterator[Row]:
    """Compare commands with a bare import of numpy, lark and jinja2."""
    path = str(library().files["classic/rdm"])
    for name in COMMANDS:
        arguments = (name,) if name == "list" else (name, path)
        row = at_most(f"epochal {name}", "import numpy, lark, jinja2", 2.0)
        yield attempt(row, partial(_start, plan, arguments=arguments))
    n_tasks = len(library().tasks)
    whole = Row(name=f"epochal check --library, {n_tasks} tasks", unit="s", target=Target(20.0))
    yield attempt(whole, partial(_library, plan))


def _library(plan: Plan, row: Row) -> Row:
    check = timed(lambda: run(epochal("check", "--library")))
    values = tuple(check(1) / 1000 for _ in range(plan.rounds(3)))
    return replace(row, values=values)


def _start(plan: Plan, row: Row, arguments: tuple[str, ...]) -> Row:
    bare = [sys.executable, "-c", "import numpy, lark, jinja2"]
    ours, theirs = timed(lambda: run(epochal(*arguments))), timed(lambda: run(bare))
    return compare(row, ours, theirs, rounds=plan.rounds(9))
