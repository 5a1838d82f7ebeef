"""What the columns of the timeline are called: segments, the padding, loose cuts.

A column that comes again in every repetition of a group is one constant with all its columns;
repetitions of nested groups are counted through.
"""

from collections.abc import Mapping

from msgspec import Struct, field

from epochal.compiler import ir
from epochal.compiler.print_line import line, unpacked
from epochal.compiler.python_names import constant_names
from epochal.compiler.repeats import Loop, shared, tree
from epochal.compiler.segments import Columns, Layout, width


class Part(Struct, frozen=True):
    """One constant: its columns, several where it is repeated."""

    name: str
    columns: tuple[int, ...]
    repeated: bool


class ColumnNames(Struct, frozen=True):
    """The constants of a timeline.

    Attributes
    ----------
    owners : mapping of int to (Part, int)
        Which constant a column belongs to, and which of its repetitions it is.
    wholes : mapping of (int, int) to str
        What the segments of a repeated epoch are called together, by their first and number.
    spoken : set of str
        The names of whole epochs that the printed code speaks of; only those are declared.
    """

    owners: Mapping[int, tuple[Part, int]]
    wholes: Mapping[tuple[int, int], str]
    spoken: set[str] = field(default_factory=set)

    def one(self, column: int) -> str:
        """Name a single column."""
        part, k = self.owners[column]
        if not part.repeated:
            return part.name
        return f"{part.name}[{k if k == 0 or k < len(part.columns) - 1 else -1}]"

    def each(self, columns: tuple[int, ...]) -> str:
        """Name a column in every repetition."""
        part, k = self.owners[columns[0]]
        stride = len(part.columns) // len(columns)
        return part.name if stride == 1 else f"{part.name}[{k or ''}::{stride}]"

    def before(self, columns: tuple[int, ...]) -> str | None:
        """Name the column before another in every repetition, where one constant holds them."""
        earlier = tuple(column - 1 for column in columns)
        if earlier[0] < 0:
            return None
        part, k = self.owners[earlier[0]]
        stride = len(part.columns) // len(columns)
        if not part.repeated or not stride or part.columns[k::stride] != earlier:
            return None
        return self.each(earlier)

    def span(self, columns: Columns) -> str:
        """Name the columns of a span in every repetition."""
        if columns.size == 1:
            return self.each(columns.at(columns.first))
        whole = self.wholes.get((columns.first, columns.size))
        if whole is not None and len(columns.offsets) == len(self._part(columns.first).columns):
            self.spoken.add(whole)
            return whole
        ends = self.each(columns.at(columns.first)), self.each(columns.at(columns.stop - 1))
        return f"between({ends[0]}, {ends[1]})"

    def _part(self, column: int) -> Part:
        return self.owners[column][0]


def column_names(plan: Layout, taken: set[str]) -> ColumnNames:
    """Choose the names of all columns."""
    owners: dict[int, tuple[Part, int]] = {}
    wholes: dict[tuple[int, int], str] = {}
    for epoch, cuts in plan.cuts:
        own = plan.epoch(epoch)
        listed = [epoch] if not cuts else [f"{epoch}_{i + 1}" for i in range(len(cuts) + 1)]
        made = constant_names([("epoch", part) for part in listed], taken).values()
        for column, name in enumerate(made, start=own.first):
            _own(Part(name, own.at(column), bool(own.chain)), owners)
        if own.chain and cuts:
            (whole,) = constant_names([("epoch", epoch)], taken).values()
            wholes[own.first, own.size] = whole
    _own(Part("PADDING", (plan.n_segments,), False), owners)
    loose = constant_names([("cut", f"cut_{i + 1}") for i in range(len(plan.loose))], taken)
    for name, one in zip(loose.values(), plan.loose, strict=True):
        repeated = bool(shared(plan.chains, one.where))
        _own(Part(name, one.columns, repeated), owners)
    return ColumnNames(owners, wholes)


def _own(part: Part, owners: dict[int, tuple[Part, int]]) -> None:
    for k, column in enumerate(part.columns):
        owners[column] = part, k


def constants(task: ir.Task, plan: Layout, names: ColumnNames) -> list[str]:
    """Print the constants."""
    parts = list(dict.fromkeys(part for part, _ in names.owners.values()))
    single = [part for part in parts if not part.repeated]
    note = "segments, then loose cuts" if plan.loose else "segments"
    in_order = [part.columns[0] for part in single] == list(range(len(single)))
    values = [] if in_order else [str(part.columns[0]) for part in single]
    lines = unpacked([part.name for part in single], values, note)
    sizes = {name: len(cuts) + 1 for name, cuts in plan.cuts}
    for node in tree(task):
        if isinstance(node, Loop):
            lines += _loop(node, 1, None, plan, sizes, names)
    for loose in plan.loose:
        part, _ = names.owners[loose.columns[0]]
        if part.repeated:
            first = loose.columns[0]
            lines.append(f"{part.name} = np.arange({first}, {first + len(loose.columns)})")
    return lines


def _loop(
    loop: Loop,
    around: int,
    base: str | None,
    plan: Layout,
    sizes: Mapping[str, int],
    names: ColumnNames,
) -> list[str]:
    """Print the constants of a group, each with one column a repetition.

    ``around`` counts the repetitions of what the group stands in; ``base`` are its columns there.
    """
    size = width(loop.body, sizes)
    most = around * loop.repeat.most
    if base is None:
        first = _first(loop, plan)
        base = f"np.arange({first}, {first + most * size})"
        block = base if size == 1 else f"{base}.reshape({most}, {size})"
    else:
        block = f"{base}.ravel()" if size == 1 else f"{base}.reshape({most}, {size})"
    lines: list[str] = []
    targets: list[str] = []
    places: list[int] = []
    inner: list[str] = []
    wholes: list[str] = []
    column = 0
    for node in loop.body:
        if isinstance(node, Loop):
            wide = width((node,), sizes)
            cut = "" if wide == size else f"[:, {column} : {column + wide}]"
            inner += _loop(node, most, f"{block}{cut}", plan, sizes, names)
            column += wide
            continue
        own = plan.epoch(node.name)
        targets += [names.owners[own.first + k][0].name for k in range(own.size)]
        places += range(column, column + own.size)
        column += own.size
        whole = names.wholes.get((own.first, own.size))
        if whole in names.spoken:
            stacked = ", ".join(targets[-own.size :])
            wholes.append(line(f"{whole} = np.stack(({stacked}), axis=1)", indent=0))
    if targets:
        lines.append(_unpacked(targets, block, places, size))
    return [*lines, *wholes, *inner]


def _unpacked(targets: list[str], block: str, places: list[int], size: int) -> str:
    note = "  # segments, one a repetition"
    if size == 1:
        return _fitting(f"{targets[0]} = {block}", note)
    if len(targets) == 1:
        return _fitting(f"{targets[0]} = {block}[:, {places[0]}]", note)
    first, stop = places[0], places[-1] + 1
    if len(targets) == size:
        picked = ""
    elif stop - first == len(targets):
        picked = f"[:, {first}:{stop}]"
    else:
        picked = f"[:, {places}]"
    return _fitting(f"{', '.join(targets)} = {block}{picked}.T", note)


def _fitting(text: str, note: str) -> str:
    return f"{text}{note}" if len(text) + len(note) <= 100 else line(text, indent=0)


def _first(loop: Loop, plan: Layout) -> int:
    node = loop.body[0]
    while isinstance(node, Loop):
        node = node.body[0]
    return plan.first(node.name)
