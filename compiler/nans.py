"""Which values may be nan: a comparison with one is false, and so is ``!=``, unlike NumPy's."""

from collections.abc import Collection, Iterator

from epochal.compiler import ir
from epochal.compiler.intervals import Known, interval
from epochal.compiler.walk import definition_expressions, walk


def nan_names(task: ir.Task, known: Known) -> frozenset[str]:
    """Name the parameters and variables that may be nan."""
    found: set[str] = set()
    for names, exprs in _definitions(task):
        if any(may_be_nan(expr, found, known) for expr in exprs):
            found |= set(names)
    return frozenset(found)


def _definitions(task: ir.Task) -> Iterator[tuple[tuple[str, ...], tuple[ir.Expr, ...]]]:
    for param in task.params:
        if param.value is not None:
            yield (param.name,), (param.value,)
    for variable in task.variables:
        yield variable.names, tuple(definition_expressions(variable.definition))


def may_be_nan(expr: ir.Expr, names: Collection[str], known: Known) -> bool:
    """Whether an expression may be nan, where the values of some names may."""
    return any(_makes_nan(node, names, known) for node in walk(expr))


def _makes_nan(node: ir.Expr, names: Collection[str], known: Known) -> bool:
    match node:
        case ir.Number(value):
            return value == "nan"
        case ir.Ref(name):
            return name in names
        case ir.Arithmetic("/", _, b) | ir.Call("mod", (_, b)):
            return 0 in interval(b, known)
        case ir.Arithmetic("**", a, b):
            return interval(a, known).low < 0 and not interval(b, known).whole
        case ir.Call("log" | "sqrt", (x,)):
            return interval(x, known).low < 0
        case _:
            return False
