"""Lowering channels: units, noise and baseline."""

from msgspec import Struct

from epochal.compiler import calls, expressions, ir, names
from epochal.compiler.intervals import constant
from epochal.compiler.literals import MOST_LABELS
from epochal.compiler.report import place
from epochal.compiler.scope import PLAIN, Scope, Setting, Symbol
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note

MOST_UNITS = 10_000


class _Units(Struct, frozen=True):
    """The units of a channel by name; of an array of rings, slot by slot."""

    kind: ir.ChannelKind
    names: tuple[str, ...]
    slots: int = 0
    slot_labels: tuple[str, ...] = ()


def channels(
    nodes: tuple[syntax.Channel, ...], mine: dict[str, ir.Channel], scope: Scope
) -> tuple[ir.Channel, ...]:
    """Lower the channels of ``inputs:`` or ``outputs:``."""
    is_output = mine is scope.outputs
    total = 0
    for node in nodes:
        taken = node.name.name in scope.inputs or node.name.name in scope.outputs
        if taken:
            scope.report.error("E0212", f"`{node.name.name}` is already a channel", node.name.span)
        elif total <= MOST_UNITS:
            _channel(node, mine, is_output, scope)
            total += mine[node.name.name].n_units if node.name.name in mine else 0
            if total > MOST_UNITS:
                message = f"with this there are {total} units, more than the {MOST_UNITS}"
                scope.report.error("E0502", f"{message} a task may have on one side", node.span)
        else:
            scope.report.excused |= {node.name.name}
    return tuple(mine.values())


def _channel(
    node: syntax.Channel, mine: dict[str, ir.Channel], is_output: bool, scope: Scope
) -> None:
    units = _units(node, scope)
    noise: ir.Noise | None = None
    baseline: ir.Expr = ir.Number("0")
    rectified = False
    for option in node.options:
        match option.name, option.value:
            case syntax.OptionName.NOISE, value if not isinstance(value, syntax.EpochSpan | None):
                noise = noise_law(value, scope, PLAIN)
            case syntax.OptionName.BASELINE, value if not isinstance(
                value, syntax.EpochSpan | None
            ):
                baseline = expressions.number(value, scope, PLAIN, "a baseline") or baseline
            case syntax.OptionName.RECTIFIED, _:
                rectified = True
            case _:
                message = "`during` is an option of the rule channel of a set of tasks"
                scope.report.error("E0443", message, option.span)
        if is_output and option.name in (syntax.OptionName.NOISE, syntax.OptionName.RECTIFIED):
            scope.report.error(
                "E0403", f"an output has no `{option.name.value}`; it has a `baseline`", option.span
            )
    if units is None:
        scope.report.excused |= {node.name.name}
        return
    mine[node.name.name] = ir.Channel(
        name=node.name.name,
        kind=units.kind,
        units=units.names,
        n_units=len(units.names),
        baseline=baseline,
        noise=noise,
        rectified=rectified,
        doc=node.doc,
        at=place(node.span),
        slots=units.slots,
        slot_labels=units.slot_labels,
    )


def _units(node: syntax.Channel, scope: Scope) -> _Units | None:
    if node.kind is not None and node.kind.function.name == "onehot":
        message = "a rule channel, `onehot(members)`, is an input of a set of tasks"
        scope.report.error("E0443", message, node.kind.span)
        return None
    if node.kind is not None:
        ring = _ring(node.kind, scope)
        return _rings(node, ring, scope) if ring is not None and node.shape else ring
    return _side_by_side(node, scope)


def _side_by_side(node: syntax.Channel, scope: Scope) -> _Units | None:
    """Find out which units ``channel``, ``channel[n]`` or ``channel[left, right]`` has."""
    if not node.shape:
        return _Units(ir.ChannelKind.SINGLE, ("",))
    if len(node.shape) == 1 and not _is_label(node.shape[0], scope):
        return _sized(node.shape[0], scope)
    return _named(node, scope)


def _rings(node: syntax.Channel, ring: _Units, scope: Scope) -> _Units | None:
    """Set rings side by side, ``channel[slots]: ring(n)``."""
    slots = _side_by_side(node, scope)
    if slots is None:
        return None
    if len(slots.names) * len(ring.names) > MOST_UNITS:
        message = f"{len(slots.names)} rings of {len(ring.names)} units are more than {MOST_UNITS}"
        scope.report.error("E0502", message + " units, the most a task may have", node.span)
        return None
    units = tuple(f"{slot}, {unit}" for slot in slots.names for unit in ring.names)
    labels = slots.names if slots.kind is ir.ChannelKind.NAMED else ()
    return _Units(ring.kind, units, len(slots.names), labels)


def _is_label(node: syntax.Expr, scope: Scope) -> bool:
    return isinstance(node, syntax.Name) and node.name not in scope.symbols


def _ring(kind: syntax.Call, scope: Scope) -> _Units | None:
    if kind.function.name != "ring":
        scope.unknown(kind.function.name, kind.function.span, "kind of channel", ["ring", "onehot"])
        return None
    given = calls.bind(kind, ("units",), scope)
    n = count(given[0], scope, "the size of a ring") if given else None
    return _Units(ir.ChannelKind.RING, _numbers(n)) if n is not None else None


def _sized(node: syntax.Expr, scope: Scope) -> _Units | None:
    """Size a channel by a number, or name its units by a parameter that is a set of labels."""
    symbol = _symbol(node, scope)
    if symbol is not None and isinstance(symbol.type, ir.SetType):
        if isinstance(symbol.type.item, ir.LabelType):
            scope.structural.add(symbol.name)
            scope.used.add(symbol.name)
            return _Units(ir.ChannelKind.NAMED, symbol.type.item.labels)
        scope.report.error("E0404", "units are named by a set of labels", node.span)
        return None
    n = count(node, scope, "the number of units")
    return _Units(ir.ChannelKind.NUMBERED, _numbers(n)) if n is not None else None


def _symbol(node: syntax.Expr, scope: Scope) -> Symbol | None:
    return scope.symbols.get(node.name) if isinstance(node, syntax.Name) else None


def _numbers(n: int) -> tuple[str, ...]:
    return tuple(str(i) for i in range(n))


def count(node: syntax.Expr, scope: Scope, what: str) -> int | None:
    """Lower a whole number above 0 that is known when compiling; its parameters are structural."""
    expr = expressions.number(node, scope, PLAIN, what)
    if expr is None:
        return None
    for name in names.walk(node):
        if isinstance(name, syntax.Name) and name.name in scope.symbols:
            scope.structural.add(name.name)
    value = constant(expr, scope.known)
    if value is None or value.denominator != 1 or value < 1:
        scope.report.error(
            "E0404",
            f"{what} is a whole number above 0 that does not change from trial to trial",
            node.span,
        )
        return None
    if value > MOST_UNITS:
        scope.report.error(
            "E0502", f"{value} is above {MOST_UNITS}, the most units a task may have", node.span
        )
        return None
    return int(value)


def _named(node: syntax.Channel, scope: Scope) -> _Units | None:
    labels = []
    if len(node.shape) > MOST_LABELS:
        message = f"a channel has {MOST_LABELS} named units at most, and this has"
        scope.report.error("E0502", f"{message} {len(node.shape)}", node.span)
        return None
    for item in node.shape:
        if not isinstance(item, syntax.Name):
            scope.report.error("E0404", "units are given as names, or as one number", item.span)
            return None
        if item.name in scope.symbols:
            first = scope.symbols[item.name]
            scope.report.error(
                "E0203",
                f"the unit `{item.name}` would share the name of a {first.kind}",
                item.span,
                Note("declared here", first.span),
            )
            return None
        if item.name in labels:
            scope.report.error("E0212", f"`{item.name}` is already a unit", item.span)
            return None
        labels.append(item.name)
    return _Units(ir.ChannelKind.NAMED, tuple(labels))


def noise_law(node: syntax.Expr, scope: Scope, setting: Setting) -> ir.Noise | None:
    """Lower ``white(sd, at = time)`` or ``iid(sd)``."""
    if not isinstance(node, syntax.Call) or node.function.name not in ("white", "iid"):
        scope.report.error(
            "E0405",
            "noise is `white(sd, at = 20 ms)`, which scales with sqrt(at / dt), or `iid(sd)`, "
            "which does not",
            node.span,
        )
        return None
    is_white = node.function.name == "white"
    given = calls.bind(node, ("sd", "at") if is_white else ("sd",), scope)
    if given is None:
        return None
    sd = expressions.number(given[0], scope, setting, "`sd`")
    if sd is None:
        return None
    if expressions.bounds(sd, scope).low < 0:
        scope.report.error("E0321", "`sd` may be negative", given[0].span)
        return None
    if not is_white:
        return ir.Noise(ir.NoiseLaw.IID, sd)
    at = expressions.expect(given[1], ir.TIME, scope, setting, "`at`")
    if at is None:
        return None
    if not expressions.bounds(at.expr, scope).low > 0:
        scope.report.error("E0321", "`at` must be above 0", given[1].span)
        return None
    return ir.Noise(ir.NoiseLaw.WHITE, sd, at.expr)
