"""``epochal simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from epochal.cli.common import fail, need_packages, seed_type, with_externs, with_settings
from epochal.cli.run_task import task_of_run

if TYPE_CHECKING:
    from epochal.runtime.rundir import Run
    from epochal.runtime.task import Task


def _parse_units(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[int, ...]:
    units: list[int] = []
    for value in values:
        first, dots, last = value.partition("..")
        if not first.strip().isdecimal() or (dots and not last.strip().isdecimal()):
            raise click.BadParameter(f"`{value}` is not a unit, like 3, or units, like 0..9")
        numbers = range(int(first), int(last or first) + 1)
        if not 0 < len(numbers) <= 20_000:
            raise click.BadParameter(f"`{value}` names no units: the first number is the lower")
        units += numbers
    return tuple(sorted(set(units)))


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--trials", type=click.IntRange(1, 1_000_000), default=100, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.npz",
    help="Where what the network did is written.",
)
@click.option(
    "--lesion",
    multiple=True,
    metavar="UNITS",
    callback=_parse_units,
    help="Silence units, numbered from 0: 3, or 0..9, both of them too. Repeatable.",
)
@click.option("--noise/--no-noise", default=True, help="With the model's recurrent noise or not.")
@click.option("--seed", type=seed_type, default=0, show_default=True, help="Of trials and noise.")
@with_settings
@with_externs
def command(
    run: Path,
    trials: int,
    out: Path,
    lesion: tuple[int, ...],
    noise: bool,
    seed: int,
    settings: dict[str, str],
    allowed: frozenset[str],
) -> None:
    """Run the network in RUN on fresh trials, and write what it did.

    TensorFlow is not needed.  The trials, and the noise, are those of `epochal evaluate` with the
    same seed.  FILE.npz holds inputs, outputs and rates (trials, steps, ..), the trial table as
    trials.NAME, scores as scores.NAME, and more; numpy.load reads it.

    \b
    Examples:
      epochal simulate runs/rdm --trials 200 --out rdm.npz
      epochal simulate runs/rdm --lesion 0..9 --out lesion.npz
    """  # noqa: D301
    need_packages("simulating", ("safetensors",))
    from epochal.runtime.errors import RunError
    from epochal.runtime.npz import write_npz
    from epochal.runtime.recording import record
    from epochal.runtime.rundir import read_run

    try:
        read = read_run(run)
        task = task_of_run(read, settings, allowed)
        _check_room(read, task, trials)
        made = record(read, task, trials, seed=seed, noise=noise, lesion=lesion)
        write_npz(out, made.arrays)
    except (RunError, ValueError) as error:
        fail(str(error))
    click.echo(f"{task.name}: {made.accuracy:.1%} correct on {trials} trials; written to {out}")


def _check_room(run: Run, task: Task, trials: int) -> None:
    """Refuse what would not fit in memory."""
    profile = run.record.profile
    values = trials * task.n_steps(profile.training.dt) * (profile.model.units + task.n_in)
    if 4 * values > 2**32:
        fail(f"{trials} trials are {4 * values / 2**30:.1f} GiB of rates: ask for fewer")
