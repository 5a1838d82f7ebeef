"""Expressions become the nodes that they should."""

import pytest
from written import expression

from epochal.dsl.span import Span
from epochal.dsl.syntax import (
    Argument,
    At,
    Binary,
    Call,
    Conditional,
    EpochSpan,
    Expr,
    Ident,
    Index,
    List,
    Name,
    Quantity,
    Set,
    SetItem,
    Slice,
    String,
    Tuple,
    Unary,
)

HERE = Span("anywhere", 0, 0, 1, 1)  # equality of nodes leaves spans out


def name(text: str) -> Name:
    return Name(HERE, text)


def number(digits: str, unit: str = "") -> Quantity:
    return Quantity(HERE, digits, unit)


def binary(left: Expr, op: str, right: Expr) -> Binary:
    return Binary(HERE, op, left, right)


A, B, C = name("a"), name("b"), name("c")


@pytest.mark.parametrize(
    ("text", "digits", "unit"),
    [
        ("3", "3", ""),
        ("0.5", "0.5", ""),
        ("1e-3", "1e-3", ""),
        ("2.5E+3", "2.5E+3", ""),
        ("500 ms", "500", "ms"),
        ("500ms", "500", "ms"),
        ("5 us", "5", "us"),
        ("1e3 s", "1e3", "s"),
        ("2 min", "2", "min"),
        ("18 Hz", "18", "Hz"),
        ("1.5 kHz", "1.5", "kHz"),
        ("45 deg", "45", "deg"),
        ("1 rad", "1", "rad"),
        ("12.8%", "12.8", "%"),
        ("12.8 %", "12.8", "%"),
    ],
)
def test_a_quantity_is_split_into_digits_and_unit(text: str, digits: str, unit: str) -> None:
    assert expression(text) == number(digits, unit)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c", binary(A, "+", binary(B, "*", C))),
        ("(a + b) * c", binary(binary(A, "+", B), "*", C)),
        ("a - b - c", binary(binary(A, "-", B), "-", C)),
        ("a / b * c", binary(binary(A, "/", B), "*", C)),
        ("a ** b ** c", binary(A, "**", binary(B, "**", C))),
        ("-a ** b", Unary(HERE, "-", binary(A, "**", B))),
        ("a ** -b", binary(A, "**", Unary(HERE, "-", B))),
        ("--a", Unary(HERE, "-", Unary(HERE, "-", A))),
        ("a or b and c", binary(A, "or", binary(B, "and", C))),
        ("not a == b", Unary(HERE, "not", binary(A, "==", B))),
        ("not a in b", Unary(HERE, "not", binary(A, "in", B))),
        ("a + b >= c", binary(binary(A, "+", B), ">=", C)),
        ("(a < b) == c", binary(binary(A, "<", B), "==", C)),
        ("a if b else c", Conditional(HERE, A, B, C)),
        (
            "a if b else b if c else c",
            Conditional(HERE, A, B, Conditional(HERE, B, C, C)),
        ),
    ],
)
def test_operators_bind_as_usual(text: str, tree: Expr) -> None:
    assert expression(text) == tree


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">=", "in"])
def test_every_comparison_is_a_binary_operator(op: str) -> None:
    assert expression(f"a {op} b") == binary(A, op, B)


def test_arguments_are_given_by_position_and_by_name() -> None:
    arguments = (Argument(HERE, None, A), Argument(HERE, Ident(HERE, "at"), number("20", "ms")))
    assert expression("white(a, at = 20 ms)") == Call(HERE, Ident(HERE, "white"), arguments)


def test_a_call_may_have_no_arguments_and_a_last_comma() -> None:
    assert expression("f()") == Call(HERE, Ident(HERE, "f"), ())
    assert expression("f(a,)") == expression("f(a)")


def test_indices_may_be_several() -> None:
    assert expression("a[b, 1]") == Index(HERE, A, (B, number("1")))
    assert expression("a[b][c]") == Index(HERE, Index(HERE, A, (B,)), (C,))


def test_brackets_of_one_expression_are_no_tuple() -> None:
    assert expression("(a)") == A
    assert expression("(a, b)") == Tuple(HERE, (A, B))
    assert expression("(a, b,)") == Tuple(HERE, (A, B))


def test_lists_may_be_empty_and_hold_texts() -> None:
    assert expression("[]") == List(HERE, ())
    assert expression('["x # y", a]') == List(HERE, (String(HERE, "x # y"), A))


def test_sets_hold_items_with_and_without_weights() -> None:
    items = (SetItem(HERE, A, None), SetItem(HERE, B, number("20", "%")))
    assert expression("{a, b: 20%}") == Set(HERE, items)
    assert expression("{a, b: 20%,}") == Set(HERE, items)


def test_an_output_is_restricted_to_a_span() -> None:
    where = EpochSpan(HERE, Ident(HERE, "x"), Ident(HERE, "y"), Slice(HERE, None, A))
    assert expression("c @ x..y[: a]") == At(HERE, C, where)
    assert expression("c[a] @ x") == At(
        HERE, Index(HERE, C, (A,)), EpochSpan(HERE, Ident(HERE, "x"), None, None)
    )


def test_a_unit_may_be_a_name_where_no_number_stands_before_it() -> None:
    assert expression("{s, min}") == Set(
        HERE, (SetItem(HERE, name("s"), None), SetItem(HERE, name("min"), None))
    )
    assert expression("min(a)") == Call(HERE, Ident(HERE, "min"), (Argument(HERE, None, A),))
