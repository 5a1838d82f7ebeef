"""What everything is called in the printed module."""

from collections.abc import Callable, Iterator
from functools import cached_property, partial

from msgspec import Struct, field

from epochal.compiler import ir
from epochal.compiler.column_names import ColumnNames, column_names
from epochal.compiler.intervals import Known
from epochal.compiler.nans import may_be_nan, nan_names
from epochal.compiler.numpy_text import Outputs, Printer, Refer
from epochal.compiler.prelude_source import PRELUDE_NAMES
from epochal.compiler.print_signals import HEIGHTS, processes
from epochal.compiler.printed import ATOM, Shape, Text
from epochal.compiler.python_names import constant_names, python_names
from epochal.compiler.segments import Layout

LONGEST = "longest trial"
"""The column of the trial table that bounds the length of a trial; no value can have its name."""


class Names(Struct, frozen=True, dict=True):
    """The Python names of one module.

    ``labels`` remembers which lists of labels the printed code speaks of, so that only their
    constants are declared.
    """

    task: ir.Task
    values: dict[str, str]
    rows: dict[tuple[str, ...], str]
    constants: dict[tuple[str, str], str]
    label_constants: dict[tuple[str, str], str]
    columns: ColumnNames
    sizes: dict[str, int]
    groups: dict[tuple[str, ...], str]
    externs: dict[str, str]
    views: dict[tuple[str, str], str]
    nan: Callable[[ir.Expr], bool]
    spoken: set[tuple[str, ...]] = field(default_factory=set)

    def value(self, name: str) -> str:
        """Name a parameter or variable as a local variable or argument."""
        return self.values[name]

    def row(self, names: tuple[str, ...]) -> str:
        """Name which of some tuples each trial has."""
        return self.rows[names]

    def channel(self, name: str) -> str:
        """Name the columns of a channel."""
        return self.constants["channel", name]

    def view(self, table: str, channel: str) -> str:
        """Name the view, ring by ring, of an array of rings in a table."""
        return self.views[table, channel]

    def label(self, name: str, labels: tuple[str, ...]) -> str:
        """Name a label's position."""
        if labels not in self.groups:
            return str(labels.index(name))
        self.spoken.add(labels)
        return self.label_constants[self.groups[labels], name]

    def extern(self, name: str) -> str:
        """Name a Python function of the user's."""
        return self.externs[name]

    def param(self, name: str) -> ir.Param | None:
        """Find a parameter."""
        return self._params.get(name)

    @cached_property
    def _params(self) -> dict[str, ir.Param]:
        return {param.name: param for param in self.task.params}

    def structural(self, name: str) -> str:
        """Name the constant of a structural parameter."""
        return self.constants["parameter", name]


def names(task: ir.Task, plan: Layout, known: Known) -> Names:
    """Choose all names of a module."""
    taken: set[str] = set(PRELUDE_NAMES)
    channels = [("channel", channel.name) for channel in (*task.inputs, *task.outputs)]
    constants = constant_names(channels, taken)
    columns = column_names(plan, taken)
    structural = [("parameter", param.name) for param in task.params if param.structural]
    constants |= constant_names(structural, taken)
    groups: dict[tuple[str, ...], str] = {}
    label_constants: dict[tuple[str, str], str] = {}
    for owner, labels in _label_lists(task):
        if labels not in groups:
            groups[labels] = owner
            label_constants |= _label_constants(owner, labels, taken)
    externs = python_names([extern.name for extern in task.externs], taken)
    taken |= set(externs.values())
    values = python_names(_values(task), taken) | {ir.BLOCK_LENGTH: "length"}
    values |= _heights(task, {*taken, *values.values()})
    rows: dict[tuple[str, ...], str] = {}
    for variable in task.variables:
        if len(variable.names) > 1:
            joined = "_".join(variable.names)
            used = {*taken, *values.values(), *rows.values()}
            rows[variable.names] = python_names([joined], used)[joined]
    return Names(
        task,
        values,
        rows,
        constants,
        label_constants,
        columns,
        _sizes(task),
        groups,
        externs,
        _views(task, {*taken, *values.values(), *rows.values()}),
        partial(may_be_nan, names=nan_names(task, known), known=known),
    )


def _heights(task: ir.Task, taken: set[str]) -> dict[str, str]:
    """Name the heights of the pulses of each train."""
    found: dict[str, str] = {}
    for name in processes(task):
        column = HEIGHTS.format(name)
        local = column.replace(" ", "_")
        found[column] = python_names([local], {*taken, *found.values()})[local]
    return found


def _views(task: ir.Task, taken: set[str]) -> dict[tuple[str, str], str]:
    """Name the views of arrays of rings in all tables and arrays they may stand in."""
    tables = [("drive", task.inputs), ("inputs", task.inputs)]
    tables += [(one, task.outputs) for one in ("target", "targets", "weight", "weights")]
    pairs = [
        (table, channel.name) for table, channels in tables for channel in channels if channel.slots
    ]
    named = python_names([f"{table}_{channel}" for table, channel in pairs], taken)
    return {(table, channel): named[f"{table}_{channel}"] for table, channel in pairs}


def is_wide(channel: ir.Channel) -> bool:
    """Whether the columns of a channel are a range, if only of one."""
    counted = channel.kind in (ir.ChannelKind.RING, ir.ChannelKind.NUMBERED)
    return counted or channel.n_units > 1


def _sizes(task: ir.Task) -> dict[str, int]:
    """Count the values of every array."""
    kinds = [
        pair
        for variable in task.variables
        for pair in zip(variable.names, variable.types, strict=True)
    ]
    kinds += [(score.name, score.type) for score in task.scores]
    return {name: kind.n for name, kind in kinds if isinstance(kind, ir.ArrayType)}


def _values(task: ir.Task) -> Iterator[str]:
    """List the names of all values, and of the rows of tuples behind them."""
    for param in task.params:
        yield param.name
    for variable in task.variables:
        yield from variable.names
    for score in task.scores:
        yield score.name
    for repeat in task.repeats:
        yield repeat.index


def _label_lists(task: ir.Task) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for variable in task.variables:
        for name, kind in zip(variable.names, variable.types, strict=True):
            kind = kind.item if isinstance(kind, ir.ArrayType) else kind
            if isinstance(kind, ir.LabelType):
                found.append((name, kind.labels))
    for channel in (*task.inputs, *task.outputs):
        if channel.kind is ir.ChannelKind.NAMED:
            found.append((channel.name, channel.units))
        if channel.slot_labels:
            found.append((channel.name, channel.slot_labels))
    for score in task.scores:
        kind = score.type.item if isinstance(score.type, ir.ArrayType) else score.type
        if isinstance(kind, ir.LabelType):
            found.append((score.name, kind.labels))
    return found


def _label_constants(
    owner: str, labels: tuple[str, ...], taken: set[str]
) -> dict[tuple[str, str], str]:
    """Name a list of labels; with the owner's name in front where one of them is taken."""
    upper = [label.strip("_").upper() for label in labels]
    if any(name in taken for name in upper) or len(set(upper)) < len(upper):
        made = constant_names([(owner, f"{owner}_{label}") for label in labels], taken)
        return dict(zip(((owner, label) for label in labels), made.values(), strict=True))
    return constant_names([(owner, label) for label in labels], taken)


class Speaker(Struct, frozen=True):
    """Builds expression printers that call values by this module's names."""

    names: Names

    def drawing(self) -> Printer:
        """Print where the table is drawn: parameters are numbers, variables one a trial."""
        refer = lambda ref: self._refer(ref, "{}", "{}")  # noqa: E731
        counted = lambda ref: self._counted(ref, self.names.value(ref.name))  # noqa: E731
        return Printer(refer, self._label, counted=counted, nan=self.names.nan)

    def rows(self) -> Printer:
        """Print where arrays are made: columns of the trial table are local variables."""
        refer = lambda ref: self._refer(ref, "{}", "{}", Shape.TRIAL)  # noqa: E731
        extern, nan = self.names.extern, self.names.nan
        return Printer(refer, self._label, extern=extern, counted=self._counted, nan=nan)

    def first_row(self) -> Printer:
        """Print there with parameters as one number for the batch."""
        refer = lambda ref: self._refer(ref, "{}", "{}[0]")  # noqa: E731
        return Printer(refer, self._label, counted=self._counted, nan=self.names.nan)

    def each(self) -> Printer:
        """Print there with the values of the trials `at`: of each step, or each repetition."""
        refer = lambda ref: self._refer(ref, "{}[at]", "{}[at]", Shape.TRIAL)  # noqa: E731
        counted = lambda ref: self._counted(ref, at="[at]")  # noqa: E731
        return self._each(refer, counted, self._pick, self.rows())

    def each_drawn(self) -> Printer:
        """Print where the table is drawn with the values of each repetition."""
        refer = lambda ref: self._refer(ref, "{}[at]", "{}")  # noqa: E731
        counted = lambda ref: self._counted(ref, self.names.value(ref.name), "[at]")  # noqa: E731
        return self._each(refer, counted, self._pick, self.drawing())

    def each_of_table(self) -> Printer:
        """Print with the values of each repetition as columns of the trial table."""
        refer = lambda ref: self._column(ref, "[at]")  # noqa: E731
        counted = lambda ref: self._counted(ref, at="[at]")  # noqa: E731
        pick = lambda ref: f'trials["{ref.name}"][at, {{}}]'  # noqa: E731
        return self._each(refer, counted, pick, self.table())

    def _each(
        self, refer: Refer, counted: Refer, pick: Callable[[ir.Ref], str], whole: Printer
    ) -> Printer:
        return Printer(
            refer,
            self._label,
            counted=counted,
            pick=pick,
            whole=whole,
            rows="1",
            extern=self.names.extern,
            nan=self.names.nan,
        )

    def table(self, *, careful: bool = False, outputs: Outputs | None = None) -> Printer:
        """Print with values as columns of the trial table, and scores as local variables."""
        counted, nan = self._counted, self.names.nan
        return Printer(self._column, self._label, outputs, careful, counted, nan=nan)

    def _pick(self, ref: ir.Ref) -> str:
        rows = "at, k" if ref.role is ir.Role.SIGNAL else "at"
        return f"{self.names.value(ref.name)}[{rows}, {{}}]"

    def _label(self, label: ir.Label) -> str:
        return self.names.label(label.name, label.labels)

    def _fixed(self, ref: ir.Ref) -> Text | None:
        param = self.names.param(ref.name) if ref.role is ir.Role.PARAM else None
        if param is not None and param.structural:
            return Text(self.names.structural(ref.name), ATOM, Shape.CONSTANT)
        return None

    def _refer(self, ref: ir.Ref, variable: str, param: str, shape: Shape = Shape.CONSTANT) -> Text:
        """Name a value by the pattern of its role; ``shape`` is that of parameters."""
        fixed = self._fixed(ref)
        if fixed is not None:
            return fixed
        if ref.role is ir.Role.INDEX:
            return self._index(ref)
        name = self.names.value(ref.name)
        if ref.role is ir.Role.SIGNAL:
            return Text(f"{name}[at, k]", ATOM, self._shape(ref.name))
        if ref.role is ir.Role.PARAM:
            return Text(param.format(name), ATOM, shape)
        return Text(variable.format(name), ATOM, self._shape(ref.name))

    def _counted(self, ref: ir.Ref, times: str = "", at: str = "") -> Text:
        """Count the events of a pulse train, by default as the trial table holds them."""
        times = times or f'trials["{ref.name}"]'
        return Text(f"event_count({times}){at}", ATOM, self._shape(ref.name))

    def _index(self, ref: ir.Ref) -> Text:
        return Text(self.names.value(ref.name), ATOM, Shape.TRIAL)

    def _shape(self, name: str) -> Shape:
        return Shape.ARRAY if name in self.names.sizes else Shape.TRIAL

    def _column(self, ref: ir.Ref, rows: str = "") -> Text:
        fixed = self._fixed(ref)
        if fixed is not None:
            return fixed
        if ref.role is ir.Role.INDEX:
            return self._index(ref)
        shape = self._shape(ref.name)
        if ref.role is ir.Role.SCORE:
            return Text(self.names.value(ref.name), ATOM, shape)
        return Text(f'trials["{ref.name}"]{rows}', ATOM, shape)
