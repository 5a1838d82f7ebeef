"""Several seeds of one training, each in a process of its own, as many at a time as cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import msgspec

from epochal.cli.common import fail

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


def _record(folder: Path) -> dict[str, object]:
    try:
        found: dict[str, object] = json.loads((folder / "run.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _outcome(folder: Path) -> str:
    record = _record(folder)
    if not record:
        return "failed"
    accuracy = record.get("accuracy")
    shown = f"{accuracy:.1%}" if isinstance(accuracy, float) else "unknown"
    return f"{record['status']} after {record['updates']} updates, accuracy {shown}"


def _table(rows: list[_Seed], folder: Path) -> None:
    """Print a line for each seed, then medians and ranges."""
    from epochal.runtime.files import replace_file

    records = [(row.seed, _record(row.folder)) for row in rows if _record(row.folder)]
    lines: list[tuple[str, ...]] = [("seed", "updates", "seconds", "accuracy")]
    columns: dict[str, list[float]] = {"updates": [], "seconds": [], "accuracy": []}
    for seed, record in records:
        for name, column in columns.items():
            value = record.get(name)
            column.append(float(value) if isinstance(value, int | float) else float("nan"))
        lines.append((str(seed), *(_shown(n, c[-1]) for n, c in columns.items())))
    lines.append(("median", *(_shown(n, median(c)) for n, c in columns.items())))
    ends = [f"{_shown(n, min(c))} to {_shown(n, max(c))}" for n, c in columns.items()]
    lines.append(("range", *ends))
    widths = [max(len(line[i]) for line in lines) for i in range(4)]
    for line in lines:
        cells = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells))
    kept = [
        {"seed": seed, **{n: c[i] for n, c in columns.items()}}
        for i, (seed, _) in enumerate(records)
    ]
    replace_file(folder / "seeds.json", msgspec.json.format(msgspec.json.encode(kept)) + b"\n")
    click.echo(f"the runs are in {folder}")


def _shown(name: str, value: float) -> str:
    if value != value:
        return "unknown"
    return f"{value:.1%}" if name == "accuracy" else f"{value:.0f}"


def _listed(seeds: list[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
