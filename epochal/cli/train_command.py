"""``epochal train``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from epochal.cli import INTERRUPTED
from epochal.cli.common import fail, need_training, seed_type, with_dt, with_externs, with_settings
from epochal.cli.training import announce, job_of, measure, resume_run, train_one

if TYPE_CHECKING:
    from epochal.cli.training import Job
    from epochal.runtime.rundir import RunRecord


def _seeds(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Read ``0..9`` or ``0,3,5``."""
    if value is None:
        return None
    try:
        first, dots, last = value.partition("..")
        if dots:
            seeds = tuple(range(int(first), int(last) + 1))
        else:
            seeds = tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"`{value}` is not like 0..9 or 0,3,5") from None
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds) or len(seeds) > 1000:
        raise click.BadParameter(f"`{value}` is no list of different seeds from 0 on")
    return seeds


@click.command()
@click.argument("task", required=False)
@with_settings
@with_externs
@with_dt("Length of a step.  [default: 20]")
@click.option("--seed", type=seed_type, help="Of trials and weights.  [default: 0]")
@click.option("--seeds", callback=_seeds, metavar="A..B", help="Several seeds, side by side.")
@click.option("--updates", type=click.IntRange(1), help="Updates at most.")
@click.option("--units", type=click.IntRange(1), help="Recurrent units.")
@click.option("--dale", type=float, metavar="RATIO", help="Dale's law: this part excites.")
@click.option("--noise", type=float, metavar="SD", help="Recurrent noise.")
@click.option("--batch", type=click.IntRange(1), help="Trials in an update.")
@click.option("--rate", type=float, help="Learning rate.")
@click.option("--accuracy", type=float, help="Stop once this accuracy is reached.")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), help="Run directory.  [default: runs/TASK]"
)
@click.option("--force", is_flag=True, help="Replace the run that --out holds.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Go on with a run, or with several seeds, that were interrupted or killed.",
)
@click.option(
    "--save-train",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what would be done as a .train file, and train nothing.",
)
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.option("--json", "as_json", is_flag=True, help="Print the record of the run as JSON.")
def command(
    task: str | None,
    settings: dict[str, str],
    allowed: frozenset[str],
    dt: float | None,
    seed: int | None,
    seeds: tuple[int, ...] | None,
    updates: int | None,
    units: int | None,
    dale: float | None,
    noise: float | None,
    batch: int | None,
    rate: float | None,
    accuracy: float | None,
    out: Path | None,
    force: bool,
    resume: Path | None,
    save_train: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train a recurrent network on TASK with the built-in profile, or as a .train file says.

    Training ends when accuracy stays above 95%, when it has stopped rising, after --updates, at
    the end of the curriculum, or at Ctrl-C (then the exit status is 130); each leaves a run
    directory that `epochal evaluate` reads.

    \b
    Examples:
      epochal train rdm
      epochal train mine.task --set viewing='500 ms' --out runs/short
      epochal train mine.train --set train.updates=500 --seeds 0..9
      epochal train --resume runs/rdm
    """  # noqa: D301
    need_training("training")
    if resume is not None:
        if task is not None:
            fail("--resume goes on with a run as it was begun: name no task beside it")
        from epochal.cli.side_by_side import is_of_seeds, resume_seeds

        if is_of_seeds(resume):
            sys.exit(resume_seeds(resume, allowed, quiet=quiet))
        _finish(resume_run(resume, allowed, quiet), resume, allowed, as_json)
        return
    if task is None:
        raise click.UsageError("TASK is missing: a .task or .train file, or a library task")
    model = {"units": units, "dale": dale, "noise": noise}
    training = {"batch": batch, "updates": updates, "dt": dt}
    job = job_of(task, settings, allowed, model, training, rate, accuracy)
    chosen = (seed,) if seed is not None else seeds or job.seeds
    if save_train is not None:
        _save(job, task, save_train, chosen, force)
        return
    folder = out or _free_folder(Path("runs") / job.name)
    _refuse_taken(folder, force)
    if len(chosen) > 1:
        from epochal.cli.side_by_side import train_seeds

        if not quiet:
            announce(job, chosen, folder)
        others = _others(sys.argv[1:])
        sys.exit(train_seeds(chosen, others, folder, allowed, force=force, quiet=quiet))
    _finish(train_one(job, folder, chosen[0], force, quiet), folder, allowed, as_json)


def _others(arguments: list[str]) -> list[str]:
    """Leave out what is not of one seed alone: --seeds, --out, permissions, how to report."""
    kept, skip = [], False
    for argument in arguments[arguments.index("train") + 1 :]:
        name = argument.partition("=")[0]
        if skip:
            skip = False
        elif name in ("--seeds", "--out", "-o", "--allow-extern"):
            skip = "=" not in argument
        elif name not in ("--force", "--quiet", "-q", "--json"):
            kept.append(argument)
    return kept


def _save(job: Job, task: str, path: Path, seeds: tuple[int, ...], force: bool) -> None:
    from epochal.experiments.save import task_name, train_text
    from epochal.runtime.files import replace_file

    if job.experiment:
        fail(f"{task} is a .train file already")
    if path.exists() and not force:
        fail(f"{path} exists, and may have been edited: use --force to replace it")
    text = train_text(job.name, task_name(task), job.task.hash, job.profile, seeds)
    try:
        replace_file(path, text.encode())
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}")
    click.echo(f"wrote {path}; next: epochal train {path}", err=True)


def _free_folder(base: Path) -> Path:
    """Choose runs/NAME, or runs/NAME-2 and so on where that is taken."""
    folder, number = base, 1
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder


def _refuse_taken(folder: Path, force: bool) -> None:
    from epochal.cli.side_by_side import is_of_seeds
    from epochal.runtime.rundir import RECORD

    if not force and ((folder / RECORD).exists() or is_of_seeds(folder)):
        fail(
            f"{folder} holds a run: choose another --out, go on with it by --resume, or replace "
            "it by --force"
        )


def _finish(record: RunRecord, folder: Path, allowed: frozenset[str], as_json: bool) -> None:
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode({"folder": str(folder), "run": record}).decode())
    else:
        accuracy = "unknown" if record.accuracy is None else f"{record.accuracy:.1%}"
        chance = "" if record.chance is None else f", untrained {record.chance:.1%}"
        click.echo(
            f"{record.status} after {record.updates} updates in {record.seconds:.0f} s: "
            f"accuracy {accuracy}{chance} ({record.reason})"
        )
        if record.passed:
            from epochal.cli.stages import stage_table

            click.echo(f"\n{stage_table(record)}\n")
        again = f"epochal train --resume {folder}" if record.status == "interrupted" else ""
        then = again or f"epochal evaluate {folder}"
        click.echo(f"the run is in {folder}; next: {then}")
    if record.status == "interrupted":
        sys.exit(INTERRUPTED)
    if record.measures:
        measure(folder, allowed, quiet=as_json)
