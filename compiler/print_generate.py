"""Printing ``arrays`` and ``generate``: segment tables, spread over time, and the noise."""

from collections.abc import Callable, Collection, Iterable
from functools import cached_property, partial

from msgspec import Struct

from epochal.compiler import ir, segments
from epochal.compiler.bounds import Bounds
from epochal.compiler.numpy_text import Printer, is_count
from epochal.compiler.print_line import line
from epochal.compiler.print_names import LONGEST, Names, Speaker, is_wide
from epochal.compiler.print_repetitions import Repetitions
from epochal.compiler.print_rows import Place, each_row, fit, repeated_row
from epochal.compiler.print_session import LENGTH, TRIALS
from epochal.compiler.print_signals import laid_out, law_of, processes, signals_in
from epochal.compiler.print_steps import span_edges, step_effect
from epochal.compiler.printed import ATOM, PRODUCT, Shape, Text
from epochal.compiler.repeats import Chain
from epochal.compiler.segments import Columns, Layout
from epochal.compiler.walk import looks_back, refs, walk

Rows = tuple[Chain, ir.Expr | None] | None
"""The repetitions that are listed above a statement: those of some groups where a guard holds."""


def segment_lines(task: ir.Task) -> tuple[str, ...]:
    """Print how a function finds the segment of each step, and how many trials there are."""
    length = "segment_lengths(stop[:, : PADDING + 1])"
    if task.session is not None:
        length = f"in_sequences({length}, {TRIALS})"
    return "stop = timeline(trials, dt)", f"index = segment_index({length})"


class Array(Struct, frozen=True):
    """One of the three arrays of a batch."""

    kind: ir.EffectKind
    table: str
    result: str
    channels: tuple[ir.Channel, ...]


class Body(Struct, frozen=True):
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
    job = Job(task, plan, bounds, names, Speaker(names))
    tables, rows, spread = [], [], []
    for array in arrays:
        mine = [effect for effect in task.effects if effect.kind is array.kind]
        late = job.late(mine)
        early = [effect for effect in mine if effect not in late]
        tables += job.table(array, early)
        rows += job.row_effects(array, early)
        spread += job.spread(array, late)
    exprs = _of_arrays(task)
    signals = signals_in(exprs, task)
    columns = job.columns(_read(task, exprs + [e for v in signals for e in law_of(v)]))
    columns += [
        laid_out(one, names.value(one.names[0]), job.show, task.session is not None)
        for one in signals
    ]
    spread = job.begun(spread, 4) + spread
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


class Job(Struct, frozen=True, dict=True):
    """What all statements of one ``generate`` share."""

    task: ir.Task
    plan: Layout
    bounds: Bounds
    names: Names
    speaker: Speaker

    @cached_property
    def kinds(self) -> dict[str, ir.Type]:
        """The type of each column of the trial table."""
        drawn = {
            column: kind
            for variable in self.task.variables
            for column, kind in zip(variable.names, variable.types, strict=True)
        }
        return drawn | {param.name: param.type for param in self.task.params}

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
            steps = segments.columns(effect, self.plan, self.bounds) is None
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
                value = fit(self.show.show(channel.baseline), many=1, units=units)
                column = self.names.channel(channel.name)
                lines.append(line(f"{array.table}[:, :, {column}] = {value}", channel.at))
        return lines + self._views(array.table, array, effects)

    def row_effects(self, array: Array, effects: list[ir.Effect]) -> list[str]:
        """Print the statements on the segment table."""
        lines: list[str] = []
        above: Rows = None
        for effect in effects:
            assert effect.value is not None
            where = segments.columns(effect, self.plan, self.bounds)
            assert where is not None
            if not where.chain:
                lines.append(self._row_effect(array, effect, where))
            elif where.size:
                write = partial(self.place, array, effect)
                made, above = self._repeated(array.table, effect, where, write, above)
                lines += made
        return lines

    def _row_effect(self, array: Array, effect: ir.Effect, where: Columns) -> str:
        assert effect.value is not None
        named, guard = self._named_guard(effect)
        place = self.place(array, effect, self.show)
        rows = "trial" if place.moves else ":"
        if guard is not None:
            rows = f"trial[{guard}]" if place.moves else guard
        taken = None if _is_one_row(self.show, effect.value) else guard
        shown = self.show.show(effect.value)
        value = fit(shown, many=where.size != 1, units=place.units, guard=taken)
        index = place.index(rows, self._segments(where), pick=guard or "")
        target = f"{self._written(array.table, place)}[{index}]"
        return named + line(f"{target} {effect.op} {value}", effect.at)

    def _repeated(
        self,
        table: str,
        effect: ir.Effect,
        where: Columns,
        place: Callable[[Printer], Place],
        above: Rows,
        indent: int = 4,
    ) -> tuple[list[str], Rows]:
        """Print a statement inside a repeat; the rows listed above may be those it needs."""
        flat = place(self.show)
        counted = any(ref.role is ir.Role.INDEX for expr in _exprs(effect) for ref in refs(expr))
        if effect.guard is None and not flat.moves and not counted:
            value = self._value(effect, self.show)
            table = self._written(table, flat)
            return [repeated_row(effect, table, where, flat, value, self.names, indent)], above
        each = self.speaker.each()
        lines: list[str] = []
        if above != (where.chain, effect.guard):
            guard = each.show(effect.guard) if effect.guard is not None else None
            lines = Repetitions(where.chain, self.names).lines(effect.at, guard, indent)
        value, written = self._value(effect, each), self._written(table, flat)
        lines.append(each_row(effect, written, where, place(each), value, self.names, indent))
        return lines, (where.chain, effect.guard)

    def _value(self, effect: ir.Effect, show: Printer) -> Text:
        if effect.noise is not None:
            return self._sd(effect.noise, show)
        assert effect.value is not None
        return show.show(effect.value)

    def _named_guard(self, effect: ir.Effect, indent: int = 4) -> tuple[str, str | None]:
        """Print a guard; one that looks back is worked out once, on a line of its own."""
        guard = self._guard(effect)
        if guard is None or effect.guard is None or not looks_back(effect.guard):
            return "", guard
        return line(f"guard = {guard}", indent=indent) + "\n", "guard"

    def _guard(self, effect: ir.Effect) -> str | None:
        if effect.guard is None:
            return None
        shown = self.show.show(effect.guard)
        if shown.shape is Shape.CONSTANT:
            return f"np.full(n, {shown.text})"
        return shown.text

    def _segments(self, where: Columns) -> str:
        first = self.names.columns.one(where.first)
        if where.size == 1:
            return first
        if where.size == 0:
            return f"{first}:{first}"
        if where.stop == self.plan.n_segments:
            return f"{first}:PADDING"
        return f"{first} : {self.names.columns.one(where.stop - 1)} + 1"

    def place(self, array: Array, effect: ir.Effect, show: Printer) -> Place:
        """Print which columns a statement writes."""
        if effect.channel is None:
            return Place("", False, True)
        channel = next(one for one in array.channels if one.name == effect.channel)
        name = self.names.channel(channel.name)
        if effect.unit is None or not is_wide(channel):
            return Place(name, False, is_wide(channel))
        shown = show.show(effect.unit)
        whole = is_count(effect.unit) or self._is_label(effect.unit)
        index = shown.inside(PRODUCT) if whole else f"np.asarray({shown.text}, int)"
        moves = shown.shape is not Shape.CONSTANT
        if channel.slots:
            index = shown.text if whole else index
            return Place(index, moves, True, shown.binds if whole else ATOM, channel.name)
        return Place(f"{name}.start + {index}", moves, False)

    def _written(self, table: str, place: Place) -> str:
        """Name what a statement writes to: a whole table, or its view ring by ring."""
        return self.names.view(table, place.slots) if place.slots else table

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
        show = self.speaker.each()
        session = self._in_session
        above: ir.Effect | None = None
        for effect in late:
            place = self.place(array, effect, show)
            written, value = self._written(array.result, place), self._value(effect, show)
            if above is not None and (above.where, above.guard) == (effect.where, effect.guard):
                lines += step_effect(effect, written, place, value, 4, session, listed=True)
            else:
                lines += self._steps(effect, written, place, value)
            above = effect
        return lines

    def _steps(
        self, effect: ir.Effect, array: str, place: Place, value: Text, indent: int = 4
    ) -> list[str]:
        edges = partial(span_edges, effect.where, self.plan, self.bounds, self.names)
        chain = self.plan.whole(effect.where).chain
        if chain:
            rows = Repetitions(chain, self.names)
            guard = self.speaker.each().show(effect.guard) if effect.guard is not None else None
            lines = [
                *rows.lines(effect.at, guard, indent),
                *rows.steps(edges(rows.counter), indent),
            ]
        else:
            lines = self._all_steps(effect, edges(), indent)
        return [*lines, *step_effect(effect, array, place, value, indent, self._in_session)]

    def _all_steps(self, effect: ir.Effect, edges: tuple[str, str], indent: int) -> list[str]:
        """Print the list of the steps of a span on the trials where its guard holds."""
        start, stop = edges
        if effect.guard is not None:
            guard = self.show.text(effect.guard)
            stop = f"np.where({guard}, {stop}, {start})"
        return [line(f"at, step, k = flat_steps({start}, {stop})", effect.at, indent)]

    @property
    def _in_session(self) -> bool:
        return self.task.session is not None

    def begun(self, statements: list[str], indent: int) -> list[str]:
        """Print where trials begin in their sequence, for statements that run step by step."""
        if not any("origin[at]" in text for text in statements):
            return []
        return [line(f"origin = first_steps({LENGTH}, {TRIALS})", indent=indent)]

    def noise(self) -> list[str]:
        """Print the noise of every channel, and rectification after it."""
        lines: list[str] = []
        changed = self._changed()
        noisy = [c for c in self.task.inputs if c.noise is not None or c.name in changed]
        if noisy:
            drawn = [text for channel in noisy for text in self._noise(channel)]
            lines.append(line("if noise:"))
            if any("index" in text for text in drawn):
                lines += [line(text, indent=8) for text in segment_lines(self.task)]
                if self.task.session is not None:
                    lines.append(line("n = len(stop)", indent=8))
            lines += self.begun(drawn, 8)
            lines += self.columns(_read(self.task, _of_noise(self.task)), 8)
            lines += [line("key = seed, stream, batch", indent=8), *drawn]
        for channel in self.task.inputs:
            if channel.rectified:
                view = self.view(channel)
                lines.append(line(f"np.maximum({view}, 0, out={view})", channel.at))
        return lines

    def _is_label(self, expr: ir.Expr) -> bool:
        """Whether a unit index is a label, and so a whole number already."""
        match expr:
            case ir.Label() | ir.Relabel() | ir.Call("other"):
                return True
            case ir.Lookup(values=values):
                return all(self._is_label(value) for value in values)
            case ir.Conditional(_, then, otherwise):
                return self._is_label(then) and self._is_label(otherwise)
            case ir.Index(x):
                return self._is_label(x)
            case ir.Ref(name):
                kind = self.kinds.get(name)
                kind = kind.item if isinstance(kind, ir.ArrayType) else kind
                return isinstance(kind, ir.LabelType)
            case _:
                return False

    def view(self, channel: ir.Channel) -> str:
        """Print the inputs of a channel."""
        name = self.names.channel(channel.name)
        return f"inputs[:, :, {name if is_wide(channel) else f'{name} : {name} + 1'}]"

    def _noise(self, channel: ir.Channel) -> list[str]:
        lines, sd = self._step_sd(channel)
        view = self.view(channel)
        if not lines:
            return [line(f'add_noise({view}, {sd}, key, "{channel.name}")', channel.at, 8)]
        return [*lines, line(f'add_scaled_noise({view}, {sd}, key, "{channel.name}")', indent=8)]

    def member_noise(self, channels: Collection[str]) -> list[str]:
        """Print ``noise`` of a member of a set: the standard deviations of some channels."""
        lines: list[str] = []
        for channel in self.task.inputs:
            if channel.name in channels:
                made, sd = self._step_sd(channel)
                lines += [*made, line(f'found["{channel.name}"] = {sd}', channel.at, 8)]
        head = [line("found = {}", indent=8)]
        if any("n, " in text for text in lines):
            head.insert(0, line(f'n = len(trials["{LONGEST}"])', indent=8))
        if any("index" in text for text in lines):
            head += [line(text, indent=8) for text in segment_lines(self.task)]
        head += self.columns(_read(self.task, _of_noise(self.task)), 8)
        lines = [*head, *lines, line("return found", indent=8)]
        return [part[4:] for text in lines for part in text.split("\n")]

    def constant_sd(self, channel: ir.Channel) -> str | None:
        """Print the standard deviation of a channel where it is a number that all trials share."""
        exprs = _noise_exprs(channel.noise)
        if channel.name in self._changed() or any(ref for expr in exprs for ref in refs(expr)):
            return None
        return self._sd(channel.noise).text if channel.noise is not None else "0"

    def _changed(self) -> set[str | None]:
        """Name the channels whose noise some statement replaces."""
        return {e.channel for e in self.task.effects if e.kind is ir.EffectKind.NOISE}

    def _step_sd(self, channel: ir.Channel) -> tuple[list[str], str]:
        """Print the standard deviation of each step, and the statements that make it, if any."""
        effects = [
            effect
            for effect in self.task.effects
            if effect.kind is ir.EffectKind.NOISE and effect.channel == channel.name
        ]
        silence = ir.Noise(ir.NoiseLaw.IID, ir.Number("0"))
        shown = self._sd(channel.noise or silence)
        sd, shape = shown.text, shown.shape
        if not effects and shape is Shape.CONSTANT:
            return [], sd
        segments_ = self.plan.n_segments + 1
        stretched = f"{shown.inside(ATOM)}[:, None, None]" if shape is Shape.TRIAL else sd
        made = f"sd = np.full((n, {segments_}, 1), {stretched}, np.float64)"
        lines = [line(made, channel.at, 8)]
        late = self.late(effects)
        lines += self._noise_rows([effect for effect in effects if effect not in late])
        lines.append(line("step_sd = spread(sd, index)", indent=8))
        for effect in late:
            value = self._value(effect, self.speaker.each())
            lines += self._steps(effect, "step_sd", _SD, value, 8)
        return lines, "step_sd[:, :, 0]"

    def _noise_rows(self, effects: list[ir.Effect]) -> list[str]:
        lines: list[str] = []
        above: Rows = None
        for effect in effects:
            where = segments.columns(effect, self.plan, self.bounds)
            assert where is not None
            if not where.chain:
                lines.append(self._noise_row(effect, where))
            elif where.size:
                made, above = self._repeated("sd", effect, where, lambda _: _SD, above, 8)
                lines += made
        return lines

    def _noise_row(self, effect: ir.Effect, where: Columns) -> str:
        named, guard = self._named_guard(effect, 8)
        value = self._value(effect, self.speaker.first_row())
        text = fit(value, many=where.size != 1, units=False, guard=guard)
        target = f"sd[{guard or ':'}, {self._segments(where)}, 0]"
        return named + line(f"{target} = {text}", effect.at, 8)

    def _sd(self, noise: ir.Noise, show: Printer | None = None) -> Text:
        """Print the standard deviation of one step."""
        show = show or self.speaker.first_row()
        sd = show.show(noise.sd)
        if noise.reference is None:
            return sd
        at = show.show(noise.reference)
        text = f"{sd.inside(PRODUCT)} * np.sqrt({at.inside(PRODUCT)} / us(dt))"
        return Text(text, PRODUCT, max(sd.shape, at.shape))


_SD = Place("0", False, False)


def _is_one_row(show: Printer, value: ir.Expr) -> bool:
    """Whether an array is the same for all trials, and printed as one row."""
    called = any(isinstance(node, ir.External) for node in walk(value))
    return not called and all(show.show(ref).shape is Shape.CONSTANT for ref in refs(value))


def _exprs(effect: ir.Effect) -> list[ir.Expr]:
    """List what a statement reads, its guard and its span apart."""
    found = [e for e in (effect.value, effect.unit) if e is not None]
    return found + _noise_exprs(effect.noise)


def names_of(channels: Iterable[ir.Channel]) -> list[str]:
    """Name every unit of some channels as `channel` or `channel[unit]`."""
    found = []
    for channel in channels:
        for unit in channel.units:
            found.append(f"{channel.name}[{unit}]" if unit else channel.name)
    return found
