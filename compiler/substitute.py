"""Writing out the parameters of a set where its members are bound to them."""

from collections.abc import Mapping
from typing import TypeVar, cast

from msgspec.structs import replace

from epochal.compiler.report import Report
from epochal.dsl import syntax

Node = TypeVar("Node")


def substitute(node: Node, values: Mapping[str, syntax.Expr], report: Report) -> Node:
    """Put values in for the bare names of an expression; in a set such a name is a mistake."""
    if isinstance(node, syntax.SetItem) and isinstance(node.value, syntax.Name):
        name = node.value.name
        if name in values:
            message = f"`{name}` in braces is a label, and the set has a parameter so named"
            report.error("E0203", message, node.value.span)
            return node
    if isinstance(node, syntax.Name) and node.name in values:
        return cast("Node", values[node.name])
    if isinstance(node, tuple):
        return type(node)(substitute(part, values, report) for part in node)
    if isinstance(node, syntax.Node):
        parts = {name: substitute(part, values, report) for name, part in node.parts().items()}
        return replace(node, **parts)
    return node
