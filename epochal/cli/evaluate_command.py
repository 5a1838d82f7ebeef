"""``epochal evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from epochal.cli.common import fail, need_training, seed_type, with_externs, with_settings
from epochal.cli.run_task import task_of_run

if TYPE_CHECKING:
    from epochal.runtime.evaluate import Evaluation, Group
    from epochal.runtime.task import Task


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--by",
    multiple=True,
    metavar="VARIABLE",
    help="Tabulate by a variable of the trial or a score; twice for a table of both.",
)
@click.option("--trials", type=click.IntRange(1, 1_000_000), default=2000, show_default=True)
@click.option(
    "--seed",
    type=seed_type,
    default=0,
    show_default=True,
    help="Of the test trials; one seed for all runs compares them on the same trials.",
)
@with_settings
@with_externs
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    run: Path,
    by: tuple[str, ...],
    trials: int,
    seed: int,
    settings: dict[str, str],
    allowed: frozenset[str],
    as_json: bool,
) -> None:
    """Measure the accuracy of the network in RUN on fresh trials, as a table with --by.

    The trials are of the test stream, which training and its evaluations never see.  The task is
    the one kept in RUN, with the parameters it was trained with unless --set changes them.

    \b
    Examples:
      epochal evaluate runs/rdm --by coh
      epochal evaluate runs/rdm --by side --by coh --set viewing='300 ms'
    """  # noqa: D301
    need_training("evaluating")
    from epochal.runtime.errors import RunError
    from epochal.runtime.evaluate import evaluate
    from epochal.runtime.rundir import read_run

    try:
        read = read_run(run)
        task = task_of_run(read, settings, allowed)
        _check_variables(task, by)
        result = evaluate(read, task, trials=trials, by=by, seed=seed)
    except (RunError, ValueError) as error:
        fail(str(error))
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(result).decode())
    else:
        click.echo(table(result))


def _check_variables(task: Task, by: tuple[str, ...]) -> None:
    """Refuse variables that trials are not told apart by, before TensorFlow starts."""
    from epochal.dsl.nearest import nearest

    batch = task.batch(2, noise=False)
    columns = {**batch.trials, **task.score(batch.targets, batch)}
    known = sorted(name for name, column in columns.items() if column.ndim == 1 and " " not in name)
    for name in by:
        if name not in known:
            close = nearest(name, known)
            hint = f"did you mean `{close}`?" if close else f"there are {', '.join(known)}"
            fail(f"there is no variable `{name}` to tabulate by: {hint}")


def table(result: Evaluation, title: str = "") -> str:
    """Lay out an evaluation for reading; ``title`` says what was measured instead of accuracy."""
    total = result.total
    what = "" if title else " correct"
    lines = [
        f"{result.task}: {_accuracy(total)}{what} on {total.trials} test trials" + _counted(total)
    ]
    if not result.groups:
        return lines[0]
    by = ("by",) if title else result.by
    head = (*by, "trials", "fraction" if title else "accuracy")
    rows = [(*group.condition, str(group.trials), _accuracy(group)) for group in result.groups]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  " + "  ".join(cells))
    return "\n".join(lines)


def _counted(total: Group) -> str:
    if total.counted > total.trials:
        return f", {total.counted} answers"
    return f", {total.counted} of them counted" if total.counted < total.trials else ""


def _accuracy(group: Group) -> str:
    if group.accuracy is None or group.error is None:
        return "none counted"
    return f"{group.accuracy:.1%} ± {group.error:.1%}"
