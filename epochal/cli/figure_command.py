"""``epochal figure``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from epochal.cli.common import fail, need_packages

if TYPE_CHECKING:
    from epochal.runtime.canvas import Figure


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["svg", "png", "pdf"]),
    default="svg",
    show_default=True,
)
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where the figures go.  [default: RUN/figures]",
)
def command(runs: tuple[Path, ...], kind: str, out: Path | None) -> None:
    """Draw how a network learnt, and what its experiment measured.

    learning is the accuracy and the loss over updates, the stages of a curriculum shaded and what
    they wait for dashed; measure-NAME is each measure that is tabulated by one variable, a
    psychometric curve where it has a plot.

    \b
    Examples:
      epochal figure runs/rdm
      epochal figure runs/shaped/seed-* --format png
    """  # noqa: D301
    need_packages("drawing", ("matplotlib", "safetensors"))
    from epochal.runtime.canvas import save
    from epochal.runtime.errors import RunError
    from epochal.runtime.rundir import FIGURES

    if out is not None and len(runs) > 1:
        raise click.UsageError("--out is the folder of one run: leave it out, or name one RUN")
    try:
        for run in runs:
            for name, figure in _figures(run).items():
                path = (out or run / FIGURES) / f"{name}.{kind}"
                save(figure, path)
                click.echo(f"wrote {path}")
    except RunError as error:
        fail(str(error))


def _figures(run: Path) -> dict[str, Figure]:
    """Draw what there is to be drawn of a run, by file name."""
    from epochal.runtime.draw_runs import learning_figure, measure_figure
    from epochal.runtime.measure import read_measures
    from epochal.runtime.rundir import read_metrics, read_record

    record = read_record(run)
    found = {"learning": learning_figure(record, read_metrics(run))}
    measures = read_measures(run)
    for one in record.measures:
        if one.name in measures and len(one.by) == 1:
            found[f"measure-{one.name}"] = measure_figure(one, measures[one.name])
    return found
