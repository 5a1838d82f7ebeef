"""Decisions on drawn durations that dt blurs.

`longer = first if d1 > d2 else second` compares microseconds; the network sees steps. Where d1 and
d2 are closer than a step, both may last equally many.
"""

from collections.abc import Iterator
from fractions import Fraction

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds
from epochal.compiler.report import span
from epochal.compiler.walk import definition_expressions, refs, walk
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Note

_ORDER = ("<", "<=", ">", ">=")


def close_calls(task: ir.Task, bounds: Bounds, step: Fraction) -> Iterator[Diagnostic]:
    """Warn of comparisons of drawn durations that may differ by less than a step (us)."""
    durations = [epoch.duration for epoch in task.epochs if epoch.duration is not None]
    lasting = {name for one in durations for name in _draws(one, bounds)}
    apart = [set(_draws(rule.condition, bounds)) for rule in _wide(task, bounds, step)]
    measured = _measured(task)
    for expr, at in _decided(task):
        for node in walk(expr):
            if not isinstance(node, ir.Comparison) or node.op not in _ORDER:
                continue
            if _is_measured(node, measured):
                continue
            sides = [lasting.intersection(_draws(side, bounds)) for side in (node.a, node.b)]
            met = any(sides[0] | sides[1] <= names for names in apart)
            if all(sides) and not met and not _is_apart(node, bounds, step):
                first, second = (sorted(side)[0] for side in sides)
                yield _close(first, second, step, at)
                break


def _close(first: str, second: str, step: Fraction, at: ir.Place) -> Diagnostic:
    dt = f"{float(step) / 1000:g} ms"
    message = (
        f"this decides by drawn durations that may differ by less than a step of {dt}, "
        "and then last equally many steps"
    )
    example = f"require abs({first} - {second}) >= {dt}" if first != second else ""
    notes = (Note(f"draw them further apart, as with `{example}`"),) if example else ()
    return diagnose("W0709", message, span(at), notes=notes)


def _measured(task: ir.Task) -> set[str]:
    """Name the scores that say what a network did: they rest on its outputs."""
    found: set[str] = set()
    for score in task.scores:
        if _is_measured(score.value, found):
            found.add(score.name)
    return found


def _is_measured(expr: ir.Expr, scores: set[str]) -> bool:
    named = any(ref.role is ir.Role.SCORE and ref.name in scores for ref in refs(expr))
    return named or any(isinstance(node, ir.Series) for node in walk(expr))


def _decided(task: ir.Task) -> Iterator[tuple[ir.Expr, ir.Place]]:
    """List the expressions that decide something in a trial, and where they stand."""
    for variable in task.variables:
        for expr in definition_expressions(variable.definition):
            yield expr, variable.at
    for effect in task.effects:
        for part in (effect.guard, effect.value):
            if part is not None:
                yield part, effect.at
    for score in task.scores:
        yield score.value, score.at


def _draws(expr: ir.Expr, bounds: Bounds) -> list[str]:
    """Name the drawn variables that an expression rests on."""
    found = refs(bounds.written_out(expr))
    return [ref.name for ref in found if ref.role is ir.Role.VARIABLE]


def _wide(task: ir.Task, bounds: Bounds, step: Fraction) -> list[ir.Requirement]:
    """List the requirements with a time of a step or more, by which they keep things apart."""
    return [
        rule
        for rule in task.requirements
        if any(
            not _draws(node, bounds) and bounds.least(node) >= step
            for comparison in walk(rule.condition)
            if isinstance(comparison, ir.Comparison)
            for node in walk(comparison)
            if isinstance(node, ir.Number | ir.Ref)
        )
    ]


def _is_apart(node: ir.Comparison, bounds: Bounds, step: Fraction) -> bool:
    """Whether the sides are equal or at least a step apart, whatever is drawn."""
    difference = ir.Arithmetic("-", node.a, node.b)
    values = bounds.values(difference)
    if values is not None:
        return all(value == 0 or abs(value) >= step for value in values)
    return bounds.least(difference) >= step or bounds.most(difference) <= -step
