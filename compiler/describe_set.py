"""A set of tasks in plain English: what its tasks share, then each in a few lines."""

from collections.abc import Mapping

from epochal.compiler import ir
from epochal.compiler.describe import (
    Chance,
    as_written,
    chance_text,
    channel_text,
    count,
    externs_text,
    facts_of,
    heading,
    laws_of,
    table,
    units_text,
    wrapped,
)
from epochal.compiler.prose import Laws, show
from epochal.compiler.repeats import Node, tree


def describe_set(
    taskset: ir.Taskset, written: Mapping[str, str], longest: int, chance: Chance | None
) -> str:
    """Describe a set of tasks.

    Parameters
    ----------
    written : mapping of str to str
        What each parameter is bound to, as it was written; those of members are ``member.param``.
    longest : int
        The longest a trial of any member can be, in us.
    chance : Chance or None
        How well random outputs do, where it was measured.
    """
    tasks = [member.task for member in taskset.members]
    parts = [
        heading(taskset),
        _channels("Inputs", [task.inputs for task in tasks], _rules(taskset)),
        _channels("Outputs", [task.outputs for task in tasks], set()),
        f"{_mix(taskset)}, each trial at most {longest / 1_000_000:g} s",
        *(_member(member, written) for member in taskset.members),
        _params(taskset, written),
        externs_text(taskset.externs),
        chance_text(chance) if chance is not None else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _rules(taskset: ir.Taskset) -> set[str | None]:
    """Name the channels that say which member a trial is of."""
    which = ir.Ref(ir.MEMBER, ir.Role.VARIABLE)
    effects = (effect for member in taskset.members for effect in member.task.effects)
    return {effect.channel for effect in effects if effect.unit == which}


def _channels(title: str, sides: list[tuple[ir.Channel, ...]], rules: set[str | None]) -> str:
    """Tell of the channels of one side; ``sides`` are those of each member."""
    rows = []
    for versions in zip(*sides, strict=True):
        channel = versions[0]
        texts = {channel_text(one, {}) for one in versions}
        text = texts.pop() if len(texts) == 1 else f"{units_text(channel)}; the rest by task"
        if channel.name in rules:
            text += "; which task a trial is of"
        rows.append((channel.name, text))
    total = sum(channel.n_units for channel in sides[0])
    return f"{title} ({count(total, 'unit')})\n{table(rows)}"


def _mix(taskset: ir.Taskset) -> str:
    copies = [member.copies for member in taskset.members]
    ratio = "" if len(set(copies)) == 1 else f" {' : '.join(map(str, copies))}"
    how = (
        f"one in each batch, balanced{ratio} over batches"
        if taskset.per_batch
        else f"mixed{ratio} in each batch"
    )
    return f"{count(len(copies), 'task').capitalize()}, {how}"


def _member(member: ir.Member, written: Mapping[str, str]) -> str:
    """Tell of one task: its epochs, what varies, its parameters and scores."""
    task = member.task
    prefix = f"{member.name}."
    own = {
        name.removeprefix(prefix): text for name, text in written.items() if name.startswith(prefix)
    }
    title = facts_of(task).get("title", ("",))[0]
    lines = [f"{member.name}: {title}" if title else member.name]
    lines += wrapped(_timeline(task, own), "  timeline    ")
    varied = [
        name
        for variable in task.variables
        for name in variable.names
        if name != ir.MEMBER and not _is_duration(variable)
    ]
    bound = [f"{name} = {as_written(text)}" for name, text in own.items()]
    scores = [score.name for score in task.scores]
    for head, items in (("varies", varied), ("parameters", bound), ("scores", scores)):
        if items:
            lines += wrapped(", ".join(items), f"  {head:<10}  ")
    return "\n".join(lines)


def _is_duration(variable: ir.Variable) -> bool:
    drawn = variable.definition
    return isinstance(drawn, ir.Drawn) and drawn.key.startswith("epoch:")


def _timeline(task: ir.Task, written: Mapping[str, str]) -> str:
    return ", ".join(_node(node, laws_of(task, written)) for node in tree(task))


def _node(node: Node, laws: Laws) -> str:
    """Tell of one epoch, or of a group that is repeated."""
    if isinstance(node, ir.Epoch):
        lasts = "until the end" if node.duration is None else show(node.duration, laws)
        return f"{node.name} {lasts}"
    inside = ", ".join(_node(one, laws) for one in node.body)
    return f"{show(node.repeat.count, laws)} times ({inside})"


def _params(taskset: ir.Taskset, written: Mapping[str, str]) -> str:
    rows = []
    for param in taskset.params:
        value = as_written(written.get(param.name, show(param.value) if param.value else "drawn"))
        rows.append((param.name, value + (f"; {param.doc}" if param.doc else "")))
    return f"Parameters of the set\n{table(rows)}" if rows else ""
