"""A slow second reading of a set of tasks: which member each trial is of, then that member's own.

Written from LANGUAGE.md on top of the reading of single tasks, and from nothing of the printer or
the prelude.
"""

import math

import reference
from reference import Row, TrialArrays, Words, by_size

from epochal.compiler import ir


def dealt(taskset: ir.Taskset, n: int, seed: int, batch: int, stream: int) -> list[ir.Member]:
    """Say which member each trial is of."""
    copies = [member for member in taskset.members for _ in range(member.copies)]
    k = len(copies)
    if taskset.per_batch:
        block, place = divmod(batch, k)
        order = by_size(Words(seed, stream, block).raw("design:members", k))
        return [copies[order[place]]] * n
    words = Words(seed, stream, batch).raw("design:members", k + n)
    order, places = by_size(words[:k]), by_size(words[k:])
    return [copies[order[place % k]] for place in places]


def table(
    taskset: ir.Taskset, n: int, seed: int, batch: int = 0, stream: int = 0
) -> list[tuple[ir.Member, Row]]:
    """Draw the trial table: for each trial its member, and the row that the member alone has."""
    members = dealt(taskset, n, seed, batch, stream)
    found: dict[int, Row] = {}
    for member in taskset.members:
        rows = [i for i, one in enumerate(members) if one.name == member.name]
        if rows:
            drawn = reference.table(member.task, n, seed, batch, stream, rows)
            found |= dict(zip(rows, drawn, strict=True))
    return [(member, found[i]) for i, member in enumerate(members)]


def arrays(member: ir.Member, row: Row, dt: int, n_steps: int) -> TrialArrays:
    """Make the arrays of one trial, without noise, padded to the set's length."""
    return reference.arrays(member.task, row, dt, n_steps)


def lacking(kind: ir.Type) -> reference.Value:
    """Say what stands in a column that a member lacks."""
    match kind:
        case ir.ArrayType(item, n):
            return [lacking(item)] * n
        case ir.LabelType():
            return None
        case ir.BoolType():
            return False
        case _:
            return math.nan
