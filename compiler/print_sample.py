"""Printing ``sample_trials``: how parameters become columns and how variables are drawn."""

from collections.abc import Iterable
from math import prod
from typing import assert_never

from epochal.compiler import ir
from epochal.compiler.bounds import is_whole
from epochal.compiler.distributions import DISTRIBUTIONS
from epochal.compiler.intervals import Known, interval
from epochal.compiler.numpy_text import Printer, Shape, number
from epochal.compiler.print_line import line
from epochal.compiler.print_names import LONGEST, Names, Speaker
from epochal.compiler.walk import refs


def arguments(task: ir.Task, names: Names) -> list[str]:
    """Print the parameters as keyword arguments, times in ms, angles in deg."""
    return [f"{names.value(p.name)}={_default(p)}" for p in task.params if is_argument(p)]


def is_argument(param: ir.Param) -> bool:
    """Whether a parameter is an argument of the printed functions."""
    return not param.structural and param.value is not None


def user_number(literal: ir.Number) -> str:
    """Print a literal in the units of the Python interface: times in ms, angles in deg."""
    if literal.unit is ir.Unit.MICROSECOND:
        return repr(int(literal.value) / 1000)
    if literal.unit is ir.Unit.NONE:
        return number(literal.value, literal.unit)
    return repr(float(number(literal.value, literal.unit)))


def _default(param: ir.Param) -> str:
    match param.value:
        case ir.Number():
            return user_number(param.value)
        case ir.Truth(value):
            return repr(value)
        case ir.SetOf(items) if all(isinstance(item, ir.Number) for item in items):
            shown = [user_number(item) for item in items if isinstance(item, ir.Number)]
            return f"({', '.join(shown)}{',' if len(shown) == 1 else ''})"
        case _:
            return "None"


def body(task: ir.Task, longest: ir.Expr, known: Known, names: Names) -> list[str]:
    """Print the statements of ``sample_trials``."""
    show = Speaker(names).drawing()
    lines = [text for param in task.params for text in _argument(param, known, show, names)]
    factors = [v for v in task.variables if isinstance(v.definition, ir.Factor)]
    drawn = any(not isinstance(v.definition, ir.Computed) for v in task.variables)
    if drawn:
        lines.append(line("draw = Draw(n, seed, batch, stream)"))
    if factors:
        lines.append(line(f"cell = draw.design({prod(_cells(v) for v in factors)})"))
    stride = 1
    for variable in task.variables:
        match variable.definition:
            case ir.Factor():
                rest = variable is factors[-1]
                lines += _factor(variable, variable.definition, stride, rest, show, names)
                stride *= _cells(variable)
            case ir.Drawn(law, key):
                lines += _drawn(variable, law, key, show, names)
            case ir.Computed(value):
                text = _computed(value, variable.types[0], show)
                lines.append(line(f"{names.value(variable.names[0])} = {text}", variable.at))
            case other:
                assert_never(other)
    return [*lines, *_returned(task, longest, show, names)]


def _argument(param: ir.Param, known: Known, show: Printer, names: Names) -> list[str]:
    """Bring a parameter to base units and check its bounds."""
    if not is_argument(param):
        return []
    name = names.value(param.name)
    item = param.type.item if isinstance(param.type, ir.SetType) else param.type
    unit, convert = _user_unit(item)
    title = f"{param.name} ({unit})" if unit else param.name
    checked = name
    ends = [_user_bound(end, item, known) for end in (param.low, param.high)]
    if ends[0] is not None and ends[1] is not None:
        checked = f'hold({name}, {ends[0]}, {ends[1]}, "{title}")'
    elif param.allowed is not None:
        checked = f'one_of({name}, {_user_set(param.allowed, item, known)}, "{title}")'
    text = convert.format(checked)
    if isinstance(param.type, ir.SetType) and not convert.startswith("us("):
        text = f"np.asarray({text})"
    if _default(param) == "None":
        assert param.value is not None
        default = _whole(param.value, item, show.text(param.value))
        text = f"{default} if {name} is None else {text}"
    return [line(f"{name} = {text}", param.at)] if text != name else []


def _whole(expr: ir.Expr, kind: ir.Type, text: str) -> str:
    """Round a printed time, where it may not be whole."""
    return f"whole({text})" if kind == ir.TIME and not is_whole(expr) else text


def _user_unit(kind: ir.Type) -> tuple[str, str]:
    return {
        ir.TIME: ("ms", "us({})"),
        ir.FREQUENCY: ("Hz", "{}"),
        ir.ANGLE: ("deg", "{}"),
        ir.BOOLEAN: ("", "bool({})"),
    }.get(kind if isinstance(kind, ir.QuantityType | ir.BoolType) else ir.NUMBER, ("", "{}"))


def _user_bound(end: ir.Expr | None, kind: ir.Type, known: Known) -> str | None:
    """Print a bound in the units of the Python interface; None where it is not one number."""
    if end is None:
        return None
    if isinstance(end, ir.Number):
        return user_number(end)
    reach = interval(end, known)
    return repr(float(reach.low) / (1000 if kind == ir.TIME else 1)) if reach.is_point else None


def _user_set(allowed: ir.Expr, kind: ir.Type, known: Known) -> str:
    """Print the values that a parameter may have in the units of the Python interface."""
    assert isinstance(allowed, ir.SetOf)
    return _tuple(_user_bound(item, kind, known) or "np.nan" for item in allowed.items)


def _cells(variable: ir.Variable) -> int:
    assert isinstance(variable.definition, ir.Factor)
    return sum(variable.definition.copies)


def _factor(
    variable: ir.Variable,
    factor: ir.Factor,
    stride: int,
    rest: bool,
    show: Printer,
    names: Names,
) -> list[str]:
    """Print which level of a factor each cell of the design has."""
    cells = sum(factor.copies)
    place = "cell" if stride == 1 else f"cell // {stride}"
    if not rest:
        place = f"{place} % {cells}"
    if cells > len(factor.levels):
        repeats = f"np.repeat(np.arange({len(factor.levels)}), {_tuple(map(str, factor.copies))})"
        place = f"{repeats}[{place}]"
    return _levels(variable, factor.levels, place, show, names)


def _levels(
    variable: ir.Variable,
    levels: tuple[ir.Expr, ...],
    place: str,
    show: Printer,
    names: Names,
) -> list[str]:
    """Print the members of a list that stand at some places."""
    locals_ = [names.value(name) for name in variable.names]
    if all(isinstance(level, ir.Label) for level in levels):
        return [line(f"{locals_[0]} = {place}", variable.at)]
    if len(locals_) == 1:
        table = _table(levels, show, names)
        return [line(f"{locals_[0]} = np.array({table})[{place}]", variable.at)]
    row = names.row(variable.names)
    lines = [line(f"{row} = {place}", variable.at)]
    for i, name in enumerate(locals_):
        column = tuple(level.items[i] for level in levels if isinstance(level, ir.TupleOf))
        lines.append(line(f"{name} = np.array({_table(column, show, names)})[{row}]", variable.at))
    return lines


def _table(levels: tuple[ir.Expr, ...], show: Printer, names: Names) -> str:
    """Print a list of levels, by the constant of a parameter that holds the same."""
    for param in names.task.params:
        if param.structural and isinstance(param.value, ir.SetOf) and param.value.items == levels:
            return names.structural(param.name)
    return _tuple(show.text(level) for level in levels)


def _tuple(items: Iterable[str]) -> str:
    shown = list(items)
    return f"({', '.join(shown)}{',' if len(shown) == 1 else ''})"


def _drawn(
    variable: ir.Variable, law: ir.Distribution, key: str, show: Printer, names: Names
) -> list[str]:
    """Print a draw."""
    unit = f'draw.unit("{key}")'
    if len(variable.names) > 1:
        assert isinstance(law, ir.Law)
        return _tuple_draw(variable, law, unit, show, names)
    lines = []
    if isinstance(law, ir.EitherLaw):
        lines.append(line(f"u = {unit}", variable.at))
        unit = "u"
    text = _law(law, unit, key, variable.types[0], show, names)
    return [*lines, line(f"{names.value(variable.names[0])} = {text}", variable.at)]


def _tuple_draw(
    variable: ir.Variable, law: ir.Law, unit: str, show: Printer, names: Names
) -> list[str]:
    members = law.arguments[0]
    if isinstance(members, ir.Ref):
        param = names.param(members.name)
        assert param is not None
        assert param.value is not None
        members = param.value
    assert isinstance(members, ir.SetOf)
    place = _place(members, unit, show)
    return _levels(variable, members.items, place, show, names)


def _place(members: ir.SetOf, unit: str, show: Printer) -> str:
    if members.weights:
        return f"weighted({unit}, {_tuple(show.text(weight) for weight in members.weights)})"
    return f"pick({unit}, {len(members.items)})"


def _law(
    law: ir.Distribution, unit: str, key: str, kind: ir.Type, show: Printer, names: Names
) -> str:
    match law:
        case ir.EitherLaw(condition, then, otherwise):
            sides = [_law(side, unit, key, kind, show, names) for side in (then, otherwise)]
            return f"np.where({show.text(condition)}, {sides[0]}, {sides[1]})"
        case ir.Law("choice", (members,)):
            return _choice(members, unit, show, names)
        case ir.Law("except", (ir.SetOf(items), taken)):
            return f"except_index({unit}, {len(items)}, {show.text(taken)})"
        case ir.Law(name, arguments_):
            shown = ", ".join(show.text(item) for item in arguments_)
            text = f"{name}({unit}, {shown})"
            if name == "truncnormal":
                text = f'{name}(draw, "{key}", {shown})'
            whole = kind == ir.TIME and not DISTRIBUTIONS[name].whole
            return f"whole({text})" if whole else text
    raise AssertionError(law)


def _choice(members: ir.Expr, unit: str, show: Printer, names: Names) -> str:
    match members:
        case ir.Ref():
            param = names.param(members.name)
            assert param is not None
            if isinstance(param.value, ir.SetOf) and param.value.weights:
                return f"np.array({show.text(members)})[{_place(param.value, unit, show)}]"
            return f"choice({unit}, {show.text(members)})"
        case ir.SetOf(items):
            if all(isinstance(item, ir.Label) for item in items):
                return _place(members, unit, show)
            if members.weights:
                return f"np.array({show.text(members)})[{_place(members, unit, show)}]"
            return f"choice({unit}, {show.text(members)})"
    raise AssertionError(members)


def _computed(value: ir.Expr, kind: ir.Type, show: Printer) -> str:
    shown = show.show(value)
    text = _whole(value, kind, shown.text)
    return f"np.full(n, {text})" if shown.shape is Shape.CONSTANT else text


def set_columns(task: ir.Task) -> set[str]:
    """Name the parameters that are sets and are read after the trial table has been drawn."""
    after = [effect.value for effect in task.effects if effect.value is not None]
    after += [effect.guard for effect in task.effects if effect.guard is not None]
    after += [score.value for score in task.scores]
    after += [epoch.duration for epoch in task.epochs if epoch.duration is not None]
    sets = {p.name for p in task.params if isinstance(p.type, ir.SetType) and is_argument(p)}
    return {ref.name for expr in after for ref in refs(expr)} & sets


def _returned(task: ir.Task, longest: ir.Expr, show: Printer, names: Names) -> list[str]:
    """Print the trial table: variables, then parameters, then the bound on the length."""
    lines = [line("return {")]
    for variable in task.variables:
        for name in variable.names:
            lines.append(line(f'"{name}": {names.value(name)},', indent=8))
    sets = set_columns(task)
    for param in task.params:
        if not is_argument(param):
            continue
        name = names.value(param.name)
        if param.name in sets:
            lines.append(line(f'"{param.name}": np.tile({name}, (n, 1)),', indent=8))
        elif not isinstance(param.type, ir.SetType):
            lines.append(line(f'"{param.name}": np.full(n, {name}),', indent=8))
    bound = show.text(longest)
    if not is_whole(longest):
        bound = f"whole(np.ceil({bound}))"
    lines.append(line(f'"{LONGEST}": np.full(n, {bound}),', indent=8))
    lines.append(line("}"))
    return lines
