"""Several seeds of one training, each in a process of its own, as many at a time as cores."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from epochal.cli.common import fail

if TYPE_CHECKING:
    from epochal.runtime.rundir import RunRecord

POLL = 0.2  # seconds between looks at the processes


@dataclass
class _Seed:
    """One seed: its folder, and its process once that has begun."""

    seed: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def status(self) -> int | None:
        return None if self.process is None else self.process.poll()


def train_seeds(seeds: Sequence[int], arguments: Sequence[str], folder: Path, quiet: bool) -> int:
    """Train with every seed and print a table; give the exit status.

    Parameters
    ----------
    arguments
        Of `epochal train`, without seeds and folder.
    folder
        Holds a run for each seed, and ``seeds.json`` with the table.
    """
    rows = [_Seed(seed, folder / f"seed-{seed}") for seed in seeds]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _run_all(rows, list(arguments), quiet)
    except KeyboardInterrupt:
        _interrupt(rows)
    failed = [row.seed for row in rows if row.status not in (0, 130)]
    if failed:
        fail(f"the training failed with {_listed(failed)}; see the lines above")
    _table(rows, folder)
    return max(row.status or 0 for row in rows)


def _run_all(rows: list[_Seed], arguments: list[str], quiet: bool) -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    places = min(len(rows), cores or 1)
    threads = max(1, (cores or 1) // places)
    waiting, running = list(rows), list[_Seed]()
    while waiting or running:
        while waiting and len(running) < places:
            row = waiting.pop(0)
            row.process = _start(row, arguments, threads)
            running.append(row)
        time.sleep(POLL)
        for row in [one for one in running if one.status is not None]:
            running.remove(row)
            if not quiet:
                click.echo(f"seed {row.seed}: {_outcome(row.folder)}", err=True)


def _start(row: _Seed, arguments: list[str], threads: int) -> subprocess.Popen[bytes]:
    """Start one training on its share of the cores."""
    share = {
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_NUM_THREADS": str(threads),
    }
    command = [sys.executable, "-m", "epochal", "train", *arguments]
    command += ["--seed", str(row.seed), "--out", str(row.folder), "--quiet", "--json"]
    return subprocess.Popen(command, env={**os.environ, **share}, stdout=subprocess.DEVNULL)


def _interrupt(rows: list[_Seed]) -> None:
    """Let every process that runs end as Ctrl-C ends it: with what it has reached."""
    for row in rows:
        if row.process is not None:
            row.process.wait()


def _record(folder: Path) -> RunRecord | None:
    """Read how a seed ended; None where it left no run."""
    from epochal.runtime.errors import RunError
    from epochal.runtime.rundir import read_record

    try:
        return read_record(folder)
    except RunError:
        return None


def _outcome(folder: Path) -> str:
    record = _record(folder)
    if record is None:
        return "failed"
    accuracy = "unknown" if record.accuracy is None else f"{record.accuracy:.1%}"
    return f"{record.status} after {record.updates} updates, accuracy {accuracy} ({record.reason})"


def _table(rows: list[_Seed], folder: Path) -> None:
    """Print a line for each seed, then median, quartiles and range."""
    from epochal.cli.seeds_table import keep, outcomes, row_of, table

    found = {row.seed: _record(row.folder) for row in rows}
    records = {seed: record for seed, record in found.items() if record is not None}
    lines = {row.seed: row_of(records[row.seed], row.folder) for row in rows if row.seed in records}
    if lines:
        click.echo(table(lines))
        keep(lines, records, folder / "seeds.json")
    if outcomes(list(records.values())):
        click.echo(outcomes(list(records.values())))
    some = next((row.folder for row in rows if row.seed in records), None)
    then = f"; next: epochal evaluate {some}" if some is not None else ""
    click.echo(f"the runs are in {folder}{then}")


def _listed(seeds: list[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
