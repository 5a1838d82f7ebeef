"""From the start of a process to its first update, the import of TensorFlow apart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from benchmarks.generation import DISCRIMINATION
from benchmarks.ours import Sizes, library_task
from benchmarks.plan import Plan, attempt
from benchmarks.processes import child, trained
from benchmarks.ratio import compare, faster
from benchmarks.rows import Row, Target
from benchmarks.worker import Worker

CACHE = "EPOCHAL_XLA_CACHE"


def measure(plan: Plan) -> Iterator[Row]:
    """Start ``epochal train`` with and without kept XLA programs, and PsychRNN."""
    name = "first update after `epochal train` starts"
    with tempfile.TemporaryDirectory() as room:
        cold = Row(name=f"{name}, cold", unit="s", target=Target(2.5))
        yield attempt(cold, partial(_alone, plan, room=room, cache="off"))
        kept = Row(name=f"{name}, XLA programs kept", unit="s", target=Target(1.2))
        cache = str(Path(room) / "xla")
        yield attempt(kept, partial(_alone, plan, room=room, cache=cache))
        row = faster(f"{name}, cold", "PsychRNN Basic")
        yield from plan.beside("psychrnn", [row], partial(_beside, room=room))


def _alone(plan: Plan, row: Row, room: str, cache: str) -> Row:
    """Start several times, after one that fills what is kept."""
    seconds = [_ours(room, cache) / 1000 for _ in range(plan.rounds(5) + 1)][1:]
    return replace(row, values=tuple(seconds))


def _beside(row: Row, peer: Worker, room: str) -> Row:
    """Start ours cold beside PsychRNN, once: a process has one first update."""
    theirs = peer.timed("first_update", **Sizes(50).shared())
    values = (_ours(room, "off"), theirs(1))
    return compare(row, lambda _: values[0], lambda _: values[1], rounds=1)


def _ours(room: str, cache: str) -> float:
    """Start ``epochal train`` at the sizes that PsychRNN gets; give ms to the first update."""
    library_task(DISCRIMINATION)
    arguments = [DISCRIMINATION, "--dt", "10", "--units", "50", "--batch", "128", "--noise", "0"]
    folder = str(Path(room) / "run")
    return child("first_update", trained(folder, *arguments), {CACHE: cache})["ms"]
