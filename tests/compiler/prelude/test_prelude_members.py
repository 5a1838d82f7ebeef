"""Trials of a set: dealt to members, taken apart, put together."""

from types import SimpleNamespace

import numpy as np
import pytest

from epochal.compiler.prelude.members import (
    MemberDraw,
    by_member,
    deal_members,
    joined_tables,
    member_arguments,
    own_labels,
)
from epochal.compiler.prelude.words import Draw, Ints

PLAIN = SimpleNamespace(labels={})
SWAPPED = SimpleNamespace(labels={"side": (2, 0)})


def whole(*values: int) -> Ints:
    return np.array(values, np.int64)


def test_some_trials_have_the_words_that_they_have_among_all() -> None:
    every, some = Draw(20, 1, 2, 3), MemberDraw(20, 1, 2, 3, whole(4, 17, 5))
    assert some.n == 3
    assert np.array_equal(some.unit("var:x"), every.unit("var:x")[[4, 17, 5]])
    assert np.array_equal(some.units("var:y", 4), every.units("var:y", 4)[[4, 17, 5]])
    assert np.array_equal(some.each("var:z", 2, 7), every.each("var:z", 2, 7)[[4, 17, 5]])
    assert np.array_equal(some.once("var:b"), every.once("var:b"))
    assert some.turn("var:c", 5) == every.turn("var:c", 5)


def test_all_trials_have_the_design_of_a_batch() -> None:
    every, all_ = Draw(21, 1, 2, 3), MemberDraw(21, 1, 2, 3, np.arange(21))
    assert np.array_equal(all_.design(6), every.design(6))


def test_a_part_of_a_batch_has_a_design_of_its_own() -> None:
    some = MemberDraw(21, 1, 2, 3, np.arange(0, 21, 2))
    assert sorted(np.bincount(some.design(4)).tolist()) == [2, 3, 3, 3]


def test_no_trials_draw_nothing() -> None:
    none = MemberDraw(20, 1, 2, 3, whole())
    assert none.unit("var:x").shape == (0,)
    assert none.design(4).shape == (0,)


def test_members_are_dealt_by_the_order_of_their_words() -> None:
    draw = Draw(7, 1, 2, 3)
    words = draw.words("design:members", 10)
    cell, place = np.argsort(words[:3]), np.argsort(words[3:])
    assert np.array_equal(deal_members(draw, (1, 2)), whole(0, 1, 1)[cell[place % 3]])


def test_arguments_are_those_of_one_member_or_of_all_that_have_them() -> None:
    defaults = {"a": {"x": 1, "y": 2}, "b": {"x": 3}}
    assert member_arguments(defaults, {"x": 9, "b.x": 8}) == [{"x": 9, "y": 2}, {"x": 8}]
    assert member_arguments(defaults, {"a.y": 7}) == [{"x": 1, "y": 7}, {"x": 3}]
    for name in ("z", "b.y", "c.x"):
        with pytest.raises(TypeError, match="no member has the parameter"):
            member_arguments(defaults, {name: 1})


def test_a_table_is_taken_apart_and_put_together() -> None:
    trials = {"task": whole(1, 0, 1), "side": whole(0, 1, 2), "x": np.array([1.0, np.nan, 3.0])}
    parts = list(by_member(trials, (PLAIN, SWAPPED)))
    assert [rows.tolist() for rows, _, _ in parts] == [[1], [0, 2]]
    assert parts[1][2]["side"].tolist() == [1, 0]
    again = joined_tables(parts, 3, {"side": -1, "x": np.nan})
    assert again["side"].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(again["x"], trials["x"])


def test_what_a_member_lacks_is_filled_and_makes_a_column_wider() -> None:
    one = whole(0, 2), PLAIN, {"n": whole(5, 6), "ok": np.array([True, True])}
    two = whole(1), PLAIN, {"side": whole(1), "row": np.ones((1, 2))}
    table = joined_tables(
        [one, two], 3, {"n": np.nan, "ok": False, "side": -1, "row": np.nan, "none": -1}
    )
    np.testing.assert_array_equal(table["n"], [5, np.nan, 6])
    assert table["ok"].tolist() == [True, False, True]
    assert table["side"].tolist() == [-1, 1, -1]
    assert table["side"].dtype == np.int64
    assert table["row"].shape == (3, 2)
    assert np.isnan(table["row"][[0, 2]]).all()
    assert table["none"].tolist() == [-1, -1, -1]


def test_no_label_stays_none() -> None:
    assert own_labels(whole(2, -1, 0), (2, 0)).tolist() == [0, -1, 1]
    table = joined_tables([(whole(0, 1), SWAPPED, {"side": whole(-1, 1)})], 2, {"side": -1})
    assert table["side"].tolist() == [-1, 0]
