"""``epochal train``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from epochal import driver
from epochal.cli import INTERRUPTED
from epochal.cli.common import (
    fail,
    give_up,
    need_training,
    seed_type,
    show,
    with_dt,
    with_externs,
    with_settings,
)

if TYPE_CHECKING:
    from epochal.dsl.diagnostic import Diagnostic
    from epochal.runtime.config import Profile
    from epochal.runtime.progress import Progress, Report
    from epochal.runtime.rundir import RunRecord
    from epochal.runtime.task import Task


@click.command()
@click.argument("task")
@with_settings
@with_externs
@with_dt("Length of a step.  [default: 20]")
@click.option("--seed", type=seed_type, default=0, show_default=True, help="Of trials and weights.")
@click.option("--updates", type=click.IntRange(1), help="Updates at most.")
@click.option("--units", type=click.IntRange(1), help="Recurrent units.")
@click.option("--dale", type=float, metavar="RATIO", help="Dale's law: this part excites.")
@click.option("--noise", type=float, metavar="SD", help="Recurrent noise.")
@click.option("--batch", type=click.IntRange(1), help="Trials in an update.")
@click.option("--rate", type=float, help="Learning rate of Adam.")
@click.option("--accuracy", type=float, help="Stop once this accuracy is reached.")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), help="Run directory.  [default: runs/TASK]"
)
@click.option("--force", is_flag=True, help="Replace the run that --out holds.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.option("--json", "as_json", is_flag=True, help="Print the record of the run as JSON.")
def command(
    task: str,
    settings: dict[str, str],
    allowed: frozenset[str],
    dt: float | None,
    seed: int,
    updates: int | None,
    units: int | None,
    dale: float | None,
    noise: float | None,
    batch: int | None,
    rate: float | None,
    accuracy: float | None,
    out: Path | None,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train a recurrent network on TASK with the built-in profile.

    Training ends when accuracy stays above 95%, when it has stopped rising, after --updates, or
    at Ctrl-C (then the exit status is 130); each leaves a run directory that `epochal evaluate`
    reads.

    \b
    Examples:
      epochal train rdm
      epochal train mine.task --set viewing='500 ms' --out runs/short
    """  # noqa: D301
    session = driver.Session(allowed=allowed)
    compiled = driver.compile_task(task, settings, session)
    if compiled is None:
        give_up(session)
    show([one for one in session.diagnostics if one.code != "W0704"], session)
    need_training("training")
    from epochal.cli.profile import profile_of

    model = {"units": units, "dale": dale, "noise": noise}
    training = {"batch": batch, "updates": updates, "dt": dt}
    try:
        profile = profile_of(model, training, rate, accuracy)
        compiled.check_size(profile.training.batch, profile.training.dt)
    except ValueError as error:
        fail(str(error))
    show(off_grid(compiled, profile.training.dt), session)
    folder = out or _free_folder(Path("runs") / compiled.name)
    _refuse_taken(folder, force)
    record = _train(compiled, profile, folder, seed, force, quiet)
    _finish(record, folder, as_json)
    if record.status == "interrupted":
        sys.exit(INTERRUPTED)


def off_grid(task: Task, dt: float) -> tuple[Diagnostic, ...]:
    """Warn of durations that the step of this training does not divide."""
    from epochal.compiler.checks import grid
    from epochal.compiler.compile import from_ir

    return grid(task.ir, from_ir(task.ir).bounds, dt)


def _free_folder(base: Path) -> Path:
    """Choose runs/NAME, or runs/NAME-2 and so on where that is taken."""
    folder, number = base, 1
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder


def _refuse_taken(folder: Path, force: bool) -> None:
    from epochal.runtime.rundir import RECORD

    if not force and (folder / RECORD).exists():
        fail(f"{folder} holds a run: choose another --out, or --force replaces it")


def _train(
    task: Task, profile: Profile, folder: Path, seed: int, force: bool, quiet: bool
) -> RunRecord:
    from epochal.cli.profile import describe_profile
    from epochal.runtime.errors import RunError
    from epochal.runtime.experiment import train_into
    from epochal.runtime.progress import display

    if not quiet:
        click.echo(describe_profile(task.name, profile, seed, folder), err=True)
    stream = sys.stderr
    try:
        with display(task.name, profile.training.updates, stream) as report:
            return train_into(
                folder,
                task,
                profile,
                seed=seed,
                command=tuple(sys.argv),
                force=force,
                report=None if quiet else _while_read(report),
            )
    except RunError as error:
        fail(str(error))


def _while_read(report: Report) -> Report:
    """Stop showing progress once nobody reads it, and go on training."""
    read = True

    def shown(progress: Progress) -> None:
        nonlocal read
        if read:
            try:
                report(progress)
            except OSError:
                read = False

    return shown


def _finish(record: RunRecord, folder: Path, as_json: bool) -> None:
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode({"folder": str(folder), "run": record}).decode())
        return
    accuracy = "unknown" if record.accuracy is None else f"{record.accuracy:.1%}"
    chance = "" if record.chance is None else f", untrained {record.chance:.1%}"
    click.echo(
        f"{record.status} after {record.updates} updates in {record.seconds:.0f} s: "
        f"accuracy {accuracy}{chance} ({record.reason})"
    )
    click.echo(f"the run is in {folder}; next: epochal evaluate {folder}")
