"""A task in plain English: its timeline, what varies, what is asked, what chance gives."""

import textwrap
from math import prod

from epochal.compiler import ir
from epochal.compiler.prose import law_text, show, type_text
from epochal.compiler.walk import walk

_WIDTH = 88


def describe(task: ir.Task, chance: float | None, trials: int) -> str:
    """Describe a task.

    Parameters
    ----------
    chance : float or None
        Fraction correct of random outputs, where it was measured.
    trials : int
        On how many trials.
    """
    parts = [
        _heading(task),
        _channels("Inputs", task.inputs),
        _channels("Outputs", task.outputs),
        _timeline(task),
        _varies(task),
        _params(task),
        _score(task, chance, trials),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(task: ir.Task) -> dict[str, tuple[str, ...]]:
    return {fact.name: fact.values for fact in task.about}


def _heading(task: ir.Task) -> str:
    facts = _facts(task)
    lines = [f"{task.name}: {facts.get('title', ('a task without a title',))[0]}"]
    lines += textwrap.wrap(task.doc, _WIDTH)
    known = [
        f"version {facts['version'][0]}" if "version" in facts else "",
        f"after {', '.join(facts['cite'])}" if "cite" in facts else "",
        f"licence {facts['license'][0]}" if "license" in facts else "",
    ]
    if any(known):
        lines.append("; ".join(one for one in known if one))
    return "\n".join(lines)


def _channels(title: str, channels: tuple[ir.Channel, ...]) -> str:
    total = sum(channel.n_units for channel in channels)
    rows = [(channel.name, _channel(channel)) for channel in channels]
    return f"{title} ({total} {'unit' if total == 1 else 'units'})\n{_table(rows)}"


def _channel(channel: ir.Channel) -> str:
    match channel.kind:
        case ir.ChannelKind.SINGLE:
            parts = ["one unit"]
        case ir.ChannelKind.NAMED:
            parts = [f"units {', '.join(channel.units)}"]
        case ir.ChannelKind.NUMBERED:
            parts = [f"{channel.n_units} units"]
        case ir.ChannelKind.RING:
            parts = [f"a ring of {channel.n_units} units"]
    if channel.baseline != ir.Number("0"):
        parts.append(f"baseline {show(channel.baseline)}")
    if channel.noise is not None:
        parts.append(_noise(channel.noise))
    if channel.rectified:
        parts.append("never below 0")
    if channel.doc:
        parts.append(channel.doc)
    return "; ".join(parts)


def _noise(noise: ir.Noise) -> str:
    sd = show(noise.sd)
    if noise.reference is None:
        return f"noise of sd {sd} at every step"
    return f"white noise of sd {sd} at a step of {show(noise.reference)}"


def _timeline(task: ir.Task) -> str:
    lines = []
    for epoch in task.epochs:
        duration = "until the end" if epoch.duration is None else _duration(epoch.duration, task)
        lines.append(f"  {epoch.name}: {duration}" + (f"  ({epoch.doc})" if epoch.doc else ""))
        lines += [f"      {line}" for line in _events(task, epoch.name)]
    head = "Timeline"
    if task.length is not None:
        head += f" of {show(task.length)}"
    return "\n".join([head, *lines])


def _duration(expr: ir.Expr, task: ir.Task) -> str:
    """Show a duration, with the law of a draw that stands in it."""
    laws = {
        variable.names[0]: law_text(variable.definition.law)
        for variable in task.variables
        if isinstance(variable.definition, ir.Drawn)
        and variable.definition.key.startswith(("epoch:", "param:"))
    }
    return show(expr, laws)


def _events(task: ir.Task, epoch: str) -> list[str]:
    """List the statements whose span begins in an epoch."""
    return [_event(effect) for effect in task.effects if effect.where.first == epoch]


def _event(effect: ir.Effect) -> str:
    channel = effect.channel or "all outputs"
    unit = f"[{show(effect.unit)}]" if effect.unit is not None else ""
    subject = {
        ir.EffectKind.INPUT: "input",
        ir.EffectKind.TARGET: "target",
        ir.EffectKind.WEIGHT: "weight of",
        ir.EffectKind.NOISE: "noise of",
    }[effect.kind]
    if effect.noise is not None:
        value = _noise(effect.noise)
    else:
        assert effect.value is not None
        value = show(effect.value)
    if effect.kind is ir.EffectKind.WEIGHT and effect.op == "=" and value == "0":
        text = f"ignored: {channel}{unit}"
    else:
        text = f"{subject} {channel}{unit} {effect.op} {value}"
    if effect.where.last != effect.where.first:
        text += f", through {effect.where.last}"
    text += _slice(effect.where)
    return text + (f", if {show(effect.guard)}" if effect.guard is not None else "")


def _slice(where: ir.Where) -> str:
    if where.start is None and where.stop is None:
        return ""
    if where.start is None:
        assert where.stop is not None
        return f", until {_bound(where.stop)}"
    if where.stop is None:
        return f", from {_bound(where.start)}"
    return f", from {_bound(where.start)} to {_bound(where.stop)}"


def _bound(offset: ir.Offset) -> str:
    text = show(offset.time)
    return f"{text.removeprefix('-')} before its end" if offset.from_end else f"{text} in"


def _varies(task: ir.Task) -> str:
    rows = []
    for variable in task.variables:
        name = ", ".join(variable.names)
        match variable.definition:
            case ir.Factor(levels, copies):
                shown = [show(level) for level in levels]
                if len(set(copies)) > 1:
                    shown = [f"{s} ({c})" for s, c in zip(shown, copies, strict=True)]
                rows.append((name, f"balanced over {', '.join(shown)}"))
            case ir.Drawn(law):
                rows.append((name, f"drawn: {law_text(law)}"))
            case ir.Computed(value):
                rows.append((name, f"computed: {show(value)}"))
    factors = [v.definition for v in task.variables if isinstance(v.definition, ir.Factor)]
    if not rows:
        return "Nothing varies from trial to trial."
    design = ""
    if factors:
        cells = prod(sum(factor.copies) for factor in factors)
        design = f" (a balanced design of {cells} trials)"
    return f"From trial to trial{design}\n{_table(rows)}"


def _params(task: ir.Task) -> str:
    rows = []
    for param in task.params:
        value = show(param.value) if param.value is not None else "drawn"
        if param.low is not None and param.high is not None:
            value += f", within {show(param.low)} to {show(param.high)}"
        if param.allowed is not None:
            value += f", one of {show(param.allowed)}"
        rows.append((param.name, value + (f"; {param.doc}" if param.doc else "")))
    return f"Parameters\n{_table(rows)}" if rows else ""


def _score(task: ir.Task, chance: float | None, trials: int) -> str:
    rows = [(score.name, _score_text(score)) for score in task.scores]
    lines = [f"Scores\n{_table(rows)}"] if rows else ["Nothing is scored."]
    if chance is not None:
        lines.append(f"Chance: {chance:.0%} correct (random outputs, {trials:,} trials)")
    return "\n\n".join(lines)


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
    return f"{text} ({kind})" if kind and not over else text


def _table(rows: list[tuple[str, str]]) -> str:
    width = max((len(name) for name, _ in rows), default=0)
    lines = []
    for name, text in rows:
        head = f"  {name:<{width}}  "
        lines += textwrap.wrap(
            text, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head)
        ) or [head.rstrip()]
    return "\n".join(lines)
