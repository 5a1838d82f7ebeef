"""Sets of tasks in tests: written around any task, and held against the reference."""

from typing import Any

import numpy as np
import reference
import reference_set
from agreement import plain, same
from compiled import Module, random_outputs

from epochal.compiler import ir

SEED, BATCH, STREAM = 20_240_101, 3, 1


def own_row(made: dict[str, Any], i: int, member: ir.Member, module_: Module) -> reference.Row:
    """Read one trial of a printed table as its member's own."""
    row: reference.Row = {}
    for param in member.task.params:
        if param.value is not None and param.name not in made:
            row[param.name] = reference.Reading(member.task, row).value(param.value)
    for name, column in made.items():
        row[name] = plain(column[i], name, module_)
    return row


def hold(taskset: ir.Taskset, made: Module, dt: float, n: int) -> None:
    """Hold what a module makes of one batch against the reference; dt in ms."""
    step = round(dt * 1000)
    *quiet, table = made.generate(n, dt, SEED, BATCH, STREAM, noise=False)
    noisy = made.generate(n, dt, SEED, BATCH, STREAM)[0]
    n_steps = quiet[0].shape[1]
    stops = np.insert(made.timeline(table, dt), 0, 0, axis=1)
    outputs = random_outputs(quiet[1].shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        scored = made.score(outputs, table, dt)
    channels = taskset.members[0].task.inputs
    drawn = [reference.normal_noise(one, n, n_steps, SEED, STREAM, BATCH) for one in channels]
    members = reference_set.dealt(taskset, n, SEED, BATCH, STREAM)
    for i, member in enumerate(members):
        task = member.task
        row = own_row(table, i, member, made)
        times = reference.boundaries(task, row)
        for epoch, (first, after) in made.facts["epochs"].items():
            edges = [-1, -1]
            if epoch in times:
                ends = times[epoch][0].start, times[epoch][-1].end
                edges = [reference.to_step(time, step) for time in ends]
            assert [stops[i, first], stops[i, after]] == edges
        expected = reference_set.arrays(member, row, step, n_steps)
        inputs = [reference.rectified(task, x) for x in expected.inputs]
        for found, wanted in zip(quiet, (inputs, expected.targets, expected.weights), strict=True):
            np.testing.assert_allclose(found[i], wanted, rtol=2e-6, atol=1e-6)
        for k in range(n_steps):
            z = [one for channel in drawn for one in channel[i][k]]
            parts = zip(expected.inputs[k], expected.sd[k], z, strict=True)
            wanted_row = reference.rectified(task, [x + sd * one for x, sd, one in parts])
            np.testing.assert_allclose(noisy[i, k], wanted_row, rtol=1e-5, atol=1e-6)
        wanted_scores = reference.scores(task, row, step, outputs[i].tolist())
        for key, column in scored.items():
            kinds = {one.name: one.type for mine in taskset.members for one in mine.task.scores}
            value = wanted_scores.get(key, reference_set.lacking(kinds[key]))
            assert same(value, plain(column[i], key, made)), key


def declared(channel: ir.Channel) -> str:
    """Write a channel as a set declares it."""
    n = channel.n_units
    match channel.kind:
        case ir.ChannelKind.SINGLE:
            return channel.name
        case ir.ChannelKind.NAMED:
            return f"{channel.name}[{', '.join(channel.units)}]"
        case ir.ChannelKind.NUMBERED:
            return f"{channel.name}[{n}]"
        case ir.ChannelKind.RING if channel.slots:
            slots = ", ".join(channel.slot_labels) or str(channel.slots)
            return f"{channel.name}[{slots}]: ring({n // channel.slots})"
        case ir.ChannelKind.RING:
            return f"{channel.name}: ring({n})"


def set_of(text: str, task: ir.Task, members: int, more: str = "") -> str:
    """Write a set whose members all are the task of a text; ``more`` are inputs of the set."""
    lines = [text, "taskset all_of_it:", "    inputs:"]
    lines += [f"        {declared(channel)}" for channel in task.inputs]
    lines += [more, "    outputs:"]
    lines += [f"        {declared(channel)}" for channel in task.outputs]
    lines += [f"    member m{k} = {task.name}" for k in range(members)]
    return "\n".join(lines) + "\n"
