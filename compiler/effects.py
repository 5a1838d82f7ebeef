"""Lowering ``during`` blocks."""

from epochal.compiler import arrays, channels, expressions, ir, spans, types, units
from epochal.compiler.repeats import Chain, common
from epochal.compiler.report import place
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Fix, Note
from epochal.dsl.words import CLOSED_LOOP, OPEN_LOOP

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
    wheres = [spans.where(span, scope, Setting()) for span in section.spans]
    guard = None
    good = [where for where in wheres if where is not None]
    with scope.inside(_around(section, scope)):
        if section.guard is not None:
            guard = expressions.expect(section.guard, ir.BOOLEAN, scope, Setting(), "a guard")
        made: list[ir.Effect] = []
        for node in section.effects:
            made += _effect(node, good, guard.expr if guard else None, scope)
    return made


def _around(section: syntax.During, scope: Scope) -> Chain:
    """Find the repeats that all spans of a block lie in; there their indices are known."""
    ends = [span.first.name for span in section.spans]
    ends += [span.last.name for span in section.spans if span.last is not None]
    found = [scope.chains[name] for name in ends if name in scope.chains]
    return common(found)


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
            unit = _unit(node.channel.index, channel, scope)
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
    elif name in CLOSED_LOOP:
        message = f"there is no channel `{name}`: {OPEN_LOOP}"
        scope.report.error("E0201", message, ref.name.span, Note(CLOSED_LOOP[name]))
    else:
        scope.unknown(name, ref.name.span, "input" if to_input else "output", list(mine))
    return None


def _unit(node: syntax.Expr, channel: ir.Channel, scope: Scope) -> ir.Expr | None:
    """Lower ``channel[unit]``; of an array of rings it is one ring."""
    typed = units.place_of(node, units.of_channel(channel), scope)
    if typed is not None and isinstance(typed.type, ir.ArrayType):
        message = f"a unit is a label or a number, this is {types.describe(typed.type)}"
        scope.report.error("E0410", message, typed.span)
        return None
    return typed.expr if typed else None


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
    inside = channel if channel is not None and (unit is None or channel.slots) else None
    width = units.in_one(inside).n if inside is not None else 1
    setting = Setting(elapsed=moving, channel=inside, extern=width if moving else 0)
    typed = expressions.lower(node.value, scope, setting)
    return _fitted(typed, channel, unit, scope) if typed else None


def _fitted(
    typed: Typed, channel: ir.Channel | None, unit: ir.Expr | None, scope: Scope
) -> ir.Expr | None:
    """Bring a value to what it is set on: one number, or one for each unit."""
    typed = arrays.at_one_time(typed)
    item = arrays.single(typed).type
    if not types.is_number(item) and not isinstance(item, ir.UnitsType):
        message = f"a channel is set to a plain number, this is {types.describe(typed.type)}"
        scope.report.error("E0303", message, typed.span)
        return None
    if channel is not None and channel.slots and unit is None:
        return _slot_by_slot(typed, channel, scope)
    if not isinstance(typed.type, ir.ArrayType):
        return typed.expr
    alike = channel is not None and unit is None and channel.n_units == typed.type.n
    if types.is_number(item) and alike:
        one = typed.type.n == 1
        first = ir.Index(typed.expr, ir.Number("0"))
        return first if one else ir.Call("each_unit", (typed.expr,))
    _wrong_length(typed, typed.type, channel, unit, scope)
    return None


def _slot_by_slot(typed: Typed, channel: ir.Channel, scope: Scope) -> ir.Expr | None:
    """Set all rings of an array of rings: each to its own value, or all to one."""
    n = ir.Number(str(channel.n_units // channel.slots))
    slots = ir.Number(str(channel.slots))
    match typed.type:
        case ir.ArrayType(_, size) if size != channel.slots:
            _wrong_length(typed, typed.type, channel, None, scope)
            return None
        case ir.ArrayType(ir.UnitsType()):
            return ir.Call("side_by_side", (typed.expr, n))
        case ir.ArrayType():
            return ir.Call("each_ring", (typed.expr, n))
        case ir.UnitsType():
            return ir.Call("every_ring", (typed.expr, slots))
        case _:
            return typed.expr


def _wrong_length(
    typed: Typed,
    kind: ir.ArrayType,
    channel: ir.Channel | None,
    unit: ir.Expr | None,
    scope: Scope,
) -> None:
    if channel is None:
        has = "every output at once"
    elif unit is not None:
        has = "one ring" if channel.slots else "one unit"
    else:
        among = units.of_channel(channel)
        has = f"{among.n} {among.what}{'' if among.n == 1 else 's'}"
    notes: tuple[Note, ...] = ()
    if isinstance(kind.item, ir.UnitsType):
        notes = (Note("`sum(..)` lays them over each other"),)
    message = f"an array of {kind.n} values cannot be set on {has}"
    scope.report.error("E0334", message, typed.span, *notes)


def _noise(node: syntax.Effect, unit: ir.Expr | None, scope: Scope) -> ir.Noise | None:
    assert node.value is not None
    if unit is not None:
        scope.report.error("E0413", "noise is set for a whole channel", node.span)
        return None
    return channels.noise_law(node.value, scope, Setting())
