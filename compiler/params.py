"""Lowering parameters and what they are bound to."""

from collections.abc import Mapping

from epochal.compiler import expressions, ir, laws, names, trial, types
from epochal.compiler.intervals import Interval, interval
from epochal.compiler.known import members_of, variable_bounds
from epochal.compiler.report import place
from epochal.compiler.scope import PLAIN, Column, Scope, Symbol, Typed
from epochal.compiler.walk import refs
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.span import Span

Bindings = Mapping[str, syntax.Expr]


def params(
    section: syntax.Params | None, bindings: Bindings, scope: Scope
) -> tuple[tuple[ir.Param, ...], tuple[ir.Variable, ...]]:
    """Lower ``params:``; a parameter bound to a distribution also gives a variable."""
    declared = section.params if section else ()
    known = [param.name.name for param in declared]
    for name, value in bindings.items():
        if name not in known:
            scope.unknown(name, value.span, "parameter", known)
    made = [_param(node, bindings.get(node.name.name), scope) for node in declared]
    good = [one for one in made if one is not None]
    drawn = [variable for _, variable in good if variable is not None]
    return tuple(param for param, _ in good), tuple(drawn)


def _param(
    node: syntax.Param, bound: syntax.Expr | None, scope: Scope
) -> tuple[ir.Param, ir.Variable | None] | None:
    if not names.value_name(node.name, scope):
        _declare_unknown(node, scope)
        return None
    if bound is not None and not _same_type(node, bound, scope):
        _declare_unknown(node, scope)
        return None
    value = bound if bound is not None else node.value
    if laws.is_draw(value):
        return _drawn(node, value, scope)
    typed = expressions.lower(value, scope, PLAIN)
    if typed is None or not _can_be_param(typed, scope):
        _declare_unknown(node, scope)
        return None
    allowed = _allowed(node, typed.type, value.span, scope)
    typed = _among(typed, allowed)
    members = members_of(typed.expr, scope.sets)
    bounds = interval(members or typed.expr, scope.known)
    drawn = next((ref for ref in refs(typed.expr) if ref.role is ir.Role.VARIABLE), None)
    if drawn is not None:
        return _from_drawn(node, typed, drawn, bounds, allowed, scope)
    ref = ir.Ref(node.name.name, ir.Role.PARAM)
    scope.declare(
        Symbol(node.name.name, "parameter", typed.type, ref, node.name.span, members=members),
        bounds,
    )
    if isinstance(typed.expr, ir.Number):
        scope.columns[ref] = Column((ref.name,), (typed.expr,), (ref.name,))
    limits = _limits(node, typed.type, bounds, members, allowed, value.span, scope)
    return _made(node, typed.type, typed.expr, limits), None


def _from_drawn(
    node: syntax.Param,
    typed: Typed,
    drawn: ir.Ref,
    bounds: Interval,
    allowed: Typed | None,
    scope: Scope,
) -> tuple[ir.Param, ir.Variable | None] | None:
    """Make a parameter that follows from drawn ones a variable: it differs from trial to trial."""
    name = node.name.name
    if isinstance(typed.type, ir.SetType):
        message = f"the members of a set are the same for all trials, and `{drawn.name}` is drawn"
        scope.report.error("E0323", message, typed.span)
        _declare_unknown(node, scope)
        return None
    ref = ir.Ref(name, ir.Role.VARIABLE)
    scope.declare(Symbol(name, "parameter", typed.type, ref, node.name.span, drawn=True), bounds)
    limits = _limits(node, typed.type, bounds, None, allowed, typed.span, scope)
    definition = ir.Computed(typed.expr)
    variable = ir.Variable((name,), (typed.type,), definition, place(node.span))
    return _made(node, typed.type, None, limits), variable


def _allowed(node: syntax.Param, kind: ir.Type, span: Span, scope: Scope) -> Typed | None:
    """Lower the set after ``within``, where there is one that fits the parameter."""
    if not isinstance(node.within, syntax.Set):
        return None
    allowed = expressions.lower(node.within, scope, PLAIN)
    if allowed is None or not isinstance(allowed.type, ir.SetType):
        return None
    item = kind.item if isinstance(kind, ir.SetType) else kind
    if types.common(item, allowed.type.item) is None:
        message = (
            f"`{node.name.name}` is {types.describe(item)}, and what it may be is "
            f"{types.describe(allowed.type.item)}"
        )
        scope.report.error("E0303", message, allowed.span, Note("its value", span))
        return None
    return allowed


def _among(typed: Typed, allowed: Typed | None) -> Typed:
    """Read a label as one of the labels that the parameter may be bound to."""
    if allowed is None or not isinstance(allowed.type, ir.SetType):
        return typed
    given, item = typed.type, allowed.type.item
    if not isinstance(given, ir.LabelType) or not isinstance(item, ir.LabelType):
        return typed
    if not set(given.labels) <= set(item.labels):
        return typed
    return Typed(types.convert(typed.expr, given, item), item, typed.span)


def _declare_unknown(node: syntax.Param, scope: Scope) -> None:
    """Keep a parameter that could not be read from causing further errors."""
    scope.report.excused |= {node.name.name}


def _same_type(node: syntax.Param, bound: syntax.Expr, scope: Scope) -> bool:
    """Check that a binding has the type of the declared value."""
    declared = _type(node.value, scope)
    given = _type(bound, scope)
    if declared is None or given is None:
        return False
    if declared == given or types.common(declared, given) is not None:
        return True
    if isinstance(declared, ir.SetType) and isinstance(given, ir.SetType):
        joint = types.common(declared.item, given.item)
        if joint is not None:
            return True
    scope.report.error(
        "E0324",
        f"`{node.name.name}` is {types.describe(declared)} and cannot be bound to "
        f"{types.describe(given)}",
        bound.span,
        Note("declared here", node.name.span),
    )
    return False


def _type(node: syntax.Expr, scope: Scope) -> ir.Type | None:
    if laws.is_draw(node):
        law = laws.law(node, scope, PLAIN)
        return law.type if law else None
    typed = expressions.lower(node, scope, PLAIN)
    return typed.type if typed else None


def _can_be_param(typed: Typed, scope: Scope) -> bool:
    if isinstance(typed.type, ir.TupleType):
        scope.report.error("E0325", "a parameter is one value or a set, not a tuple", typed.span)
        return False
    return True


def _drawn(
    node: syntax.Param, value: syntax.Expr, scope: Scope
) -> tuple[ir.Param, ir.Variable | None] | None:
    law = laws.law(value, scope, PLAIN)
    if law is None or isinstance(law.type, ir.TupleType):
        if law is not None:
            scope.report.error("E0325", "a parameter is one value, not a tuple", law.span)
        _declare_unknown(node, scope)
        return None
    name = node.name.name
    key = f"param:{name}"
    definition = law.law if isinstance(law.law, ir.Factor) else ir.Drawn(law.law, key)
    variable = ir.Variable((name,), (law.type,), definition, place(node.span))
    (bounds,) = variable_bounds(variable, scope.known, scope.sets)
    trial.remember_values(variable, scope)
    ref = ir.Ref(name, ir.Role.VARIABLE)
    scope.declare(Symbol(name, "parameter", law.type, ref, node.name.span, drawn=True), bounds)
    allowed = _allowed(node, law.type, value.span, scope)
    limits = _limits(node, law.type, bounds, None, allowed, value.span, scope)
    return _made(node, law.type, None, limits), variable


_Limits = tuple[ir.Expr | None, ir.Expr | None, ir.Expr | None]


def _made(node: syntax.Param, kind: ir.Type, value: ir.Expr | None, limits: _Limits) -> ir.Param:
    return ir.Param(
        name=node.name.name,
        type=kind,
        value=value,
        structural=False,
        low=limits[0],
        high=limits[1],
        allowed=limits[2],
        doc=node.doc,
        at=place(node.span),
    )


def _limits(
    node: syntax.Param,
    kind: ir.Type,
    bounds: Interval,
    members: ir.SetOf | None,
    allowed: Typed | None,
    span: Span,
    scope: Scope,
) -> _Limits:
    """Lower ``within`` and hold the value against it."""
    match node.within:
        case None:
            return None, None, None
        case syntax.Tuple(items=(low, high)):
            return _range(node, kind, bounds, low, high, span, scope)
        case syntax.Set():
            if allowed is None or not isinstance(allowed.expr, ir.SetOf):
                return None, None, None
            if not all(_is_known(one, scope) for one in allowed.expr.items):
                message = "the values after `within` must be known when the task is compiled"
                scope.report.error("E0323", message, node.within.span)
                return None, None, None
            if not _is_allowed(allowed, kind, bounds, members, scope):
                scope.report.error(
                    "E0327",
                    f"`{node.name.name}` may only be one of these values",
                    span,
                    Note("the values it may have", node.within.span),
                )
            return None, None, allowed.expr
        case _:
            scope.report.error(
                "E0326", "after `within` stands a pair (low, high) or a set", node.within.span
            )
            return None, None, None


def _range(
    node: syntax.Param,
    kind: ir.Type,
    bounds: Interval,
    low: syntax.Expr,
    high: syntax.Expr,
    span: Span,
    scope: Scope,
) -> _Limits:
    wanted = kind.item if isinstance(kind, ir.SetType) else kind
    ends = [expressions.expect(end, wanted, scope, PLAIN, "each bound") for end in (low, high)]
    if ends[0] is None or ends[1] is None:
        return None, None, None
    least = interval(ends[0].expr, scope.known).low
    most = interval(ends[1].expr, scope.known).high
    if bounds.low < least or bounds.high > most:
        scope.report.error(
            "E0327",
            f"`{node.name.name}` leaves its bounds",
            span,
            Note("its bounds, both included", node.within.span if node.within else None),
        )
    return ends[0].expr, ends[1].expr, None


def _is_known(value: ir.Expr, scope: Scope) -> bool:
    """Whether a value that a parameter may have is a label, nan or one number."""
    if isinstance(value, ir.Label | ir.Relabel) or value == ir.Number("nan"):
        return True
    return interval(value, scope.known).is_point


def _is_allowed(
    allowed: Typed, kind: ir.Type, bounds: Interval, members: ir.SetOf | None, scope: Scope
) -> bool:
    """Whether a parameter surely is one of the values it may have."""
    item = kind.item if isinstance(kind, ir.SetType) else kind
    assert isinstance(allowed.expr, ir.SetOf)
    assert isinstance(allowed.type, ir.SetType)
    if isinstance(item, ir.LabelType) and isinstance(allowed.type.item, ir.LabelType):
        return set(item.labels) <= set(allowed.type.item.labels)
    values = {interval(one, scope.known).low for one in allowed.expr.items}
    if members is not None:
        given = {interval(item, scope.known).low for item in members.items}
    else:
        given = {bounds.low} if bounds.is_point else {bounds.low, bounds.high}
    return given <= values
