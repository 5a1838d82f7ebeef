"""Looking back in a session: lowering `previous`, and why a requirement may not do it."""

from collections.abc import Iterator

from epochal.compiler import arrays, expressions, ir, types
from epochal.compiler.redraw import attempts_of
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.compiler.walk import definition_expressions, looks_back, refs, walk
from epochal.dsl import syntax

LOOKED_AT = (ir.Role.VARIABLE, ir.Role.SCORE)


def previous(
    node: syntax.Call, arguments: tuple[syntax.Expr, ...], scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``previous(x, initial = e)``."""
    if not scope.looks_back:
        scope.report.error("E0436", _why_not(scope), node.span)
        return None
    x = expressions.lower(arguments[0], scope, setting)
    initial = expressions.lower(arguments[1], scope, setting)
    if x is None or initial is None:
        return None
    if not _is_looked_at(x.expr):
        message = "`previous` looks at a variable of the trial before, and this is none"
        scope.report.error("E0436", message, x.span)
        return None
    return _joined(node, x, initial, scope)


def _why_not(scope: Scope) -> str:
    if scope.session is None:
        return "`previous` looks at the trial before in a session, and there is no `session:`"
    return (
        "`previous` looks at the trial before, and this is not about a trial: it stands in "
        "`trial:`, `epochs:`, `during` and `score:`"
    )


def _is_looked_at(expr: ir.Expr) -> bool:
    match expr:
        case ir.Ref(_, role):
            return role in LOOKED_AT
        case ir.Call("previous"):
            return True
    return False


def _joined(node: syntax.Call, x: Typed, initial: Typed, scope: Scope) -> Typed | None:
    """Give both values one type; an array takes one initial value for all, or one for each."""
    one, first = arrays.single(x), arrays.single(initial)
    joint = types.common(one.type, first.type)
    is_single = not isinstance(x.type, ir.ArrayType) and isinstance(initial.type, ir.ArrayType)
    if joint is None or is_single or any(_is_index(ref) for ref in refs(initial.expr)):
        scope.report.error(
            "E0303",
            f"`initial` stands in for {types.describe(x.type)} on the first trial, "
            f"this is {types.describe(initial.type)}",
            initial.span,
        )
        return None
    sides = (one, first)
    if joint == ir.NUMBER:
        sides = one.counted(), first.counted()
    made = ir.Call("previous", tuple(types.convert(s.expr, s.type, joint) for s in sides))
    return arrays.many(Typed(made, joint, node.span), (x, initial), scope)


def _is_index(ref: ir.Ref) -> bool:
    return ref.role is ir.Role.INDEX


def broken_requirements(task: ir.Task) -> Iterator[tuple[ir.Requirement, str]]:
    """Yield the requirements that look back, and say what each looks at.

    A redraw in one trial would change what the next one must meet, so that no order of redraws
    settles all trials at once.
    """
    for requirement in task.requirements:
        name = _seen(requirement.condition, task)
        if name is not None:
            yield requirement, name
    for group in attempts_of(task):
        made = {name for variable in group.variables for name in variable.names}
        for variable in group.variables:
            for expr in definition_expressions(variable.definition):
                seen = _looked_at(expr) & made
                if seen and _seen(group.requirements[0].condition, task) is None:
                    yield group.requirements[0], min(seen)


def _seen(expr: ir.Expr, task: ir.Task) -> str | None:
    """Name what an expression looks back at, itself or through computed variables."""
    if looks_back(expr):
        return min(_looked_at(expr))
    for ref in refs(expr):
        variable = next((v for v in task.variables if ref.name in v.names), None)
        if variable is not None and isinstance(variable.definition, ir.Computed):
            found = _seen(variable.definition.value, task)
            if found is not None:
                return found
    return None


def _looked_at(expr: ir.Expr) -> set[str]:
    """Name the variables that are read from the trial before."""
    return {
        ref.name
        for node in walk(expr)
        if isinstance(node, ir.Call) and node.function == "previous"
        for ref in refs(node.arguments[0])
    }
