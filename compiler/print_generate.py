"""Printing ``arrays`` and ``generate``: segment tables, spread over time, and the noise."""

from collections.abc import Iterable
from dataclasses import dataclass

from epochal.compiler import ir, segments
from epochal.compiler.bounds import Bounds
from epochal.compiler.numpy_text import ATOM, OR, PRODUCT, SIGN, SUM, Printer, Shape, Text
from epochal.compiler.print_line import line
from epochal.compiler.print_names import Names, Speaker, is_wide
from epochal.compiler.print_signals import laid_out, law_of, processes, signals_in
from epochal.compiler.print_steps import span_edges, step_effect
from epochal.compiler.repeats import around
from epochal.compiler.segments import Columns, Layout
from epochal.compiler.walk import refs

SEGMENTS = (
    "stop = timeline(trials, dt)",
    "index = segment_index(np.diff(stop[:, : PADDING + 1], axis=1, prepend=0))",
)
"""How a printed function finds the segment of each step."""


@dataclass(frozen=True, slots=True)
class Array:
    """One of the three arrays of a batch."""

    kind: ir.EffectKind
    table: str
    result: str
    channels: tuple[ir.Channel, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """The statements of ``arrays`` and ``generate``, in groups that the template sets apart."""

    columns: list[str]
    tables: list[str]
    rows: list[str]
    arrays: list[str]
    noise: list[str]


def body(task: ir.Task, plan: Layout, bounds: Bounds, names: Names) -> Body:
    """Print the statements of ``arrays`` and ``generate``."""
    arrays = (
        Array(ir.EffectKind.INPUT, "drive", "inputs", task.inputs),
        Array(ir.EffectKind.TARGET, "target", "targets", task.outputs),
        Array(ir.EffectKind.WEIGHT, "weight", "weights", task.outputs),
    )
    job = _Job(task, plan, bounds, names, Speaker(names))
    tables, rows, spread = [], [], []
    for array in arrays:
        mine = [effect for effect in task.effects if effect.kind is array.kind]
        late = job.late(mine)
        early = [effect for effect in mine if effect not in late]
        tables += job.table(array, early)
        rows += [job.row_effect(array, effect) for effect in early]
        spread += job.spread(array, late)
    exprs = _of_arrays(task)
    signals = signals_in(exprs, task)
    columns = job.columns(_read(task, exprs + [e for v in signals for e in law_of(v)]))
    columns += [laid_out(one, names.value(one.names[0]), job.show) for one in signals]
    return Body(columns, tables, rows, spread, job.noise())


def _of_arrays(task: ir.Task) -> list[ir.Expr]:
    """List the expressions that ``arrays`` prints."""
    exprs = [channel.baseline for channel in (*task.inputs, *task.outputs)]
    for effect in task.effects:
        if effect.kind is not ir.EffectKind.NOISE:
            exprs += [e for e in (effect.value, effect.guard, effect.unit) if e is not None]
    return exprs


def _of_noise(task: ir.Task) -> list[ir.Expr]:
    """List the expressions that the noise in ``generate`` prints."""
    exprs = [expr for channel in task.inputs for expr in _noise_exprs(channel.noise)]
    for effect in task.effects:
        if effect.noise is not None:
            exprs += _noise_exprs(effect.noise) + ([effect.guard] if effect.guard else [])
    return exprs


def _read(task: ir.Task, exprs: list[ir.Expr]) -> list[str]:
    """List the columns of the trial table that expressions read, in the table's order."""
    found = {ref.name for expr in exprs for ref in refs(expr)} - processes(task).keys()
    variables = [name for variable in task.variables for name in variable.names]
    arguments = [p.name for p in task.params if not p.structural and p.value is not None]
    return [name for name in (*variables, *arguments) if name in found]


def _noise_exprs(noise: ir.Noise | None) -> list[ir.Expr]:
    if noise is None:
        return []
    return [noise.sd] if noise.reference is None else [noise.sd, noise.reference]


@dataclass(frozen=True, slots=True)
class _Job:
    """What all statements of one ``generate`` share."""

    task: ir.Task
    plan: Layout
    bounds: Bounds
    names: Names
    speaker: Speaker

    @property
    def show(self) -> Printer:
        """Print with values as arrays of the batch."""
        return self.speaker.rows()

    def columns(self, used: list[str], indent: int = 4) -> list[str]:
        """Take the columns that the statements read out of the trial table."""
        return [
            line(f'{self.names.value(name)} = trials["{name}"]', indent=indent) for name in used
        ]

    def late(self, effects: list[ir.Effect]) -> list[ir.Effect]:
        """List the statements that run step by step: the first that must, and all after it.

        A statement on one channel does not hold up those on another.
        """
        late: list[ir.Effect] = []
        for effect in effects:
            steps = segments.columns(effect, self.task, self.plan, self.bounds) is None
            behind = any(
                other.channel is None or effect.channel in (None, other.channel) for other in late
            )
            if steps or behind:
                late.append(effect)
        return late

    def table(self, array: Array, effects: list[ir.Effect]) -> list[str]:
        """Print the empty segment table of an array, with its baselines."""
        size = sum(channel.n_units for channel in array.channels)
        make = "ones" if array.kind is ir.EffectKind.WEIGHT else "zeros"
        lines = [line(f"{array.table} = np.{make}((n, {self.plan.n_segments + 1}, {size}))")]
        if array.kind is ir.EffectKind.WEIGHT:
            lines.append(line("weight[:, PADDING] = 0"))
            return lines + self._views(array.table, array, effects)
        for channel in array.channels:
            if channel.baseline != ir.Number("0"):
                units = is_wide(channel)
                value = _fit(self.show, channel.baseline, many=True, units=units)
                column = self.names.channel(channel.name)
                lines.append(line(f"{array.table}[:, :, {column}] = {value}", channel.at))
        return lines + self._views(array.table, array, effects)

    def row_effect(self, array: Array, effect: ir.Effect) -> str:
        """Print a statement on the segment table."""
        where = segments.columns(effect, self.task, self.plan, self.bounds)
        assert where is not None
        assert effect.value is not None
        if around(self.task, effect.where) is not None:
            return self._repeated(array, effect, where)
        guard = self._guard(effect)
        place, units = self.place(array, effect)
        many = where.stop - where.first != 1
        dynamic = place is not None and place.moves
        rows = "trial" if dynamic else ":"
        if guard is not None:
            rows = f"trial[{guard}]" if dynamic else guard
        index = [rows, self._segments(where)]
        if place is not None:
            taken = guard if place.moves else None
            index.append(place.text if taken is None else place.at(taken))
        value = _fit(self.show, effect.value, many=many, units=units, guard=guard)
        target = f"{self._written(array.table, place)}[{', '.join(index)}]"
        return line(f"{target} {effect.op} {value}", effect.at)

    def _repeated(self, array: Array, effect: ir.Effect, where: Columns) -> str:
        """Print a statement inside a repeat, for all repetitions at once."""
        assert effect.value is not None
        place, units = self.place(array, effect)
        value = self.show.show(effect.value)
        fitted = _along(value, units)
        lines = []
        for column in range(where.first, where.stop):
            name = self.names.strided[column][0]
            index = [":", name, *([place.text] if place is not None else [])]
            if place is not None and place.moves:
                assert effect.unit is not None
                varies = self.show.show(effect.unit).shape is Shape.ARRAY
                unit = place.text if varies else place.at(":, None")
                lines.append(line(f"unit = {unit}", effect.at))
                index = ["trial[:, None]", f"np.r_[{name}]", "unit"]
            target = f"{self._written(array.table, place)}[{', '.join(index)}]"
            if effect.guard is None:
                lines.append(line(f"{target} {effect.op} {fitted}", effect.at))
                continue
            guard = _along(self.show.show(effect.guard), units)
            new = fitted
            if effect.op != "=":
                new = f"{target} {effect.op[0]} {_along(value, units, SIGN)}"
            lines.append(line(f"{target} = np.where({guard}, {new}, {target})", effect.at))
        return "\n".join(lines)

    def _guard(self, effect: ir.Effect) -> str | None:
        if effect.guard is None:
            return None
        shown = self.show.show(effect.guard)
        if shown.shape is Shape.CONSTANT:
            return f"np.full(n, {shown.text})"
        return shown.text

    def _segments(self, where: Columns) -> str:
        first, last = self.names.segments[where.first], self.names.segments[where.stop - 1]
        if where.stop - where.first == 1:
            return first
        if where.stop == where.first:
            return f"{first}:{first}"
        after = f"{last} + 1" if "." not in last else last.removesuffix(" - 1")
        after = "PADDING" if where.stop == self.plan.n_segments else after
        return f"{first}:{after}" if after == "PADDING" else f"{first} : {after}"

    def place(self, array: Array, effect: ir.Effect) -> "tuple[_Place | None, bool]":
        """Print which columns a statement writes, and say whether they are several."""
        if effect.channel is None:
            return None, True
        channel = next(one for one in array.channels if one.name == effect.channel)
        name = self.names.channel(channel.name)
        if effect.unit is None:
            return _Place(name, False), is_wide(channel)
        if not is_wide(channel):
            return _Place(name, False), False
        shown = self.show.show(effect.unit)
        whole = isinstance(effect.unit, ir.Label | ir.Number) or self._is_label(effect.unit)
        index = shown.inside(PRODUCT) if whole else f"np.asarray({shown.text}, int)"
        moves = shown.shape is not Shape.CONSTANT
        if channel.slots:
            index = shown.text if whole else index
            return _Place(index, moves, shown.binds if whole else ATOM, channel.name), True
        return _Place(f"{name}.start + {index}", moves), False

    def _written(self, table: str, place: "_Place | None") -> str:
        """Name what a statement writes to: a whole table, or its view ring by ring."""
        slots = place.slots if place is not None else ""
        return self.names.view(table, slots) if slots else table

    def _views(self, table: str, array: Array, effects: list[ir.Effect]) -> list[str]:
        """Print views of arrays of rings, ring by ring, where one ring is written."""
        single = {effect.channel for effect in effects if effect.unit is not None}
        lines = []
        for channel in array.channels:
            if channel.slots and channel.name in single:
                columns = f"{table}[:, :, {self.names.channel(channel.name)}]"
                view = f"by_slot({columns}, {channel.slots})"
                lines.append(line(f"{self.names.view(table, channel.name)} = {view}"))
        return lines

    def spread(self, array: Array, late: list[ir.Effect]) -> list[str]:
        """Print how an array is spread over time, and the statements that run step by step."""
        position = ("inputs", "targets", "weights").index(array.result)
        lines = [line(f"{array.result} = spread({array.table}, index, out[{position}])")]
        lines += self._views(array.result, array, late)
        for effect in late:
            place, units = self.place(array, effect)
            column = ":" if place is None else place.at("at") if place.moves else place.text
            written = self._written(array.result, place)
            spans = self._spans(effect)
            lines += step_effect(effect, written, column, units, spans, self.speaker)
        return lines

    def _spans(self, effect: ir.Effect) -> tuple[str, str]:
        return span_edges(effect.where, self.task, self.plan, self.bounds, self.names)

    def noise(self) -> list[str]:
        """Print the noise of every channel, and rectification after it."""
        lines: list[str] = []
        changed = {e.channel for e in self.task.effects if e.kind is ir.EffectKind.NOISE}
        noisy = [c for c in self.task.inputs if c.noise is not None or c.name in changed]
        if noisy:
            drawn = [text for channel in noisy for text in self._noise(channel)]
            lines.append(line("if noise:"))
            if any("index" in text for text in drawn):
                lines += [line(text, indent=8) for text in SEGMENTS]
            lines += self.columns(_read(self.task, _of_noise(self.task)), 8)
            lines += [line("key = seed, stream, batch", indent=8), *drawn]
        for channel in self.task.inputs:
            if channel.rectified:
                view = self._view(channel)
                lines.append(line(f"np.maximum({view}, 0, out={view})", channel.at))
        return lines

    def _is_label(self, expr: ir.Expr) -> bool:
        """Whether a unit index is a label, and so a whole number already."""
        match expr:
            case ir.Relabel() | ir.Call("other"):
                return True
            case ir.Conditional(_, then, otherwise):
                return self._is_label(then) and self._is_label(otherwise)
            case ir.Ref(name):
                kinds = {
                    column: kind
                    for variable in self.task.variables
                    for column, kind in zip(variable.names, variable.types, strict=True)
                }
                kinds |= {param.name: param.type for param in self.task.params}
                return isinstance(kinds.get(name), ir.LabelType)
            case _:
                return False

    def _view(self, channel: ir.Channel) -> str:
        name = self.names.channel(channel.name)
        return f"inputs[:, :, {name if is_wide(channel) else f'{name} : {name} + 1'}]"

    def _noise(self, channel: ir.Channel) -> list[str]:
        effects = [
            effect
            for effect in self.task.effects
            if effect.kind is ir.EffectKind.NOISE and effect.channel == channel.name
        ]
        silence = ir.Noise(ir.NoiseLaw.IID, ir.Number("0"))
        shown = self._sd(channel.noise or silence)
        sd, shape = shown.text, shown.shape
        view = self._view(channel)
        if not effects and shape is Shape.CONSTANT:
            return [line(f'add_noise({view}, {sd}, key, "{channel.name}")', channel.at, 8)]
        segments_ = self.plan.n_segments + 1
        stretched = f"{shown.inside(ATOM)}[:, None, None]" if shape is Shape.TRIAL else sd
        lines = [
            line(f"sd = np.full((n, {segments_}, 1), {stretched}, np.float64)", channel.at, 8)
            if shape is Shape.CONSTANT
            else line(f"sd = np.tile({stretched}, (1, {segments_}, 1))", channel.at, 8)
        ]
        late = self.late(effects)
        lines += [self._noise_row(effect) for effect in effects if effect not in late]
        lines.append(line("step_sd = spread(sd, index)", indent=8))
        for effect in late:
            assert effect.noise is not None
            value = self._sd(effect.noise, self.speaker.steps()).text
            spans = self._spans(effect)
            lines += step_effect(effect, "step_sd", "0", False, spans, self.speaker, value)
        call = f'add_scaled_noise({view}, step_sd[:, :, 0], key, "{channel.name}")'
        return [*lines, line(call, indent=8)]

    def _noise_row(self, effect: ir.Effect) -> str:
        where = segments.columns(effect, self.task, self.plan, self.bounds)
        assert where is not None
        assert effect.noise is not None
        guard = self._guard(effect)
        shown = self._sd(effect.noise)
        value = shown.text
        if shown.shape is Shape.TRIAL and (guard or where.stop - where.first != 1):
            value = f"{shown.inside(ATOM)}{f'[{guard}]' if guard else ''}"
            value += "[:, None]" if where.stop - where.first != 1 else ""
        return line(f"sd[{guard or ':'}, {self._segments(where)}, 0] = {value}", effect.at, 8)

    def _sd(self, noise: ir.Noise, show: Printer | None = None) -> Text:
        """Print the standard deviation of one step."""
        show = show or self.speaker.first_row()
        sd = show.show(noise.sd)
        if noise.reference is None:
            return sd
        at = show.show(noise.reference)
        text = f"{sd.inside(PRODUCT)} * np.sqrt({at.inside(PRODUCT)} / us(dt))"
        return Text(text, PRODUCT, max(sd.shape, at.shape))


@dataclass(frozen=True, slots=True)
class _Place:
    """Columns of an array, and whether they differ from trial to trial.

    ``binds`` says how tightly the text does; ``slots`` names the channel of which they are rings.
    """

    text: str
    moves: bool
    binds: int = SUM
    slots: str = ""

    def at(self, index: str) -> str:
        """Take some of the columns."""
        return f"{self.text if self.binds == ATOM else f'({self.text})'}[{index}]"


def _fit(
    show: Printer, value: ir.Expr, *, many: bool, units: bool, guard: str | None = None
) -> str:
    """Print a value with the axes of what it is written to: trials, segments, units."""
    shown = show.show(value)
    if shown.shape is Shape.CONSTANT:
        return shown.text
    guarded = guard is not None and not _is_one_row(show, value)
    text = f"{shown.inside(ATOM)}[{guard}]" if guarded else shown.text
    axes = many + units if shown.shape is Shape.TRIAL else int(many)
    if not axes:
        return text
    operand = text if guarded else shown.inside(ATOM)
    return f"{operand}[:{', None' * axes}]"


def _is_one_row(show: Printer, value: ir.Expr) -> bool:
    """Whether an array is the same for all trials, and printed as one row."""
    return all(show.show(ref).shape is Shape.CONSTANT for ref in refs(value))


def _along(shown: Text, units: bool, binds: int = OR) -> str:
    """Print a value with the axes of trials, repetitions and, where there are several, units."""
    axes = {
        Shape.CONSTANT: "",
        Shape.TRIAL: ":, None, None" if units else ":, None",
        Shape.ARRAY: ":, :, None" if units else "",
        Shape.UNITS: ":, None",
        Shape.GRID: "",
    }[shown.shape]
    return f"{shown.inside(ATOM)}[{axes}]" if axes else shown.inside(binds)


def names_of(channels: Iterable[ir.Channel]) -> list[str]:
    """Name every unit of some channels as `channel` or `channel[unit]`."""
    found = []
    for channel in channels:
        for unit in channel.units:
            found.append(f"{channel.name}[{unit}]" if unit else channel.name)
    return found
