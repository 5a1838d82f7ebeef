"""Reading the settings of a .train file as records of the runtime, by the types of their fields.

A record is written as a call, ``adam(rate = 1e-3)``: the name says which, the arguments its fields.
What a field may be follows from its declaration, so that a new option needs no code here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from msgspec import inspect

from epochal.compiler import expressions, ir, types
from epochal.compiler.intervals import constant
from epochal.compiler.report import Report
from epochal.compiler.scope import PLAIN, Scope
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.nearest import nearest
from epochal.dsl.span import Span

TIMES = frozenset({"tau", "dt"})
"""Fields that are times, in ms; all other numbers are plain."""

TEXTS = frozenset({"name", "source", "target", "cell"})
"""Fields that are texts in quotes; all other words are bare."""

MOST_ITEMS = 1000
"""How long a list may be that `range(n)` writes."""

Setting: TypeAlias = Any  # of a record: a number, a text, a truth, a record, a tuple of them


class Missing:
    """What is read where a mistake was reported."""


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads expressions as settings; mistakes go to the report."""

    report: Report

    def value(self, node: syntax.Expr, kind: inspect.Type, name: str) -> Setting:
        """Read one setting; ``MISSING`` where it is not of its kind."""
        match kind:
            case inspect.Metadata(type=inner):
                return self.value(node, inner, name)
            case inspect.UnionType(types=kinds):
                return self._one_of(node, kinds, name)
            case inspect.StructType():
                return self._one_of(node, (kind,), name)
            case inspect.LiteralType(values=words):
                return self._word(node, [str(word) for word in words], name)
            case inspect.BoolType():
                return self._word(node, ["true", "false"], name) == "true"
            case inspect.IntType() | inspect.FloatType():
                return self.number(node, name, whole=isinstance(kind, inspect.IntType))
            case inspect.StrType():
                return self.text(node, name)
            case inspect.VarTupleType(item_type=item):
                return self._items(node, item, name)
            case inspect.AnyType():
                return node  # whoever asked reads it
            case inspect.DictType():
                self._wrong(name, "given in Python, not in a file", node.span)
                return MISSING
        raise AssertionError(f"no setting is written as {kind}")

    def record(
        self, node: syntax.Expr, kinds: Iterable[inspect.StructType], name: str
    ) -> msgspec.Struct | Missing:
        """Read ``kind(field = value)``, or the bare name of a kind, as a record."""
        known = {_called(kind): kind for kind in kinds}
        called = node.function if isinstance(node, syntax.Call) else node
        if not isinstance(called, syntax.Ident | syntax.Name):
            self._wrong(name, "one of " + ", ".join(f"`{one}(..)`" for one in known), node.span)
            return MISSING
        kind = known.get(called.name)
        if kind is None:
            self._unknown(called.name, called.span, f"kind of {name}", known)
            return MISSING
        arguments = node.arguments if isinstance(node, syntax.Call) else ()
        values = self._arguments(arguments, kind, called)
        return MISSING if values is None else self.made(kind.cls, values, node.span)

    def made(self, cls: type, values: Mapping[str, Setting], span: Span) -> Setting:
        """Make a record; what it refuses is a mistake at this place."""
        try:
            return cls(**values)
        except ValueError as error:
            self.report.error("E0804", str(error), span)
            return MISSING

    def number(self, node: syntax.Expr, name: str, *, whole: bool = False) -> Setting:
        """Read a number: a time in ms where the setting is one, else a plain one."""
        wanted = ir.TIME if name in TIMES else ir.NUMBER
        scope = Scope(self.report, {})
        typed = expressions.lower(node, scope, PLAIN)
        if typed is None:
            return MISSING
        value = constant(typed.expr, {})
        if typed.type != wanted or value is None:
            described = types.describe(typed.type)
            self._wrong(name, types.describe(wanted), node.span, f", this is {described}")
            return MISSING
        if whole and value.denominator != 1:
            self._wrong(name, "a whole number", node.span)
            return MISSING
        if whole:
            return int(value)
        return float(value / 1000 if wanted == ir.TIME else value)

    def text(self, node: syntax.Expr, name: str) -> Setting:
        """Read a text in quotes."""
        if isinstance(node, syntax.String):
            return node.value
        self._wrong(name, "a text in quotes", node.span)
        return MISSING

    def fields(
        self, fields: Iterable[syntax.Field], kinds: Mapping[str, inspect.Type], where: str
    ) -> dict[str, Setting] | None:
        """Read ``name: value`` lines, each of its kind; None where one could not be read."""
        found: dict[str, Setting] = {}
        failed = False
        for field in fields:
            name = field.name.name
            if name not in kinds:
                self._unknown(name, field.name.span, f"setting of {where}", kinds)
                failed = True
            elif name in found:
                message = f"`{name}` is set twice"
                self.report.error("E0803", message, field.name.span)
                failed = True
            else:
                found[name] = self.value(field.value, kinds[name], name)
                failed |= found[name] is MISSING
        return None if failed else found

    def _arguments(
        self,
        arguments: tuple[syntax.Argument, ...],
        kind: inspect.StructType,
        called: syntax.Ident | syntax.Name,
    ) -> dict[str, Setting] | None:
        kinds = {field.name: field.type for field in kind.fields}
        free = list(kinds)
        named: list[syntax.Field] = []
        for argument in arguments:
            name = argument.name
            if name is None:
                if not free:
                    self.report.error("E0801", f"`{called.name}` takes no more", argument.span)
                    return None
                name = syntax.Ident(argument.span, free[0])
            if name.name in free:
                free.remove(name.name)
            named.append(syntax.Field(argument.span, name, argument.value))
        values = self.fields(named, kinds, f"`{called.name}`")
        lacking = [one.name for one in kind.fields if one.required and one.name in free]
        if lacking:
            place = named[-1].span if named else called.span
            self.report.error("E0803", f"`{called.name}` lacks `{lacking[0]}`", place)
            return None
        return values

    def _one_of(self, node: syntax.Expr, kinds: tuple[inspect.Type, ...], name: str) -> Setting:
        """Read a value of the first kind that its form fits."""
        optional = any(isinstance(kind, inspect.NoneType) for kind in kinds)
        if optional and isinstance(node, syntax.Name) and node.name == "none":
            return None
        structs = [kind for kind in kinds if isinstance(kind, inspect.StructType)]
        plain = [k for k in kinds if not isinstance(k, inspect.NoneType | inspect.StructType)]
        if structs and (isinstance(node, syntax.Call | syntax.Name) or not plain):
            return self.record(node, structs, name)
        if isinstance(node, syntax.List):
            plain = [k for k in plain if isinstance(k, inspect.VarTupleType)] or plain
        elif len(plain) > 1:
            plain = [k for k in plain if not isinstance(k, inspect.VarTupleType)]
        return self.value(node, plain[0], name)

    def _word(self, node: syntax.Expr, words: list[str], name: str) -> Setting:
        if isinstance(node, syntax.Name) and node.name in words:
            return node.name
        close = nearest(node.name, words) if isinstance(node, syntax.Name) else None
        notes = (Note(f"did you mean `{close}`?"),) if close else ()
        message = f"`{name}` is one of {', '.join(words)}"
        self.report.error("E0802", message, node.span, *notes)
        return MISSING

    def _items(self, node: syntax.Expr, kind: inspect.Type, name: str) -> Setting:
        if isinstance(kind, inspect.IntType) and isinstance(node, syntax.Call):
            return self._range(node, name)
        nodes = node.items if isinstance(node, syntax.List) else (node,)
        items = tuple(self.value(item, kind, name) for item in nodes)
        return MISSING if MISSING in items else items

    def _range(self, node: syntax.Call, name: str) -> Setting:
        """Read ``range(n)``, the whole numbers from 0 up to n."""
        if node.function.name != "range" or len(node.arguments) != 1:
            self._wrong(name, "a list of whole numbers, or `range(n)`", node.span)
            return MISSING
        n = self.number(node.arguments[0].value, name, whole=True)
        if n is MISSING:
            return MISSING
        if not 1 <= n <= MOST_ITEMS:
            self.report.error("E0804", f"`range(n)` is for n from 1 to {MOST_ITEMS}", node.span)
            return MISSING
        return tuple(range(n))

    def _unknown(self, name: str, span: Span, what: str, known: Iterable[str]) -> None:
        known = list(known)
        close = nearest(name, known)
        shown = ", ".join(f"`{one}`" for one in known)
        note = Note(f"did you mean `{close}`?" if close else f"there are {shown}")
        self.report.error("E0801", f"there is no {what} `{name}`", span, note)

    def _wrong(self, name: str, wanted: str, span: Span, found: str = "") -> None:
        self.report.error("E0802", f"`{name}` is {wanted}{found}", span)


def kinds_of(cls: type[msgspec.Struct]) -> dict[str, inspect.Type]:
    """Say of what kind each field of a record is."""
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    return {field.name: field.type for field in info.fields}


def _called(kind: inspect.StructType) -> str:
    """Name a kind of record as it is written: its tag, or its class in small letters."""
    return str(kind.tag) if kind.tag is not None else kind.cls.__name__.lower()
