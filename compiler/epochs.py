"""Lowering ``epochs:``: the timeline and the draws that stand in durations."""

from msgspec.structs import replace

from epochal.compiler import expressions, ir, laws, names
from epochal.compiler.known import variable_bounds
from epochal.compiler.repeats import Chain, index_of, number, times
from epochal.compiler.report import place
from epochal.compiler.scope import Scope, Setting, Symbol, Typed
from epochal.compiler.walk import refs
from epochal.dsl import syntax

MOST_REPEATS = 1000
MOST_EPOCHS = 5000

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
    total = sum(times(scope.chains[epoch.name]) for epoch in epochs)
    if total > MOST_EPOCHS:
        message = f"a trial may have {total} epochs, repetitions counted, more than {MOST_EPOCHS}"
        scope.report.error("E0503", message, section.items[-1].span)
    return length, tuple(epochs), tuple(drawn)


def _repeat(
    item: syntax.Repeat, drawn: list[ir.Variable], scope: Scope, around: Chain = ()
) -> list[ir.Epoch]:
    """Lower a group of epochs; its index is known in its durations and in groups inside."""
    repeat = _header(item, scope, around)
    if repeat is None:
        scope.report.excused |= _inside(item)
        return []
    ref = index_of(repeat)
    scope.indices[repeat.index] = Symbol(
        repeat.index, "index", ir.NUMBER, ref, item.index.span, drawn=True
    )
    position = len(scope.repeats)
    epochs: list[ir.Epoch] = []
    with scope.inside((repeat,)):
        for inner in item.body:
            if isinstance(inner, syntax.Epoch):
                epochs += _epoch(inner, drawn, scope, (*around, repeat))
            elif isinstance(inner, syntax.Repeat):
                epochs += _repeat(inner, drawn, scope, (*around, repeat))
            else:
                scope.report.error(
                    "E0407", "`length:` and `until end` stand outside of repeats", inner.span
                )
    if epochs:
        ends = {"first": epochs[0].name, "last": epochs[-1].name}
        # Outer groups stand before inner ones.
        scope.repeats.insert(position, replace(repeat, **ends))
    return epochs


def _header(item: syntax.Repeat, scope: Scope, around: Chain) -> ir.Repeat | None:
    """Lower the count of a group; which epochs it holds is not known yet."""
    count = expressions.expect(item.count, ir.NUMBER, scope, Setting(), "the count of a repeat")
    if count is None or not names.index_name(item.index, scope):
        return None
    bounds = expressions.bounds(count.expr, scope)
    if not bounds.whole or bounds.low < 0 or bounds.high > MOST_REPEATS:
        scope.report.error(
            "E0426",
            f"the count of a repeat is a whole number from 0 to {MOST_REPEATS}, and this may be "
            + ("another" if bounds.whole else "no whole number"),
            count.span,
        )
        return None
    most = max(int(bounds.high), 1)
    if most * times(around) > MOST_REPEATS:
        counts = " times ".join(str(one) for one in (*(r.most for r in around), most))
        scope.report.error(
            "E0427",
            f"nested repeats come {MOST_REPEATS:,} times at most, and these may come {counts} "
            f"= {most * times(around):,} times",
            count.span,
        )
        return None
    scope.structural |= {r.name for r in refs(count.expr) if r.role is ir.Role.PARAM}
    fixed = ir.Number(str(most)) if bounds.is_point and bounds.low > 0 else count.expr
    return ir.Repeat("", "", item.index.name, fixed, most, place(item.count.span))


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
    if not _declare(item.name, (), scope):
        return []
    return [ir.Epoch(item.name.name, None, item.doc, place(item.span))]


def _declare(name: syntax.Ident, chain: Chain, scope: Scope) -> bool:
    if name.name in scope.epochs:
        scope.report.error("E0212", f"`{name.name}` is already an epoch", name.span)
        return False
    scope.epochs[name.name] = len(scope.epochs)
    scope.chains[name.name] = chain
    return True


def _epoch(
    item: syntax.Epoch, drawn: list[ir.Variable], scope: Scope, chain: Chain = ()
) -> list[ir.Epoch]:
    if not _declare(item.name, chain, scope):
        return []
    name = item.name.name
    inside: list[ir.Variable] = []

    def take(node: syntax.Call, setting: Setting) -> Typed | None:
        return _take_draw(name, node, inside, scope, chain)

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
    chain: Chain,
) -> Typed | None:
    """Turn a draw inside a duration into a variable of the epoch's name.

    In repeats it is an array with one value for each repetition.
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
    while column in scope.symbols or column in scope.score_names:
        column += "_epoch"
    ref = ir.Ref(column, ir.Role.VARIABLE)
    most = times(chain) if chain else 0
    kind = ir.ArrayType(law.type, most) if chain else law.type
    definition = ir.Drawn(law.law, f"epoch:{epoch}", most)
    variable = ir.Variable((column,), (kind,), definition, place(node.span))
    (scope.known[ref],) = variable_bounds(variable, scope.known, scope.sets)
    inside.append(variable)
    return Typed(ir.Index(ref, number(chain)) if chain else ref, law.type, node.span)
