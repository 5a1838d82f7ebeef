"""Lowering distributions: from a call or a set to a law on positional arguments."""

from fractions import Fraction
from math import gcd, lcm
from statistics import NormalDist

from msgspec import Struct
from msgspec.structs import replace

from epochal.compiler import (
    arrays,
    block_laws,
    calls,
    channels,
    expressions,
    ir,
    left_out,
    processes,
    types,
)
from epochal.compiler.distributions import (
    BLOCK_LAWS,
    DISTRIBUTIONS,
    Argument,
    Distribution,
    Kind,
)
from epochal.compiler.intervals import constant
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.compiler.walk import refs
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.span import Span

MOST_CELLS = 100_000
MOST_COUNTED = 2**53  # beyond this, a float has not room for every whole number


class TypedLaw(Struct, frozen=True):
    """A lowered distribution or factor, and the type of what it gives."""

    law: ir.Distribution | ir.Factor
    type: ir.Type
    span: Span


def is_draw(node: syntax.Expr) -> bool:
    """Whether an expression is a call of a distribution."""
    if isinstance(node, syntax.Conditional):
        return is_draw(node.value) or is_draw(node.otherwise)
    if not isinstance(node, syntax.Call):
        return False
    return node.function.name in DISTRIBUTIONS


def law(node: syntax.Expr, scope: Scope, setting: Setting) -> TypedLaw | None:
    """Lower what stands after ``~``: a distribution, a set, or a choice between two of them."""
    match node:
        case syntax.Conditional():
            return _either(node, scope, setting)
        case syntax.Call() if is_draw(node):
            return _call(node, scope, setting)
        case _:
            return _set(node, scope, setting)


def _either(node: syntax.Conditional, scope: Scope, setting: Setting) -> TypedLaw | None:
    for side in _sides(node):
        if isinstance(side, syntax.Call) and processes.is_process(side):
            processes.misplaced(side, scope, chosen=True)
            return None
    setting = replace(setting, block=False)
    condition = _condition(node.condition, scope, setting)
    then = law(node.value, scope, setting)
    otherwise = law(node.otherwise, scope, setting)
    if condition is None or then is None or otherwise is None:
        return None
    if isinstance(then.law, ir.Factor) or isinstance(otherwise.law, ir.Factor):
        scope.report.error("E0320", "a balanced variable cannot depend on a condition", node.span)
        return None
    joint = then.type if then.type == otherwise.type else _joint(then.type, otherwise.type)
    if joint is None:
        scope.report.error(
            "E0305",
            f"both distributions give one type: {types.describe(then.type)} or "
            f"{types.describe(otherwise.type)}",
            node.span,
        )
        return None
    sides = [_with_labels(side.law, side.type, joint) for side in (then, otherwise)]
    return TypedLaw(ir.EitherLaw(condition.expr, *sides), joint, node.span)


def _condition(node: syntax.Expr, scope: Scope, setting: Setting) -> Typed | None:
    """Lower what chooses between two laws: one truth, or one for each draw of an array."""
    what = "the condition after `if`"
    typed = expressions.expect(node, ir.BOOLEAN, scope, setting, what, each=setting.size > 0)
    if typed is None or arrays.one_of(typed, setting.size).type == ir.BOOLEAN:
        return typed
    message = f"an array of {setting.size} values is drawn, this is {types.describe(typed.type)}"
    scope.report.error("E0334", message, typed.span)
    return None


def _joint(a: ir.Type, b: ir.Type) -> ir.Type | None:
    """Find the labels, or the tuples with labels, that two laws draw from together."""
    pair = (a, b)
    labels = all(isinstance(one, ir.LabelType) for one in pair)
    tuples = all(isinstance(one, ir.TupleType) for one in pair)
    return types.common(a, b) if labels or tuples else None


def _with_labels(
    law: ir.Distribution | ir.Factor, source: ir.Type, target: ir.Type
) -> ir.Distribution:
    """Read the labels that a law draws as those of a wider set."""
    assert not isinstance(law, ir.Factor)
    match law:
        case ir.Law(name, (ir.SetOf(items, weights), *rest)):
            moved = tuple(_with_labels_of(item, source, target) for item in items)
            return ir.Law(name, (ir.SetOf(moved, weights), *rest))
        case ir.EitherLaw(condition, then, otherwise):
            sides = [_with_labels(side, source, target) for side in (then, otherwise)]
            return ir.EitherLaw(condition, *sides)
        case _:
            return law


def _with_labels_of(item: ir.Expr, source: ir.Type, target: ir.Type) -> ir.Expr:
    if isinstance(item, ir.TupleOf):
        assert isinstance(source, ir.TupleType)
        assert isinstance(target, ir.TupleType)
        parts = zip(item.items, source.items, target.items, strict=True)
        return ir.TupleOf(tuple(types.convert(*part) for part in parts))
    return types.convert(item, source, target)


def _sides(node: syntax.Expr) -> tuple[syntax.Expr, ...]:
    """List the laws that a condition chooses between."""
    if not isinstance(node, syntax.Conditional):
        return (node,)
    return (*_sides(node.value), *_sides(node.otherwise))


def _set(node: syntax.Expr, scope: Scope, setting: Setting) -> TypedLaw | None:
    typed = expressions.lower(node, scope, setting)
    if typed is None:
        return None
    if not isinstance(typed.type, ir.SetType):
        scope.report.error(
            "E0319",
            f"after `~` stands a distribution or a set, this is {types.describe(typed.type)}",
            typed.span,
            Note("to compute a value, write `=` instead of `~`"),
        )
        return None
    return TypedLaw(ir.Law("choice", (typed.expr,)), typed.type.item, typed.span)


def _call(node: syntax.Call, scope: Scope, setting: Setting) -> TypedLaw | None:
    name = node.function.name
    if name == "quantize":
        return _quantize(node, scope, setting)
    row = DISTRIBUTIONS[name]
    names = tuple(argument.name for argument in row.arguments)
    needed = sum(argument.default is None for argument in row.arguments)
    given = calls.bind(node, names, scope, needed=needed)
    if given is None:
        return None
    if row.over_time:
        process = processes.law(node, given, scope, setting)
        return TypedLaw(process, ir.SignalType(ir.NUMBER), node.span) if process else None
    if name in BLOCK_LAWS:
        return block_laws.block_law(node, given, scope, setting)
    if name in ("choice", "balanced", "except"):
        return _members(node, given, scope, setting)
    if name in ("sample", "shuffled", "permutation"):
        return _order(node, given, scope, setting)
    return _quantities(row, node, given, scope, setting)


def _quantize(node: syntax.Call, scope: Scope, setting: Setting) -> TypedLaw | None:
    """Lower ``quantize(law, step)``."""
    setting = replace(setting, block=False)
    given = calls.bind(node, ("law", "step"), scope)
    if given is None:
        return None
    inner = law(given[0], scope, setting)
    step = expressions.lower(given[1], scope, setting)
    if inner is None or step is None:
        return None
    step = arrays.one_of(step, setting.size)
    if isinstance(inner.law, ir.Factor) or not isinstance(inner.type, ir.QuantityType):
        what = "a balanced variable" if isinstance(inner.law, ir.Factor) else "this"
        message = f"`quantize` rounds quantities, and {what} gives {types.describe(inner.type)}"
        scope.report.error("E0303", message, inner.span)
        return None
    if step.type != inner.type:
        message = f"the step is {types.describe(inner.type)}, this is {types.describe(step.type)}"
        scope.report.error("E0303", message, step.span)
        return None
    if not expressions.bounds(step.expr, scope).low > 0:
        scope.report.error("E0321", "the step must be above 0 in `quantize`", step.span)
        return None
    return TypedLaw(ir.QuantizedLaw(inner.law, step.expr), inner.type, node.span)


def _quantities(
    row: Distribution,
    node: syntax.Call,
    given: tuple[syntax.Expr, ...],
    scope: Scope,
    setting: Setting,
) -> TypedLaw | None:
    lowered: list[Typed | None] = []
    kind: ir.Type | None = None
    for argument, item in zip(row.arguments, given, strict=False):
        if item is node:
            lowered.append(_default(argument, kind, node))
            continue
        typed = expressions.lower(item, scope, setting)
        typed = arrays.one_of(typed, setting.size) if typed else None
        wanted = ir.NUMBER if argument.kind is Kind.NUMBER else kind
        lowered.append(_fits(typed, argument, wanted, row, scope))
        if argument.kind is Kind.QUANTITY and kind is None and typed is not None:
            kind = types.as_quantity(typed.type)
    lowered += [_default(argument, kind, node) for argument in row.arguments[len(given) :]]
    good = tuple(item.expr for item in lowered if item is not None)
    if len(good) < len(row.arguments):
        return None
    gives = ir.BOOLEAN if row.name == "bernoulli" else kind or ir.NUMBER
    made = TypedLaw(ir.Law(row.name, good), gives, node.span)
    return made if _sensible(row.name, good, node, scope) else None


def _default(argument: Argument, kind: ir.Type | None, node: syntax.Call) -> Typed:
    assert argument.default is not None
    unit = {ir.TIME: ir.Unit.MICROSECOND, ir.FREQUENCY: ir.Unit.HERTZ, ir.ANGLE: ir.Unit.DEGREE}
    base = unit.get(kind, ir.Unit.NONE) if isinstance(kind, ir.QuantityType) else ir.Unit.NONE
    return Typed(ir.Number(argument.default, base), kind or ir.NUMBER, node.span)


def _fits(
    typed: Typed | None, argument: Argument, wanted: ir.Type | None, row: Distribution, scope: Scope
) -> Typed | None:
    if typed is None:
        return None
    quantity = types.as_quantity(typed.type)
    if quantity is None or (wanted is not None and quantity != wanted):
        scope.report.error(
            "E0303",
            f"`{argument.name}` of `{row.name}` is "
            f"{types.describe(wanted) if wanted else 'a quantity'}, "
            f"this is {types.describe(typed.type)}",
            typed.span,
        )
        return None
    return typed


def _sensible(name: str, args: tuple[ir.Expr, ...], node: syntax.Call, scope: Scope) -> bool:
    """Check the arguments of a law against each other, as far as their bounds tell."""
    lows = [expressions.bounds(item, scope).low for item in args]
    highs = [expressions.bounds(item, scope).high for item in args]
    problem = None
    if name in ("uniform", "integers") and lows[0] > highs[1]:
        problem = "`low` is above `high`"
    elif name in ("truncnormal", "exponential", "geometric") and lows[-2] > highs[-1]:
        problem = "`min` is above `max`"
    elif name in ("normal", "truncnormal") and highs[1] < 0:
        problem = "`sd` is negative"
    elif name == "exponential" and highs[0] <= 0:
        problem = "`mean` must be above 0"
    elif name == "bernoulli" and (lows[0] < 0 or highs[0] > 1):
        problem = "`p` must be from 0 to 1"
    elif name == "geometric" and (lows[0] <= 0 or highs[0] > 1):
        problem = "`p` must be above 0 and at most 1"
    elif name == "poisson" and (lows[0] < 0 or highs[0] > 700):
        problem = "`rate` must be from 0 to 700"
    elif name == "integers" and not (lows[0] >= -MOST_COUNTED and highs[1] <= MOST_COUNTED):
        problem = "both ends must be within 2**53"
    elif name == "truncnormal" and _acceptance(args, scope) < 1e-3:
        problem = "fewer than one draw in a thousand falls between `min` and `max`"
    if problem:
        scope.report.error("E0321", f"{problem} in `{name}`", node.span)
    return problem is None


def _acceptance(args: tuple[ir.Expr, ...], scope: Scope) -> float:
    """Say which part of a normal law lies in its range; 1 where the arguments are drawn."""
    points = [expressions.bounds(item, scope) for item in args]
    if not all(one.is_point for one in points) or points[1].low == 0:
        return 1.0
    mean, sd, low, high = (float(one.low) for one in points)
    whole = NormalDist(mean, sd)
    return whole.cdf(high) - whole.cdf(low)


def _members(
    node: syntax.Call, given: tuple[syntax.Expr, ...], scope: Scope, setting: Setting
) -> TypedLaw | None:
    name = node.function.name
    typed = expressions.lower(given[0], scope, setting)
    if typed is None:
        return None
    if not isinstance(typed.type, ir.SetType):
        message = f"`{name}` takes a set, this is {types.describe(typed.type)}"
        scope.report.error("E0303", message, typed.span)
        return None
    item = typed.type.item
    if name == "choice":
        return TypedLaw(ir.Law("choice", (typed.expr,)), item, node.span)
    if name == "balanced":
        factor = _factor(given[0], typed, scope)
        return TypedLaw(factor, item, node.span) if factor else None
    made = left_out.law(given, typed, scope, setting)
    return TypedLaw(made, item, node.span) if made else None


def _order(
    node: syntax.Call, given: tuple[syntax.Expr, ...], scope: Scope, setting: Setting
) -> TypedLaw | None:
    """Lower laws that put members in random order to one: n of a set, none twice."""
    name = node.function.name
    values = _in_order(node, given[0], scope, setting)
    if values is None:
        return None
    members, item = values
    n = len(members.items)
    if name == "sample":
        wanted = channels.count(given[1], scope, "the number to sample")
        if wanted is None:
            return None
        if wanted > n:
            message = f"{wanted} members cannot be sampled from {n} without taking one twice"
            scope.report.error("E0321", message, given[1].span)
            return None
        n = wanted
    law = ir.Law("sample", (ir.SetOf(members.items), ir.Number(str(n))))
    return TypedLaw(law, ir.ArrayType(item, n), node.span)


def _in_order(
    node: syntax.Call, values: syntax.Expr, scope: Scope, setting: Setting
) -> tuple[ir.SetOf, ir.Type] | None:
    """Find what is put in order: the members of a set, or the numbers of a range."""
    if node.function.name == "permutation":
        n = channels.count(values, scope, "the argument of `permutation`")
        return (_numbers(n), ir.NUMBER) if n is not None else None
    typed = expressions.lower(values, scope, setting)
    if typed is None:
        return None
    is_range = isinstance(typed.expr, ir.Call) and typed.expr.function == "range"
    if is_range and isinstance(typed.type, ir.ArrayType):
        return _numbers(typed.type.n), ir.NUMBER
    if not isinstance(typed.type, ir.SetType) or isinstance(typed.type.item, ir.TupleType):
        message = f"`{node.function.name}` takes a set or a range, this is "
        scope.report.error("E0303", message + types.describe(typed.type), typed.span)
        return None
    members = literal_set(typed, scope)
    if members is not None and members.weights:
        message = f"`{node.function.name}` takes every member once, so weights mean nothing to it"
        scope.report.error("E0355", message, typed.span)
        return None
    return (members, typed.type.item) if members is not None else None


def _numbers(n: int) -> ir.SetOf:
    return ir.SetOf(tuple(ir.Number(str(i)) for i in range(n)))


def _factor(node: syntax.Expr, typed: Typed, scope: Scope) -> ir.Factor | None:
    """Write out the levels of a factor and how many cells each takes."""
    members = literal_set(typed, scope)
    if members is None:
        return None
    for part in (*members.items, *members.weights):
        scope.structural |= {ref.name for ref in refs(part)}
    if not members.weights:
        return ir.Factor(members.items, (1,) * len(members.items))
    weights = [constant(weight, scope.known) for weight in members.weights]
    exact = [weight for weight in weights if weight is not None and weight > 0]
    if len(exact) < len(weights):
        scope.report.error(
            "E0322", "the weights of a balanced set are constants above 0", node.span
        )
        return None
    copies = smallest_ratio(exact)
    if sum(copies) > MOST_CELLS:
        scope.report.error(
            "E0501",
            f"these weights need {sum(copies)} cells to balance, more than {MOST_CELLS}",
            node.span,
            Note("choose weights in a simpler ratio"),
        )
        return None
    return ir.Factor(members.items, copies)


def smallest_ratio(weights: list[Fraction]) -> tuple[int, ...]:
    """Bring weights to the smallest whole numbers in the same ratio: 80% and 20% are 4 and 1."""
    scale = lcm(*(weight.denominator for weight in weights))
    whole = [int(weight * scale) for weight in weights]
    divisor = gcd(*whole)
    return tuple(weight // divisor for weight in whole)


def literal_set(typed: Typed, scope: Scope) -> ir.SetOf | None:
    """Find the members of a set that must be known when compiling."""
    match typed.expr:
        case ir.SetOf():
            depends = [ref.name for item in typed.expr.items for ref in _variables(item)]
            if not depends:
                return typed.expr
            message = f"levels depend on parameters only, and `{depends[0]}` is drawn"
            scope.report.error("E0323", message, typed.span)
            return None
        case ir.Ref(name):
            symbol = scope.symbols[name]
            if symbol.members is not None:
                scope.structural.add(name)
                return symbol.members
    scope.report.error("E0323", "the levels of a balanced variable are a set", typed.span)
    return None


def _variables(expr: ir.Expr) -> list[ir.Ref]:
    return [ref for ref in refs(expr) if ref.role is not ir.Role.PARAM]
