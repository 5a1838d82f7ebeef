"""Build the nodes of expressions from Lark's tree."""

# Each method is named for the rule of the grammar that it builds.
# ruff: noqa: D102

from collections.abc import Mapping
from typing import TypeAlias, TypeVar

from lark import Token, Tree
from msgspec import Struct
from msgspec.structs import replace

from epochal.dsl import syntax
from epochal.dsl.checks import check_bare_unit, check_chain, check_length, check_name
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.places import Places
from epochal.dsl.span import Span
from epochal.dsl.syntax import Expr

_Node = TypeVar("_Node")
Part: TypeAlias = Token | syntax.Node


def nodes(parts: tuple[Token | _Node, ...]) -> tuple[_Node, ...]:
    """Keep the nodes among the parts of a rule, dropping its punctuation."""
    return tuple(part for part in parts if not isinstance(part, Token))


class Bracketed(Struct, frozen=True):
    """``[value]`` behind a name, with its closing bracket, where the node ends."""

    value: Expr
    close: Token


class NodeBuilder:
    """What the builders of all nodes share: the walk, places, names, documentation."""

    def __init__(self, places: Places, docs: Mapping[int, str]) -> None:
        self._places = places
        self._docs = docs
        self.found: list[Diagnostic] = []

    def transform(self, tree: Tree[Token]) -> object:
        """Call the method of every rule, innermost first, without recursion."""
        order, left = [], [tree]
        while left:
            branch = left.pop()
            order.append(branch)
            left += [child for child in branch.children if isinstance(child, Tree)]
        built: dict[int, object] = {}
        for branch in reversed(order):
            parts = [
                built.pop(id(part)) if isinstance(part, Tree) else part for part in branch.children
            ]
            built[id(branch)] = getattr(self, branch.data)(*parts)
        return built[id(tree)]

    def _over(self, first: Part, last: Part) -> Span:
        """Reach from the start of one part to the end of another."""
        end = _end(last)
        if isinstance(first, Token):
            return self._places.span(_start(first), end)
        begun = first.span
        return Span(begun.file, begun.start, end, begun.line, begun.column)

    def _ident(self, token: Token) -> syntax.Ident:
        self.found += check_length(token, self._over(token, token))
        return syntax.Ident(self._over(token, token), str(token))

    def _declare(self, token: Token, what: str) -> syntax.Ident:
        """Make the identifier of a declaration, whose name must be free."""
        ident = self._ident(token)
        self.found += check_name(ident, what)
        return ident

    def _doc(self, first: Token) -> str:
        return self._docs.get(_start(first), "")


class ExpressionBuilder(NodeBuilder):
    """One method a rule of the grammar, with its children, punctuation and all, as arguments."""

    def conditional(
        self, value: Expr, _if: Token, condition: Expr, _else: Token, otherwise: Expr
    ) -> syntax.Conditional:
        return syntax.Conditional(self._over(value, otherwise), value, condition, otherwise)

    def binary(self, left: Expr, op: Token, right: Expr) -> syntax.Binary:
        if op.type in ("STAR", "SLASH") and isinstance(right, syntax.Name):
            self.found += check_bare_unit(op, right)
        return syntax.Binary(self._over(left, right), str(op), left, right)

    def compare(self, left: Expr, op: Token, right: Expr) -> syntax.Binary:
        """``left op right``; a chain is reported once, with all its operands."""
        comparison = syntax.Binary(self._over(left, right), str(op), left, right)
        chain = check_chain(comparison, self._places)
        if chain is not None:
            if self.found and self.found[-1].span == left.span:
                self.found.pop()
            self.found.append(chain)
        return comparison

    def unary(self, op: Token, operand: Expr) -> syntax.Unary:
        return syntax.Unary(self._over(op, operand), str(op), operand)

    def restrict(self, value: Expr, _at: Token, where: syntax.EpochSpan) -> syntax.At:
        return syntax.At(self._over(value, where), value, where)

    def index(
        self, value: Expr, _open: Token, indices: tuple[Expr, ...], close: Token
    ) -> syntax.Index:
        return syntax.Index(self._over(value, close), value, indices)

    def call(
        self,
        name: Token,
        _open: Token,
        arguments: tuple[syntax.Argument, ...] | None,
        close: Token,
    ) -> syntax.Call:
        return syntax.Call(self._over(name, close), self._ident(name), arguments or ())

    def name(self, token: Token) -> syntax.Name:
        span = self._over(token, token)
        self.found += check_length(token, span)
        return syntax.Name(span, str(token))

    def quantity(self, token: Token) -> syntax.Quantity:
        digits = token.rstrip("%adeghikmnrsuzH ") if token.type == "QUANTITY" else str(token)
        unit = token[len(digits) :].strip()
        return syntax.Quantity(self._over(token, token), digits, unit)

    def string(self, token: Token) -> syntax.String:
        return syntax.String(self._over(token, token), token[1:-1])

    def parenthesis(self, first: Token, value: Expr, last: Token) -> Expr:
        """Give the expression itself; its span grows to the brackets, which carets include."""
        return replace(value, span=self._over(first, last))

    def tuple_of(self, *parts: Token | Expr) -> syntax.Tuple:
        return syntax.Tuple(self._over(parts[0], parts[-1]), nodes(parts))

    def list_of(self, first: Token, items: tuple[Expr, ...] | None, last: Token) -> syntax.List:
        return syntax.List(self._over(first, last), items or ())

    def set_of(self, *parts: Token | syntax.SetItem) -> syntax.Set:
        return syntax.Set(self._over(parts[0], parts[-1]), nodes(parts))

    def set_item(self, value: Expr, weight: Expr | None) -> syntax.SetItem:
        return syntax.SetItem(self._over(value, weight or value), value, weight)

    def weight_of(self, _colon: Token, weight: Expr) -> Expr:
        return weight

    def exprs(self, *parts: Token | Expr) -> tuple[Expr, ...]:
        return nodes(parts)

    def arguments(self, *parts: Token | syntax.Argument) -> tuple[syntax.Argument, ...]:
        return nodes(parts)

    def positional(self, value: Expr) -> syntax.Argument:
        return syntax.Argument(value.span, None, value)

    def keyword(self, name: Token, _equal: Token, value: Expr) -> syntax.Argument:
        return syntax.Argument(self._over(name, value), self._ident(name), value)

    def names(self, *parts: Token) -> tuple[syntax.Ident, ...]:
        return tuple(self._ident(part) for part in parts if part.type == "NAME")

    def size(self, _open: Token, value: Expr, close: Token) -> Bracketed:
        return Bracketed(value, close)


def _start(token: Token) -> int:
    assert token.start_pos is not None
    return token.start_pos


def _end(part: Part) -> int:
    if isinstance(part, Token):
        assert part.end_pos is not None
        return part.end_pos
    return part.span.end
