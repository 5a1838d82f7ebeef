"""What requirements mean when compiling: hopeless ones, and those that thin out the design."""

import itertools
from collections.abc import Iterator
from math import prod

from epochal.compiler import ir
from epochal.compiler.bounds import Assignment, Bounds, fold
from epochal.compiler.intervals import Known, interval
from epochal.compiler.redraw import draws_of
from epochal.compiler.walk import refs


def decide(expr: ir.Expr, known: Known) -> bool | None:
    """Decide a condition from the bounds of its values; None where they leave it open."""
    match expr:
        case ir.Truth(value):
            return value
        case ir.Not(x):
            inner = decide(x, known)
            return None if inner is None else not inner
        case ir.Logical(op, a, b):
            sides = {decide(a, known), decide(b, known)}
            decisive = op == "or"
            if decisive in sides:
                return decisive
            return None if None in sides else not decisive
        case ir.Comparison(op, a, b, False):
            return _compare(op, a, b, known)
        case ir.Lookup(values=values):
            answers = {decide(value, known) for value in values}
            return answers.pop() if len(answers) == 1 else None
        case ir.MemberOf(x, ir.SetOf(items)):
            verdicts = {_compare("==", x, item, known) for item in items}
            return True if True in verdicts else None if None in verdicts else False
        case _:
            return None


def _compare(op: str, a: ir.Expr, b: ir.Expr, known: Known) -> bool | None:
    gap = interval(ir.Arithmetic("-", a, b), known)
    below, above = gap.high < 0 or (gap.open and gap.high == 0), gap.low > 0
    zero = gap.is_point and gap.low == 0
    match op:
        case "<" | ">=":
            answer = True if below else False if gap.low >= 0 else None
        case ">" | "<=":
            answer = True if above else False if gap.high <= 0 else None
        case _:
            answer = True if zero else False if below or above else None
    if answer is None:
        return None
    return answer if op in ("<", ">", "==") else not answer


def is_hopeless(requirement: ir.Requirement, bounds: Bounds) -> bool:
    """Whether a requirement surely fails on every trial."""
    return decide(bounds.written_out(requirement.condition), bounds.known) is False


def on_design(task: ir.Task) -> tuple[ir.Requirement, ...]:
    """List the requirements on factors alone: they drop rows of the design."""
    return tuple(one for one in task.requirements if not draws_of(one, task.variables))


def allowed_cells(task: ir.Task, bounds: Bounds) -> tuple[int, ...] | None:
    """List the cells of the design, from 0, that meet all requirements on factors.

    None where there is no such requirement, or where one cannot be decided when compiling.
    """
    rules = [_Rule(bounds.written_out(one.condition), bounds.known) for one in on_design(task)]
    if not rules:
        return None
    allowed = []
    for cell, assignment in enumerate(_cells(task)):
        verdicts = [rule.decide(assignment) for rule in rules]
        if None in verdicts:
            return None
        if all(verdicts):
            allowed.append(cell)
    return tuple(allowed)


class _Rule:
    """A requirement on factors, decided once for all cells that agree on the factors it reads."""

    def __init__(self, condition: ir.Expr, known: Known) -> None:
        self._condition, self._known = condition, known
        self._reads = tuple(dict.fromkeys(refs(condition)))
        self._verdicts: dict[tuple[ir.Expr | None, ...], bool | None] = {}

    def decide(self, assignment: Assignment) -> bool | None:
        """Decide for one cell of the design."""
        key = tuple(assignment.get(ref) for ref in self._reads)
        if key not in self._verdicts:
            mine = {ref: value for ref, value in assignment.items() if ref in self._reads}
            known = {**self._known, **_points(mine)}
            self._verdicts[key] = decide(fold(self._condition, mine), known)
        return self._verdicts[key]


def combinations(requirement: ir.Requirement, task: ir.Task, bounds: Bounds) -> int:
    """Count the combinations of levels that a requirement on factors must be decided for."""
    read = {ref.name for ref in refs(bounds.written_out(requirement.condition))}
    sizes = [
        len(variable.definition.levels)
        for variable in task.variables
        if isinstance(variable.definition, ir.Factor) and read & set(variable.names)
    ]
    return prod(sizes)


def _cells(task: ir.Task) -> Iterator[Assignment]:
    """Yield what the factors are in every cell of the design, the first factor fastest."""
    choices = []
    for variable in task.variables:
        if isinstance(variable.definition, ir.Factor):
            factor = variable.definition
            rows = [
                row
                for level, copies in zip(factor.levels, factor.copies, strict=True)
                for row in [_row(variable, level)] * copies
            ]
            choices.append(rows)
    for parts in itertools.product(*reversed(choices)):
        yield {ref: value for part in parts for ref, value in part.items()}


def _row(variable: ir.Variable, level: ir.Expr) -> dict[ir.Ref, ir.Expr]:
    refs_ = [ir.Ref(name, ir.Role.VARIABLE) for name in variable.names]
    parts = level.items if isinstance(level, ir.TupleOf) else (level,)
    return dict(zip(refs_, parts, strict=True))


def _points(assignment: Assignment) -> Known:
    return {ref: interval(value, {}) for ref, value in assignment.items()}
