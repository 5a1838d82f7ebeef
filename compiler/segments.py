"""From spans in time to fixed columns of a segment table.

Epoch edges and slice bounds are *cuts*; between neighbouring cuts lies a *segment*, in which
drive, target and weight are constant.  Where bounds prove the order of the cuts of an epoch, a
span is a range of segments.  A cut whose place is not proven gets no segment: its span is worked
out step by step after the table has been spread over time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds, total
from epochal.compiler.repeats import around, groups
from epochal.compiler.walk import is_moving, walk

Cut = ir.Offset


@dataclass(frozen=True, slots=True)
class Columns:
    """A range of segments, half open; edges count the cuts of the whole trial from 0."""

    first: int
    stop: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The segments of a task.

    Attributes
    ----------
    cuts : tuple of (str, tuple of Cut)
        The cuts inside each epoch, in order of time.
    starts : tuple of int
        The first segment of each epoch, in its first repetition where it is repeated.
    strides, times : tuple of int
        How many segments later an epoch comes again, and how often it comes; 0 and 1 where it is
        not repeated.
    n_segments : int
        The number of segments, padding apart.
    loose : tuple of (Where, Cut)
        Slice bounds without a segment, each with its span: their steps are kept apart.
    places : mapping of str to int
        Which epoch a name stands for, from 0.
    """

    cuts: tuple[tuple[str, tuple[Cut, ...]], ...]
    starts: tuple[int, ...]
    strides: tuple[int, ...]
    times: tuple[int, ...]
    n_segments: int
    loose: tuple[tuple[ir.Where, Cut], ...]
    places: Mapping[str, int]

    def position(self, epoch: str) -> int:
        """Say which epoch this is, from 0."""
        return self.places[epoch]

    def cuts_of(self, epoch: str) -> tuple[Cut, ...]:
        """List the cuts inside an epoch, in order of time."""
        return self.cuts[self.places[epoch]][1]

    def size(self, epoch: str) -> int:
        """Count the segments of one repetition of an epoch."""
        return len(self.cuts_of(epoch)) + 1

    def first(self, epoch: str) -> int:
        """Give the first segment of an epoch."""
        return self.starts[self.position(epoch)]

    def after(self, epoch: str, *, once: bool = False) -> int:
        """Give the segment after an epoch, after its last repetition unless ``once``."""
        i = self.position(epoch)
        more = 0 if once else (self.times[i] - 1) * self.strides[i]
        return self.starts[i] + self.size(epoch) + more


def layout(task: ir.Task, bounds: Bounds) -> Layout:
    """Place the slice bounds of all effects among the epochs."""
    placed: dict[str, list[Cut]] = {epoch.name: [] for epoch in task.epochs}
    for effect in task.effects:
        if not _moves(effect):
            for bound in _slices(effect.where):
                home = _home(effect.where, bound, task, bounds)
                if home is not None:
                    _place(bound, placed[home], _epoch(task, home), bounds)
    starts: list[int] = []
    strides: list[int] = []
    times: list[int] = []
    n_segments = 0
    for repeat, epochs in groups(task):
        size = sum(len(placed[epoch.name]) + 1 for epoch in epochs)
        first = n_segments
        for epoch in epochs:
            starts.append(first)
            strides.append(size if repeat is not None else 0)
            times.append(repeat.most if repeat is not None else 1)
            first += len(placed[epoch.name]) + 1
        n_segments += size * times[-1]
    cuts = tuple((name, tuple(found)) for name, found in placed.items())
    loose = _loose(task, placed, bounds)
    places = {name: i for i, name in enumerate(placed)}
    return Layout(cuts, tuple(starts), tuple(strides), tuple(times), n_segments, loose, places)


def _loose(
    task: ir.Task, placed: dict[str, list[Cut]], bounds: Bounds
) -> tuple[tuple[ir.Where, Cut], ...]:
    """List the slice bounds of effects and scores that no segment stops at."""
    wheres = [effect.where for effect in task.effects]
    wheres += [
        node.where
        for score in task.scores
        for node in walk(score.value)
        if isinstance(node, ir.Series)
    ]
    found: list[tuple[ir.Where, Cut]] = []
    for where in wheres:
        span = ir.Where(where.first, where.last)
        for bound in _slices(where):
            home = _home(where, bound, task, bounds)
            has_segment = home is not None and bound in placed[home]
            if not has_segment and (span, bound) not in found:
                found.append((span, bound))
    return tuple(found)


def edge(where: ir.Where, bound: Cut, task: ir.Task, plan: Layout, bounds: Bounds) -> int:
    """Say which column of the timeline holds the step of a slice bound."""
    loose = (ir.Where(where.first, where.last), bound)
    if loose in plan.loose:
        return plan.n_segments + 1 + plan.loose.index(loose)
    home = _home(where, bound, task, bounds)
    assert home is not None
    return plan.first(home) + plan.cuts_of(home).index(bound)


def _slices(where: ir.Where) -> tuple[Cut, ...]:
    return tuple(bound for bound in (where.start, where.stop) if bound is not None)


def columns(effect: ir.Effect, task: ir.Task, plan: Layout, bounds: Bounds) -> Columns | None:
    """Give the segments of an effect's span; None where it is worked out step by step."""
    if _moves(effect):
        return None
    where = effect.where
    first = plan.first(where.first)
    stop = plan.after(where.last, once=around(task, where) is not None)
    for bound in _slices(where):
        column = edge(where, bound, task, plan, bounds)
        if column > plan.n_segments:
            return None
        if bound is where.start:
            first = column + 1
        else:
            stop = column + 1
    return Columns(first, max(first, stop))


def _moves(effect: ir.Effect) -> bool:
    """Whether the value of an effect changes within its span."""
    return effect.value is not None and is_moving(effect.value)


def _epoch(task: ir.Task, name: str) -> ir.Epoch:
    return next(epoch for epoch in task.epochs if epoch.name == name)


def _home(where: ir.Where, bound: ir.Offset, task: ir.Task, bounds: Bounds) -> str | None:
    """Find the epoch that a slice bound surely falls into."""
    if where.first == where.last:
        return where.first
    name = where.last if bound.from_end else where.first
    duration = _epoch(task, name).duration
    if duration is None:
        return None
    reach: ir.Expr = ir.Negative(bound.time) if bound.from_end else bound.time
    fits = bounds.least(ir.Arithmetic("-", duration, reach)) >= 0
    return name if fits else None


def _place(cut: Cut, cuts: list[Cut], epoch: ir.Epoch, bounds: Bounds) -> None:
    """Insert a cut in order of time, where its order with all others is proven."""
    if cut in cuts:
        return
    position = 0
    for other in cuts:
        if _before(other, cut, epoch, bounds):
            position += 1
        elif not _before(cut, other, epoch, bounds):
            return
    cuts.insert(position, cut)


def _before(a: Cut, b: Cut, epoch: ir.Epoch, bounds: Bounds) -> bool:
    """Whether one cut surely comes no later than another of the same epoch."""
    gap: ir.Expr = ir.Arithmetic("-", b.time, a.time)
    if b.from_end != a.from_end:
        if epoch.duration is None:
            return False
        op = "+" if b.from_end else "-"
        gap = ir.Arithmetic(op, gap, epoch.duration)
    return bounds.least(gap) >= 0


def fits(task: ir.Task, bounds: Bounds) -> bool:
    """Whether the epochs before ``until end`` surely fit into the trial's length."""
    if task.length is None:
        return True
    return bounds.least(ir.Arithmetic("-", task.length, total(task))) >= 0
