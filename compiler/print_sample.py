"""Printing ``sample_trials``: how parameters become columns and how variables are drawn."""

from math import prod

from epochal.compiler import ir, print_session
from epochal.compiler.bounds import Bounds, is_whole
from epochal.compiler.intervals import Known, interval
from epochal.compiler.numpy_text import Printer, number
from epochal.compiler.print_draws import (
    Drawing,
    attempts,
    cells,
    listed,
    places,
    rounded,
    variable_lines,
)
from epochal.compiler.print_line import WIDTH, line, mentioned
from epochal.compiler.print_names import LONGEST, Names, Speaker
from epochal.compiler.print_signals import WORDS, has_words, table_columns
from epochal.compiler.redraw import Attempted, schedule
from epochal.compiler.required import allowed_cells
from epochal.compiler.walk import refs


def arguments(task: ir.Task, names: Names) -> list[str]:
    """Print the parameters as keyword arguments, times in ms, angles in deg."""
    return [f"{names.value(p.name)}={default_text(p)}" for p in task.params if is_argument(p)]


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


def default_text(param: ir.Param) -> str:
    """Print the default of an argument; None where it follows from others."""
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


def body(
    task: ir.Task, longest: ir.Expr, bounds: Bounds, names: Names, *, of_set: bool = False
) -> list[str]:
    """Print the statements of ``sample_trials``.

    In a set of tasks the draws are handed in, and the bound on the length is one number.
    """
    show = Speaker(names).drawing()
    lines = [text for param in task.params for text in _argument(param, bounds.known, show, names)]
    factors = [v for v in task.variables if isinstance(v.definition, ir.Factor)]
    job = Drawing(show, names, places(factors))
    lines += print_session.rows(task, job)
    drawn = any(isinstance(v.definition, ir.Drawn | ir.Factor) for v in task.variables)
    if drawn and not of_set:
        lines.append(line("draw = Draw(n, seed, batch, stream)"))
    if factors:
        lines.append(line(f"cell = {_design(task, factors, bounds)}"))
    for made in schedule(task):
        if isinstance(made, Attempted):
            lines += attempts(made, job)
        elif not print_session.is_wider(made):
            lines += variable_lines(made, job)
    lines += _returned(task, longest, show, names, of_set)
    counts = of_set and "n" in mentioned("\n".join(lines))
    return [line("n = draw.n"), *lines] if counts else lines


def _design(task: ir.Task, factors: list[ir.Variable], bounds: Bounds) -> str:
    """Print the cell of the design that each trial has."""
    allowed = allowed_cells(task, bounds)
    if allowed is None:
        return _dealt(prod(cells(v) for v in factors), task)
    return f"np.array({listed(map(str, allowed))})[{_dealt(len(allowed), task)}]"


def _dealt(n_cells: int, task: ir.Task) -> str:
    """Print how cells are dealt: to the trials of a batch, or of each sequence."""
    if task.session is not None:
        return f"dealt_within(draw, {n_cells}, {print_session.TRIALS})"
    return f"draw.design({n_cells})"


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
    if default_text(param) == "None":
        assert param.value is not None
        default = rounded(param.value, item, show.text(param.value))
        text = f"{default} if {name} is None else {text}"
    return [line(f"{name} = {text}", param.at)] if text != name else []


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
    return listed(_user_bound(item, kind, known) or "np.nan" for item in allowed.items)


def set_columns(task: ir.Task) -> set[str]:
    """Name the parameters that are sets and are read after the trial table has been drawn."""
    sets = {p.name for p in task.params if isinstance(p.type, ir.SetType) and is_argument(p)}
    if not sets:
        return sets
    after = [effect.value for effect in task.effects if effect.value is not None]
    after += [effect.guard for effect in task.effects if effect.guard is not None]
    after += [score.value for score in task.scores]
    after += [epoch.duration for epoch in task.epochs if epoch.duration is not None]
    return {ref.name for expr in after for ref in refs(expr)} & sets


def _returned(
    task: ir.Task, longest: ir.Expr, show: Printer, names: Names, of_set: bool
) -> list[str]:
    """Print the trial table: variables, then parameters, then the bound on the length."""
    bound = show.text(longest)
    if not is_whole(longest):
        bound = f"whole(np.ceil({bound}))"
    lines = []
    if len(bound) > WIDTH - len(f'        "{LONGEST}": np.full(n, ),'):
        lines.append(line(f"longest = {bound}"))
        bound = "longest"
    lines.append(line("return {"))
    for name, _ in table_columns(task):
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
    bound = bound if of_set else f"np.full(n, {bound})"
    lines.append(line(f'"{LONGEST}": {bound},', indent=8))
    if has_words(task) and not of_set:
        lines += [line(f'"{name}": {value},', indent=8) for name, value in WORDS.items()]
    lines.append(line("}"))
    return lines
