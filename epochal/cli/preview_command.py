"""``epochal preview``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from epochal import driver
from epochal.cli.common import (
    fail,
    give_up,
    need_packages,
    seed_type,
    with_dt,
    with_externs,
    with_settings,
)


@click.command()
@click.argument("task")
@with_settings
@with_externs
@with_dt("Length of a step.  [default: 20]")
@click.option("--trials", type=click.IntRange(1, 12), default=3, show_default=True)
@click.option("--seed", type=seed_type, default=0, show_default=True, help="Of the trials.")
@click.option("--noise/--no-noise", default=False, help="With the noise of the inputs or not.")
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw into this file: .svg, .png or .pdf.",
)
def command(
    task: str,
    settings: dict[str, str],
    allowed: frozenset[str],
    dt: float | None,
    trials: int,
    seed: int,
    noise: bool,
    out: Path | None,
) -> None:
    """Draw a few trials of TASK: epochs, inputs, targets, and where outputs do not count.

    Without --out they are drawn with characters, in the terminal.

    \b
    Examples:
      epochal preview rdm
      epochal preview rdm --set viewing='500 ms' --noise --out rdm.svg
    """  # noqa: D301
    if out is not None:
        need_packages("drawing a file", ("matplotlib",))
    from epochal.runtime.preview import preview

    session = driver.Session(allowed=allowed)
    compiled = driver.compile_task(task, settings, session)
    if compiled is None:
        give_up(session)
    try:
        shown = preview(compiled, trials, dt=dt or 20.0, seed=seed, noise=noise)
        if out is not None:
            from epochal.runtime.canvas import save
            from epochal.runtime.draw_trials import trials_figure

            save(trials_figure(shown), out)
    except ValueError as error:
        fail(str(error))
    if out is not None:
        click.echo(f"wrote {out}", err=True)
        return
    from epochal.runtime.preview_text import drawn, plain

    width = shutil.get_terminal_size().columns
    text = "\n".join(drawn(one, width) for one in shown)
    click.echo(text if _shows_blocks() else plain(text), nl=False)


def _shows_blocks() -> bool:
    """Whether what is printed may hold more than ASCII."""
    return (sys.stdout.encoding or "ascii").lower().startswith("utf")
