"""Reading the conditions of stages: ``accuracy(correct, last = 10) > 95% and loss < 0.1``."""

from __future__ import annotations

from typing import Literal, cast

from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.experiments.settings import MISSING, Reader, Setting
from epochal.runtime.plan import Both, Comparison, Condition, Either, Metric

_Op = Literal["<", "<=", ">", ">="]
_FLIPPED: dict[str, _Op] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_METRICS = ("accuracy", "loss")
_SHAPE = "a condition is like `accuracy(correct, last = 10) > 95%`"


def condition(node: syntax.Expr, reader: Reader) -> Condition | None:
    """Read a condition; None where a mistake was reported."""
    if isinstance(node, syntax.Binary) and node.op in ("and", "or"):
        a, b = condition(node.left, reader), condition(node.right, reader)
        if a is None or b is None:
            return None
        return Both(a, b) if node.op == "and" else Either(a, b)
    if not isinstance(node, syntax.Binary) or node.op not in _FLIPPED:
        reader.report.error("E0806", _SHAPE, node.span)
        return None
    if _called(node.right) in _METRICS:
        return _comparison(node.right, _FLIPPED[node.op], node.left, node, reader)
    return _comparison(node.left, cast("_Op", node.op), node.right, node, reader)


def evaluations(found: Condition) -> int:
    """Count the evaluations that there must be before a condition can hold."""
    match found:
        case Both(a, b):
            return max(evaluations(a), evaluations(b))
        case Either(a, b):
            return min(evaluations(a), evaluations(b))
        case Comparison(metric):
            return metric.last


def _called(node: syntax.Expr) -> str:
    """Name what an expression calls, or what it is."""
    if isinstance(node, syntax.Call):
        return node.function.name
    return node.name if isinstance(node, syntax.Name) else ""


def _comparison(
    measured: syntax.Expr, op: _Op, level: syntax.Expr, node: syntax.Expr, reader: Reader
) -> Condition | None:
    metric = _metric(measured, reader)
    value = reader.number(level, "the level")
    if metric is None or value is MISSING:
        return None
    made = Comparison(metric, op, value)
    problem = _never(made)
    if problem:
        reader.report.error("E0806", f"this can never hold: {problem}", node.span)
        return None
    return made


def _metric(node: syntax.Expr, reader: Reader) -> Metric | None:
    """Read ``accuracy(score, last = n)``, ``loss(last = n)``, or either name alone."""
    name = _called(node)
    if name not in _METRICS:
        note = Note("what a stage may wait for: `accuracy(SCORE, last = N)`, `loss(last = N)`")
        reader.report.error("E0806", _SHAPE, node.span, note)
        return None
    score: str = "correct"
    last: Setting = 1
    for argument in node.arguments if isinstance(node, syntax.Call) else ():
        given = argument.name.name if argument.name is not None else ""
        if given == "last":
            last = reader.number(argument.value, "last", whole=True)
        elif given in ("", "score") and name == "accuracy" and _called(argument.value):
            score = _called(argument.value)
        else:
            reader.report.error("E0801", f"`{name}` has no such argument", argument.span)
            return None
    if last is MISSING:
        return None
    if last < 1:
        reader.report.error("E0804", "`last` is 1 or more evaluations", node.span)
        return None
    return Metric(name=cast("Literal['accuracy', 'loss']", name), score=score, last=last)


def _never(one: Comparison) -> str:
    """Say why a comparison can never hold; "" where it can."""
    if one.op in ("<", "<=") and (one.level < 0 or (one.level == 0 and one.op == "<")):
        return f"no {one.metric.name} is below 0"
    above = one.level > 1 or (one.level == 1 and one.op == ">")
    if one.metric.name == "accuracy" and one.op in (">", ">=") and above:
        return "no accuracy is above 100%"
    return ""
