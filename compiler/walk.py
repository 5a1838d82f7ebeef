"""Going through expressions: one walk, one rewrite."""

from collections.abc import Callable, Iterator
from typing import assert_never

from msgspec.structs import replace

from epochal.compiler import ir


def children(expr: ir.Expr) -> tuple[ir.Expr, ...]:
    """List the expressions directly inside one, in the order written."""
    match expr:
        case ir.Number() | ir.Truth() | ir.Label() | ir.Ref() | ir.Elapsed():
            return ()
        case ir.Negative(x) | ir.Not(x) | ir.Relabel(x):
            return (x,)
        case ir.Arithmetic(_, a, b) | ir.Comparison(_, a, b) | ir.Logical(_, a, b):
            return (a, b)
        case ir.Conditional(condition, then, otherwise):
            return (condition, then, otherwise)
        case ir.Call(_, arguments) | ir.External(_, arguments):
            return arguments
        case ir.SetOf(items, weights):
            return (*items, *weights)
        case ir.TupleOf(items):
            return items
        case ir.Lookup(key, rows, values):
            return (key, *rows, *values)
        case ir.MemberOf(x, values):
            return (x, values)
        case ir.Index(x, i):
            return (x, i)
        case ir.Series(_, where):
            return tuple(bound.time for bound in (where.start, where.stop) if bound is not None)
    assert_never(expr)


SIGNAL_FUNCTIONS = frozenset({"latch", "integral", "lag", "ema"})


def is_moving(expr: ir.Expr) -> bool:
    """Whether a value changes within a span: it uses ``t`` or a signal."""
    return any(
        isinstance(node, ir.Elapsed)
        or (isinstance(node, ir.Ref) and node.role is ir.Role.SIGNAL)
        or (isinstance(node, ir.Call) and node.function in SIGNAL_FUNCTIONS)
        for node in walk(expr)
    )


def walk(expr: ir.Expr) -> Iterator[ir.Expr]:
    """Yield an expression and everything inside it, outermost first."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def looks_back(expr: ir.Expr) -> bool:
    """Whether an expression reads the trial before."""
    return any(isinstance(node, ir.Call) and node.function == "previous" for node in walk(expr))


def rewrite(expr: ir.Expr, change: Callable[[ir.Expr], ir.Expr]) -> ir.Expr:
    """Rebuild an expression from the inside out, passing every node through ``change``.

    What `previous` reads belongs to another trial and stays as it is.
    """
    match expr:
        case ir.Call("previous"):
            pass
        case ir.Negative(x) | ir.Not(x) | ir.Relabel(x):
            expr = replace(expr, x=rewrite(x, change))
        case ir.Arithmetic(_, a, b) | ir.Comparison(_, a, b) | ir.Logical(_, a, b):
            expr = replace(expr, a=rewrite(a, change), b=rewrite(b, change))
        case ir.Conditional(condition, then, otherwise):
            expr = ir.Conditional(
                rewrite(condition, change), rewrite(then, change), rewrite(otherwise, change)
            )
        case ir.Call(function, arguments):
            expr = ir.Call(function, tuple(rewrite(item, change) for item in arguments))
        case ir.TupleOf(items):
            expr = ir.TupleOf(tuple(rewrite(item, change) for item in items))
        case ir.Lookup(key, rows, values, gives):
            made = tuple(rewrite(item, change) for item in values)
            expr = ir.Lookup(rewrite(key, change), rows, made, gives)
        case ir.External(arguments=arguments):
            inner = tuple(rewrite(item, change) for item in arguments)
            expr = replace(expr, arguments=inner)
        case ir.MemberOf(x, values):
            expr = ir.MemberOf(rewrite(x, change), values)
        case ir.Index(x, i):
            expr = ir.Index(rewrite(x, change), rewrite(i, change))
        case _:
            pass
    return change(expr)


def refs(expr: ir.Expr) -> Iterator[ir.Ref]:
    """Yield every reference inside an expression."""
    for node in walk(expr):
        if isinstance(node, ir.Ref):
            yield node


def law_expressions(law: ir.Distribution) -> tuple[ir.Expr, ...]:
    """List the expressions a distribution depends on."""
    match law:
        case ir.Law(_, arguments):
            return arguments
        case ir.EitherLaw(condition, then, otherwise):
            return (condition, *law_expressions(then), *law_expressions(otherwise))
        case ir.QuantizedLaw(inner, step):
            return (*law_expressions(inner), step)
    assert_never(law)


def definition_expressions(definition: ir.Definition) -> tuple[ir.Expr, ...]:
    """List the expressions a variable depends on."""
    match definition:
        case ir.Factor(levels):
            return levels
        case ir.Drawn(law):
            return law_expressions(law)
        case ir.Computed(value):
            return (value,)
        case ir.Counter():
            return ()
        case ir.PerBlock(inner):
            return definition_expressions(inner)
    assert_never(definition)
