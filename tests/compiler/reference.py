"""A slow second reading of the IR: one trial, one step, one statement at a time.

Written from LANGUAGE.md and the table of random words in COMPILER.md, and from nothing of the
printer or the prelude.  Labels are their names, none is None, times are whole microseconds,
angles degrees.  Random words are NumPy's raw ones; all else is plain Python.
"""

import hashlib
import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache, partial
from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np
import reference_signals

from epochal.compiler import ir
from epochal.compiler.types import is_signal
from epochal.compiler.walk import children, definition_expressions, refs, walk

BEFORE = "trial before"  # where a row holds the row of the trial before, None on the first
SCORED = "scores"  # where it holds what that trial was scored

Value = Any  # a number, a truth, a label, none, or a list of one number a unit
Row = dict[str, Value]


# Expressions.


@dataclass(frozen=True)
class Reading:
    """What an expression may refer to where it stands.

    ``t`` is the time since the span began; ``outputs`` are the steps of one trial, each a list of
    one number a unit.  What reads outputs in a repeat has one value for each repetition;
    ``repetition`` says for which of them it is read, and which value of an array is meant.
    """

    task: ir.Task
    values: Mapping[str, Value]
    t: int | None = None
    dt: int = 0
    outputs: list[list[float]] | None = None
    repetition: int | None = None
    scores: Mapping[str, Value] = field(default_factory=dict)

    def value(self, expr: ir.Expr) -> Value:
        n = repetitions_read(self.task, expr) if self.outputs and self.repetition is None else 0
        if n:
            return [replace(self, repetition=k).value(expr) for k in range(n)]
        match expr:
            case ir.Number("nan"):
                return math.nan
            case ir.Number("inf"):
                return math.inf
            case ir.Number(digits, ir.Unit.RADIAN):
                return math.degrees(float(digits))
            case ir.Number(digits):
                return float(digits) if "." in digits else int(digits)
            case ir.Truth(value):
                return value
            case ir.Label(name):
                return name
            case ir.Ref(name, ir.Role.SIGNAL):
                return reference_signals.process(self, name)
            case ir.Ref(name, ir.Role.INDEX):
                return self.values[counter(name)]
            case ir.Ref(name, role):
                known = self.scores if role is ir.Role.SCORE else self.values
                return self.one_of(known[name], expr)
            case ir.Elapsed():
                assert self.t is not None
                return self.t
            case ir.Negative(x):
                return each(lambda a: -a, self.value(x))
            case ir.Not(x):
                return each(lambda a: not a, self.value(x))
            case ir.Arithmetic(op, a, b):
                return each(OPERATORS[op], self.value(a), self.value(b))
            case ir.Comparison(op, a, b):
                return each(partial(compare, op), self.value(a), self.value(b))
            case ir.Logical("and", a, b):
                return each(lambda x, y: x and y, self.value(a), self.value(b))
            case ir.Logical("or", a, b):
                return each(lambda x, y: x or y, self.value(a), self.value(b))
            case ir.Conditional(condition, then, otherwise):
                asked = self.value(condition)
                if isinstance(asked, list):
                    sides = self.value(then), self.value(otherwise)
                    return each(lambda c, a, b: a if c else b, asked, *sides)
                return self.value(then if asked else otherwise)
            case ir.Index(x, i):
                array = replace(self, repetition=None).value(x)
                place = self.value(i)
                if place != place:
                    return False if isinstance(array[0], bool) else math.nan
                return array[int(place)]
            case ir.Call(function, arguments):
                return self.call(function, arguments)
            case ir.External(name, arguments, units):
                called = partial(call_python, python_function(self.task, name), units)
                return each(called, *(self.value(item) for item in arguments))
            case ir.SetOf(items):
                return [self.value(item) for item in items]
            case ir.TupleOf(items):
                return tuple(self.value(item) for item in items)
            case ir.Relabel(x):
                return self.value(x)
            case ir.Lookup():
                return self.lookup(expr)
            case ir.MemberOf(x, values):
                among = self.value(values)
                return each(lambda a: any(compare("==", a, b) for b in among), self.value(x))
            case ir.Series(channel, where):
                return self.series(channel, where)
        raise AssertionError(expr)

    def previous(self, x: ir.Expr, initial: ir.Expr) -> Value:
        """Give what x was on the trial before, or the initial value on the first."""
        before = self.values[BEFORE]
        if before is not None:
            return replace(self, values=before, scores=before.get(SCORED, {})).value(x)
        first = self.value(initial)
        now = self.values.get(x.name) if isinstance(x, ir.Ref) else None
        if self.repetition is None and isinstance(now, list) and not isinstance(first, list):
            return [first] * len(now)
        return first

    def one_of(self, value: Value, ref: ir.Ref) -> Value:
        """Take the value of this repetition, where there are several of an array."""
        if self.repetition is None or not isinstance(value, list):
            return value
        is_array = isinstance(type_of(self.task, ref.name, ref.role), ir.ArrayType)
        return value[self.repetition] if is_array else value

    def call(self, function: str, arguments: tuple[ir.Expr, ...]) -> Value:
        if function == "previous":
            return self.previous(*arguments)
        if function.startswith("array_"):
            x, n = (replace(self, repetition=None).value(one) for one in arguments)
            known = KNOWN.get(function) if self.outputs is not None else None
            return over_known(known, x) if known is not None else FUNCTIONS[function](x, n)
        if function == "range" and self.repetition is not None:
            return self.repetition
        if function in ("other", "position"):
            one = partial(other if function == "other" else position, self.labels(arguments[0]))
            return each(one, self.value(arguments[0]))
        if function == "argmax":
            x = self.value(arguments[0])
            if any(math.isnan(one) for one in x):
                return None
            return self.labels(ir.Call("argmax", arguments))[x.index(max(x))]
        if function == "first_above":
            (series, level) = (self.value(one) for one in arguments)
            above = [k for k, (x,) in enumerate(series) if x > level]
            return above[0] * self.dt if above else math.nan
        if function in reference_signals.FUNCTIONS:
            return reference_signals.FUNCTIONS[function](self, *arguments)
        if function == "event_count":
            return number_of(self.value(arguments[0]))
        if function == "error":
            return self.deviation(arguments[0])
        values = [self.value(one) for one in arguments]
        if function in ("onehot", "evidence"):
            values[0] = each(partial(self.place, arguments[0]), values[0])
        if function in ENCODERS and any(isinstance(one, list) for one in values):
            n = max(len(one) for one in values if isinstance(one, list))
            rows = [one if isinstance(one, list) else [one] * n for one in values]
            return [Units(ENCODERS[function](*row)) for row in zip(*rows, strict=True)]
        if function in ENCODERS:
            return Units(ENCODERS[function](*values))
        if function in ONE_BY_ONE:
            return each(FUNCTIONS[function], *values)
        return FUNCTIONS[function](*values)

    def lookup(self, expr: ir.Lookup) -> Value:
        """Find the value beside the key; of no label it is none, false or nan."""
        rows = [self.value(row) for row in expr.rows]

        def beside(key: Value, *values: Value) -> Value:
            for row, value in zip(rows, values, strict=True):
                if row == key:
                    return value
            if isinstance(expr.gives, ir.LabelType):
                return None
            return False if expr.gives == ir.BOOLEAN else math.nan

        parts = expr.key.items if isinstance(expr.key, ir.TupleOf) else (expr.key,)
        keys = [self.value(part) for part in parts]
        together = each(lambda *parts: parts, *keys) if len(keys) > 1 else keys[0]
        return each(beside, together, *(self.value(value) for value in expr.values))

    def place(self, expr: ir.Expr, value: Value) -> int:
        """Give the place of a unit that is written as a label or as a number."""
        return self.labels(expr).index(value) if isinstance(value, str) else int(value)

    def labels(self, expr: ir.Expr) -> tuple[str, ...]:
        """List the labels that an expression gives one of."""
        match expr:
            case ir.Label(_, labels) | ir.Relabel(_, _, labels):
                return labels
            case ir.Conditional(_, then, _) | ir.Lookup(_, _, (then, *_)):
                return self.labels(then)
            case ir.Call("previous", (x, _)):
                return self.labels(x)
            case ir.Call("other", (x,)) | ir.Index(x):
                return self.labels(x)
            case ir.Call("argmax", (x,)):
                return next(one.units for one in self.task.outputs if one.name == channel_read(x))
            case ir.Ref(name, role):
                kind = type_of(self.task, name, role)
                kind = kind.item if isinstance(kind, ir.ArrayType) else kind
                assert isinstance(kind, ir.LabelType)
                return kind.labels
        raise AssertionError(expr)

    def series(self, channel: str, where: ir.Where) -> list[list[float]]:
        assert self.outputs is not None
        columns = columns_of(self.task.outputs)[channel]
        rows = repetitions(self.task, where)
        k = self.repetition or 0 if rows[0] else 0
        start, stop = steps_of(where, self.task, {**self.values, **rows[k]}, self.dt, k)
        return [[step[column] for column in columns] for step in self.outputs[start:stop]]

    def deviation(self, expr: ir.Expr) -> list[list[float]]:
        """Take the targets, rounded as arrays hold them, from an output."""
        assert isinstance(expr, ir.Series)
        assert self.outputs is not None
        targets = arrays(self.task, self.values, self.dt, len(self.outputs)).targets
        rounded = [[float(np.float32(x)) for x in step] for step in targets]
        wanted = replace(self, outputs=rounded).value(expr)
        return [
            [x - y for x, y in zip(*steps, strict=True)]
            for steps in zip(self.value(expr), wanted, strict=True)
        ]


def repetitions_read(task: ir.Task, expr: ir.Expr) -> int:
    """Count the repetitions of the outputs that an expression has one value for each of."""
    match expr:
        case ir.Series(_, where):
            rows = repetitions(task, where)
            return len(rows) if rows[0] else 0
        case ir.Call(function) if function.startswith("array_"):
            return 0
        case ir.Index():
            return 0
        case _:
            return max((repetitions_read(task, one) for one in children(expr)), default=0)


def other(labels: tuple[str, ...], label: str | None) -> str | None:
    return None if label is None else labels[1 - labels.index(label)]


def position(labels: tuple[str, ...], label: str | None) -> float:
    return math.nan if label is None else labels.index(label)


def over_known(function: Any, x: list[Value]) -> Value:
    """Reduce the values that are not nan, unit by unit where they have units."""
    if isinstance(x[0], list):
        n = max(len(one) for one in x)
        rows = [one if len(one) == n else [math.nan] * n for one in x]
        return [over_known(function, list(unit)) for unit in zip(*rows, strict=True)]
    return function([one for one in x if one == one])


KNOWN: dict[str, Callable[..., Value]] = {
    "array_sum": lambda x: sum(x),
    "array_mean": lambda x: sum(x) / len(x) if x else math.nan,
    "array_min": lambda x: min(x, default=math.nan),
    "array_max": lambda x: max(x, default=math.nan),
}


def python_function(task: ir.Task, name: str) -> Callable[..., Any]:
    """Import a function of the user's."""
    (location,) = (one.location for one in task.externs if one.name == name)
    module, function = location.split(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def call_python(function: Callable[..., Any], units: int, *arguments: Value) -> Value:
    """Call a function of the user's for one row: a number, or one a unit."""
    rows = [np.array([x if isinstance(x, bool) else float(x)]) for x in arguments]
    made = np.asarray(function(*rows), float)
    made = made[0] if rows else made
    if not units:
        return made.ravel()[0].item()
    return Units(np.broadcast_to(made, units).tolist())


def channel_read(expr: ir.Expr) -> str:
    """Name the output that a reduction reads."""
    return next(node.channel for node in walk(expr) if isinstance(node, ir.Series))


def type_of(task: ir.Task, name: str, role: ir.Role) -> ir.Type:
    for variable in task.variables:
        if name in variable.names and role is not ir.Role.SCORE:
            return variable.types[variable.names.index(name)]
    others = {score.name: score.type for score in task.scores}
    others |= {param.name: param.type for param in task.params}
    return others[name]


class Units(list[float]):
    """One number for each unit, as an encoder gives; a plain list is an array of values."""


def each(function: Any, *values: Value) -> Value:
    """Apply a function to numbers, one by one where some are arrays, of units or of numbers."""
    arrays = [value for value in values if isinstance(value, list)]
    outer = [value for value in arrays if not isinstance(value, Units)]
    if not arrays:
        return function(*values)
    n = max(len(value) for value in outer or arrays)
    rows = [
        value
        if isinstance(value, list) and not (outer and isinstance(value, Units))
        else [value] * n
        for value in values
    ]
    made = [each(function, *row) for row in zip(*rows, strict=True)]
    return made if outer else Units(made)


def compare(op: str, a: Value, b: Value) -> bool:
    """Compare two values; false where one is none or nan."""
    if a is None or b is None or a != a or b != b:
        return False
    match op:
        case "==":
            return bool(a == b)
        case "!=":
            return bool(a != b)
        case "<":
            return bool(a < b)
        case "<=":
            return bool(a <= b)
        case ">":
            return bool(a > b)
        case ">=":
            return bool(a >= b)
    raise AssertionError(op)


OPERATORS: dict[str, Callable[..., Value]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: float(a) ** b,
}


def number_of(times: Value) -> Value:
    """Count the events of a pulse train, or of each of several."""
    if isinstance(times[0], list):
        return [number_of(one) for one in times]
    return sum(not math.isnan(time) for time in times)


def root_mean_square(series: list[list[float]]) -> float:
    squares = [x * x for step in series for x in step]
    return math.sqrt(math.fsum(squares) / len(squares)) if squares else math.nan


def mean_over_time(series: list[list[float]]) -> list[float]:
    return over_time(lambda x: math.fsum(x) / len(x), series)


def over_time(function: Any, series: list[list[float]]) -> list[float]:
    """Reduce each unit of a series; nan of no steps."""
    if not series:
        return NAN_UNITS
    return [function(list(unit)) for unit in zip(*series, strict=True)]


class _NanUnits(list[float]):
    """As many nan as anybody asks for: an empty series does not know its units."""


NAN_UNITS = _NanUnits([math.nan])


def population_vector(x: list[float], slots: int = 0) -> Value:
    if slots:
        size = len(x) // slots
        rings = [x[slot * size : (slot + 1) * size] or x for slot in range(slots)]
        return [population_vector(ring) for ring in rings]
    east = math.fsum(one * math.cos(2 * math.pi * k / len(x)) for k, one in enumerate(x))
    north = math.fsum(one * math.sin(2 * math.pi * k / len(x)) for k, one in enumerate(x))
    return wrap(math.degrees(math.atan2(north, east)))


def wrap(x: float) -> float:
    """Bring an angle into [0, 360): the remainder of a tiny negative one rounds up to 360."""
    turn = x % 360
    return 0.0 if turn == 360 else turn


def bump(center: float, width: float, n: int) -> list[float]:
    return [math.exp(-((d / width) ** 2) / 2) for d in distances(center, n)]


def distances(center: float, n: int) -> list[float]:
    return [abs(math.remainder(k * 360 / n - center, 360)) for k in range(n)]


def vonmises(center: float, kappa: float, n: int) -> list[float]:
    return [math.exp(kappa * (math.cos(math.radians(d)) - 1)) for d in distances(center, n)]


def cosine_tuning(center: float, n: int) -> list[float]:
    return [math.cos(math.radians(d)) for d in distances(center, n)]


def onehot(place: int, n: int) -> list[float]:
    return [float(k == place) for k in range(n)]


def evidence(place: int, x: float, n: int) -> list[float]:
    return [x if k == place else -x / (n - 1) for k in range(n)]


def side_by_side(rings: Value, n: int) -> Value:
    """Set rings of n units side by side; a number stands for a ring, or all, of that number."""
    if not isinstance(rings, list):
        return rings
    return [x for one in rings for x in (one if isinstance(one, list) else [one] * n)]


def angle_between(a: float, b: float) -> float:
    turn = wrap(a - b)
    return turn - 360 if turn > 180 else turn


def rescale(x: float, a: float, b: float, c: float, d: float) -> float:
    return c + (x - a) / (b - a) * (d - c)


ONE_BY_ONE = frozenset(
    "sqrt exp log sin cos sign floor mod clip rescale wrap angle_between".split()
)


def known(choose: Any, values: Sequence[Value]) -> Value:
    """Choose among values; nan where one of them is."""
    return math.nan if any(one != one for one in values) else choose(values)


def added(x: list[Value], _: int) -> Value:
    total = x[0]
    for one in x[1:]:
        total = each(lambda a, b: a + b, total, one)
    return total


ENCODERS: dict[str, Callable[..., list[float]]] = {
    "bump": bump,
    "vonmises": vonmises,
    "cosine_tuning": cosine_tuning,
    "onehot": onehot,
    "opponent": lambda x: [x, -x],
    "evidence": evidence,
}

FUNCTIONS: dict[str, Callable[..., Value]] = {
    "each_unit": lambda values: values,
    "side_by_side": side_by_side,
    "each_ring": side_by_side,
    "every_ring": lambda ring, n: ring * n if isinstance(ring, list) else ring,
    "range": lambda n: list(range(n)),
    "array_sum": added,
    "array_mean": lambda x, n: added(x, n) / n,
    "array_min": lambda x, _: min(x),
    "array_max": lambda x, _: max(x),
    "array_count": lambda x, _: sum(x),
    "array_any": lambda x, _: any(x),
    "array_all": lambda x, _: all(x),
    "abs": lambda x: each(abs, x),
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "sin": lambda x: math.sin(math.radians(x)),
    "cos": lambda x: math.cos(math.radians(x)),
    "sign": lambda x: x if x != x else (x > 0) - (x < 0),
    "floor": lambda x: x if x != x else math.floor(x),
    "mod": lambda a, b: math.nan if a != a or b != b else a - b * math.floor(a / b),
    "min": lambda *x: each(lambda *one: known(min, one), *x),
    "max": lambda *x: each(lambda *one: known(max, one), *x),
    "clip": lambda x, low, high: known(min, (known(max, (x, low)), high)),
    "rescale": rescale,
    "wrap": wrap,
    "angle_between": angle_between,
    "only": lambda x: x[0],
    "time_mean": mean_over_time,
    "time_last": lambda series: over_time(lambda x: x[-1], series),
    "time_min": lambda series: over_time(min, series),
    "time_max": lambda series: over_time(max, series),
    "rms": root_mean_square,
    "unit_mean": lambda x: math.fsum(x) / len(x),
    "unit_min": min,
    "unit_max": max,
    "population_vector": population_vector,
    "largest": max,
    "smallest": min,
}


# Time.


def to_step(time: int, dt: int) -> int:
    """Give the step of a time, the nearest, half up; both in us."""
    return (2 * time + dt) // (2 * dt)


def whole(time: float) -> int:
    """Round a computed time to a microsecond."""
    return round(time)


@dataclass(frozen=True)
class Interval:
    """One repetition of an epoch: its start and end in us, and whether the trial has it."""

    start: int
    end: int
    there: bool = True


Times = dict[str, list[Interval]]


def boundaries(task: ir.Task, values: Mapping[str, Value]) -> Times:
    """Give the start and end of every epoch in us, in every repetition."""
    found = Times()
    names = [epoch.name for epoch in task.epochs]
    now = 0

    def pass_(first: int, last: int, inside: list[ir.Repeat], here: Row, there: bool) -> None:
        nonlocal now
        i = first
        while i <= last:
            opens = [one for one in task.repeats if one.first == names[i] and one not in inside]
            if opens:
                end = names.index(opens[0].last)
                for k in range(opens[0].most):
                    inner = {**here, counter(opens[0].index): k}
                    present = there and k < Reading(task, inner).value(opens[0].count)
                    pass_(i, end, [*inside, opens[0]], inner, present)
                i = end + 1
                continue
            epoch, start = task.epochs[i], now
            if epoch.duration is None:
                assert task.length is not None
                now = whole(Reading(task, here).value(task.length))
            elif there:
                now += whole(Reading(task, here).value(epoch.duration))
            found.setdefault(epoch.name, []).append(Interval(start, now, there))
            i += 1

    pass_(0, len(names) - 1, [], dict(values), True)
    return found


def counter(index: str) -> str:
    """Name the index of a repeat among values: a drawn duration may be called like it."""
    return f"index {index}"


def repetitions(task: ir.Task, where: ir.Where) -> list[Row]:
    """List the indices of every repetition of a span; one without indices outside repeats."""
    names = [epoch.name for epoch in task.epochs]
    rows: list[Row] = [{}]
    for repeat in task.repeats:
        body = names[names.index(repeat.first) : names.index(repeat.last) + 1]
        if where.first in body and where.last in body:
            rows = [{**row, counter(repeat.index): k} for row in rows for k in range(repeat.most)]
    return rows


def steps_of(
    where: ir.Where, task: ir.Task, values: Mapping[str, Value], dt: int, k: int = 0
) -> tuple[int, int]:
    """Give the first step of a span and the step after its last, in its repetition k.

    It runs from the first repetition in there to the last, of those that the trial has.
    """
    times = boundaries(task, values)
    n = len(repetitions(task, where))
    firsts, lasts = (
        times[name][k * len(times[name]) // n : (k + 1) * len(times[name]) // n]
        for name in (where.first, where.last)
    )
    begin = next((one.start for one in firsts if one.there), firsts[0].start)
    end = next((one.end for one in reversed(lasts) if one.there), lasts[0].end)
    first, last = to_step(begin, dt), to_step(end, dt)

    def bound(offset: ir.Offset | None, otherwise: int) -> int:
        if offset is None:
            return otherwise
        time = (end if offset.from_end else begin) + whole(Reading(task, values).value(offset.time))
        return min(max(to_step(time, dt), first), last)

    return bound(where.start, first), bound(where.stop, last)


# Arrays.


def columns_of(channels: tuple[ir.Channel, ...]) -> dict[str, list[int]]:
    found, first = {}, 0
    for channel in channels:
        found[channel.name] = list(range(first, first + channel.n_units))
        first += channel.n_units
    return found


@dataclass(frozen=True)
class TrialArrays:
    """The arrays of one trial, one list of units a step; ``sd`` is that of the noise."""

    inputs: list[list[float]]
    targets: list[list[float]]
    weights: list[list[float]]
    sd: list[list[float]]


def arrays(task: ir.Task, values: Mapping[str, Value], dt: int, n_steps: int) -> TrialArrays:
    """Make the arrays of one trial, without noise."""
    made = TrialArrays([], [], [], [])
    n_own = steps_of_trial(task, values, dt)
    spans = []
    for effect in task.effects:
        for k, indices in enumerate(repetitions(task, effect.where)):
            here: Mapping[str, Value] = {**values, **indices}
            edges = steps_of(effect.where, task, here, dt, k)
            spans.append((effect, reference_signals.starting(here), edges))
    rows: dict[ir.EffectKind, list[float]] = {}
    before: list[Acting] | None = None
    for step in range(n_steps):
        acting = [
            (effect, step - first if moves(effect) else 0, here)
            for effect, here, (first, after) in spans
            if first <= step < after
        ]
        if acting != before:  # else every statement does what it did one step ago
            rows = {kind: one_step(task, values, dt, acting, kind) for kind in ir.EffectKind}
            before = acting
        made.inputs.append(rows[ir.EffectKind.INPUT])
        made.targets.append(rows[ir.EffectKind.TARGET])
        weight = rows[ir.EffectKind.WEIGHT]
        made.weights.append(weight if step < n_own else [0.0] * len(weight))
        made.sd.append(rows[ir.EffectKind.NOISE])
    return made


Acting = tuple[ir.Effect, int, Mapping[str, Value]]


OVER_TIME = frozenset({"latch", "integral", "lag", "ema"})


def moves(effect: ir.Effect) -> bool:
    """Whether a statement reads the time within its span, itself or through a signal."""
    return effect.value is not None and any(
        isinstance(node, ir.Elapsed)
        or (isinstance(node, ir.Ref) and node.role is ir.Role.SIGNAL)
        or (isinstance(node, ir.Call) and node.function in OVER_TIME)
        for node in walk(effect.value)
    )


def steps_of_trial(task: ir.Task, values: Mapping[str, Value], dt: int) -> int:
    """Count the steps of one trial, padding apart."""
    times = boundaries(task, values)
    return to_step(max(one.end for spans in times.values() for one in spans), dt)


def sequence(task: ir.Task, rows: list[Row], dt: int, n_steps: int) -> TrialArrays:
    """Make the arrays of one sequence: its trials one after another, then padding.

    In the padding inputs go on with the baseline and the noise of the last trial.
    """
    made = TrialArrays([], [], [], [])
    for i, row in enumerate(rows):
        n_own = steps_of_trial(task, row, dt)
        last = i == len(rows) - 1
        one = arrays(task, row, dt, n_steps - len(made.inputs) if last else n_own)
        made.inputs.extend(one.inputs)
        made.targets.extend(one.targets)
        made.weights.extend(one.weights)
        made.sd.extend(one.sd)
    return made


def one_step(
    task: ir.Task,
    values: Mapping[str, Value],
    dt: int,
    acting: list[Acting],
    kind: ir.EffectKind,
) -> list[float]:
    """Let the statements pass, in order, at one step of one trial.

    ``acting`` are those whose span holds the step, each with the number of steps since its span
    began and the values there.
    """
    inside = kind in (ir.EffectKind.INPUT, ir.EffectKind.NOISE)
    channels = task.inputs if inside else task.outputs
    columns = columns_of(channels)
    here = Reading(task, values)
    row: list[float] = []
    for channel in channels:
        match kind:
            case ir.EffectKind.WEIGHT:
                start = 1.0
            case ir.EffectKind.NOISE:
                start = standard_deviation(channel.noise, here, dt)
            case _:
                start = float(here.value(channel.baseline))
        row += [start] * channel.n_units
    for effect, k, at_hand in acting:
        if effect.kind is not kind:
            continue
        here = Reading(task, at_hand)
        if effect.guard is not None and not here.value(effect.guard):
            continue
        mine = list(range(len(row))) if effect.channel is None else columns[effect.channel]
        if effect.unit is not None:
            mine = chosen(mine, effect, task, here)
        if effect.noise is not None:
            value = standard_deviation(effect.noise, here, dt)
        else:
            assert effect.value is not None
            value = Reading(task, at_hand, t=k * dt, dt=dt).value(effect.value)
        for place, column in enumerate(mine):
            new = value[place] if isinstance(value, list) else value
            row[column] = ASSIGN[effect.op](row[column], float(new))
    return row


ASSIGN: dict[str, Callable[[float, float], float]] = {
    "=": lambda old, new: new,
    "+=": lambda old, new: old + new,
    "-=": lambda old, new: old - new,
    "*=": lambda old, new: old * new,
}


def chosen(columns: list[int], effect: ir.Effect, task: ir.Task, here: Reading) -> list[int]:
    """Choose the unit that is written as a label or as a number; in an array of rings, a ring."""
    assert effect.unit is not None
    unit = here.value(effect.unit)
    channel = next(one for one in (*task.inputs, *task.outputs) if one.name == effect.channel)
    if channel.slots:
        slot = channel.slot_labels.index(unit) if isinstance(unit, str) else int(unit)
        size = channel.n_units // channel.slots
        return columns[slot * size : (slot + 1) * size]
    return [columns[channel.units.index(unit) if isinstance(unit, str) else int(unit)]]


def standard_deviation(noise: ir.Noise | None, here: Reading, dt: int) -> float:
    if noise is None:
        return 0.0
    sd = float(here.value(noise.sd))
    if noise.reference is None:
        return sd
    return sd * math.sqrt(here.value(noise.reference) / dt)


def rectified(task: ir.Task, row: list[float]) -> list[float]:
    columns = columns_of(task.inputs)
    closed = {column for one in task.inputs if one.rectified for column in columns[one.name]}
    return [max(x, 0.0) if i in closed else x for i, x in enumerate(row)]


def scores(task: ir.Task, values: Mapping[str, Value], dt: int, outputs: list[list[float]]) -> Row:
    """Score the outputs of one trial."""
    found: Row = {}
    for score in task.scores:
        reading = Reading(task, values, dt=dt, outputs=outputs, scores=found)
        found[score.name] = reading.value(score.value)
    return found


# Random words.


def code(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class Words:
    """The design words of one batch."""

    seed: int
    stream: int
    batch: int

    @lru_cache(maxsize=64)  # noqa: B019, for the words of a batch are asked again for every trial
    def raw(self, name: str, count: int, attempt: int = 0) -> list[int]:
        counter = np.array([0, attempt, code(name), self.batch], np.uint64)
        key = np.array([self.seed, self.stream], np.uint64)
        bits = np.random.Philox(counter=counter, key=key)
        return [int(word) for word in bits.random_raw(count)]

    def unit(self, name: str, count: int, attempt: int = 0) -> list[float]:
        return [((word >> 12) + 0.5) * 2.0**-52 for word in self.raw(name, count, attempt)]


def by_size(words: list[int]) -> list[int]:
    """Order places by their words, equal ones as they stand."""
    return sorted(range(len(words)), key=lambda i: words[i])


def table(
    task: ir.Task,
    n: int,
    seed: int,
    batch: int = 0,
    stream: int = 0,
    rows: list[int] | None = None,
) -> list[Row]:
    """Draw the trial table, a row a trial, parameters included; or only some rows of a batch."""
    words = Words(seed, stream, batch)
    mine = list(range(n)) if rows is None else rows
    cells = design(task)
    if task.session is not None:
        return [row for s in range(n) for row in one_session(task, words, s, n, cells)]
    order = by_size(words.raw("design:cells", len(cells)))
    dealt = words.raw("design:order", n)
    places = by_size([dealt[i] for i in mine])
    return [
        settled(task, words, i, n, cells[order[place % len(cells)]])
        for i, place in zip(mine, places, strict=True)
    ]


def one_session(task: ir.Task, words: Words, s: int, n: int, cells: list[Row]) -> list[Row]:
    """Make the trials of sequence s of n, its design dealt within it."""
    assert task.session is not None
    k, c = task.session.trials, len(cells)
    order = by_size(words.raw("design:cells", n * c)[s * c : (s + 1) * c])
    places = by_size(words.raw("design:order", n * k)[s * k : (s + 1) * k])
    blocks = held_for_blocks(task, words, s, n)
    rows: list[Row] = []
    for j in range(k):
        given = cells[order[places[j] % c]] | blocks[j] | {BEFORE: rows[-1] if rows else None}
        rows.append(settled(task, words, s * k + j, n * k, given))
    return rows


def held_for_blocks(task: ir.Task, words: Words, s: int, n: int) -> list[Row]:
    """Give for each trial of sequence s what holds for its block, and where it stands."""
    assert task.session is not None
    k, blocks = task.session.trials, task.session.blocks
    if blocks is None:
        return [{"trial_in_session": j} for j in range(k)]
    found: list[Row] = []
    runs: dict[str, list[Value]] = {}
    b = 0
    while len(found) < k:
        row = parameters(task) | {"block": b}
        for variable in task.variables:
            if isinstance(variable.definition, ir.PerBlock):
                value = for_block(variable, words, (s, n, b, blocks.most), task, row, runs)
                row |= value
        (length,) = for_block(
            blocks.length, words, (s, n, b, blocks.most), task, row, runs
        ).values()
        for j in range(min(int(length), k - len(found))):
            found.append(row | {"trial_in_block": j, "trial_in_session": len(found)})
        b += 1
    return found


def for_block(
    variable: ir.Variable,
    words: Words,
    where: tuple[int, int, int, int],
    task: ir.Task,
    row: Row,
    runs: dict[str, list[Value]],
) -> Row:
    """Make what one variable is in block b of sequence s; ``runs`` are the levels so far."""
    s, n, b, most = where
    definition = variable.definition
    definition = definition.definition if isinstance(definition, ir.PerBlock) else definition
    match definition:
        case ir.Drawn(ir.Law("alternate" | "markov" as name) as law, key):
            levels = literal(law.arguments[0], task).items
            run = runs.setdefault(key, [])
            u = words.unit(key, n * most)[s * most + b]
            run.append(next_level(name, law, key, words, (s, n, u), run, Reading(task, row)))
            value = Reading(task, row).value(levels[run[-1]])
        case ir.Drawn(law, key, size) if size:
            i, count = (s * most + b) * size, n * most * size
            value = [draw(law, key, words, i + j, count, task, row, j=j) for j in range(size)]
        case ir.Drawn(law, key):
            value = draw(law, key, words, s * most + b, n * most, task, row)
        case ir.Computed(expr):
            value = Reading(task, row).value(expr)
    return columns(variable, value)


def next_level(
    name: str,
    law: ir.Law,
    key: str,
    words: Words,
    where: tuple[int, int, float],
    run: list[Value],
    here: Reading,
) -> int:
    """Say which level comes after those of a run, from 0; ``where`` is s, n and the draw u."""
    s, n, u = where
    k = len(literal(law.arguments[0], here.task).items)
    if not run:
        order = by_size(words.raw(f"{key}:cells", k))
        place = by_size(words.raw(f"{key}:order", n))[s]
        return order[place % k]
    if name == "alternate":
        return int(run[-1] + 1) % k
    p, longest = (here.value(one) for one in law.arguments[1:])
    in_a_row = next((i for i, one in enumerate(reversed(run)) if one != run[-1]), len(run))
    p = 1.0 if in_a_row >= longest else p
    if u >= p:
        return int(run[-1])
    others = [(run[-1] + i) % k for i in range(1, k)]
    return int(others[math.floor(u / p * len(others))])


def design(task: ir.Task) -> list[Row]:
    """List the cells of the design, the first factor fastest, without those that may not be."""
    factors = [v for v in task.variables if isinstance(v.definition, ir.Factor)]
    levels = []
    for variable in reversed(factors):
        assert isinstance(variable.definition, ir.Factor)
        rows = []
        for level, times in zip(
            variable.definition.levels, variable.definition.copies, strict=True
        ):
            value = Reading(task, parameters(task)).value(level)
            parts = value if len(variable.names) > 1 else [value]
            rows += [dict(zip(variable.names, parts, strict=True))] * times
        levels.append(rows)
    cells = [{name: v for part in parts for name, v in part.items()} for parts in product(*levels)]
    rules = [one.condition for one in task.requirements if not draws_behind(one.condition, task)]
    return [cell for cell in cells if all(holds(rule, task, cell) for rule in rules)]


def holds(rule: ir.Expr, task: ir.Task, cell: Row) -> bool:
    """Decide a requirement on factors, with what is computed from them."""
    row = parameters(task) | cell
    for variable in task.variables:
        if isinstance(variable.definition, ir.Computed):
            try:
                value = Reading(task, row).value(variable.definition.value)
                row |= columns(variable, value)
            except KeyError:  # it follows from a draw, and no such rule reads it
                continue
    return bool(Reading(task, row).value(rule))


def parameters(task: ir.Task) -> Row:
    row: Row = {}
    for param in task.params:
        if param.value is not None:
            value = Reading(task, row).value(param.value)
            row[param.name] = whole(value) if param.type == ir.TIME else value
    return row


class HopelessError(Exception):
    """No attempt to draw a trial met its requirements."""


def settled(task: ir.Task, words: Words, i: int, n: int, cell: Row) -> Row:
    """Make one trial, again and again until all that is required of it holds.

    Where the law of a draw follows another draw, the requirements on that one are met first.
    """
    groups = redrawn_together(task)
    attempts: dict[str, int] = {}
    while True:
        row = one_trial(task, words, i, n, cell, attempts)
        broken = [group for group in groups if not all_hold(group, task, row)]
        if not broken:
            return row
        first = next(g for g in broken if not any(waits(g, o, task) for o in broken if o != g))
        for name in draws_of(first, task):
            attempts[name] = attempts.get(name, 0) + 1
        if max(attempts.values()) == 100:
            raise HopelessError(f"trial {i} breaks a requirement after 100 attempts")


Group = tuple[ir.Requirement, ...]


def all_hold(group: Group, task: ir.Task, row: Row) -> bool:
    return all(Reading(task, row).value(one.condition) for one in group)


def redrawn_together(task: ir.Task) -> list[Group]:
    """List the requirements that are met together: they share a draw, or wait for each other."""
    groups: list[Group] = [(one,) for one in task.requirements if draws_of((one,), task)]
    while True:
        for a, b in product(groups, groups):
            share = bool(draws_of(a, task) & draws_of(b, task))
            cross = ahead(a, b, groups, task) and ahead(b, a, groups, task)
            if a != b and (share or cross):
                groups = [g for g in groups if g not in (a, b)] + [a + b]
                break
        else:
            return groups


def draws_of(group: Group, task: ir.Task) -> set[str]:
    return set().union(*(draws_behind(one.condition, task) for one in group))


def ahead(a: Group, b: Group, groups: list[Group], task: ir.Task) -> bool:
    """Whether a group waits for another, be it through others."""
    found, new = {a}, {a}
    while new:
        new = {g for g in groups for known in new if g not in found and waits(known, g, task)}
        found |= new
    return b in found


def waits(a: Group, b: Group, task: ir.Task) -> bool:
    """Whether something of one group follows from a draw of another."""
    wanted = {ref.name for one in a for ref in refs(one.condition)} | draws_of(a, task)
    seen: set[str] = set()
    while wanted:
        found = [variable for variable in task.variables if wanted & set(variable.names)]
        seen |= {name for variable in found for name in variable.names}
        exprs = [e for variable in found for e in definition_expressions(variable.definition)]
        wanted = {ref.name for expr in exprs for ref in refs(expr)} - seen
    return bool(seen & draws_of(b, task)) and a != b


def draws_behind(expr: ir.Expr, task: ir.Task) -> set[str]:
    """Name the draws that an expression reads, itself or through computed variables."""
    found: set[str] = set()
    for name in {ref.name for ref in refs(expr) if ref.role is ir.Role.VARIABLE}:
        variable = next(v for v in task.variables if name in v.names)
        if isinstance(variable.definition, ir.Drawn) and not variable.definition.per_batch:
            found.add(variable.names[0])
        if isinstance(variable.definition, ir.Computed):
            found |= draws_behind(variable.definition.value, task)
    return found


def one_trial(
    task: ir.Task, words: Words, i: int, n: int, cell: Row, attempts: Mapping[str, int]
) -> Row:
    row = parameters(task) | {BEFORE: cell.get(BEFORE)}
    for variable in task.variables:
        match variable.definition:
            case ir.Factor() | ir.Counter() | ir.PerBlock():
                row |= {name: cell[name] for name in variable.names}
                continue
            case ir.Drawn(_, key, size) if is_signal(variable.types[0]):
                attempt = attempts.get(variable.names[0], 0)
                here = Reading(task, row)
                row |= reference_signals.columns(variable, words, i, n, here, attempt)
                continue
            case ir.Drawn(law, key, size, True):
                value = shared(law, key, words, task, row, size)
            case ir.Drawn(law, key, size):
                attempt = attempts.get(variable.names[0], 0)
                if size:
                    value = [
                        draw(
                            law,
                            key,
                            words,
                            i * size + j,
                            n * size,
                            task,
                            row | indices(task, key, j),
                            attempt,
                            j,
                        )
                        for j in range(size)
                    ]
                else:
                    value = draw(law, key, words, i, n, task, row, attempt)
            case ir.Computed(expr):
                value = Reading(task, row).value(expr)
        row |= columns(variable, value)
    return row


def columns(variable: ir.Variable, value: Value) -> Row:
    """Name the values of a variable; times are whole, and one value fills a whole array."""
    found: Row = {}
    parts = value if len(variable.names) > 1 else [value]
    for name, one, kind in zip(variable.names, parts, variable.types, strict=True):
        item = kind.item if isinstance(kind, ir.ArrayType) else kind
        found[name] = each(whole, one) if item == ir.TIME else one
        if isinstance(kind, ir.ArrayType) and not isinstance(one, list):
            found[name] = [found[name]] * kind.n
    return found


def shared(
    law: ir.Distribution, key: str, words: Words, task: ir.Task, row: Row, size: int
) -> Value:
    """Draw one value, or one array, for all trials of a batch."""
    if not isinstance(law, ir.Law) or law.name != "in turn":
        if not size:
            return draw(law, key, words, 0, 1, task, row)
        return [draw(law, key, words, j, size, task, row, j=j) for j in range(size)]
    items = [Reading(task, row).value(item) for item in literal(law.arguments[0], task).items]
    block, place = divmod(words.batch, len(items))
    order = by_size(replace(words, batch=block).raw(key, len(items)))
    return items[order[place]]


def indices(task: ir.Task, key: str, j: int) -> Row:
    """Give the indices in repetition j of an epoch whose duration is drawn."""
    kind, _, epoch = key.partition(":")
    return repetitions(task, ir.Where(epoch, epoch))[j] if kind == "epoch" else {}


def draw(
    law: ir.Distribution,
    key: str,
    words: Words,
    i: int,
    n: int,
    task: ir.Task,
    row: Row,
    attempt: int = 0,
    j: int | None = None,
) -> Value:
    """Draw one value for trial i of n, by the table of laws in COMPILER.md.

    It is value j of an array, where one is drawn; of an argument that is an array value j counts.
    """
    here = Reading(task, row)

    def own(expr: ir.Expr) -> Value:
        value = here.value(expr)
        return value if j is None or not isinstance(value, list) else value[j]

    if isinstance(law, ir.EitherLaw):
        chosen = law.then if own(law.condition) else law.otherwise
        return draw(chosen, key, words, i, n, task, row, attempt, j)
    if isinstance(law, ir.QuantizedLaw):
        step = float(own(law.step))
        return round(draw(law.law, key, words, i, n, task, row, attempt, j) / step) * step
    if law.name == "sample":
        items = [here.value(item) for item in literal(law.arguments[0], task).items]
        k = len(items)
        order = by_size(words.raw(key, n * k, attempt)[i * k : (i + 1) * k])
        return [items[place] for place in order[: here.value(law.arguments[1])]]
    u = words.unit(key, n, attempt)[i]
    if law.name in ("choice", "except"):
        members = literal(law.arguments[0], task)
        items = [here.value(item) for item in members.items]
        weights = [float(own(weight)) for weight in members.weights]
        if law.name == "except":
            taken = own(law.arguments[1])
            if not weights:
                items = [item for item in items if item != taken]
            weights = [w * (item != taken) for w, item in zip(weights, items, strict=False)]
        if not weights:
            return items[math.floor(u * len(items))]
        sums = [sum(weights[: k + 1]) for k in range(len(weights))]
        return items[sum(below <= u * sums[-1] for below in sums)]
    a = [float(own(argument)) for argument in law.arguments]
    match law.name:
        case "uniform":
            return a[0] + (a[1] - a[0]) * u
        case "integers":
            return int(a[0] + math.floor(u * (a[1] - a[0] + 1)))
        case "bernoulli":
            return u < a[0]
        case "exponential":
            mean, low, high = a
            return low - mean * math.log(1 - u * (1 - math.exp((low - high) / mean)))
        case "geometric":
            p, low, high = a
            tail = (1 - p) ** (high - low + 1)
            return int(low + math.floor(math.log(tail + u * (1 - tail)) / math.log(1 - p)))
        case "poisson":
            rate, most = a
            p = below = math.exp(-rate)
            k = 0
            for event in range(1, int(most) + 1):
                k += u > below
                p *= rate / event
                below += p
            return k
        case "normal":
            return a[0] + a[1] * NormalDist().inv_cdf(u)
        case "truncnormal":
            for redraw in range(20_000 * attempt, 20_000 * (attempt + 1)):
                z = NormalDist().inv_cdf(words.unit(key, n, redraw)[i])
                if a[2] <= a[0] + a[1] * z <= a[3]:
                    return a[0] + a[1] * z
    raise AssertionError(law)


def literal(members: ir.Expr, task: ir.Task) -> ir.SetOf:
    """Find the members of a set, or of the parameter that holds it."""
    while isinstance(members, ir.Ref):
        value = next(param.value for param in task.params if param.name == members.name)
        assert value is not None
        members = value
    assert isinstance(members, ir.SetOf)
    return members


# Noise.


@cache
def quantiles() -> list[float]:
    """Make the table of 65,536 normal quantiles, rounded to multiples of 2**-20."""
    lower = [NormalDist().inv_cdf((i + 0.5) / 65536) for i in range(32768)]
    both = lower + [-z for z in reversed(lower)]
    return [round(z * 2**20) / 2**20 for z in both]


def normal_noise(
    channel: ir.Channel, n: int, n_steps: int, seed: int, stream: int, batch: int
) -> list[list[list[float]]]:
    """Draw the noise of one channel with sd 1: a list a trial of a list a step of units."""
    n_values = n_steps * channel.n_units
    n_words = math.ceil(n_values / 4)
    found = []
    for block in range(0, n, 256):
        bits = np.random.SFC64([seed, stream, batch, code(channel.name), block // 256])
        for _ in range(block, min(block + 256, n)):
            words = [int(word) for word in bits.random_raw(n_words)]
            parts = [(word >> shift) & 0xFFFF for word in words for shift in (0, 16, 32, 48)]
            z = [quantiles()[part] for part in parts[:n_values]]
            k = channel.n_units
            found.append([z[step * k : (step + 1) * k] for step in range(n_steps)])
    return found
