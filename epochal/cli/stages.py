"""A curriculum in words: before training what its stages are, afterwards when each was left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from epochal.runtime.config import Training
from epochal.runtime.rundir import Passage, RunRecord

THEN = {"advance": "next stage", "back": "back", "finished": "finished", "stop": "stopped"}


def describe_stages(names: Sequence[str], training: Training) -> str:
    """Say in a line which stages training goes through, and when it looks how far it is."""
    every = "every update" if training.every == 1 else f"every {training.every} updates"
    return f"{', '.join(names)}; evaluated {every} on {training.trials} fresh trials"


def stage_table(record: RunRecord) -> str:
    """Lay out after how many updates and trials each stage was left, and how good it was then."""
    head = ("stage", "updates", "trials", "accuracy", "then")
    return laid_out([head, *(_row(one, record) for one in record.passed)])


def _row(passage: Passage, record: RunRecord) -> tuple[str, ...]:
    accuracy = "unknown" if passage.accuracy is None else f"{passage.accuracy:.1%}"
    trials = trials_of(record, passage.update)
    then = THEN.get(passage.move, passage.move)
    return passage.stage, str(passage.update), str(trials), accuracy, then


def trials_of(record: RunRecord, updates: int) -> int:
    """Count the trials, or sequences of a session, that so many updates were made from."""
    return updates * record.profile.training.batch


def laid_out(lines: Iterable[Sequence[str]]) -> str:
    """Lay out a table: its first column to the left, the others to the right."""
    rows = list(lines)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
