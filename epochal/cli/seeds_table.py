"""What several seeds of one training reached: a line for each, then their distribution."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles

from epochal.cli.stages import laid_out, trials_of
from epochal.runtime.files import replace_file
from epochal.runtime.rundir import MEASURES, RunRecord

Row = Mapping[str, float | None]
"""Columns of one seed; None where a seed has not come there."""

PERCENT, COUNTS = "accuracy", ("updates", "trials", "seconds")


def row_of(record: RunRecord, folder: Path) -> dict[str, float | None]:
    """Say what one seed reached: stages and their updates, the whole, and what was measured."""
    left: dict[str, float | None] = {stage.name: None for stage in record.stages}
    for passage in record.passed:
        if passage.move in ("advance", "finished"):
            left[passage.stage] = passage.update
    stages = {f"stage {name}": update for name, update in left.items()}
    counts = (record.updates, trials_of(record, record.updates), record.seconds)
    return {
        **(stages if len(stages) > 1 else {}),
        **dict(zip(COUNTS, counts, strict=True)),
        PERCENT: record.accuracy,
        **_measured(record, folder),
    }


def _measured(record: RunRecord, folder: Path) -> dict[str, float | None]:
    """Give the accuracy of every measure that is one; a plot is more than a number."""
    path = folder / MEASURES
    found = json.loads(path.read_bytes()) if path.is_file() else {}
    plain = [one.name for one in record.measures if not one.title]
    return {
        f"measure {name}": found[name]["total"]["accuracy"] if name in found else None
        for name in plain
    }


def table(rows: Mapping[int, Row]) -> str:
    """Lay out a line for each seed, then median, quartiles and range of those that came there."""
    names = list(next(iter(rows.values())))
    columns = {name: [row[name] for row in rows.values()] for name in names}
    known = {n: sorted(v for v in c if v is not None) for n, c in columns.items()}
    lines = [("seed", *(name.removeprefix("stage ").removeprefix("measure ") for name in names))]
    lines += [(str(s), *(_shown(n, row[n]) for n in names)) for s, row in rows.items()]
    lines.append(("median", *(_median(n, known[n]) for n in names)))
    if len(rows) > 3:
        lines.append(("quartiles", *(_quartiles(n, known[n]) for n in names)))
    lines.append(("range", *(_ends(n, known[n]) for n in names)))
    return laid_out(lines)


def keep(rows: Mapping[int, Row], records: Mapping[int, RunRecord], path: Path) -> None:
    """Write the table as JSON, a record for each seed with how its training ended."""
    kept = [{"seed": seed, **row, "ended": records[seed].reason} for seed, row in rows.items()]
    lines = ",\n".join("  " + json.dumps(one) for one in kept)
    replace_file(path, f"[\n{lines}\n]\n".encode())


def outcomes(records: Sequence[RunRecord]) -> str:
    """Count how trainings ended, where they did not all end alike."""
    reasons = [record.reason for record in records]
    counts = {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
    if len(counts) < 2:
        return ""
    return ", ".join(f"{number} of {len(reasons)}: {reason}" for reason, number in counts.items())


def _median(name: str, values: Sequence[float]) -> str:
    return _shown(name, median(values)) if values else "-"


def _quartiles(name: str, values: Sequence[float]) -> str:
    if len(values) < 2:
        return "-"
    low, _, high = quantiles(values, n=4, method="inclusive")
    return f"{_shown(name, low)} to {_shown(name, high)}"


def _ends(name: str, values: Sequence[float]) -> str:
    return f"{_shown(name, values[0])} to {_shown(name, values[-1])}" if values else "-"


def _shown(name: str, value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    if name == PERCENT or name.startswith("measure "):
        return f"{value:.1%}"
    return f"{value:.0f}" if name == "seconds" else f"{value:.1f}".removesuffix(".0")
