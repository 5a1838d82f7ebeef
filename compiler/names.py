"""Declaring names: which are free, which are taken, which are words of the language."""

from collections.abc import Iterator, Mapping

from epochal.compiler.report import Report
from epochal.compiler.scope import Scope, Symbol
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.span import Span
from epochal.dsl.words import RESERVED


def value_name(name: syntax.Ident, scope: Scope) -> bool:
    """Check that a parameter, variable or score has a name of its own.

    The parser has seen to it that no name is a word of the language.
    """
    return _is_free(name, {**scope.indices, **scope.symbols}, scope)


def index_name(name: syntax.Ident, scope: Scope) -> bool:
    """Check the name of the index of a repeat, which repeats side by side may share."""
    return _is_free(name, scope.symbols, scope)


def _is_free(name: syntax.Ident, values: Mapping[str, Symbol], scope: Scope) -> bool:
    if name.name in values:
        first = values[name.name]
        what = "the index of a repeat" if first.kind == "index" else f"a {first.kind}"
        taken(name, first.span, what, scope.report)
        return False
    label = scope.labels.get(name.name)
    if label is not None:
        scope.report.error(
            "E0203",
            f"`{name.name}` is a label of this task and cannot name a value too",
            name.span,
            Note("the label", label),
        )
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


def labels(task: syntax.Node) -> dict[str, Span]:
    """Find the labels of a task, bare names in sets and named units, and where each first stands.

    A name that was declared before it stands there is a value, and its use as a label a mistake.
    What comes before is read off the tree: a child may stand above its parent, or in another file.
    """
    values: set[str] = set()
    found: dict[str, Span] = {}
    for node in walk(task):
        match node:
            case syntax.SetItem(value=value):
                bare = list(_bare(value))
            case syntax.Call(function=syntax.Ident(name="lookup")):
                bare = list(_looked_up(node))
            case syntax.Channel(shape=shape):
                bare = [name for item in shape for name in _bare(item)]
            case _:
                values |= set(_declared(node))
                continue
        for name in bare:
            if name.name not in values:
                found.setdefault(name.name, name.span)
    return found


def targets(section: syntax.Section) -> list[str]:
    """List the names that the statements of a block define."""
    found = [node for node in walk(section) if isinstance(node, syntax.Target)]
    return [name.name for target in found for name in target.names]


def walk(node: object) -> Iterator[syntax.Node]:
    """Yield a node of the syntax tree and everything inside it."""
    if isinstance(node, tuple):
        for item in node:
            yield from walk(item)
    elif isinstance(node, syntax.Node):
        yield node
        for part in node.parts().values():
            yield from walk(part)


def _bare(node: syntax.Expr) -> Iterator[syntax.Name]:
    match node:
        case syntax.Name(name=name) if name not in RESERVED:
            yield node
        case syntax.Tuple(items=items):
            for item in items:
                yield from _bare(item)


def _looked_up(call: syntax.Call) -> Iterator[syntax.Name]:
    """Yield the bare names among the values of a table: labels, where they are no values."""
    for argument in call.arguments:
        if isinstance(argument.value, syntax.Set):
            for item in argument.value.items:
                if item.weight is not None:
                    yield from (name for name in _bare(item.weight) if name.name != "t")


def _declared(node: syntax.Node) -> list[str]:
    match node:
        case syntax.Param(name=name) | syntax.Repeat(index=name):
            return [name.name]
        case syntax.Target(names=names):
            return [name.name for name in names]
        case syntax.Session():
            return ["trial_in_session"]
        case syntax.Blocks():
            return ["block", "trial_in_block"]
        case _:
            return []
