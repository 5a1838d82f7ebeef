"""A task in plain English: its timeline, what varies, what is asked, what chance gives."""

import re
import textwrap
from collections.abc import Mapping
from math import prod

from msgspec import Struct

from epochal.compiler import ir
from epochal.compiler.describe_session import session
from epochal.compiler.distributions import IN_TURN
from epochal.compiler.externs import function_of, module_of
from epochal.compiler.prose import Laws, law_text, process_text, show, type_text
from epochal.compiler.repeats import Node, tree
from epochal.compiler.types import is_signal
from epochal.compiler.walk import walk

_WIDTH = 88
_QUANTITY = re.compile(r"(\d) (us|ms|s|min|Hz|kHz|deg|rad)\b")


class Chance(Struct, frozen=True):
    """How often random outputs count as correct, with its standard error, on how many trials."""

    accuracy: float
    error: float
    trials: int


def describe(
    task: ir.Task,
    written: Mapping[str, str],
    longest: int,
    chance: Chance | None,
) -> str:
    """Describe a task.

    Parameters
    ----------
    written : mapping of str to str
        What each parameter is bound to, as it was written.
    longest : int
        The longest a trial can be, in us.
    chance : Chance or None
        How well random outputs do, where it was measured.
    """
    laws = laws_of(task, written)
    parts = [
        heading(task),
        _channels("Inputs", task.inputs, laws),
        _channels("Outputs", task.outputs, laws),
        _session(task, longest),
        _timeline(task, longest, laws),
        _varies(task),
        _params(task, written),
        externs_text(task.externs),
        _score(task, chance),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def laws_of(task: ir.Task, written: Mapping[str, str]) -> Laws:
    """Say what stands for the names in durations and noise: values of parameters, laws of draws."""
    laws = {
        param.name: f"{param.name} ({as_written(written[param.name])})"
        for param in task.params
        if param.value is not None and param.name in written
    }
    for variable in task.variables:
        match variable.definition:
            case ir.Drawn(law, key) if key.startswith(("epoch:", "param:")):
                laws[variable.names[0]] = law_text(law)
    return laws


def as_written(text: str) -> str:
    """Put a value on one line, without the comments in it."""
    return " ".join(re.sub("#.*", "", text).split())


def facts_of(task: ir.Program) -> dict[str, tuple[str, ...]]:
    """Give the lines of ``about`` by name."""
    return {fact.name: fact.values for fact in task.about}


def heading(task: ir.Program) -> str:
    """Say what a task or a set is called, and where it comes from."""
    facts = facts_of(task)
    lines = [f"{task.name}: {facts.get('title', ('a task without a title',))[0]}"]
    lines += wrapped(task.doc)
    known = [
        f"version {facts['version'][0]}" if "version" in facts else "",
        f"after {', '.join(facts['cite'])}" if "cite" in facts else "",
        f"licence {facts['license'][0]}" if "license" in facts else "",
    ]
    if any(known):
        lines.append("; ".join(one for one in known if one))
    return "\n".join(lines)


def _channels(title: str, channels: tuple[ir.Channel, ...], laws: Laws) -> str:
    total = sum(channel.n_units for channel in channels)
    rows = [(channel.name, channel_text(channel, laws)) for channel in channels]
    return f"{title} ({count(total, 'unit')})\n{table(rows)}"


def channel_text(channel: ir.Channel, laws: Laws) -> str:
    """Say which units a channel has, and what they are when nothing sets them."""
    parts = [units_text(channel)]
    if channel.baseline != ir.Number("0"):
        parts.append(f"baseline {show(channel.baseline, laws)}")
    if channel.noise is not None:
        parts.append(_noise(channel.noise, laws))
    if channel.rectified:
        parts.append("never below 0")
    if channel.doc:
        parts.append(channel.doc)
    return "; ".join(parts)


def units_text(channel: ir.Channel) -> str:
    """Say which units a channel has."""
    match channel.kind:
        case ir.ChannelKind.SINGLE | ir.ChannelKind.NUMBERED:
            return count(channel.n_units, "unit")
        case ir.ChannelKind.NAMED:
            return f"{count(channel.n_units, 'unit')}: {', '.join(channel.units)}"
        case ir.ChannelKind.RING:
            return _ring(channel)


def _ring(channel: ir.Channel) -> str:
    if not channel.slots:
        return f"a ring of {count(channel.n_units, 'unit')}"
    size = count(channel.n_units // channel.slots, "unit")
    names = f": {', '.join(channel.slot_labels)}" if channel.slot_labels else ""
    return f"{count(channel.slots, 'ring')} of {size}{names}"


def _noise(noise: ir.Noise, laws: Laws) -> str:
    sd = show(noise.sd, laws)
    if noise.reference is None:
        return f"noise of sd {sd} at every step"
    return f"white noise of sd {sd} at a step of {show(noise.reference, laws)}"


def _session(task: ir.Task, longest: int) -> str:
    head, rows = session(task, longest)
    return f"{head}\n{table(rows)}" if rows else head


def _timeline(task: ir.Task, longest: int, laws: Laws) -> str:
    if task.length is not None:
        total = show(task.length, laws)
    else:
        total = f"at most {longest / 1_000_000:g} s"
    title = "Timeline" if task.session is None else "Timeline of a trial"
    lines = [f"{title} ({total})"]
    return "\n".join([*lines, *_nodes(tree(task), task, laws, "  ")])


def _nodes(nodes: tuple[Node, ...], task: ir.Task, laws: Laws, pad: str) -> list[str]:
    lines: list[str] = []
    for node in nodes:
        if isinstance(node, ir.Epoch):
            lines += _epoch(node, task, laws, pad)
        else:
            count, index = show(node.repeat.count, laws), node.repeat.index
            lines.append(f"{pad}{count} times, {index} counting from 0:")
            lines += _nodes(node.body, task, laws, f"{pad}  ")
    return lines


def _epoch(epoch: ir.Epoch, task: ir.Task, laws: Laws, pad: str) -> list[str]:
    duration = "until the end" if epoch.duration is None else show(epoch.duration, laws)
    note = f"  ({epoch.doc})" if epoch.doc else ""
    lines = [f"{pad}{epoch.name}: {duration}{note}"]
    for effect in task.effects:
        if effect.where.first == epoch.name:
            lines += wrapped(_event(effect, laws), f"{pad}    ")
    return lines


def _event(effect: ir.Effect, laws: Laws) -> str:
    """Say what a statement does, and until when."""
    guard = f", if {show(effect.guard)}" if effect.guard is not None else ""
    return f"{_deed(effect, laws)}{_extent(effect.where)}{guard}"


_DEEDS = {
    (ir.EffectKind.INPUT, "="): "{} is {}",
    (ir.EffectKind.INPUT, "+="): "{} rises by {}",
    (ir.EffectKind.INPUT, "-="): "{} falls by {}",
    (ir.EffectKind.INPUT, "*="): "{} is multiplied by {}",
    (ir.EffectKind.TARGET, "="): "{} should be {}",
    (ir.EffectKind.TARGET, "+="): "what {} should be rises by {}",
    (ir.EffectKind.TARGET, "-="): "what {} should be falls by {}",
    (ir.EffectKind.TARGET, "*="): "what {} should be is multiplied by {}",
    (ir.EffectKind.WEIGHT, "="): "{} counts with weight {}",
    (ir.EffectKind.WEIGHT, "+="): "the weight of {} rises by {}",
    (ir.EffectKind.WEIGHT, "-="): "the weight of {} falls by {}",
    (ir.EffectKind.WEIGHT, "*="): "the weight of {} is multiplied by {}",
    (ir.EffectKind.NOISE, "="): "{} has {}",
}


def _deed(effect: ir.Effect, laws: Laws) -> str:
    unit = f"[{show(effect.unit)}]" if effect.unit is not None else ""
    subject = f"{effect.channel or 'every output'}{unit}"
    if (effect.kind, effect.op, effect.value) == (ir.EffectKind.WEIGHT, "=", ir.Number("0")):
        return f"{subject} does not count" if effect.channel else "no output counts"
    if effect.noise is not None:
        return _DEEDS[effect.kind, effect.op].format(subject, _noise(effect.noise, laws))
    assert effect.value is not None
    return _DEEDS[effect.kind, effect.op].format(subject, show(effect.value))


def _extent(where: ir.Where) -> str:
    """Say over which part of its span a statement holds, where that is not one whole epoch."""
    start, stop, several = where.start, where.stop, where.first != where.last
    end = f"until the end of {where.last}" if several else "until the end"
    match start, stop:
        case None, None:
            return f" {end}" if several else ""
        case None, ir.Offset(time, False):
            return f" for the first {show(time)}"
        case None, ir.Offset():
            return f" until {_bound(stop)}" + (f" of {where.last}" if several else "")
        case ir.Offset(), None:
            return f" from {_bound(start)} {end}"
        case ir.Offset(time, False), ir.Offset(_, False):
            return f" from {show(time)} to {_bound(stop)}"
        case ir.Offset(), ir.Offset():
            last = f" of {where.last}" if several else ""
            return f" from {_bound(start)} to {_bound(stop)}{last}"
    raise AssertionError(where)


def _bound(offset: ir.Offset) -> str:
    time = show(offset.time)
    return f"{time.removeprefix('-')} before the end" if offset.from_end else f"{time} in"


def _varies(task: ir.Task) -> str:
    rows = []
    for variable in task.variables:
        name = ", ".join(variable.names)
        match variable.definition:
            case ir.Drawn(_, key) if key.startswith("epoch:"):
                pass  # the timeline says it
            case ir.Factor(levels, copies):
                shown = [show(level) for level in levels]
                if len(set(copies)) > 1:
                    shown = [f"{s} ({c})" for s, c in zip(shown, copies, strict=True)]
                rows.append((name, f"balanced over {', '.join(shown)}"))
            case ir.Drawn(ir.Law(law_name, (ir.SetOf(levels),))) if law_name == IN_TURN:
                turns = ", ".join(show(level) for level in levels)
                rows.append((name, f"one a batch, balanced over batches: {turns}"))
            case ir.Drawn(ir.Law() as law, _, size) if is_signal(variable.types[0]):
                rows.append((name, process_text(law, size)))
            case ir.Drawn(law, _, _, per_batch):
                once = ", once for each batch" if per_batch else ""
                rows.append((name, f"drawn from {law_text(law)}{once}"))
            case ir.Computed(value):
                rows.append((name, f"computed: {show(value)}"))
            case ir.Counter() | ir.PerBlock():
                pass  # the session says it
    factors = [v.definition for v in task.variables if isinstance(v.definition, ir.Factor)]
    if not rows:
        return "Nothing varies from trial to trial."
    design = ""
    if factors:
        cells = prod(sum(factor.copies) for factor in factors)
        home = "batch" if task.session is None else "sequence"
        design = f" (a balanced design of {count(cells, 'trial')}, whole in each {home})"
    return f"From trial to trial{design}\n{table(rows)}"


def _params(task: ir.Task, written: Mapping[str, str]) -> str:
    rows = []
    for param in task.params:
        value = show(param.value) if param.value is not None else "drawn"
        value = as_written(written.get(param.name, value))
        if param.low is not None and param.high is not None:
            value += f", within {show(param.low)} to {show(param.high)}"
        if param.allowed is not None:
            value += f", one of {show(param.allowed)}"
        rows.append((param.name, value + (f"; {param.doc}" if param.doc else "")))
    return f"Parameters\n{table(rows)}" if rows else ""


def externs_text(externs: tuple[ir.Extern, ...]) -> str:
    """List the Python functions that draw what is shown or asked."""
    rows = [
        (
            f"{extern.name}({', '.join(extern.parameters)})",
            f"{function_of(extern)} of {module_of(extern)} (source sha256 {extern.source[:12]})",
        )
        for extern in externs
    ]
    return f"Python functions\n{table(rows)}" if rows else ""


def _score(task: ir.Task, chance: Chance | None) -> str:
    rows = [(score.name, _score_text(score)) for score in task.scores]
    lines = [f"Scores\n{table(rows)}"] if rows else ["Nothing is scored."]
    if chance is not None:
        lines.append(chance_text(chance))
    return "\n\n".join(lines)


def chance_text(chance: Chance) -> str:
    """Say how well random outputs do."""
    error = f" ± {chance.error:.0%}" if chance.error >= 0.005 else ""
    measured = f"random outputs, {chance.trials:,} trials"
    return f"Chance: {chance.accuracy:.0%}{error} correct ({measured})"


def _score_text(score: ir.Score) -> str:
    kind = type_text(score.type)
    over = {
        node.where.first
        if node.where.first == node.where.last
        else f"{node.where.first}..{node.where.last}"
        for node in walk(score.value)
        if isinstance(node, ir.Series)
    }
    text = show(score.value)
    if isinstance(score.type, ir.ArrayType):
        return f"{text} ({count(score.type.n, 'value')})"
    return f"{text} ({kind})" if kind and not over else text


def table(rows: list[tuple[str, str]]) -> str:
    """Lay out names and what is said of them."""
    width = max((len(name) for name, _ in rows), default=0)
    lines = []
    for name, text in rows:
        head = f"  {name:<{width}}  "
        lines += wrapped(text, head) or [head.rstrip()]
    return "\n".join(lines)


def wrapped(text: str, head: str = "") -> list[str]:
    """Break a text into lines below its head, and never between a number and its unit."""
    joined = _QUANTITY.sub("\\1\N{NO-BREAK SPACE}\\2", text)
    below = " " * len(head) if head.strip() else f"{head}  " if head else ""
    lines = textwrap.wrap(joined, _WIDTH, initial_indent=head, subsequent_indent=below)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def count(n: int, what: str) -> str:
    """Say how many there are."""
    return f"{'one' if n == 1 else n} {what}{'' if n == 1 else 's'}"
