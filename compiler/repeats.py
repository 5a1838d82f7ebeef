"""Groups of epochs that are repeated, one inside another, and what may be said of them.

A span is taken once in every repetition of the groups that it lies in; where it crosses the edge
of a group, it runs from the first repetition of that group to the last.  Repetitions of nested
groups are counted through: number ``o * 3 + i`` is repetition ``i`` of 3 in repetition ``o``.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product, takewhile
from math import prod
from typing import Union

from msgspec import Struct

from epochal.compiler import ir

Chain = tuple[ir.Repeat, ...]
"""The groups around an epoch or a span, outermost first."""


class Loop(Struct, frozen=True):
    """One group, with what it holds in order."""

    repeat: ir.Repeat
    body: tuple["Node", ...]


Node = Union[ir.Epoch, Loop]  # noqa: UP007


def tree(task: ir.Task) -> tuple[Node, ...]:
    """Arrange the timeline: epochs and groups in order, groups inside groups."""
    found: list[Node] = []
    open_: list[tuple[ir.Repeat, list[Node]]] = []
    opens = _opens(task.repeats)
    for epoch in task.epochs:
        open_ += [(repeat, []) for repeat in opens.get(epoch.name, ())]
        (open_[-1][1] if open_ else found).append(epoch)
        while open_ and open_[-1][0].last == epoch.name:
            repeat, body = open_.pop()
            (open_[-1][1] if open_ else found).append(Loop(repeat, tuple(body)))
    return tuple(found)


def _opens(repeats: tuple[ir.Repeat, ...]) -> Mapping[str, list[ir.Repeat]]:
    """List the groups that begin with each epoch, outermost first."""
    found: dict[str, list[ir.Repeat]] = {}
    for repeat in repeats:
        found.setdefault(repeat.first, []).append(repeat)
    return found


def chains(task: ir.Task) -> Mapping[str, Chain]:
    """Find the groups around every epoch."""
    found: dict[str, Chain] = {}
    chain: Chain = ()
    opens = _opens(task.repeats)
    for epoch in task.epochs:
        chain += tuple(opens.get(epoch.name, ()))
        found[epoch.name] = chain
        while chain and chain[-1].last == epoch.name:
            chain = chain[:-1]
    return found


def shared(chains_: Mapping[str, Chain], where: ir.Where) -> Chain:
    """Find the groups that a whole span lies in."""
    return common([chains_[where.first], chains_[where.last]])


def common(chains_: Sequence[Chain]) -> Chain:
    """Find the groups that several chains begin with."""
    levels = zip(*chains_, strict=False)
    same = takewhile(lambda level: all(one is level[0] for one in level), levels)
    return tuple(level[0] for level in same)


def times(chain: Chain) -> int:
    """Count the most repetitions of nested groups."""
    return prod(repeat.most for repeat in chain)


def repetitions(chain: Chain) -> Iterator[tuple[int, ...]]:
    """Yield the indices of every repetition, in order of time."""
    return product(*(range(repeat.most) for repeat in chain))


def index_of(repeat: ir.Repeat) -> ir.Ref:
    """Refer to the index that counts the repetitions of a group, from 0."""
    return ir.Ref(repeat.index, ir.Role.INDEX)


def number(chain: Chain) -> ir.Expr:
    """Count repetitions of nested groups through, from 0."""
    expr: ir.Expr = index_of(chain[0])
    for repeat in chain[1:]:
        before = ir.Arithmetic("*", expr, ir.Number(str(repeat.most)))
        expr = ir.Arithmetic("+", before, index_of(repeat))
    return expr


def is_fixed(repeat: ir.Repeat) -> bool:
    """Whether a group is repeated equally often on all trials."""
    return repeat.count == ir.Number(str(repeat.most))


def presence(chain: Chain) -> ir.Expr | None:
    """Say which repetitions there are; None where there always are all."""
    found: ir.Expr | None = None
    for repeat in chain:
        if not is_fixed(repeat):
            inside = ir.Comparison("<", index_of(repeat), repeat.count)
            found = inside if found is None else ir.Logical("and", found, inside)
    return found


def begins_late(first: Chain, around: Chain) -> bool:
    """Whether the first repetition in a span may be another than that of indices 0."""
    return _vary_inside(first[len(around) :])


def ends_early(epoch: str, last: Chain, around: Chain) -> bool:
    """Whether the last repetition in a span may end before the last that there can be.

    It does where its group holds more behind ``epoch``, or is missing from the last repetition of
    a group around it.
    """
    crossed = last[len(around) :]
    holds_more = bool(crossed) and not is_fixed(crossed[0]) and crossed[0].last != epoch
    return holds_more or _vary_inside(crossed)


def _vary_inside(crossed: Chain) -> bool:
    """Whether a group inside the outermost of those that a span crosses may be missing from it."""
    return any(not is_fixed(repeat) for repeat in crossed[1:])
