"""Lowering `alternate` and `markov`: laws that run on from block to block."""

from epochal.compiler import expressions, ir, laws, types
from epochal.compiler.intervals import constant
from epochal.compiler.scope import Scope, Setting
from epochal.compiler.walk import refs
from epochal.dsl import syntax


def block_law(
    node: syntax.Call, given: tuple[syntax.Expr, ...], scope: Scope, setting: Setting
) -> "laws.TypedLaw | None":
    """Lower ``alternate({..})`` or ``markov({..}, p, longest = ..)`` where one may stand."""
    name = node.function.name
    if not setting.block:
        scope.report.error(
            "E0433",
            f"`{name}` runs on from block to block: it stands alone after `~`, in `blocks:` "
            "or with `per block`",
            node.span,
        )
        return None
    levels = _levels(name, given[0], scope, setting)
    if levels is None:
        return None
    members, item = levels
    if name == "alternate":
        return laws.TypedLaw(ir.Law(name, (members,)), item, node.span)
    p = _probability(given[1], scope, setting)
    longest = _longest(given[2] if len(given) > 2 else None, scope, setting)
    if p is None or longest is None:
        return None
    return laws.TypedLaw(ir.Law(name, (members, p, longest)), item, node.span)


def _levels(
    name: str, node: syntax.Expr, scope: Scope, setting: Setting
) -> tuple[ir.SetOf, ir.Type] | None:
    """Lower the levels of a law, two or more, each as likely as another."""
    typed = expressions.lower(node, scope, setting)
    if typed is None:
        return None
    if not isinstance(typed.type, ir.SetType):
        message = f"`{name}` takes a set, this is {types.describe(typed.type)}"
        scope.report.error("E0303", message, typed.span)
        return None
    members = laws.literal_set(typed, scope)
    if members is None:
        return None
    if members.weights or len(members.items) < 2:
        has = "weights" if members.weights else "one level"
        message = f"`{name}` takes two levels or more, all alike, and this set has {has}"
        scope.report.error("E0433", message, typed.span)
        return None
    scope.structural |= {ref.name for one in members.items for ref in refs(one)}
    return members, typed.type.item


def _probability(node: syntax.Expr, scope: Scope, setting: Setting) -> ir.Expr | None:
    p = expressions.number(node, scope, setting, "`p`")
    if p is None:
        return None
    reach = expressions.bounds(p, scope)
    if reach.low < 0 or reach.high > 1:
        scope.report.error("E0321", "`p` must be from 0 to 1 in `markov`", node.span)
        return None
    return p


def _longest(node: syntax.Expr | None, scope: Scope, setting: Setting) -> ir.Expr | None:
    """Lower how many blocks in a row may have one level."""
    if node is None:
        return ir.Number("inf")
    longest = expressions.number(node, scope, setting, "`longest`")
    if longest is None:
        return None
    value = constant(longest, scope.known)
    if value is None or value.denominator != 1 or value < 1:
        message = "`longest` is a whole number of blocks above 0, known when compiling"
        scope.report.error("E0321", message, node.span)
        return None
    scope.structural |= {ref.name for ref in refs(longest)}
    return longest
