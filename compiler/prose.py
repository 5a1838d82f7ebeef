"""Showing expressions of the IR as people write them: units, percent, names."""

from collections.abc import Mapping
from decimal import Decimal
from typing import assert_never

from epochal.compiler import ir
from epochal.compiler.distributions import DISTRIBUTIONS

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)

_BINDING = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _SIGN}

_REDUCED = {
    "time_mean": "mean",
    "time_last": "last",
    "time_min": "min",
    "time_max": "max",
    "unit_mean": "mean",
    "unit_min": "min",
    "unit_max": "max",
}

Laws = Mapping[str, str]


def show(expr: ir.Expr, laws: Laws | None = None) -> str:
    """Show an expression; ``laws`` stand in for the names of variables."""
    return _show(expr, laws or {})[0]


def law_text(law: ir.Distribution) -> str:
    """Show a distribution."""
    match law:
        case ir.EitherLaw(condition, then, otherwise):
            return f"{law_text(then)} if {show(condition)} else {law_text(otherwise)}"
        case ir.QuantizedLaw(inner, step):
            text = law_text(inner)
            text = f"({text})" if isinstance(inner, ir.EitherLaw) else text
            return f"{text} rounded to multiples of {show(step)}"
        case ir.Law("choice", (members, *_)):
            return show(members)
        case ir.Law("except", (members, left_out)):
            return f"{show(members)} other than {show(left_out)}"
        case ir.Law(name, arguments):
            row = DISTRIBUTIONS[name]
            shown = [
                show(value) if argument.default is None else f"{argument.name} = {show(value)}"
                for argument, value in zip(row.arguments, arguments, strict=True)
                if argument.default is None or not _is_default(value, argument.default)
            ]
            return f"{name}({', '.join(shown)})"
    raise AssertionError(law)


def process_text(law: ir.Law, size: int) -> str:
    """Say what a process is, or ``size`` independent ones where that is not 0."""
    shown = [_inside(argument, _OR, {}) for argument in law.arguments]
    match law.name:
        case "pulse_train":
            rate, width, refractory, _, over, _ = shown
            what = "trains" if size else "train"
            height = _heights(law.arguments[3])
            law_ = f"of pulses ({width} long, height {height}), at {rate}"
            pause = "" if refractory == "0 ms" else f" after a refractory time of {refractory}"
            text = f"{what} {law_}{pause}, none after {over}"
        case "ou":
            what = "Ornstein-Uhlenbeck processes" if size else "Ornstein-Uhlenbeck process"
            text = f"{what} of sd {shown[0]} and time constant {shown[1]}"
        case _:
            what = "random walks" if size else "random walk"
            text = f"{what} from 0, of sd {shown[0]} after 1 s"
    article = "an" if text[0] in "O" else "a"
    return f"{size} independent {text}" if size else f"{article} {text}"


def _heights(values: ir.Expr) -> str:
    """Show what heights pulses have."""
    if not isinstance(values, ir.SetOf):
        return f"one of {show(values)}"
    items = [show(item) for item in values.items]
    if values.weights:
        shares = [show(weight) for weight in values.weights]
        items = [f"{item} ({share})" for item, share in zip(items, shares, strict=True)]
    return " or ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def _is_default(value: ir.Expr, default: str) -> bool:
    return isinstance(value, ir.Number) and value.value == default


def type_text(kind: ir.Type) -> str:
    """Name the unit of a type in one word, "" for plain numbers and booleans."""
    return {ir.TIME: "a time", ir.FREQUENCY: "a frequency", ir.ANGLE: "an angle"}.get(
        kind if isinstance(kind, ir.QuantityType) else ir.NUMBER, ""
    )


def number(value: str, unit: ir.Unit) -> str:
    """Show an exact decimal in the unit that reads best."""
    match unit:
        case ir.Unit.MICROSECOND if value not in ("inf", "-inf", "nan"):
            time = Decimal(value)
            if not time:
                return "0 ms"
            if time.adjusted() > 20:
                return f"{value} us"
            if time % 1_000_000 == 0:
                return f"{_plain(time / 1_000_000)} s"
            return f"{_plain(time / 1000)} ms" if time % 10 == 0 else f"{_plain(time)} us"
        case ir.Unit.HERTZ:
            return f"{value} Hz"
        case ir.Unit.DEGREE | ir.Unit.RADIAN:
            return f"{value} {unit.value}"
        case _:
            return value


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _show(expr: ir.Expr, laws: Laws) -> tuple[str, int]:
    match expr:
        case ir.Number(value, unit):
            return number(value, unit), _SIGN if value.startswith("-") else _ATOM
        case ir.Truth(value):
            return ("true" if value else "false"), _ATOM
        case ir.Label(name):
            return name, _ATOM
        case ir.Ref(name):
            return laws.get(name, name), _ATOM
        case ir.Elapsed():
            return "t", _ATOM
        case ir.Negative(x):
            return f"-{_inside(x, _SIGN, laws)}", _SIGN
        case ir.Not(x):
            return f"not {_inside(x, _NOT, laws)}", _NOT
        case ir.Arithmetic("*" | "/", a, ir.Number("1000000", ir.Unit.NONE)):
            return _show(a, laws)  # the factor between us and s
        case ir.Arithmetic(op, a, b):
            binds = _BINDING[op]
            left = _inside(a, binds, laws)
            return f"{left} {op} {_inside(b, binds + (op in '-/'), laws)}", binds
        case ir.Comparison(op, a, b):
            return f"{_inside(a, _SUM, laws)} {op} {_inside(b, _SUM, laws)}", _COMPARE
        case ir.Logical(op, a, b):
            binds = _AND if op == "and" else _OR
            return f"{_inside(a, binds, laws)} {op} {_inside(b, binds, laws)}", binds
        case ir.Conditional(condition, then, otherwise):
            shown = [_show(part, laws)[0] for part in (then, condition, otherwise)]
            return f"{shown[0]} if {shown[1]} else {shown[2]}", _OR - 1
        case ir.Call():
            return _call(expr, laws), _ATOM
        case ir.External(name, arguments):
            return f"{name}({', '.join(_show(item, laws)[0] for item in arguments)})", _ATOM
        case ir.SetOf(items, weights):
            members = [_show(item, laws)[0] for item in items]
            if weights:
                shares = [_show(weight, laws)[0] for weight in weights]
                members = [f"{m}: {s}" for m, s in zip(members, shares, strict=True)]
            return f"{{{', '.join(members)}}}", _ATOM
        case ir.Lookup(key, rows, values):
            pairs = zip(rows, values, strict=True)
            table = ", ".join(f"{_show(r, laws)[0]}: {_show(v, laws)[0]}" for r, v in pairs)
            return f"lookup({_show(key, laws)[0]}, {{{table}}})", _ATOM
        case ir.TupleOf(items):
            return f"({', '.join(_show(item, laws)[0] for item in items)})", _ATOM
        case ir.Relabel(x):
            return _show(x, laws)
        case ir.MemberOf(x, values):
            return f"{_inside(x, _SUM, laws)} in {_show(values, laws)[0]}", _COMPARE
        case ir.Index(ir.Ref(name)) if name in laws:
            return laws[name], _ATOM  # drawn anew in every repetition
        case ir.Index(ir.Call("event_count", (train, _)), i):
            return f"count({_inside(train, _ATOM, laws)}[{_show(i, laws)[0]}])", _ATOM
        case ir.Index(x, i):
            return f"{_inside(x, _ATOM, laws)}[{_show(i, laws)[0]}]", _ATOM
        case ir.Series(channel, where):
            return f"{channel} @ {_where(where, laws)}", _SIGN
    assert_never(expr)


def _inside(expr: ir.Expr, binds: int, laws: Laws) -> str:
    text, own = _show(expr, laws)
    return text if own >= binds else f"({text})"


def _call(expr: ir.Call, laws: Laws) -> str:
    shown = [_show(item, laws)[0] for item in expr.arguments]
    if expr.function.startswith("array_"):
        match expr.arguments[0]:
            case ir.Conditional(condition, ir.Number("1"), ir.Number("0")):
                shown[0] = _show(condition, laws)[0]  # a condition that is counted
        return f"{expr.function.removeprefix('array_')}({shown[0]})"
    match expr.function:
        case "only" | "position":
            return shown[0]
        case "event_count":
            return f"count({shown[0]})"
        case "latch":
            start = "" if shown[1] == "0" else f", initial = {shown[1]}"
            return f"latch({shown[0]}{start})"
        case "lag" | "ema":
            name = "by" if expr.function == "lag" else "tau"
            return f"{expr.function}({shown[0]}, {name} = {shown[1]})"
        case "previous":
            return f"previous({shown[0]}, initial = {shown[1]})"
        case "bump":
            return f"bump({shown[0]}, width = {shown[1]})"
        case "vonmises":
            return f"vonmises({shown[0]}, kappa = {shown[1]})"
        case "cosine_tuning" | "onehot":
            return f"{expr.function}({shown[0]})"
        case "evidence":
            return f"evidence({shown[0]}, {shown[1]})"
        case "each_unit" | "side_by_side" | "each_ring" | "every_ring":
            return shown[0]
        case "rescale":
            x, *ends = shown
            return f"rescale({x}, of = ({ends[0]}, {ends[1]}), onto = ({ends[2]}, {ends[3]}))"
        case "argmax" | "population_vector":
            inner = expr.arguments[0]
            if isinstance(inner, ir.Call) and inner.function == "time_mean":
                return f"{expr.function}({_show(inner.arguments[0], laws)[0]})"
            return f"{expr.function}({shown[0]})"
    return f"{_REDUCED.get(expr.function, expr.function)}({', '.join(shown)})"


def _where(where: ir.Where, laws: Laws) -> str:
    text = where.first if where.first == where.last else f"{where.first}..{where.last}"
    if where.start is None and where.stop is None:
        return text
    ends = [_show(b.time, laws)[0] if b is not None else "" for b in (where.start, where.stop)]
    return f"{text}[{f'{ends[0]} : {ends[1]}'.strip()}]"
