"""Groups of epochs that are repeated: which they are, and what may be said of them.

A span inside one group is taken in every repetition; one that crosses its edge runs from the
first repetition to the last.
"""

from collections.abc import Iterator

from epochal.compiler import ir


def repeat_of(task: ir.Task, epoch: str) -> ir.Repeat | None:
    """Find the group that an epoch is repeated in."""
    if not task.repeats:
        return None
    order = [one.name for one in task.epochs]
    for repeat in task.repeats:
        if order.index(repeat.first) <= order.index(epoch) <= order.index(repeat.last):
            return repeat
    return None


def around(task: ir.Task, where: ir.Where) -> ir.Repeat | None:
    """Find the group that a whole span lies in."""
    repeat = repeat_of(task, where.first)
    return repeat if repeat is not None and repeat == repeat_of(task, where.last) else None


def body(task: ir.Task, repeat: ir.Repeat) -> tuple[ir.Epoch, ...]:
    """List the epochs of a group."""
    order = [one.name for one in task.epochs]
    return task.epochs[order.index(repeat.first) : order.index(repeat.last) + 1]


def groups(task: ir.Task) -> Iterator[tuple[ir.Repeat | None, tuple[ir.Epoch, ...]]]:
    """Yield the timeline in order: single epochs, and groups that are repeated."""
    for epoch in task.epochs:
        repeat = repeat_of(task, epoch.name)
        if repeat is None:
            yield None, (epoch,)
        elif repeat.first == epoch.name:
            yield repeat, body(task, repeat)


def index_of(repeat: ir.Repeat) -> ir.Ref:
    """Refer to the index that counts the repetitions of a group, from 0."""
    return ir.Ref(repeat.index, ir.Role.INDEX)
