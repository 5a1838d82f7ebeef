"""Signals as the slow second reading takes them: one step at a time, from the start of the span.

A row of the trial table holds the events of a pulse train, or says where the random words of
other processes are; what a signal was at earlier steps of a span is kept beside the row's values.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Any

import reference

from epochal.compiler import ir

Value = Any
PAST = "the past of a span"

Advance = Callable[[list[Value], "reference.Reading"], Value]


def starting(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """Let a span begin: nothing of its signals is past."""
    return {**values, PAST: {}}


def history(here: reference.Reading, key: object, advance: Advance) -> Value:
    """Give a value that follows from those before it in the span.

    ``advance`` makes the next value from all values so far.
    """
    past: list[Value] = here.values[PAST].setdefault(key, [])
    assert here.t is not None
    while len(past) <= here.t // here.dt:
        past.append(advance(past, at_step(here, len(past))))
    return past[here.t // here.dt]


def at_step(here: reference.Reading, k: int) -> reference.Reading:
    return dataclasses.replace(here, t=k * here.dt)


def nearest(time: float, dt: int) -> int:
    return math.floor(time / dt + 0.5)


# Functions of signals.


def latch(here: reference.Reading, x: ir.Expr, initial: ir.Expr) -> Value:
    def advance(past: list[Value], there: reference.Reading) -> Value:
        before = past[-1] if past else there.value(initial)
        return reference.each(lambda new, old: new if new != 0 else old, there.value(x), before)

    return history(here, ("latch", x, initial), advance)


def integral(here: reference.Reading, x: ir.Expr) -> Value:
    def advance(past: list[Value], there: reference.Reading) -> Value:
        if not past:
            return reference.each(lambda _: 0.0, there.value(x))
        new = at_step(there, len(past) - 1).value(x)
        return reference.each(lambda total, height: total + height, past[-1], new)

    total = history(here, ("integral", x), advance)
    return reference.each(lambda one: one * here.dt, total)


def ema(here: reference.Reading, x: ir.Expr, tau: ir.Expr) -> Value:
    def advance(past: list[Value], there: reference.Reading) -> Value:
        if not past:
            return reference.each(lambda _: 0.0, there.value(x))
        share = 1 - math.exp(-here.dt / there.value(tau))
        new = at_step(there, len(past) - 1).value(x)
        return reference.each(lambda y, height: y + share * (height - y), past[-1], new)

    return history(here, ("ema", x, tau), advance)


def lag(here: reference.Reading, x: ir.Expr, by: ir.Expr) -> Value:
    assert here.t is not None
    k = here.t // here.dt - nearest(here.value(by), here.dt)
    if k < 0:
        return reference.each(lambda _: 0.0, here.value(x))
    return at_step(here, k).value(x)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "latch": latch,
    "integral": integral,
    "ema": ema,
    "lag": lag,
}


# Processes.


def process(here: reference.Reading, name: str) -> Value:
    """Give the value of a process at one step: a number, or one for each of an array."""
    variable = next(one for one in here.task.variables if one.names == (name,))
    assert isinstance(variable.definition, ir.Drawn)
    law, size = variable.definition.law, variable.definition.size
    assert isinstance(law, ir.Law)
    if law.name == "pulse_train":
        if not size:
            return pulses(here, law, here.values[name], here.values[f"{name} heights"])
        trains = zip(here.values[name], here.values[f"{name} heights"], strict=True)
        return [pulses(here, law, times, heights) for times, heights in trains]
    one = walk if law.name == "random_walk" else ou
    key = variable.definition.key
    if not size:
        return one(here, law, key, 1, 0)
    return [one(here, law, key, size, j) for j in range(size)]


def pulses(here: reference.Reading, law: ir.Law, times: list[float], heights: list[float]) -> float:
    assert here.t is not None
    width, over = here.value(law.arguments[1]), here.value(law.arguments[4])
    k, end = here.t // here.dt, nearest(over, here.dt)
    total = 0.0
    for time, height in zip(times, heights, strict=True):
        if math.isnan(time):
            break
        first = min(nearest(time, here.dt), end - 1)
        last = max(min(nearest(time + width, here.dt), end), first + 1)
        if first <= k < last:
            total += height
    return total


def normal(here: reference.Reading, key: str, size: int, j: int, k: int) -> float:
    """Give the normal number of step k: that of its trial in attempt k of the batch."""
    words = reference.Words(*(here.values[f"design {one}"] for one in ("seed", "stream", "batch")))
    place = here.values["design row"] * size + j
    return float(NormalDist().inv_cdf(words.unit(key, place + 1, k)[place]))


def ou(here: reference.Reading, law: ir.Law, key: str, size: int, j: int) -> float:
    sd, tau = (here.value(one) for one in law.arguments)
    kept = math.exp(-here.dt / tau)

    def advance(past: list[Value], _: reference.Reading) -> Value:
        z = normal(here, key, size, j, len(past))
        return kept * past[-1] + sd * math.sqrt(1 - kept**2) * z if past else sd * z

    return float(history(here, (key, j), advance))


def walk(here: reference.Reading, law: ir.Law, key: str, size: int, j: int) -> float:
    sd = here.value(law.arguments[0])

    def advance(past: list[Value], _: reference.Reading) -> Value:
        z = normal(here, key, size, j, len(past))
        return past[-1] + sd * math.sqrt(here.dt / 1e6) * z if past else 0.0

    return float(history(here, (key, j), advance))


# The trial table.


def columns(
    variable: ir.Variable,
    words: reference.Words,
    i: int,
    n: int,
    here: reference.Reading,
    attempt: int,
) -> dict[str, Value]:
    """Draw what the table holds of a process, for trial i of n."""
    assert isinstance(variable.definition, ir.Drawn)
    law, key, size = variable.definition.law, variable.definition.key, variable.definition.size
    assert isinstance(law, ir.Law)
    if law.name != "pulse_train":
        found = {f"design {one}": getattr(words, one) for one in ("seed", "stream", "batch")}
        return {**found, "design row": i}
    most = int(here.value(law.arguments[5]))
    width = max(size, 1)
    trains = []
    for j in range(width):
        first = (i * width + j) * 16
        gaps, picks = (
            [
                u
                for group in range(math.ceil(most / 16))
                for u in words.unit(f"{name}:{group}", n * width * 16, attempt)[first : first + 16]
            ][:most]
            for name in (key, f"{key} heights")
        )
        trains.append(train(law, gaps, picks, here))
    name = variable.names[0]
    times, heights = [one[0] for one in trains], [one[1] for one in trains]
    if not size:
        return {name: times[0], f"{name} heights": heights[0]}
    return {name: times, f"{name} heights": heights}


def train(
    law: ir.Law, gaps: list[float], picks: list[float], here: reference.Reading
) -> tuple[list[float], list[float]]:
    """Draw the times and heights of one train, nan after the last event."""
    rate, _, refractory, members, over, _ = law.arguments
    now, times = 0.0, []
    for m, u in enumerate(gaps):
        now += here.value(refractory) if m else 0
        now += -math.log(1 - u) * 1e6 / here.value(rate) if here.value(rate) > 0 else math.inf
        if now >= here.value(over):
            break
        times.append(now)
    values = reference.literal(members, here.task)
    items = [here.value(item) for item in values.items]
    weights = [float(here.value(one)) for one in values.weights] or [1.0] * len(items)
    sums = [sum(weights[: k + 1]) for k in range(len(weights))]
    heights = [items[sum(below <= u * sums[-1] for below in sums)] for u in picks[: len(times)]]
    empty = [math.nan] * (len(gaps) - len(times))
    return times + empty, heights + empty
