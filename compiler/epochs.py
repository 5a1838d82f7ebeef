"""Lowering ``epochs:``: the timeline and the draws that stand in durations."""

from epochal.compiler import expressions, ir, laws, names
from epochal.compiler.known import variable_bounds
from epochal.compiler.report import place
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.compiler.trial import not_built
from epochal.dsl import syntax

Timeline = tuple[ir.Expr | None, tuple[ir.Epoch, ...], tuple[ir.Variable, ...]]


def timeline(section: syntax.Epochs, scope: Scope) -> Timeline:
    """Lower the epochs; give the trial's length where it is set, and the variables drawn."""
    length: ir.Expr | None = None
    epochs: list[ir.Epoch] = []
    drawn: list[ir.Variable] = []
    for place_, item in enumerate(section.items):
        match item:
            case syntax.TrialLength():
                length = _length(item, place_, scope)
            case syntax.Repeat(span=span):
                not_built("`repeat`", span, scope)
                scope.report.excused |= _inside(item)
            case syntax.UntilEnd():
                epochs += _until_end(item, section, scope)
            case syntax.Epoch():
                epochs += _epoch(item, drawn, scope)
    if length is not None and not isinstance(section.items[-1], syntax.UntilEnd):
        scope.report.error(
            "E0407", "with `length:` the last epoch is `NAME: until end`", section.items[-1].span
        )
    return length, tuple(epochs), tuple(drawn)


def _inside(item: syntax.Repeat) -> set[str]:
    """List the epochs and the index of a repeat."""
    found = {item.index.name}
    for node in names.walk(item.body):
        if isinstance(node, syntax.Epoch | syntax.UntilEnd):
            found.add(node.name.name)
    return found


def _length(item: syntax.TrialLength, position: int, scope: Scope) -> ir.Expr | None:
    if position != 0:
        scope.report.error("E0407", "`length:` is the first line of `epochs`", item.span)
    typed = expressions.expect(item.duration, ir.TIME, scope, Setting(), "the length of a trial")
    if typed is None:
        return None
    for ref in {node.name for node in names.walk(item.duration) if isinstance(node, syntax.Name)}:
        if ref in scope.symbols and scope.symbols[ref].drawn:
            scope.report.error(
                "E0407", f"the length is the same for all trials, and `{ref}` is drawn", typed.span
            )
            return None
    return typed.expr


def _until_end(item: syntax.UntilEnd, section: syntax.Epochs, scope: Scope) -> list[ir.Epoch]:
    if not isinstance(section.items[0], syntax.TrialLength):
        scope.report.error(
            "E0407", "`until end` needs `length:` as the first line of `epochs`", item.span
        )
    if item is not section.items[-1]:
        scope.report.error("E0407", "`until end` is the last epoch", item.span)
    if not _declare(item.name, scope):
        return []
    return [ir.Epoch(item.name.name, None, item.doc, place(item.span))]


def _declare(name: syntax.Ident, scope: Scope) -> bool:
    if name.name in scope.epochs:
        scope.report.error("E0212", f"`{name.name}` is already an epoch", name.span)
        return False
    scope.epochs[name.name] = len(scope.epochs)
    return True


def _epoch(item: syntax.Epoch, drawn: list[ir.Variable], scope: Scope) -> list[ir.Epoch]:
    if not _declare(item.name, scope):
        return []
    name = item.name.name
    inside: list[ir.Variable] = []

    def take(node: syntax.Call, setting: Setting) -> Typed | None:
        return _take_draw(name, node, inside, scope)

    typed = expressions.expect(item.duration, ir.TIME, scope, Setting(draw=take), "a duration")
    if typed is None:
        return []
    drawn += inside
    return [ir.Epoch(name, typed.expr, item.doc, place(item.span))]


def _take_draw(
    epoch: str, node: syntax.Call, inside: list[ir.Variable], scope: Scope
) -> Typed | None:
    """Turn a draw inside a duration into a variable of the epoch's name."""
    if inside:
        scope.report.error("E0408", "a duration holds one draw; draw in `trial`", node.span)
        return None
    law = laws.law(node, scope, Setting())
    if law is None:
        return None
    if isinstance(law.law, ir.Factor) or isinstance(law.type, ir.TupleType | ir.LabelType):
        scope.report.error("E0408", "draw this in `trial` and use its name here", node.span)
        return None
    column = epoch if epoch not in scope.symbols else f"{epoch}_epoch"
    ref = ir.Ref(column, ir.Role.VARIABLE)
    definition = ir.Drawn(law.law, f"epoch:{epoch}")
    variable = ir.Variable((column,), (law.type,), definition, place(node.span))
    (scope.known[ref],) = variable_bounds(variable, scope.known, scope.sets)
    inside.append(variable)
    return Typed(ref, law.type, node.span)
