"""Mistakes that the grammar lets pass, so that their messages can be kind."""

from lark import Token

from epochal.dsl import syntax
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Fix
from epochal.dsl.expected import shorten
from epochal.dsl.limits import MAX_NAME
from epochal.dsl.places import Places
from epochal.dsl.span import Span
from epochal.dsl.units import UNITS
from epochal.dsl.words import why_not_a_name

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
_NOT_VALUES = frozenset({"a channel", "an epoch"})


def check_length(name: Token, span: Span) -> tuple[Diagnostic, ...]:
    """Refuse a name that would fill every message and every line of a printed module."""
    if len(name) <= MAX_NAME:
        return ()
    message = f"a name has {MAX_NAME} letters at most, and this has {len(name)}"
    return (diagnose("E0369", message, span),)


def check_name(ident: syntax.Ident, what: str) -> tuple[Diagnostic, ...]:
    """Check that a declared name is free; ``what`` says what it would name."""
    why = why_not_a_name(ident.name, value=what not in _NOT_VALUES)
    if why is None:
        return ()
    message = f"`{ident.name}` is {why} and cannot name {what}"
    return (diagnose("E0133", message, ident.span),)


def check_bare_unit(op: Token, right: syntax.Name) -> tuple[Diagnostic, ...]:
    """Report ``90 deg / s``: units follow numbers, nothing else."""
    if right.name not in UNITS:
        return ()
    message = f"`{right.name}` is a unit and follows a number: write `{op} 1 {right.name}`"
    fix = Fix("write the number", right.span, f"1 {right.name}")
    return (diagnose("E0131", message, right.span, fixes=[fix]),)


def check_chain(comparison: syntax.Binary, places: Places) -> Diagnostic | None:
    """Report ``a < x < b``, showing the ``and``; brackets make it a comparison of booleans."""
    parts: list[str] = []
    right: syntax.Expr = comparison
    while _is_comparison(right):
        assert isinstance(right, syntax.Binary)
        left = right.left
        begins = left.right if _is_chained(right) and isinstance(left, syntax.Binary) else left
        parts.append(f"{places.text(begins.span)} {right.op} {places.text(right.right.span)}")
        if begins is left:
            break
        right = left
    if len(parts) < 2:
        return None
    replacement = " and ".join(reversed(parts))
    message = f"comparisons do not chain: write `{shorten(replacement)}`"
    fix = Fix("join them by `and`", comparison.span, replacement)
    return diagnose("E0132", message, comparison.span, fixes=[fix])


def _is_chained(comparison: syntax.Binary) -> bool:
    """Tell whether the left operand is a comparison without brackets of its own."""
    left = comparison.left
    if not _is_comparison(left):
        return False
    assert isinstance(left, syntax.Binary)
    return left.span.start == left.left.span.start


def _is_comparison(value: syntax.Expr) -> bool:
    return isinstance(value, syntax.Binary) and value.op in COMPARISONS
