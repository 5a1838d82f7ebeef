"""Two seeds side by side against one alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.plan import Plan, attempt
from benchmarks.processes import epochal, run, trained
from benchmarks.ratio import compare
from benchmarks.rows import NotMeasured, Row, Target

FIRST, UPDATES = 20, 220
"""Updates between which time counts: before them programs are compiled."""
TRAINING = ["rdm", "--units", "100", "--updates", str(UPDATES), "--accuracy", "2"]
ONE_THREAD = {f"TF_NUM_{kind}_THREADS": "1" for kind in ("INTRAOP", "INTEROP")}


class Report(msgspec.Struct):
    """What is needed of a line of ``metrics.jsonl``."""

    update: int
    seconds: float


def measure(plan: Plan) -> Iterator[Row]:
    """Compare the updates a second of two seeds together with those of one."""
    for against, environment in (
        ("one seed on both", {}),
        ("one seed kept to one thread", ONE_THREAD),
    ):
        row = Row(
            name="updates a second of two seeds on two cores, 100 units",
            against=against,
            unit="times as fast",
            target=Target(1.6, at_least=True),
        )
        yield attempt(row, partial(_seeds, plan, environment=environment))


def _seeds(plan: Plan, row: Row, environment: Mapping[str, str]) -> Row:
    if (os.cpu_count() or 1) < 2:
        raise NotMeasured("this machine has one core")
    with tempfile.TemporaryDirectory() as room:
        alone, together = Path(room) / "alone", Path(room) / "together"

        def one(_: int) -> float:
            run(epochal("train", *trained(str(alone), *TRAINING, "--seed", "0")), environment)
            return _ms(alone)

        def two(_: int) -> float:
            arguments = ("--seeds", "0,1", "--out", str(together), "--force", "--quiet")
            run(epochal("train", *TRAINING, *arguments))
            return max(_ms(together / f"seed-{seed}") for seed in (0, 1)) / 2

        return compare(row, two, one, rounds=plan.rounds(4))


def _ms(folder: Path) -> float:
    """Read the mean time of an update from the progress that a run has kept."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    reports = [msgspec.json.decode(line, type=Report) for line in lines]
    seconds = {report.update: report.seconds for report in reports}
    last = max(update for update in seconds if update % 50 and update < UPDATES)
    return (seconds[last] - seconds[FIRST]) / (last - FIRST) * 1000
