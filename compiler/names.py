"""Declaring names: which are free, which are taken, which are words of the language."""

import dataclasses
from collections.abc import Iterator

from epochal.compiler.report import Report
from epochal.compiler.scope import Scope
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.span import Span
from epochal.dsl.words import RESERVED, why_not_a_name


def value_name(name: syntax.Ident, scope: Scope) -> bool:
    """Check the name of a parameter, variable or score; report what is wrong with it."""
    if not _free(name, scope.report, value=True):
        return False
    if name.name in scope.symbols:
        first = scope.symbols[name.name]
        taken(name, first.span, f"a {first.kind}", scope.report)
        return False
    return True


def taken(name: syntax.Ident, first: Span, what: str, report: Report) -> None:
    """Say that a name is declared a second time."""
    report.error(
        "E0212",
        f"`{name.name}` is already {what}",
        name.span,
        Note("declared here first", first),
    )


def other_name(name: syntax.Ident, report: Report) -> bool:
    """Check the name of a channel or an epoch."""
    return _free(name, report, value=False)


def _free(name: syntax.Ident, report: Report, *, value: bool) -> bool:
    reason = why_not_a_name(name.name, value=value)
    if reason is None:
        return True
    report.error("E0211", f"`{name.name}` is {reason}; choose another name", name.span)
    return False


def labels(task: syntax.Task) -> frozenset[str]:
    """Collect the labels of a task: bare names in sets, and the named units of channels."""
    values = {name.name for name in _declared(task)}
    found = set()
    for node in walk(task):
        if isinstance(node, syntax.SetItem):
            found |= set(_bare(node.value))
        if isinstance(node, syntax.Channel):
            found |= {label for item in node.shape for label in _bare(item)}
    return frozenset(found - values)


def walk(node: object) -> Iterator[syntax.Node]:
    """Yield a node of the syntax tree and everything inside it."""
    if isinstance(node, tuple):
        for item in node:
            yield from walk(item)
    elif isinstance(node, syntax.Node):
        yield node
        for field in dataclasses.fields(node):
            yield from walk(getattr(node, field.name))


def _bare(node: syntax.Expr) -> Iterator[str]:
    match node:
        case syntax.Name(name=name) if name not in RESERVED:
            yield name
        case syntax.Tuple(items=items):
            for item in items:
                yield from _bare(item)


def _declared(task: syntax.Task) -> Iterator[syntax.Ident]:
    for node in walk(task):
        match node:
            case syntax.Param(name=name):
                yield name
            case syntax.Target(names=names):
                yield from names
