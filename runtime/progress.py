"""Progress of a training, and how a person sees it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TextIO


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes
    ----------
    update
        Updates done.
    loss
        Mean since the last report; NaN before the first update.
    accuracy
        Fraction correct of fresh trials; None where this report is not an evaluation.
    rate
        Updates a second so far, evaluations included.
    seconds
        Since training began.
    stage
        The stage of the curriculum, "" without one.
    move
        What this evaluation led to: "advance", "back", "finished" or "stop"; "" otherwise.
    """

    update: int
    loss: float
    accuracy: float | None
    rate: float
    seconds: float
    stage: str = ""
    move: str = ""


Report = Callable[[Progress], None]


@contextmanager
def display(name: str, updates: int, stream: TextIO) -> Iterator[Report]:
    """Show the progress of a training of at most ``updates`` updates on a stream.

    A terminal gets a live bar; anything else a plain line for each evaluation.
    """
    if stream.isatty():
        with _bar(name, updates, stream) as report:
            yield report
    else:
        yield _lines(name, stream)


def _lines(name: str, stream: TextIO) -> Report:
    def report(progress: Progress) -> None:
        if progress.accuracy is not None:
            stream.write(f"{name}  update {progress.update}  {_described(progress)}\n")
            stream.flush()

    return report


@contextmanager
def _bar(name: str, updates: int, stream: TextIO) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(file=stream)) as bar:
        row = bar.add_task(name, total=updates, state="compiling")
        known = math.nan

        def report(progress: Progress) -> None:
            nonlocal known
            known = known if progress.accuracy is None else progress.accuracy
            shown = replace(progress, accuracy=known)
            bar.update(row, completed=progress.update, state=_described(shown))

        yield report


def _described(progress: Progress) -> str:
    parts = []
    if not math.isnan(progress.loss):
        parts.append(f"loss {progress.loss:.4f}")
    if progress.accuracy is not None and not math.isnan(progress.accuracy):
        parts.append(f"accuracy {progress.accuracy:.1%}")
    if progress.update:
        parts.append(f"{progress.rate:.{0 if progress.rate >= 10 else 1}f} updates/s")
    if progress.stage:
        parts.append(f"stage {progress.stage}" + (f": {progress.move}" if progress.move else ""))
    return "  ".join(parts)
