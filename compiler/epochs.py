"""Lowering ``epochs:``: the timeline and the draws that stand in durations."""

from fractions import Fraction

from epochal.compiler import expressions, ir, laws, names
from epochal.compiler.intervals import Interval
from epochal.compiler.known import variable_bounds
from epochal.compiler.report import place
from epochal.compiler.scope import Scope, Setting, Symbol, Typed
from epochal.compiler.trial import not_built
from epochal.compiler.walk import refs
from epochal.dsl import syntax

MOST_REPEATS = 1000

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
            case syntax.Repeat():
                epochs += _repeat(item, drawn, scope)
            case syntax.UntilEnd():
                epochs += _until_end(item, section, scope)
            case syntax.Epoch():
                epochs += _epoch(item, drawn, scope)
    if length is not None and not isinstance(section.items[-1], syntax.UntilEnd):
        scope.report.error(
            "E0407", "with `length:` the last epoch is `NAME: until end`", section.items[-1].span
        )
    return length, tuple(epochs), tuple(drawn)


def _repeat(item: syntax.Repeat, drawn: list[ir.Variable], scope: Scope) -> list[ir.Epoch]:
    """Lower a group of epochs; its index is known in its durations."""
    count = expressions.expect(item.count, ir.NUMBER, scope, Setting(), "the count of a repeat")
    if count is None or not names.value_name(item.index, scope):
        scope.report.excused |= _inside(item)
        return []
    bounds = expressions.bounds(count.expr, scope)
    if not bounds.whole or bounds.low < 0 or bounds.high > MOST_REPEATS:
        scope.report.error(
            "E0426",
            f"the count of a repeat is a whole number from 0 to {MOST_REPEATS}, and this may be "
            + ("another" if bounds.whole else "no whole number"),
            count.span,
        )
        scope.report.excused |= _inside(item)
        return []
    scope.structural |= {r.name for r in refs(count.expr) if r.role is ir.Role.PARAM}
    most = max(int(bounds.high), 1)
    symbol = _index(item, most, scope)
    epochs: list[ir.Epoch] = []
    for inner in item.body:
        if isinstance(inner, syntax.Epoch):
            epochs += _epoch(inner, drawn, scope, most, symbol.ref)
        elif isinstance(inner, syntax.Repeat):
            not_built("a repeat inside a repeat", inner.span, scope)
            scope.report.excused |= _inside(inner)
        else:
            scope.report.error(
                "E0407", "`length:` and `until end` stand outside of repeats", inner.span
            )
    del scope.symbols[item.index.name]
    if epochs:
        ends = epochs[0].name, epochs[-1].name
        at = place(item.count.span)
        fixed = ir.Number(str(most)) if bounds.is_point and bounds.low > 0 else count.expr
        scope.repeats.append(ir.Repeat(*ends, item.index.name, fixed, most, at))
        scope.indices[item.index.name] = symbol
    return epochs


def _index(item: syntax.Repeat, most: int, scope: Scope) -> Symbol:
    """Declare the index of a repeat."""
    ref = ir.Ref(item.index.name, ir.Role.INDEX)
    symbol = Symbol(item.index.name, "index", ir.NUMBER, ref, item.index.span, drawn=True)
    scope.declare(symbol, Interval(Fraction(0), Fraction(most - 1), whole=True))
    return symbol


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


def _epoch(
    item: syntax.Epoch,
    drawn: list[ir.Variable],
    scope: Scope,
    most: int = 0,
    index: ir.Ref | None = None,
) -> list[ir.Epoch]:
    if not _declare(item.name, scope):
        return []
    name = item.name.name
    inside: list[ir.Variable] = []

    def take(node: syntax.Call, setting: Setting) -> Typed | None:
        return _take_draw(name, node, inside, scope, most, index)

    typed = expressions.expect(item.duration, ir.TIME, scope, Setting(draw=take), "a duration")
    if typed is None:
        return []
    drawn += inside
    return [ir.Epoch(name, typed.expr, item.doc, place(item.span))]


def _take_draw(
    epoch: str,
    node: syntax.Call,
    inside: list[ir.Variable],
    scope: Scope,
    most: int,
    index: ir.Ref | None,
) -> Typed | None:
    """Turn a draw inside a duration into a variable of the epoch's name.

    In a repeat it is an array of ``most`` values, one for each repetition.
    """
    if inside:
        scope.report.error("E0408", "a duration holds one draw; draw in `trial`", node.span)
        return None
    law = laws.law(node, scope, Setting())
    if law is None:
        return None
    if isinstance(law.law, ir.Factor) or isinstance(law.type, ir.TupleType | ir.LabelType):
        scope.report.error("E0408", "draw this in `trial` and use its name here", node.span)
        return None
    column = epoch
    while column in scope.symbols:
        column += "_epoch"
    ref = ir.Ref(column, ir.Role.VARIABLE)
    kind = ir.ArrayType(law.type, most) if index is not None else law.type
    definition = ir.Drawn(law.law, f"epoch:{epoch}", most)
    variable = ir.Variable((column,), (kind,), definition, place(node.span))
    (scope.known[ref],) = variable_bounds(variable, scope.known, scope.sets)
    inside.append(variable)
    return Typed(ir.Index(ref, index) if index is not None else ref, law.type, node.span)
