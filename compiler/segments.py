"""From spans in time to fixed columns of a segment table.

Epoch edges and slice bounds are *cuts*; between neighbouring cuts lies a *segment*, in which
drive, target and weight are constant.  Where bounds prove the order of the cuts of an epoch, a
span is a range of segments, in every repetition where it is repeated.  A cut whose place is not
proven gets no segment: its span is worked out step by step after the table has been spread over
time.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds, total
from epochal.compiler.repeats import (
    Chain,
    Node,
    begins_late,
    chains,
    ends_early,
    repetitions,
    shared,
    times,
    tree,
)
from epochal.compiler.walk import is_moving, walk

Cut = ir.Offset

BEGIN = Cut(ir.Number("0", ir.Unit.MICROSECOND))
END = Cut(ir.Number("0", ir.Unit.MICROSECOND), from_end=True)


class Columns(Struct, frozen=True):
    """A range of segments, half open, and how far on it comes again: ``chain`` repeats it."""

    first: int
    stop: int
    offsets: tuple[int, ...] = (0,)
    chain: Chain = ()

    def at(self, column: int) -> tuple[int, ...]:
        """Give a column in every repetition."""
        return tuple(column + offset for offset in self.offsets)

    @property
    def size(self) -> int:
        """Count the segments of one repetition."""
        return self.stop - self.first


class Loose(Struct, frozen=True):
    """A slice bound without a segment: its span, and the columns that keep its steps apart."""

    where: ir.Where
    cut: Cut
    columns: tuple[int, ...]


class Layout(Struct, frozen=True):
    """The segments of a task.

    Attributes
    ----------
    cuts : tuple of (str, tuple of Cut)
        The cuts inside each epoch, in order of time.
    starts : tuple of int
        The first segment of each epoch, in its first repetition where it is repeated.
    strides : tuple of tuple of int
        For each group around an epoch, how many segments later its next repetition comes.
    n_segments : int
        The number of segments, padding apart.
    loose : tuple of Loose
        Slice bounds without a segment, with columns behind that of the padding.
    places : mapping of str to int
        Which epoch a name stands for, from 0.
    epochs : mapping of str to ir.Epoch
        The epoch that a name stands for.
    chains : mapping of str to Chain
        The groups that each epoch is repeated in.
    """

    cuts: tuple[tuple[str, tuple[Cut, ...]], ...]
    starts: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]
    n_segments: int
    loose: tuple[Loose, ...]
    places: Mapping[str, int]
    epochs: Mapping[str, ir.Epoch]
    chains: Mapping[str, Chain]

    @property
    def n_columns(self) -> int:
        """Count the columns of the timeline: segments, padding, loose cuts."""
        return self.n_segments + 1 + sum(len(one.columns) for one in self.loose)

    def cuts_of(self, epoch: str) -> tuple[Cut, ...]:
        """List the cuts inside an epoch, in order of time."""
        return self.cuts[self.places[epoch]][1]

    def size(self, epoch: str) -> int:
        """Count the segments of one repetition of an epoch."""
        return len(self.cuts_of(epoch)) + 1

    def first(self, epoch: str) -> int:
        """Give the first segment of an epoch, in its first repetition."""
        return self.starts[self.places[epoch]]

    def after(self, epoch: str) -> int:
        """Give the segment after an epoch, in its last repetition."""
        return self.first(epoch) + self._further(epoch, 0) + self.size(epoch)

    def _further(self, epoch: str, depth: int) -> int:
        """Count the segments from the first repetition to the last, inside so many groups."""
        strides, chain = self.strides[self.places[epoch]], self.chains[epoch]
        pairs = zip(strides[depth:], chain[depth:], strict=True)
        return sum(stride * (repeat.most - 1) for stride, repeat in pairs)

    def offsets(self, epoch: str, depth: int) -> tuple[int, ...]:
        """Say how far on the repetitions of the outer groups around an epoch come."""
        strides = self.strides[self.places[epoch]]
        return tuple(
            sum(k * stride for k, stride in zip(indices, strides, strict=False))
            for indices in repetitions(self.chains[epoch][:depth])
        )

    def whole(self, where: ir.Where) -> Columns:
        """Give the segments of whole epochs, from the first repetition to the last."""
        chain = shared(self.chains, where)
        depth = len(chain)
        stop = self.first(where.last) + self._further(where.last, depth) + self.size(where.last)
        return Columns(self.first(where.first), stop, self.offsets(where.first, depth), chain)

    def epoch(self, name: str) -> Columns:
        """Give the segments of one epoch."""
        return self.whole(ir.Where(name, name))

    def loose_at(self, where: ir.Where, cut: Cut) -> tuple[int, ...] | None:
        """Find the columns of a slice bound that has no segment."""
        span = ir.Where(where.first, where.last)
        return next((o.columns for o in self.loose if (o.where, o.cut) == (span, cut)), None)


def layout(task: ir.Task, bounds: Bounds) -> Layout:
    """Place the slice bounds of all effects among the epochs."""
    chains_ = chains(task)
    placed: dict[str, list[Cut]] = {epoch.name: [] for epoch in task.epochs}
    epochs = {epoch.name: epoch for epoch in task.epochs}
    for effect in task.effects:
        if not _moves(effect):
            for bound in _slices(effect.where):
                home = _home(effect.where, bound, epochs, chains_, bounds)
                if home is not None:
                    _place(bound, placed[home], epochs[home], bounds)
    starts: dict[str, tuple[int, tuple[int, ...]]] = {}
    sizes = {name: len(found) + 1 for name, found in placed.items()}
    n_segments = _arrange(tree(task), 0, (), sizes, starts)
    return Layout(
        tuple((name, tuple(found)) for name, found in placed.items()),
        tuple(starts[name][0] for name in placed),
        tuple(starts[name][1] for name in placed),
        n_segments,
        _loose(task, placed, n_segments + 1, epochs, chains_, bounds),
        {name: i for i, name in enumerate(placed)},
        epochs,
        chains_,
    )


def _arrange(
    nodes: tuple[Node, ...],
    first: int,
    strides: tuple[int, ...],
    sizes: Mapping[str, int],
    starts: dict[str, tuple[int, tuple[int, ...]]],
) -> int:
    """Give every epoch its first segment and its strides; give the segment after all of them."""
    for node in nodes:
        if isinstance(node, ir.Epoch):
            starts[node.name] = first, strides
            first += sizes[node.name]
        else:
            size = width(node.body, sizes)
            _arrange(node.body, first, (*strides, size), sizes, starts)
            first += size * node.repeat.most
    return first


def width(nodes: tuple[Node, ...], sizes: Mapping[str, int]) -> int:
    """Count the segments of epochs and of all repetitions of groups."""
    return sum(
        sizes[node.name]
        if isinstance(node, ir.Epoch)
        else width(node.body, sizes) * node.repeat.most
        for node in nodes
    )


def _loose(
    task: ir.Task,
    placed: Mapping[str, list[Cut]],
    column: int,
    epochs: Mapping[str, ir.Epoch],
    chains_: Mapping[str, Chain],
    bounds: Bounds,
) -> tuple[Loose, ...]:
    """List the bounds of the spans of effects and scores that no segment stops at."""
    found: dict[tuple[ir.Where, Cut], tuple[int, ...]] = {}
    for where in _wheres(task):
        span = ir.Where(where.first, where.last)
        n = times(shared(chains_, where))
        for bound in (*ragged(where, chains_), *_slices(where)):
            home = _home(where, bound, epochs, chains_, bounds)
            has_segment = home is not None and bound in placed[home]
            if not has_segment and (span, bound) not in found:
                found[span, bound] = tuple(range(column, column + n))
                column += n
    return tuple(Loose(span, cut, columns) for (span, cut), columns in found.items())


def _wheres(task: ir.Task) -> Iterator[ir.Where]:
    for effect in task.effects:
        yield effect.where
    for score in task.scores:
        for node in walk(score.value):
            if isinstance(node, ir.Series):
                yield node.where


def ragged(where: ir.Where, chains_: Mapping[str, Chain]) -> tuple[Cut, ...]:
    """List the ends of a span that lie in another repetition on another trial."""
    chain = shared(chains_, where)
    begin = (BEGIN,) if begins_late(chains_[where.first], chain) else ()
    end = (END,) if ends_early(where.last, chains_[where.last], chain) else ()
    return (*begin, *end)


def _slices(where: ir.Where) -> tuple[Cut, ...]:
    return tuple(bound for bound in (where.start, where.stop) if bound is not None)


def columns(effect: ir.Effect, plan: Layout, bounds: Bounds) -> Columns | None:
    """Give the segments of an effect's span; None where it is worked out step by step."""
    where = effect.where
    if _moves(effect) or ragged(where, plan.chains):
        return None
    whole = plan.whole(where)
    first, stop = whole.first, whole.stop
    for bound in _slices(where):
        column = edge(where, bound, plan, bounds)[0]
        if column > plan.n_segments:
            return None
        if bound is where.start:
            first = column + 1
        else:
            stop = column + 1
    return Columns(first, max(first, stop), whole.offsets, whole.chain)


def edge(where: ir.Where, bound: Cut, plan: Layout, bounds: Bounds) -> tuple[int, ...]:
    """Say which column of the timeline holds the step of a slice bound, in every repetition."""
    loose = plan.loose_at(where, bound)
    if loose is not None:
        return loose
    home = _home(where, bound, plan.epochs, plan.chains, bounds)
    assert home is not None
    own = plan.epoch(home)
    return own.at(own.first + plan.cuts_of(home).index(bound))


def _moves(effect: ir.Effect) -> bool:
    """Whether the value of an effect changes within its span."""
    return effect.value is not None and is_moving(effect.value)


def _home(
    where: ir.Where,
    bound: ir.Offset,
    epochs: Mapping[str, ir.Epoch],
    chains_: Mapping[str, Chain],
    bounds: Bounds,
) -> str | None:
    """Find the epoch that a slice bound surely falls into, in every repetition of its span."""
    if where.first == where.last:
        return where.first
    name = where.last if bound.from_end else where.first
    duration = epochs[name].duration
    if duration is None or chains_[name] != shared(chains_, where):
        return None
    reach: ir.Expr = ir.Negative(bound.time) if bound.from_end else bound.time
    fits_ = bounds.least(ir.Arithmetic("-", duration, reach)) >= 0
    return name if fits_ else None


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
