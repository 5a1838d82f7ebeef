"""What must hold of a whole task, and what is legal and probably not meant.

Each check reads the IR and yields diagnostics; ``CHECKS`` lists them in order.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import prod

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds, total
from epochal.compiler.intervals import interval
from epochal.compiler.laws import MOST_CELLS
from epochal.compiler.repeats import Chain, chains, presence, shared
from epochal.compiler.report import span
from epochal.compiler.required import allowed_cells, combinations, is_hopeless, on_design
from epochal.compiler.segments import fits
from epochal.compiler.session_checks import filling, unmet_requirements
from epochal.compiler.sizes import SIZES
from epochal.compiler.walk import definition_expressions, refs, walk
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Note

MOST_DECIDED = 5_000
"""For how many combinations of levels a requirement on the design is decided."""

MOST_CELLS_OF_A_SEQUENCE = 10_000
"""The most conditions of a design that is dealt within each sequence."""

LONGEST_TRIAL = 3_600_000_000
"""The longest trial that may be written, in us: one hour."""

LONGEST_SEQUENCE = 36_000_000_000
"""The longest sequence of trials that may be written, in us: ten hours."""

Check = Callable[[ir.Task, Bounds], Iterator[Diagnostic]]


def check(task: ir.Task, bounds: Bounds) -> tuple[Diagnostic, ...]:
    """Run all checks."""
    return tuple(diagnostic for one in CHECKS for diagnostic in one(task, bounds))


def durations(task: ir.Task, bounds: Bounds) -> Iterator[Diagnostic]:
    """Require of every duration that it is bounded and never negative."""
    for epoch in task.epochs:
        if epoch.duration is None:
            continue
        zero = list(_divisors(epoch.duration, bounds))
        least, most = bounds.least(epoch.duration), bounds.most(epoch.duration)
        if zero:
            message = f"the duration of `{epoch.name}` may divide by zero"
            yield diagnose("E0309", message, span(epoch.at))
        elif math.isinf(most):
            note = Note("give the distribution a `max`, or use a bounded one")
            message = f"`{epoch.name}` has no longest duration"
            yield diagnose("E0418", message, span(epoch.at), notes=(note,))
        elif least < 0:
            message = f"`{epoch.name}` may be shorter than nothing: {_ms(least)} ms"
            yield diagnose("E0419", message, span(epoch.at))


def _divisors(expr: ir.Expr, bounds: Bounds) -> Iterator[ir.Expr]:
    """Yield what an expression divides by and may be zero."""
    for node in walk(expr):
        if isinstance(node, ir.Arithmetic) and node.op == "/":
            reach = interval(node.b, bounds.known)
            if reach.low <= 0 <= reach.high:
                yield node.b


def _ms(time: float | Fraction) -> str:
    return f"{float(time) / 1000:g}"


def length(task: ir.Task, bounds: Bounds) -> Iterator[Diagnostic]:
    """Bound the whole trial."""
    most = bounds.most(task.length if task.length is not None else total(task))
    if math.isfinite(most) and most > LONGEST_TRIAL:
        message = f"a trial may last {float(most) / 60e6:g} min, more than the 60 min allowed"
        yield diagnose("E0503", message, span(task.at))
    elif task.session is not None and task.session.trials * most > LONGEST_SEQUENCE:
        hours = task.session.trials * float(most) / 3600e6
        message = f"a sequence may last {hours:g} h, more than the 10 h allowed"
        yield diagnose("E0503", message, span(task.at))
    if most <= 0:
        yield diagnose("E0420", "the trial has no time: every epoch lasts 0 ms", span(task.at))
    if not fits(task, bounds):
        assert task.length is not None
        sum_, room = bounds.most(total(task)), bounds.least(task.length)
        message = (
            f"the epochs before `{task.epochs[-1].name}` may last {_ms(sum_)} ms together, "
            f"and the trial lasts {_ms(room)} ms"
        )
        yield diagnose("E0421", message, span(task.epochs[-1].at))


def design(task: ir.Task, _: Bounds) -> Iterator[Diagnostic]:
    """Bound the size of the balanced design."""
    factors = [v for v in task.variables if isinstance(v.definition, ir.Factor)]
    most = MOST_CELLS if task.session is None else MOST_CELLS_OF_A_SEQUENCE
    if _cells(task) > most:
        dealt = "" if task.session is None else ", dealt within each sequence"
        message = (
            f"the balanced variables make {_count(_cells(task))} conditions{dealt}, more than "
            f"{most}; draw some of them with a plain set instead"
        )
        yield diagnose("E0501", message, span(factors[-1].at))


def _cells(task: ir.Task) -> int:
    definitions = (variable.definition for variable in task.variables)
    return prod(sum(one.copies) for one in definitions if isinstance(one, ir.Factor))


def _count(n: int) -> str:
    return str(n) if n < 10**15 else f"about 1e{len(str(n)) - 1}"


def requirements(task: ir.Task, bounds: Bounds) -> Iterator[Diagnostic]:
    """Refuse requirements that never hold, and undecided ones on the design."""
    hopeless = [one for one in task.requirements if is_hopeless(one, bounds)]
    for one in hopeless:
        message = "this never holds, whatever is drawn"
        yield diagnose("E0333", message, span(one.at))
    unmet = dict(unmet_requirements(task))
    yield from unmet.values()
    rows = tuple(one for one in on_design(task) if one not in unmet)
    if not rows or hopeless or _cells(task) > MOST_CELLS:
        return
    for one in rows:
        n = combinations(one, task, bounds)
        if n > MOST_DECIDED:
            message = f"this is about {n} combinations of levels, more than {MOST_DECIDED}"
            note = Note("require fewer variables at once, or draw some of them with a plain set")
            yield diagnose("E0501", message, span(one.at), notes=(note,))
            return
    cells = allowed_cells(task, bounds)
    if cells is None:
        message = "this is about balanced variables alone, and cannot be decided when compiling"
        yield diagnose("E0332", message, span(rows[0].at))
    elif not cells:
        message = "no row of the balanced design is left"
        yield diagnose("E0333", message, span(rows[-1].at))


def divisions(task: ir.Task, bounds: Bounds) -> Iterator[Diagnostic]:
    """Warn of other divisions that may be by zero."""
    places = [(e, v.at) for v in task.variables for e in definition_expressions(v.definition)]
    places += [(effect.value, effect.at) for effect in task.effects if effect.value is not None]
    for expr, at in places:
        if any(True for _ in _divisors(expr, bounds)):
            yield diagnose("W0701", "this may divide by zero", span(at))


def unused(task: ir.Task, _: Bounds) -> Iterator[Diagnostic]:
    """Warn of parameters that nothing reads."""
    read = {ref.name for expr in _all_expressions(task) for ref in refs(expr)}
    drawn = {v.names[0] for v in task.variables}
    for param in task.params:
        silent = param.name not in read and not param.structural
        if silent and (param.value is not None or param.name in drawn):
            message = f"the parameter `{param.name}` is never used"
            yield diagnose("W0702", message, span(param.at))


def _all_expressions(task: ir.Task) -> Iterator[ir.Expr]:
    for param in task.params:
        yield from (e for e in (param.value, param.low, param.high) if e is not None)
    for channel in (*task.inputs, *task.outputs):
        yield channel.baseline
        yield from _noise(channel.noise)
    for variable in task.variables:
        yield from definition_expressions(variable.definition)
    for requirement in task.requirements:
        yield requirement.condition
    if task.session is not None and task.session.blocks is not None:
        yield from definition_expressions(task.session.blocks.length.definition)
    for epoch in task.epochs:
        if epoch.duration is not None:
            yield epoch.duration
    for effect in task.effects:
        yield from (e for e in (effect.value, effect.guard, effect.unit) if e is not None)
        yield from _noise(effect.noise)
        for bound in (effect.where.start, effect.where.stop):
            if bound is not None:
                yield bound.time
    if task.length is not None:
        yield task.length
    for score in task.scores:
        yield score.value


def _noise(noise: ir.Noise | None) -> Iterator[ir.Expr]:
    if noise is not None:
        yield noise.sd
        if noise.reference is not None:
            yield noise.reference


def scoring(task: ir.Task, _: Bounds) -> Iterator[Diagnostic]:
    """Warn where accuracy has no meaning."""
    if not any(score.name == "correct" for score in task.scores):
        message = "`score` says nothing of `correct`, so that training reports no accuracy"
        yield diagnose("W0703", message, span(task.at))


def absent(task: ir.Task, _: Bounds) -> Iterator[Diagnostic]:
    """Warn where repetitions that a trial does not have count as errors."""
    around = chains(task)
    for score in task.scores:
        asked = [
            node.arguments[0]
            for node in walk(score.value)
            if isinstance(node, ir.Call) and node.function == "array_all"
        ]
        if score.name == "correct" and score.type == ir.ArrayType(ir.BOOLEAN, _size(score.type)):
            asked.append(score.value)
        if any(_reads_absent(condition, around) for condition in asked):
            message = "repetitions that a trial does not have count as false here"
            note = Note(
                "leave them out: `nan if range(..) >= count else ..` in `correct`, "
                "`all(range(..) >= count or ..)`"
            )
            yield diagnose("W0710", message, span(score.at), notes=(note,))


def _size(kind: ir.Type) -> int:
    return kind.n if isinstance(kind, ir.ArrayType) else 0


def _reads_absent(condition: ir.Expr, around: Mapping[str, Chain]) -> bool:
    """Whether a condition is false in absent repetitions, as far as one can see."""
    match condition:
        case ir.Logical("or"):
            return False  # one side may say what holds there
        case ir.Comparison() | ir.Logical() | ir.Not():
            return any(
                isinstance(node, ir.Series) and presence(shared(around, node.where)) is not None
                for node in walk(condition)
            )
        case _:
            return False


def facts(task: ir.Task, _: Bounds) -> Iterator[Diagnostic]:
    """Warn of what others need who want to use the task."""
    yield from facts_about(task.about, task.at)


def facts_about(about: tuple[ir.Fact, ...], at: ir.Place) -> Iterator[Diagnostic]:
    """Warn of what is missing in ``about``."""
    names = {fact.name for fact in about}
    missing = [name for name in ("title", "cite", "license") if name not in names]
    if missing:
        message = f"`about:` lacks {', '.join(f'`{name}`' for name in missing)}"
        yield diagnose("W0704", message, span(at))


def go_cue(task: ir.Task, bounds: Bounds) -> Iterator[Diagnostic]:
    """Warn where a response begins at a random time and no input tells so."""
    order = [epoch.name for epoch in task.epochs]
    for name in dict.fromkeys(_scored(task)):
        place = order.index(name)
        before = total(task, name)
        is_random = bounds.least(before) < bounds.most(before)
        cued = any(
            effect.where.first == name or (place and effect.where.last == order[place - 1])
            for effect in task.effects
            if effect.kind is ir.EffectKind.INPUT
        )
        if is_random and not cued:
            message = (
                f"`{name}` is scored and begins at a random time, and no input changes there: "
                "nothing tells the subject to respond"
            )
            yield diagnose("W0705", message, span(task.epochs[place].at))


def _scored(task: ir.Task) -> Iterator[str]:
    for score in task.scores:
        for node in walk(score.value):
            if isinstance(node, ir.Series):
                yield node.where.first


def targets(task: ir.Task, _: Bounds) -> Iterator[Diagnostic]:
    """Warn of outputs that are never asked for anything."""
    moved = {e.channel for e in task.effects if e.kind is ir.EffectKind.TARGET}
    for channel in task.outputs:
        if channel.name not in moved:
            message = f"the target of `{channel.name}` never leaves its baseline"
            yield diagnose("W0706", message, span(channel.at))


CHECKS: tuple[Check, ...] = (
    durations,
    length,
    design,
    *SIZES,
    requirements,
    divisions,
    unused,
    scoring,
    absent,
    facts,
    go_cue,
    targets,
    filling,
)


def check_member(task: ir.Task, own: ir.Task, bounds: Bounds) -> tuple[Diagnostic, ...]:
    """Run the checks on a member of a set; ``own`` is it without the channels of the set.

    Title, citation and licence are the business of the set, and a member may leave an output of
    the set alone.
    """
    found: list[Diagnostic] = []
    for one in CHECKS:
        if one is not facts:
            found += one(own if one is targets else task, bounds)
    return tuple(found)


def check_set(taskset: ir.Taskset, used: frozenset[str]) -> tuple[Diagnostic, ...]:
    """Look for what is legal in a set and probably not meant; ``used`` are the params read."""
    found = list(facts_about(taskset.about, taskset.at))
    for param in taskset.params:
        if param.name not in used:
            message = f"the parameter `{param.name}` is never used"
            found.append(diagnose("W0702", message, span(param.at)))
    told = {
        effect.channel
        for member in taskset.members
        for effect in member.task.effects
        if effect.unit == ir.Ref(ir.MEMBER, ir.Role.VARIABLE)
    }
    if len(taskset.members) > 1 and not told:
        message = (
            "no input says which task a trial is of: a rule channel would, `rule: onehot(members)`"
        )
        found.append(diagnose("W0712", message, span(taskset.at)))
    return tuple(found)


def grid(task: ir.Task, bounds: Bounds, dt: float) -> tuple[Diagnostic, ...]:
    """Warn of fixed durations that dt (ms) does not divide, naming the nearest that it does."""
    found = []
    for epoch in task.epochs:
        if epoch.duration is None:
            continue
        least, most = bounds.least(epoch.duration), bounds.most(epoch.duration)
        step = Fraction(dt).limit_denominator(1_000_000) * 1000
        if least == most and isinstance(least, Fraction) and least % step:
            below = least // step * step
            message = (
                f"`{epoch.name}` lasts {_ms(least)} ms, which is no whole number of steps of "
                f"{dt:g} ms; the nearest are {_ms(below)} ms and {_ms(below + step)} ms"
            )
            found.append(diagnose("W0707", message, span(epoch.at)))
    return (*found, *_short_pulses(task, bounds, dt))


def _short_pulses(task: ir.Task, bounds: Bounds, dt: float) -> Iterator[Diagnostic]:
    """Warn of pulses that become as long as a step of dt (ms)."""
    for variable in task.variables:
        match variable.definition:
            case ir.Drawn(ir.Law("pulse_train", (_, width, *_))):
                most = bounds.most(width)
                if most < dt * 1000:
                    message = (
                        f"pulses of `{variable.names[0]}` last {_ms(most)} ms, and each covers "
                        f"a whole step of {dt:g} ms"
                    )
                    yield diagnose("W0711", message, span(variable.at))
