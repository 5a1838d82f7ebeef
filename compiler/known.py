"""What values the parameters and variables of a task can take."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from msgspec.structs import replace

from epochal.compiler import ir
from epochal.compiler.intervals import Interval, Known, interval, support
from epochal.compiler.repeats import Chain, chains
from epochal.compiler.types import is_signal

Sets = Mapping[str, ir.SetOf]
"""The members of the parameters that are bound to sets."""


def known_of(task: ir.Task, *, rebound: bool = False) -> Known:
    """Bound every parameter and variable of a task, from the IR alone.

    With ``rebound``, a parameter that the printed functions take as an argument may be anything
    that it may be bound to; else it is what it is bound to.
    """
    known: dict[ir.Ref, Interval] = {}
    sets: dict[str, ir.SetOf] = {}
    for param in task.params:
        if param.value is not None:
            reach = interval(param.value, known)
            if rebound and not param.structural:
                reach = reach.hull(_allowed(param, known) or reach)
            known[ir.Ref(param.name, ir.Role.PARAM)] = reach
            members = members_of(param.value, sets)
            if members is not None:
                sets[param.name] = members
    known |= index_bounds(task.repeats)
    around = chains(task)
    for variable in task.variables:
        inside = index_bounds(_repeats_of(variable, around))
        bounds = variable_bounds(variable, known | inside, sets)
        for name, kind, one in zip(variable.names, variable.types, bounds, strict=True):
            role = ir.Role.SIGNAL if is_signal(kind) else ir.Role.VARIABLE
            known[ir.Ref(name, role)] = one
    return known


def _allowed(param: ir.Param, known: Known) -> Interval | None:
    """Bound what a parameter may be bound to, where that is said."""
    if param.allowed is not None:
        return interval(param.allowed, known)
    if param.low is None or param.high is None:
        return None
    return interval(param.low, known).hull(interval(param.high, known))


def _repeats_of(variable: ir.Variable, around: Mapping[str, Chain]) -> Chain:
    """Find the repeats whose indices the draw of a duration may read."""
    if not isinstance(variable.definition, ir.Drawn):
        return ()
    kind, _, name = variable.definition.key.partition(":")
    return around[name] if kind == "epoch" else ()


def counts(repeat: ir.Repeat) -> Interval:
    """Bound the index of a repeat."""
    return Interval(Fraction(0), Fraction(repeat.most - 1), whole=True)


def index_bounds(repeats: Iterable[ir.Repeat]) -> dict[ir.Ref, Interval]:
    """Bound the indices of repeats; those of one name share their bounds."""
    known: dict[ir.Ref, Interval] = {}
    for repeat in repeats:
        ref = ir.Ref(repeat.index, ir.Role.INDEX)
        known[ref] = counts(repeat).hull(known.get(ref, counts(repeat)))
    return known


def members_of(value: ir.Expr, sets: Sets) -> ir.SetOf | None:
    """Find the members of a set, where a value is one."""
    match value:
        case ir.SetOf():
            return value
        case ir.Ref(name):
            return sets.get(name)
        case _:
            return None


def variable_bounds(variable: ir.Variable, known: Known, sets: Sets) -> tuple[Interval, ...]:
    """Bound each value that one variable gives."""
    match variable.definition:
        case ir.Factor(levels):
            return _columns(levels, len(variable.names), known)
        case ir.Drawn(law) if len(variable.names) > 1:
            return _columns(_tuples(law, sets), len(variable.names), known)
        case ir.Drawn(law):
            return (support(law, known),)
        case ir.Computed(value):
            return (interval(value, known),)
        case ir.Counter(_, most):
            return (Interval(Fraction(0), Fraction(most - 1), whole=True),)
        case ir.PerBlock(inner):
            one = replace(variable, definition=inner)
            return variable_bounds(one, known, sets)


def few_values(variable: ir.Variable, sets: Sets) -> tuple[ir.Expr, ...]:
    """List the values, or tuples of them, that a variable is drawn from; () if they are many."""
    match variable.definition:
        case ir.Factor(levels):
            return levels
        case ir.Drawn(law):
            return _drawn_from(law, sets) or ()
        case ir.PerBlock(inner):
            return few_values(replace(variable, definition=inner), sets)
        case ir.Computed() | ir.Counter():
            return ()


def _drawn_from(law: ir.Distribution, sets: Sets) -> tuple[ir.Expr, ...] | None:
    match law:
        case ir.Law(
            "choice" | "except" | "sample" | "alternate" | "markov" | "in turn", (members, *_)
        ):
            found = members_of(members, sets)
            return found.items if found is not None else None
        case ir.EitherLaw(_, then, otherwise):
            sides = _drawn_from(then, sets), _drawn_from(otherwise, sets)
            return None if sides[0] is None or sides[1] is None else sides[0] + sides[1]
        case _:
            return None


def _tuples(law: ir.Distribution, sets: Sets) -> tuple[ir.Expr, ...]:
    """List the tuples that a draw may give."""
    match law:
        case ir.Law(_, (members, *_)):
            found = members_of(members, sets)
            return found.items if found is not None else ()
        case ir.EitherLaw(_, then, otherwise):
            return _tuples(then, sets) + _tuples(otherwise, sets)
        case ir.Law() | ir.QuantizedLaw():
            return ()


def _columns(levels: tuple[ir.Expr, ...], n: int, known: Known) -> tuple[Interval, ...]:
    """Bound each place of a list of tuples, or the values of a plain list."""
    if n == 1:
        return (interval(ir.SetOf(levels), known),)
    rows = [level.items for level in levels if isinstance(level, ir.TupleOf)]
    columns = zip(*rows, strict=True)
    return tuple(interval(ir.SetOf(tuple(column)), known) for column in columns)
