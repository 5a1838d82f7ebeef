"""Hold what a printed module makes against what the slow reference reads out of the IR."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest
import reference
from compiled import Array, Module, Table, random_outputs

from epochal.compiler import ir
from epochal.compiler.walk import walk

EXACT = 1e-12
"""How far floats may differ where the reference asks the machine's own log, exp, sin and cos."""


def rows_of(made: Table, module: Module, task: ir.Task) -> list[reference.Row]:
    """Read a trial table as the reference does: labels by name, parameters beside variables."""
    n, k = len(made["longest trial"]), trials_of_a_sequence(task)
    rows: list[reference.Row] = []
    for i in range(n):
        row: reference.Row = {reference.BEFORE: rows[-1] if i % k else None}
        row |= {name: plain(column[i], name, module) for name, column in made.items()}
        for param in task.params:
            if param.value is not None and param.name not in made:
                row[param.name] = reference.Reading(task, row).value(param.value)
        rows.append(row)
    return rows


def trials_of_a_sequence(task: ir.Task) -> int:
    return 1 if task.session is None else task.session.trials


def plain(value: Any, name: str, module: Module) -> reference.Value:
    if isinstance(value, np.ndarray):
        return [plain(one, name, module) for one in value]
    labels = module.facts["labels"].get(name)
    if labels is not None:
        return None if value < 0 else labels[value]
    return value.item()


def same(a: reference.Value, b: reference.Value, within: float = EXACT) -> bool:
    """Whether two values are one: whole numbers, labels and truths exactly, floats nearly."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, within) for x, y in zip(a, b, strict=True))
    if isinstance(a, str | bool | None) or isinstance(b, str | bool | None):
        return bool(a == b)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    return math.isclose(a, b, rel_tol=within, abs_tol=within)


def rebound(task: ir.Task, arguments: dict[str, float | bool]) -> ir.Task:
    """Write arguments of the printed functions, in ms, deg and Hz, into the IR."""
    params = [
        msgspec.structs.replace(param, value=_literal(arguments[param.name], param.type))
        if param.name in arguments
        else param
        for param in task.params
    ]
    return msgspec.structs.replace(task, params=tuple(params))


def _literal(value: float | bool, kind: ir.Type) -> ir.Expr:
    if isinstance(value, bool):
        return ir.Truth(value)
    if kind == ir.TIME:
        return ir.Number(str(round(value * 1000)), ir.Unit.MICROSECOND)
    unit = {ir.ANGLE: ir.Unit.DEGREE, ir.FREQUENCY: ir.Unit.HERTZ}
    base = unit.get(kind, ir.Unit.NONE) if isinstance(kind, ir.QuantityType) else ir.Unit.NONE
    return ir.Number(repr(value), base)


def hold_table(task: ir.Task, expected: list[reference.Row], found: list[reference.Row]) -> None:
    """Hold a trial table against that of the documented words."""
    kinds = {p.name: p.type for p in task.params}
    for mine, theirs in zip(expected, found, strict=True):
        for key, value in mine.items():
            if key != reference.BEFORE and not isinstance(kinds.get(key), ir.SetType):
                assert same(value, theirs[key]), (key, value, theirs[key])


def hold_timeline(task: ir.Task, module: Module, row: reference.Row, stops: Array, dt: int) -> None:
    """Hold the steps at which one trial's epochs stop against its boundaries; dt in us."""
    for epoch, times in reference.boundaries(task, row).items():
        first, after = module.facts["epochs"][epoch]
        edges = [reference.to_step(time, dt) for time in (times[0].start, times[-1].end)]
        before = stops[first - 1] if first else 0
        assert [before, stops[after - 1]] == edges, epoch


def hold_arrays(task: ir.Task, quiet: list[Array], expected: reference.TrialArrays) -> None:
    """Hold the arrays of one sequence without noise."""
    inputs = [reference.rectified(task, x) for x in expected.inputs]
    wanted = (inputs, expected.targets, expected.weights)
    for found, one in zip(quiet, wanted, strict=True):
        np.testing.assert_allclose(found, one, rtol=2e-6, atol=1e-6)


def hold_noise(
    task: ir.Task, noisy: Array, expected: reference.TrialArrays, drawn: list[list[list[float]]]
) -> None:
    """Hold the noisy inputs of one sequence; ``drawn`` are the normal numbers of each channel."""
    wanted = []
    for step, inputs in enumerate(expected.inputs):
        z = [one for channel in drawn for one in channel[step]]
        made = [x + sd * one for x, sd, one in zip(inputs, expected.sd[step], z, strict=True)]
        wanted.append(reference.rectified(task, made))
    size = np.abs(expected.inputs) + np.abs(expected.sd)  # they may cancel in single precision
    np.testing.assert_array_less(np.abs(noisy - wanted), 1e-5 * size + 1e-6)


def hold_scores(
    task: ir.Task, module: Module, row: reference.Row, scored: reference.Row, wanted: reference.Row
) -> None:
    """Hold the scores of one trial; targets, and so errors, are rounded at every statement."""
    nodes = [node for score in task.scores for node in walk(score.value)]
    errors = any(isinstance(node, ir.Call) and node.function == "error" for node in nodes)
    within = 2e-5 if errors else EXACT
    for key, value in wanted.items():
        assert same(value, plain(scored[key], key, module), within), (key, value, scored[key])


def hold(
    task: ir.Task,
    module: Module,
    dt: float,
    n: int,
    seed: int,
    batch: int = 0,
    stream: int = 0,
    arguments: dict[str, float | bool] | None = None,
    *,
    noise: bool = False,
) -> None:
    """Hold everything that a module makes of one batch against the reference; dt in ms."""
    task = rebound(task, arguments or {})
    more = {module.facts["arguments"][name]: x for name, x in (arguments or {}).items()}
    step = round(dt * 1000)
    try:
        *quiet, made = module.generate(n, dt, seed, batch, stream, noise=False, **more)
    except ValueError as error:
        if arguments and "compile the task with" in str(error):
            return  # the arguments ask for more events, or a longer trial, than there is room for
        if "after 100 attempts" not in str(error):
            raise
        with pytest.raises(reference.HopelessError):
            reference.table(task, n, seed, batch, stream)
        return
    found = rows_of(made, module, task)
    hold_table(task, reference.table(task, n, seed, batch, stream), found)
    n_steps = quiet[0].shape[1]
    stops = module.timeline(made, dt)
    outputs = random_outputs(quiet[1].shape)
    noisy, drawn = quiet[0], []
    if noise:
        noisy = module.generate(n, dt, seed, batch, stream, **more)[0]
        drawn = [
            reference.normal_noise(channel, n, n_steps, seed, stream, batch)
            for channel in task.inputs
        ]
    with np.errstate(invalid="ignore", divide="ignore"):
        scored = module.score(outputs, made, dt)
    k = trials_of_a_sequence(task)
    for s in range(n):
        rows = found[s * k : (s + 1) * k]
        expected = reference.sequence(task, rows, step, n_steps)
        hold_arrays(task, [array[s] for array in quiet], expected)
        if noise:
            hold_noise(task, noisy[s], expected, [channel[s] for channel in drawn])
        begin = 0
        for i, row in enumerate(rows, start=s * k):
            hold_timeline(task, module, row, stops[i], step)
            end = begin + reference.steps_of_trial(task, row, step)
            assert n_steps >= end
            # Without sessions a trial's outputs go on through its padding.
            own = outputs[s, begin : end if task.session is not None else n_steps].tolist()
            wanted = reference.scores(task, row, step, own)
            one = {key: column[i] for key, column in scored.items()}
            hold_scores(task, module, row, one, wanted)
            row[reference.SCORED] = wanted  # a later trial may look back at them
            begin = end
