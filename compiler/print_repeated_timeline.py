"""Printing ``timeline`` where groups of epochs are repeated.

How long each segment lasts stands in one table; added up, it says when each ends.  Repetitions
that a trial does not have last 0.
"""

from msgspec import Struct

from epochal.compiler import ir
from epochal.compiler.bounds import is_whole
from epochal.compiler.numpy_text import Printer
from epochal.compiler.print_draws import rounded
from epochal.compiler.print_line import line
from epochal.compiler.print_names import LONGEST, Names, Speaker
from epochal.compiler.print_repetitions import Repetitions
from epochal.compiler.printed import SUM, Shape
from epochal.compiler.repeats import Chain, Node, presence, shared, times, tree
from epochal.compiler.segments import BEGIN, Columns, Cut, Layout, Loose, ragged


def body(task: ir.Task, plan: Layout, names: Names) -> list[str]:
    """Print the statements of ``timeline``."""
    job = _Job(task, plan, names, Speaker(names))
    lines = [
        line(f'longest = trials["{LONGEST}"]'),
        line("n = len(longest)"),
        line(f"span = np.zeros((n, {plan.n_columns}), np.int64)  # how long each lasts, us"),
        *job.nodes(tree(task), ()),
        line("span[:, PADDING] = longest - span.sum(axis=1)"),
        line("end = np.cumsum(span, axis=1)"),
    ]
    for epoch in task.epochs:
        lines += job.cuts(epoch)
    for loose in plan.loose:
        lines += job.loose(loose)
    return [*lines, line("return steps(end, dt)")]


class _Job(Struct, frozen=True):
    """What all statements of one ``timeline`` share."""

    task: ir.Task
    plan: Layout
    names: Names
    speaker: Speaker

    def nodes(self, nodes: tuple[Node, ...], chain: Chain) -> list[str]:
        """Print how long epochs last: those that stand here, then those of inner groups."""
        if not chain:
            return [
                text
                for node in nodes
                for text in (
                    [self._epoch(node)]
                    if isinstance(node, ir.Epoch)
                    else self.nodes(node.body, (node.repeat,))
                )
            ]
        lines: list[str] = []
        for node in nodes:
            if isinstance(node, ir.Epoch):
                lines.append(self._repeated(node, chain))
        if any("[at, " in text for text in lines):
            lines = [*self._rows(chain), *lines]
        for node in nodes:
            if not isinstance(node, ir.Epoch):
                lines += self.nodes(node.body, (*chain, node.repeat))
        return lines

    def _rows(self, chain: Chain, *, all_: bool = False) -> list[str]:
        """Print the list of the repetitions that there are."""
        which = None if all_ else presence(chain)
        shown = self.speaker.each_of_table().show(which) if which is not None else None
        return Repetitions(chain, self.names).lines(chain[-1].at, shown)

    def _epoch(self, epoch: ir.Epoch) -> str:
        """Print how long an epoch lasts that is not repeated."""
        column = self.names.columns.one(self.plan.after(epoch.name) - 1)
        lasts = epoch.duration if epoch.duration is not None else self.task.length
        assert lasts is not None
        text = rounded(lasts, ir.TIME, self.speaker.table().text(lasts))
        if epoch.duration is None:
            inside = self.speaker.table().show(lasts).inside(SUM) if is_whole(lasts) else text
            text = f"{inside} - span.sum(axis=1)"
        return line(f"span[:, {column}] = {text}", epoch.at)

    def _repeated(self, epoch: ir.Epoch, chain: Chain) -> str:
        """Print how long an epoch lasts in every repetition."""
        assert epoch.duration is not None
        own = self.plan.epoch(epoch.name)
        column = self.names.columns.each(own.at(own.stop - 1))
        shown = self.speaker.each_of_table().show(epoch.duration)
        text = rounded(epoch.duration, ir.TIME, shown.text)
        if shown.shape is Shape.CONSTANT and presence(chain) is None:
            return line(f"span[:, {column}] = {text}", epoch.at)
        counter = Repetitions(chain, self.names).counter
        return line(f"span[at, {column}[{counter}]] = {text}", epoch.at)

    def cuts(self, epoch: ir.Epoch) -> list[str]:
        """Print when the segments of an epoch end before its last."""
        own = self.plan.epoch(epoch.name)
        lines: list[str] = []
        for i, cut in enumerate(self.plan.cuts_of(epoch.name)):
            column = own.at(own.first + i)
            # This segment lasts 0 so far: it ends where the epoch begins.
            edges = _Edge(column), _Edge(own.at(own.stop - 1))
            lines += self._cut(cut, column, *edges, own.chain)
        return lines

    def loose(self, loose: Loose) -> list[str]:
        """Print when a slice bound comes that has no segment."""
        where, cut = loose.where, loose.cut
        if cut in ragged(where, self.plan.chains):
            return self._ragged(loose)
        whole = self.plan.whole(where)
        begin, end = self._begin(where), _Edge(whole.at(whole.stop - 1))
        for other in ragged(where, self.plan.chains):
            columns = self.plan.loose_at(where, other)
            assert columns is not None
            begin, end = (_Edge(columns), end) if other == BEGIN else (begin, _Edge(columns))
        return self._cut(cut, loose.columns, begin, end, whole.chain)

    def _begin(self, where: ir.Where) -> "_Edge":
        """Find when the first epoch of a span begins: as long before its end as it lasts."""
        whole = self.plan.whole(where)
        return _Edge(whole.at(whole.first + self.plan.size(where.first) - 1), begins=True)

    def _cut(
        self, cut: Cut, column: tuple[int, ...], begin: "_Edge", end: "_Edge", chain: Chain
    ) -> list[str]:
        """Print a time after the begin of a span or before its end, not beyond the other."""
        show = self.speaker.each_of_table() if chain else self.speaker.table()
        shown = show.show(cut.time)
        each = bool(chain) and shown.shape is not Shape.CONSTANT
        target, first, last = (
            self._time(edge, chain, each) for edge in (_Edge(column), begin, end)
        )
        base, limit = (last, first) if cut.from_end else (first, last)
        time = later(base, cut.time, show)
        if isinstance(cut.time, ir.Number):
            function = "np.maximum" if cut.from_end else "np.minimum"
            text = f"{target} = {function}({time}, {limit})"
        else:  # an argument may change its sign
            text = f"{target} = np.clip({time}, {first}, {last})"
        return [*(self._rows(chain, all_=True) if each else []), line(text)]

    def _time(self, edge: "_Edge", chain: Chain, each: bool) -> str:
        """Print the time at which columns end, or an epoch begins."""
        name = self.names.columns.each if chain else lambda c: self.names.columns.one(c[0])
        column = f":, {name(edge.columns)}"
        if each:
            counter = Repetitions(chain, self.names).counter
            column = f"at, {name(edge.columns)}[{counter}]"
        return f"end[{column}] - span[{column}]" if edge.begins else f"end[{column}]"

    def _ragged(self, loose: Loose) -> list[str]:
        """Print where the first repetition begins or the last ends, of those that there are."""
        where, chain = loose.where, shared(self.plan.chains, loose.where)
        begins = loose.cut == BEGIN
        own = self.plan.epoch(where.first if begins else where.last)
        first = tuple(column + own.size - 1 for column in self._outermost(own, chain))
        rows = Repetitions(own.chain, self.names)
        inner = times(own.chain[len(chain) :])
        target = self._time(_Edge(loose.columns), chain, False)
        name = self.names.columns.one(loose.columns[0])
        if chain:
            outer = rows.indices[0] if len(chain) == 1 else f"it // {inner}"
            name = f"{self.names.columns.each(loose.columns)}[{outer}]"
        lines = [line(f"{target} = {self._time(_Edge(first, begins), chain, False)}")]
        if not chain:
            lines = [line(f"{target} = {self._time_of_one(first[0], begins)}")]
        lines += self._rows(own.chain)
        value = self._time(_Edge(own.at(own.stop - 1), begins), own.chain, True)
        if not begins:  # of several values for one place, NumPy keeps the last
            return [*lines, line(f"end[at, {name}] = {value}")]
        lines.append(rows.keep("np.s_[::-1]"))
        return [*lines, line(f"end[at, {name}] = {value}")]

    def _time_of_one(self, column: int, begins: bool) -> str:
        name = self.names.columns.one(column)
        return f"end[:, {name}] - span[:, {name}]" if begins else f"end[:, {name}]"

    def _outermost(self, own: Columns, chain: Chain) -> tuple[int, ...]:
        """Give the first column of an epoch in its first repetition within outer groups."""
        return own.at(own.first)[:: len(own.offsets) // times(chain)]


class _Edge(Struct, frozen=True):
    """When columns end, or when the epoch begins that ends with them."""

    columns: tuple[int, ...]
    begins: bool = False


def later(base: str, time: ir.Expr, show: Printer) -> str:
    """Print a time plus another, in whole microseconds."""
    if isinstance(time, ir.Number) and time.value.startswith("-"):
        return f"{base} - {show.text(time)[1:]}"
    shown = show.show(time)
    return f"{base} + {shown.inside(SUM + 1) if is_whole(time) else f'whole({shown.text})'}"
