"""Lowering distributions: from a call or a set to a law on positional arguments."""

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from statistics import NormalDist

from epochal.compiler import calls, channels, expressions, ir, types
from epochal.compiler.distributions import DISTRIBUTIONS, PLANNED, Argument, Distribution, Kind
from epochal.compiler.intervals import constant
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.compiler.walk import refs
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.span import Span

MOST_CELLS = 100_000
MOST_COUNTED = 2**53  # beyond this, a float has not room for every whole number


@dataclass(frozen=True, slots=True)
class TypedLaw:
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
    return node.function.name in DISTRIBUTIONS or node.function.name in PLANNED


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
    what = "the condition after `if`"
    condition = expressions.expect(node.condition, ir.BOOLEAN, scope, setting, what)
    then = law(node.value, scope, setting)
    otherwise = law(node.otherwise, scope, setting)
    if condition is None or then is None or otherwise is None:
        return None
    if isinstance(then.law, ir.Factor) or isinstance(otherwise.law, ir.Factor):
        scope.report.error("E0320", "a balanced variable cannot depend on a condition", node.span)
        return None
    if then.type != otherwise.type:
        scope.report.error(
            "E0305",
            f"both distributions give one type: {types.describe(then.type)} or "
            f"{types.describe(otherwise.type)}",
            node.span,
        )
        return None
    return TypedLaw(ir.EitherLaw(condition.expr, then.law, otherwise.law), then.type, node.span)


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
    if name in PLANNED:
        calls.planned(node, scope)
        return None
    row = DISTRIBUTIONS[name]
    names = tuple(argument.name for argument in row.arguments)
    needed = sum(argument.default is None for argument in row.arguments)
    given = calls.bind(node, names, scope, needed=needed)
    if given is None:
        return None
    if name in ("choice", "balanced", "except"):
        return _members(node, given, scope, setting)
    if name in ("sample", "shuffled", "permutation"):
        return _order(node, given, scope, setting)
    return _quantities(row, node, given, scope, setting)


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
    return _except(node, given, typed, item, scope, setting)


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
    return (members, typed.type.item) if members is not None else None


def _numbers(n: int) -> ir.SetOf:
    return ir.SetOf(tuple(ir.Number(str(i)) for i in range(n)))


def _except(
    node: syntax.Call,
    given: tuple[syntax.Expr, ...],
    typed: Typed,
    item: ir.Type,
    scope: Scope,
    setting: Setting,
) -> TypedLaw | None:
    if not isinstance(item, ir.LabelType):
        scope.report.error(
            "E0601",
            "`except` on a set of numbers is part of the language and not built yet",
            typed.span,
        )
        return None
    if isinstance(typed.expr, ir.SetOf) and typed.expr.weights:
        scope.report.error(
            "E0601",
            "`except` on a set with weights is part of the language and not built yet",
            typed.span,
        )
        return None
    taken = expressions.lower(given[1], scope, setting)
    if taken is None:
        return None
    if not isinstance(taken.type, ir.LabelType) or not set(taken.type.labels) <= set(item.labels):
        message = f"the excepted value is {types.describe(item)}, not {types.describe(taken.type)}"
        scope.report.error("E0303", message, taken.span)
        return None
    if len(item.labels) < 2:
        scope.report.error("E0321", "nothing is left of a set of one label", typed.span)
        return None
    excepted = types.convert(taken.expr, taken.type, item)
    return TypedLaw(ir.Law("except", (typed.expr, excepted)), item, node.span)


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
