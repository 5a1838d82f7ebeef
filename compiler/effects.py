"""Lowering ``during`` blocks."""

from epochal.compiler import arrays, channels, expressions, ir, spans, types
from epochal.compiler.intervals import Interval
from epochal.compiler.report import place
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.compiler.trial import not_built
from epochal.compiler.walk import refs
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Fix
from epochal.dsl.nearest import nearest

_ARRAYS = {
    syntax.EffectKind.DRIVE: ir.EffectKind.INPUT,
    syntax.EffectKind.TARGET: ir.EffectKind.TARGET,
    syntax.EffectKind.WEIGHT: ir.EffectKind.WEIGHT,
    syntax.EffectKind.IGNORE: ir.EffectKind.WEIGHT,
    syntax.EffectKind.NOISE: ir.EffectKind.NOISE,
}


def effects(sections: tuple[syntax.During, ...], scope: Scope) -> tuple[ir.Effect, ...]:
    """Lower all ``during`` blocks in order."""
    return tuple(effect for section in sections for effect in _during(section, scope))


def _during(section: syntax.During, scope: Scope) -> list[ir.Effect]:
    inside = _repeat_around(section, scope)
    if inside is not None:
        symbol = scope.indices[inside.index]
        scope.symbols[inside.index] = symbol
    made = _statements(section, inside, scope)
    if inside is not None:
        del scope.symbols[inside.index]
    return made


def _repeat_around(section: syntax.During, scope: Scope) -> ir.Repeat | None:
    """Find the repeat that all spans of a block lie in; there its index is known."""
    order = list(scope.epochs)
    for repeat in scope.repeats:
        body = order[order.index(repeat.first) : order.index(repeat.last) + 1]
        ends = [span.first.name for span in section.spans]
        ends += [span.last.name for span in section.spans if span.last is not None]
        if all(name in body for name in ends):
            return repeat
    return None


def _statements(section: syntax.During, inside: ir.Repeat | None, scope: Scope) -> list[ir.Effect]:
    wheres = [spans.where(span, scope, Setting()) for span in section.spans]
    guard = None
    if section.guard is not None:
        guard = expressions.expect(section.guard, ir.BOOLEAN, scope, Setting(), "a guard")
    good = [where for where in wheres if where is not None]
    made: list[ir.Effect] = []
    for node in section.effects:
        if inside is not None and node.kind is syntax.EffectKind.NOISE:
            not_built("noise inside a repeat", node.span, scope)
            continue
        made += _effect(node, good, guard.expr if guard else None, scope)
    return made


def _effect(
    node: syntax.Effect, wheres: list[ir.Where], guard: ir.Expr | None, scope: Scope
) -> list[ir.Effect]:
    channel: ir.Channel | None = None
    unit: ir.Expr | None = None
    if node.channel is not None:
        channel = _channel(node, node.channel, scope)
        if channel is None:
            return []
        if node.channel.index is not None:
            unit = unit_index(node.channel.index, channel, scope)
            if unit is None:
                return []
    value = noise = None
    if node.kind is syntax.EffectKind.NOISE:
        noise = _noise(node, unit, scope)
        if noise is None:
            return []
    else:
        value = _value(node, channel, unit, scope)
        if value is None:
            return []
    return [
        ir.Effect(
            kind=_ARRAYS[node.kind],
            where=where,
            guard=guard,
            channel=channel.name if channel else None,
            unit=unit,
            op=node.op if node.kind is not syntax.EffectKind.IGNORE else "=",
            value=value,
            noise=noise,
            at=place(node.span),
        )
        for where in wheres
    ]


def _channel(node: syntax.Effect, ref: syntax.Ref, scope: Scope) -> ir.Channel | None:
    name = ref.name.name
    to_input = node.kind in (syntax.EffectKind.DRIVE, syntax.EffectKind.NOISE)
    mine, other = (scope.inputs, scope.outputs) if to_input else (scope.outputs, scope.inputs)
    if name in mine:
        return mine[name]
    if name in other and to_input:
        fix = Fix("set its target", ref.name.span, f"target {name}")
        fixes = (fix,) if node.kind is syntax.EffectKind.DRIVE else ()
        scope.report.error(
            "E0409",
            f"`{name}` is an output; what it should do is its `target`",
            ref.name.span,
            fixes=fixes,
        )
    elif name in other:
        scope.report.error(
            "E0409", f"`{name}` is an input and has no {node.kind.value}", ref.name.span
        )
    elif name in scope.symbols:
        kind = scope.symbols[name].kind
        scope.report.error(
            "E0409", f"`{name}` is a {kind}; a `during` block sets channels", ref.name.span
        )
    else:
        scope.unknown(name, ref.name.span, "input" if to_input else "output", list(mine))
    return None


def unit_index(node: syntax.Expr, channel: ir.Channel, scope: Scope) -> ir.Expr | None:
    """Lower ``[unit]`` to a label of the channel's units, or to a proven index."""
    labels = expressions.unit_labels(channel)
    if isinstance(node, syntax.Name) and node.name not in scope.symbols and labels:
        if node.name in labels:
            return ir.Label(node.name, labels)
        if node.name in scope.report.excused:
            return None
        _no_unit(node.name, node, channel, scope)
        return None
    typed = expressions.lower(node, scope, Setting())
    if typed is None:
        return None
    if isinstance(typed.type, ir.LabelType):
        outside = [label for label in typed.type.labels if label not in labels]
        if outside:
            _no_unit(outside[0], node, channel, scope)
            return None
        return types.convert(typed.expr, typed.type, ir.LabelType(labels))
    if not types.is_number(typed.type):
        message = f"a unit is a label or a number, this is {types.describe(typed.type)}"
        scope.report.error("E0410", message, typed.span)
        return None
    bounds = expressions.bounds(typed.expr, scope)
    if not bounds.whole or bounds.low < 0 or bounds.high > channel.n_units - 1:
        scope.report.error(
            "E0411",
            f"`{channel.name}` has units 0 to {channel.n_units - 1}, and this "
            + (_reach(bounds) if bounds.whole else "may be no whole number"),
            typed.span,
        )
        return None
    scope.structural |= {ref.name for ref in refs(typed.expr) if ref.role is ir.Role.PARAM}
    return typed.expr


def _reach(bounds: Interval) -> str:
    low, high = float(bounds.low), float(bounds.high)
    return f"is {low:g}" if low == high else f"goes from {low:g} to {high:g}"


def _no_unit(label: str, node: syntax.Expr, channel: ir.Channel, scope: Scope) -> None:
    units = expressions.unit_labels(channel)
    close = nearest(label, list(units))
    has = "{" + ", ".join(units) + "}" if units else f"0 to {channel.n_units - 1}"
    is_name = isinstance(node, syntax.Name) and node.name == label
    scope.report.error(
        "E0412",
        f"`{channel.name}` has no unit `{label}`; its units are {has}",
        node.span,
        fixes=(Fix(f"write `{close}`", node.span, close),) if close and is_name else (),
    )


def _value(
    node: syntax.Effect, channel: ir.Channel | None, unit: ir.Expr | None, scope: Scope
) -> ir.Expr | None:
    if node.kind is syntax.EffectKind.IGNORE:
        return ir.Number("0")
    assert node.value is not None
    if node.kind is syntax.EffectKind.WEIGHT and node.op == "-=":
        scope.report.error("E0413", "`weight` takes =, += or *=", node.span)
        return None
    moving = node.kind is not syntax.EffectKind.WEIGHT
    ring = channel if unit is None else None
    typed = expressions.lower(node.value, scope, Setting(elapsed=moving, ring=ring))
    if typed is None:
        return None
    kind = arrays.single(typed).type
    if isinstance(typed.type, ir.ArrayType) and types.is_number(kind):
        return _unit_by_unit(typed, typed.type.n, channel, unit, scope)
    one = not isinstance(typed.type, ir.ArrayType)
    if one and (types.is_number(kind) or isinstance(kind, ir.UnitsType)):
        return typed.expr
    scope.report.error(
        "E0303",
        f"a channel is set to a plain number, this is {types.describe(typed.type)}",
        typed.span,
    )
    return None


def _unit_by_unit(
    typed: Typed, n: int, channel: ir.Channel | None, unit: ir.Expr | None, scope: Scope
) -> ir.Expr | None:
    """Take an array as one value for each unit of a channel."""
    if channel is not None and unit is None and channel.n_units == n:
        return typed.expr
    has = "one unit" if unit is not None or channel is None else f"{channel.n_units} units"
    scope.report.error("E0334", f"an array of {n} values cannot be set on {has}", typed.span)
    return None


def _noise(node: syntax.Effect, unit: ir.Expr | None, scope: Scope) -> ir.Noise | None:
    assert node.value is not None
    if unit is not None:
        scope.report.error("E0413", "noise is set for a whole channel", node.span)
        return None
    return channels.noise_law(node.value, scope, Setting())
