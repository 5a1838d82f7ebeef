"""Expressions of literals mean what they say: precedence, units, defaults, read off the text alone.

The reference reads the IR, so that a mistake of lowering is one of both.  Here expressions are
written and reckoned at once, in seconds, Hz and degrees, and the compiler sees their text only.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from compiled import module, task

OR, AND, NOT, COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(9)
CONDITIONAL = -1


@dataclass(frozen=True)
class Made:
    """An expression: its text, how tightly it binds, its value, its powers of time and angle."""

    text: str
    binds: int
    value: float
    time: int = 0
    angle: int = 0

    def inside(self, binds: int) -> str:
        return self.text if self.binds >= binds else f"({self.text})"


LITERALS = {
    (0, 0): [("3", 3), ("0.5", 0.5), ("25%", 0.25), ("2", 2), ("1e1", 10), ("7", 7)],
    (1, 0): [("20 ms", 0.02), ("1.5 s", 1.5), ("250 us", 0.00025), ("2 min", 120), ("3 s", 3)],
    (-1, 0): [("18 Hz", 18), ("2 kHz", 2000), ("0.5 Hz", 0.5)],
    (0, 1): [("45 deg", 45), ("1 rad", math.degrees(1)), ("200 deg", 200)],
}
KINDS = list(LITERALS)


class Writer:
    """Writes random expressions."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def quantity(self, kind: tuple[int, int], depth: int) -> Made:
        if depth == 0:
            text, value = self.random.choice(LITERALS[kind])
            return Made(text, ATOM, value, *kind)
        writers: list[Callable[[tuple[int, int], int], Made]] = [
            self.sum,
            self.sum,
            self.product,
            self.negative,
            self.conditional,
            self.call,
        ]
        if kind == (0, 0):
            writers += [self.power, self.ratio, self.counted]
        return self.random.choice(writers)(kind, depth - 1)

    def sum(self, kind: tuple[int, int], depth: int) -> Made:
        a, b = self.quantity(kind, depth), self.quantity(kind, depth)
        op = self.random.choice("+-")
        value = a.value + b.value if op == "+" else a.value - b.value
        text = f"{a.inside(SUM)} {op} {b.inside(SUM + 1)}"
        return Made(text, SUM, value, *kind)

    def product(self, kind: tuple[int, int], depth: int) -> Made:
        a, b = self.quantity(kind, depth), self.quantity((0, 0), depth)
        if abs(b.value) > 1e-3 and self.random.random() < 0.5:
            return Made(
                f"{a.inside(PRODUCT)} / {b.inside(SIGN)}", PRODUCT, a.value / b.value, *kind
            )
        if self.random.random() < 0.5:
            a, b = b, a
        return Made(f"{a.inside(PRODUCT)} * {b.inside(SIGN)}", PRODUCT, a.value * b.value, *kind)

    def ratio(self, kind: tuple[int, int], depth: int) -> Made:
        """Write a number out of quantities."""
        if self.random.random() < 0.4:
            a, b = self.quantity((1, 0), depth), self.quantity((-1, 0), depth)
            a, b = self.random.choice([(a, b), (b, a)])
            return Made(f"{a.inside(PRODUCT)} * {b.inside(SIGN)}", PRODUCT, a.value * b.value)
        one = self.random.choice(KINDS)
        a, b = self.quantity(one, depth), self.quantity(one, 0)
        return Made(f"{a.inside(PRODUCT)} / {b.inside(SIGN)}", PRODUCT, a.value / b.value)

    def negative(self, kind: tuple[int, int], depth: int) -> Made:
        a = self.quantity(kind, depth)
        return Made(f"-{a.inside(SIGN)}", SIGN, -a.value, *kind)

    def power(self, kind: tuple[int, int], depth: int) -> Made:
        a = self.quantity((0, 0), 0)
        exponent = self.random.choice([2, 3, -1])
        return Made(f"{a.text} ** {exponent}", POWER, a.value**exponent)

    def conditional(self, kind: tuple[int, int], depth: int) -> Made:
        a, b, c = self.quantity(kind, depth), self.quantity(kind, depth), self.truth(depth)
        text = f"{a.inside(OR)} if {c.inside(OR)} else {b.text}"
        return Made(text, CONDITIONAL, a.value if c.value else b.value, *kind)

    def counted(self, kind: tuple[int, int], depth: int) -> Made:
        a, b = self.truth(depth), self.quantity((0, 0), depth)
        return Made(f"{a.inside(SUM)} + {b.inside(PRODUCT)}", SUM, a.value + b.value)

    def call(self, kind: tuple[int, int], depth: int) -> Made:
        a, b = self.quantity(kind, depth), self.quantity(kind, depth)
        low, high = sorted([a, b], key=lambda one: one.value)
        name = self.random.choice(["abs", "min", "max", "clip", "rescale"])
        if name == "abs":
            return Made(f"abs({a.text})", ATOM, abs(a.value), *kind)
        if name == "clip":
            x = self.quantity(kind, depth)
            value = min(max(x.value, low.value), high.value)
            named = f"clip({x.text}, high = {high.text}, low = {low.text})"
            return Made(named, ATOM, value, *kind)
        if name == "rescale":
            x = self.quantity((1, 0), depth)
            text = f"rescale({x.text}, onto = ({a.text}, {b.text}), of = (1 s, 3 s))"
            return Made(text, ATOM, a.value + (x.value - 1) / 2 * (b.value - a.value), *kind)
        choose = min if name == "min" else max
        return Made(f"{name}({a.text}, {b.text})", ATOM, choose(a.value, b.value), *kind)

    def truth(self, depth: int) -> Made:
        if depth <= 0:
            value = self.random.random() < 0.5
            return Made(str(value).lower(), ATOM, value)
        match self.random.randrange(4):
            case 0:
                a = self.truth(depth - 1)
                return Made(f"not {a.inside(NOT)}", NOT, not a.value)
            case 1:
                a, b = self.truth(depth - 1), self.truth(depth - 1)
                return Made(f"{a.inside(AND)} and {b.inside(AND + 1)}", AND, a.value and b.value)
            case 2:
                a, b = self.truth(depth - 1), self.truth(depth - 1)
                return Made(f"{a.inside(OR)} or {b.inside(OR + 1)}", OR, a.value or b.value)
        kind = self.random.choice(KINDS)
        a, b = self.quantity(kind, depth - 1), self.quantity(kind, depth - 1)
        if math.isclose(a.value, b.value, rel_tol=1e-6, abs_tol=1e-6):
            return Made("true", ATOM, True)
        op = self.random.choice(["<", "<=", ">", ">=", "==", "!="])
        holds = {"<": a.value < b.value, "<=": a.value < b.value, ">": a.value > b.value}
        holds |= {">=": a.value > b.value, "==": False, "!=": True}
        return Made(f"{a.inside(SUM)} {op} {b.inside(SUM)}", COMPARE, holds[op])


@pytest.mark.parametrize("seed", range(30))
def test_expressions_of_literals_are_what_they_say(seed: int) -> None:
    writer = Writer(seed)
    made = [writer.quantity(writer.random.choice(KINDS), 3) for _ in range(40)]
    made += [writer.truth(3) for _ in range(10)]
    made = [one for one in made if abs(one.value) < 1e9]
    lines = [f"x{i} = {one.text}" for i, one in enumerate(made)]
    trials = module(task(trial="\n".join(lines))).sample_trials(1, 1)
    for i, one in enumerate(made):
        found = trials[f"x{i}"].item()
        wanted = one.value * 1e6 if one.time == 1 else one.value
        near = 0.51 if one.time == 1 else 1e-9
        assert math.isclose(found, wanted, rel_tol=1e-9, abs_tol=near), (one.text, found, wanted)
