"""Over how many batches a measure is taken, where what is drawn once a batch varies over them."""

from __future__ import annotations

import math

from epochal.compiler import ir

SEVERAL = 32
"""Batches enough for the mean over what is drawn once a batch."""


def spread_of(program: ir.Program) -> int:
    """Count the batches that a measure of a task or set takes at least.

    One is enough where trials are independent.  Where all trials of a batch share a draw there are
    32, and where they share the task of a set a multiple of those that hold each task as often as
    it weighs.
    """
    if isinstance(program, ir.Task):
        return SEVERAL if _draws_per_batch(program) else 1
    if program.per_batch:
        whole = sum(member.copies for member in program.members)
        return whole * math.ceil(SEVERAL / whole)
    return max(spread_of(member.task) for member in program.members)


def _draws_per_batch(task: ir.Task) -> bool:
    definitions = (variable.definition for variable in task.variables)
    return any(isinstance(one, ir.Drawn) and one.per_batch for one in definitions)
