"""Several seeds of one training, each in a process of its own, as many at a time as cores."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from epochal.cli.common import fail
from epochal.runtime.cores import n_cores

if TYPE_CHECKING:
    from epochal.runtime.rundir import RunRecord

POLL = 0.2  # seconds between looks at the processes
BEGUN = "seeds.begun.json"
OPTIONS = frozenset("--set --dt --updates --units --dale --noise --batch --rate --accuracy".split())


@dataclass
class _Seed:
    """One seed: its folder, what trains it, and its process once that has begun."""

    seed: int
    folder: Path
    command: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    @property
    def status(self) -> int | None:
        return None if self.process is None else self.process.poll()


class Begun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was asked for, as `seeds.begun.json` keeps it.

    ``arguments`` of `epochal train` are the task and options of `OPTIONS`.  Nothing else is kept,
    and so nothing else is taken from a folder: no permission for an extern, no file to write.
    """

    seeds: tuple[int, ...]
    arguments: tuple[str, ...]


def train_seeds(
    seeds: Sequence[int],
    arguments: Sequence[str],
    folder: Path,
    allowed: frozenset[str],
    *,
    force: bool,
    quiet: bool,
) -> int:
    """Train with every seed and print a table; give the exit status.

    Parameters
    ----------
    arguments
        Of `epochal train`: the task, and options of `OPTIONS`.
    folder
        Holds a run for each seed, ``seeds.json`` with the table, and what was asked for.
    """
    from epochal.runtime.files import replace_file

    begun = Begun(tuple(seeds), tuple(map(_from_anywhere, arguments)))
    rows = [_Seed(seed, folder / f"seed-{seed}") for seed in seeds]
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / BEGUN, msgspec.json.encode(begun))
    more = [*_permissions(allowed), *(["--force"] if force else [])]
    for row in rows:
        row.command = _begin(row, [*begun.arguments, *more])
    return _finish(rows, rows, folder, quiet)


def is_of_seeds(folder: Path) -> bool:
    """Whether a folder holds a training with several seeds."""
    return (folder / BEGUN).is_file()


def resume_seeds(folder: Path, allowed: frozenset[str], *, quiet: bool) -> int:
    """Go on with a training with several seeds: with those that have not ended, or not begun."""
    begun = _read(folder / BEGUN)
    rows = [_Seed(seed, folder / f"seed-{seed}") for seed in begun.seeds]
    left = []
    for row in rows:
        record = _record(row.folder)
        if _has_ended(record):
            continue
        go_on = ["--resume", str(row.folder), *_permissions(allowed)]
        anew = _begin(row, [*begun.arguments, *_permissions(allowed)])
        row.command = anew if record is None else go_on
        left.append(row)
    if not left:
        fail(f"every seed in {folder} has ended: nothing to continue")
    if not quiet:
        click.echo(f"going on with {_listed([row.seed for row in left])} in {folder}", err=True)
    return _finish(rows, left, folder, quiet)


def _read(path: Path) -> Begun:
    try:
        begun = msgspec.json.decode(path.read_bytes(), type=Begun)
    except (OSError, msgspec.DecodeError) as error:
        fail(f"{path} cannot be read: {error}")
    for argument in begun.arguments:
        if argument.startswith("-") and argument.partition("=")[0] not in OPTIONS:
            fail(f"{path} holds `{argument}`, which is not an option of a seed")
    return begun


def _from_anywhere(argument: str) -> str:
    """Name a file so that it is found from another folder, too."""
    path, colon, name = argument.rpartition(":")
    if os.path.isfile(argument):
        return os.path.abspath(argument)
    return f"{os.path.abspath(path)}{colon}{name}" if os.path.isfile(path) else argument


def _permissions(allowed: frozenset[str]) -> list[str]:
    return [part for module in sorted(allowed) for part in ("--allow-extern", module)]


def _begin(row: _Seed, arguments: Sequence[str]) -> list[str]:
    return [*arguments, "--seed", str(row.seed), "--out", str(row.folder)]


def _finish(rows: list[_Seed], left: list[_Seed], folder: Path, quiet: bool) -> int:
    """Run what is left, print the table of all and give the exit status."""
    try:
        _run_all(left, quiet)
    except KeyboardInterrupt:
        _interrupt(left)
    failed = [row.seed for row in left if row.status not in (0, 130)]
    if failed:
        fail(f"the training failed with {_listed(failed)}; see the lines above")
    _table(rows, folder)
    return max(row.status or 0 for row in left)


def _run_all(rows: list[_Seed], quiet: bool) -> None:
    cores = n_cores()
    places = min(len(rows), cores)
    threads = cores // places
    waiting, running = list(rows), list[_Seed]()
    while waiting or running:
        while waiting and len(running) < places:
            row = waiting.pop(0)
            row.process = _start(row, threads)
            running.append(row)
        time.sleep(POLL)
        for row in [one for one in running if one.status is not None]:
            running.remove(row)
            if not quiet:
                click.echo(f"seed {row.seed}: {_outcome(row.folder)}", err=True)


def _start(row: _Seed, threads: int) -> subprocess.Popen[bytes]:
    """Start one training on its share of the cores."""
    share = {
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_NUM_THREADS": str(threads),
    }
    command = [sys.executable, "-m", "epochal", "train", *row.command, "--quiet", "--json"]
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


def _has_ended(record: RunRecord | None) -> bool:
    return record is not None and record.status in ("finished", "failed")


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
    ended = [row.folder for row in rows if _has_ended(records.get(row.seed))]
    then = f"; next: epochal evaluate {ended[0]}" if ended else ""
    if len(ended) < len(rows):
        then = f"; next: epochal train --resume {folder}"
    click.echo(f"the runs are in {folder}{then}")


def _listed(seeds: list[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
