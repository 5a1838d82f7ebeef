"""``python -m benchmarks``: take measurements, install the peers, or report what was measured."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from time import perf_counter

from benchmarks import (
    compiling,
    environment,
    first_update,
    forgetting,
    generation,
    growth,
    learning,
    memory,
    report,
    results,
    seeds,
    startup,
    update,
    whole,
)
from benchmarks.environment import Peers
from benchmarks.plan import Measure, Plan

MEASUREMENTS: dict[str, Measure] = {
    "generation": generation.measure,
    "update": update.measure,
    "whole": whole.measure,
    "first_update": first_update.measure,
    "startup": startup.measure,
    "compile": compiling.measure,
    "memory": memory.measure,
    "seeds": seeds.measure,
    "growth": growth.measure,
    "learning": learning.measure,
    "forgetting": forgetting.measure,
}
LONG = ("forgetting",)
"""Taken only by name: it trains fifteen networks."""
OUT = Path("build/benchmarks.json")


def main(arguments: list[str]) -> int:
    """Do what the command line asks for; give the exit status."""
    if arguments[:1] == ["environment"]:
        environment.make(environment.default_root(), lambda line: print(line, flush=True))
        return 0
    if arguments[:1] == ["report"]:
        return report.main(arguments[1:])
    asked = _parser().parse_args(arguments)
    unknown = [name for name in asked.names if name not in MEASUREMENTS]
    if unknown:
        known = ", ".join(MEASUREMENTS)
        return _complain(f"no measurement `{unknown[0]}`: there are {known}")
    _warn_of_load()
    try:
        for name in asked.names or [name for name in MEASUREMENTS if name not in LONG]:
            take(name, Plan(Peers(environment.default_root()), asked.quick), asked.out)
    except ValueError as error:
        return _complain(str(error))
    print(f"the results are in {asked.out}; next: python -m benchmarks report {asked.out}")
    return 0


def take(name: str, plan: Plan, out: Path) -> None:
    """Take one measurement, print its rows as they come, and keep them."""
    print(name, flush=True)
    before, began, rows = results.load(), perf_counter(), []
    for row in MEASUREMENTS[name](plan):
        print(f"  {row.line()}", flush=True)
        rows.append(row)
    after = results.load()
    taken = results.Taken(
        date=results.now(),
        quick=plan.quick,
        load=None if before is None or after is None else (before, after),
        seconds=round(perf_counter() - began, 1),
        versions={**results.versions(), **plan.versions},
        rows=tuple(rows),
    )
    results.added(out, name, taken)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure beside peers, as ratios in one run.",
        epilog="`python -m benchmarks environment` installs the peers; `python -m benchmarks "
        "report FILE` brings the documentation up to date with a file of results.",
    )
    told = f"{', '.join(MEASUREMENTS)}; without names all but {', '.join(LONG)}"
    parser.add_argument("names", nargs="*", metavar="NAME", help=told)
    parser.add_argument("--quick", action="store_true", help="two rounds: does it all work?")
    parser.add_argument("--out", type=Path, default=OUT, help=f"where results go [{OUT}]")
    return parser


def _warn_of_load() -> None:
    busy, cores = results.load() or 0.0, os.cpu_count() or 1
    if busy > cores / 4:
        print(
            f"warning: the machine is busy (load {busy:.1f} on {cores} cores): ratios may be wrong",
            file=sys.stderr,
            flush=True,
        )


def _complain(message: str) -> int:
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
