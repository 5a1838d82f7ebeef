"""Declarations of ``extern``: Python functions of the user's, by name and file.

An extern belongs to the file that declares it, and is called by the statements of that file.
"""

import keyword
from collections.abc import Iterable

from msgspec import Struct, field

from epochal.compiler import distributions, functions, ir
from epochal.compiler.report import Report, place
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note

_TAKEN = frozenset(functions.FUNCTIONS) | functions.PLANNED | frozenset(distributions.DISTRIBUTIONS)


class Externs(Struct):
    """The externs that may be called, by file and name, and those that are.

    ``others`` are called by other tasks of one set, and share no name with different ones here.
    """

    declared: dict[tuple[str, str], syntax.Extern] = field(default_factory=dict)
    called: dict[tuple[str, str], ir.Extern] = field(default_factory=dict)
    others: tuple[ir.Extern, ...] = ()

    def names(self, file: str) -> list[str]:
        """List the externs of one file."""
        return [name for where, name in self.declared if where == file]

    def find(self, call: syntax.Call) -> syntax.Extern | None:
        """Find the extern that a call means."""
        return self.declared.get((call.function.span.file, call.function.name))

    def elsewhere(self, call: syntax.Call) -> syntax.Extern | None:
        """Find an extern of this name in another file."""
        name = call.function.name
        return next((one for (_, other), one in self.declared.items() if other == name), None)

    def take(self, node: syntax.Extern) -> ir.Extern:
        """Note that an extern is called; two files may call different ones by one name."""
        key = node.span.file, node.name.name
        if key not in self.called:
            made = ir.Extern(
                name=node.name.name,
                location=node.location.value,
                parameters=tuple(one.name for one in node.parameters),
                source="",
                at=place(node.span),
            )
            others = {one.name: one for one in (*self.others, *self.called.values())}
            while made.name in others and not _same(made, others[made.name]):
                made = ir.Extern(f"{made.name}_", made.location, made.parameters, "", made.at)
            self.called[key] = others.get(made.name, made)
        return self.called[key]

    def used(self) -> tuple[ir.Extern, ...]:
        """List what the task calls, each once, in the order of the calls."""
        return tuple({one.name: one for one in self.called.values()}.values())


def _same(a: ir.Extern, b: ir.Extern) -> bool:
    return (a.location, a.parameters) == (b.location, b.parameters)


def declare(
    nodes: Iterable[syntax.Extern], report: Report, others: tuple[ir.Extern, ...] = ()
) -> Externs:
    """Take in the declarations of some files, saying what is wrong with them."""
    externs = Externs(others=others)
    for node in nodes:
        key = node.span.file, node.name.name
        first = externs.declared.get(key)
        if node.name.name in _TAKEN:
            message = f"`{node.name.name}` is a function of the language: choose another name"
            report.error("E0360", message, node.name.span)
        elif first is not None:
            note = Note("declared here first", first.name.span)
            message = f"`{node.name.name}` is already an extern"
            report.error("E0212", message, node.name.span, note)
        else:
            externs.declared[key] = node
        _parameters(node, report)
        if not is_location(node.location.value):
            message = "an extern is found as `package.module:function`, and this is no such text"
            report.error("E0361", message, node.location.span)
    return externs


def _parameters(node: syntax.Extern, report: Report) -> None:
    seen: dict[str, syntax.Ident] = {}
    for one in node.parameters:
        first = seen.setdefault(one.name, one)
        if first is not one:
            note = Note("declared here first", first.span)
            report.error("E0212", f"`{one.name}` is already an argument", one.span, note)


def is_location(text: str) -> bool:
    """Whether a text names a module and a function in it, in plain letters."""
    module, colon, function = text.partition(":")
    names = [*module.split("."), function]
    return bool(colon) and all(
        name.isascii() and name.isidentifier() and not keyword.iskeyword(name) for name in names
    )


def module_of(extern: ir.Extern) -> str:
    """Name the module that an extern stands in."""
    return extern.location.partition(":")[0]


def function_of(extern: ir.Extern) -> str:
    """Name an extern as its module does."""
    return extern.location.partition(":")[2]
