"""How much of a sequence its trials fill, on average: the rest is padding.

An estimate, good to a few per cent: means of products are taken as products of means, and a
condition that is no draw holds on half of the trials.
"""

import math
from collections.abc import Mapping

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds, total
from epochal.compiler.intervals import Interval, interval
from epochal.compiler.repeats import Node, tree

Means = Mapping[str, float]


def fill(task: ir.Task, bounds: Bounds) -> float:
    """Estimate the mean length of a trial as a part of the longest."""
    if task.length is not None:
        return 1.0
    means = _means(task, bounds)
    most = float(bounds.most(total(task)))
    if not (most > 0 and math.isfinite(most)):
        return 1.0
    return _length(tree(task), means, bounds) / most


def _length(nodes: tuple[Node, ...], means: Means, bounds: Bounds) -> float:
    """Add up the mean durations of epochs, those of a group as often as it comes."""
    length = 0.0
    for node in nodes:
        if not isinstance(node, ir.Epoch):
            times = _mean(node.repeat.count, means, bounds)
            length += times * _length(node.body, means, bounds)
        elif node.duration is not None:
            length += _mean(node.duration, means, bounds)
    return length


def _means(task: ir.Task, bounds: Bounds) -> Means:
    """Estimate the mean of every value of the task."""
    means: dict[str, float] = {}
    for param in task.params:
        if param.value is not None:
            means[param.name] = _mean(param.value, means, bounds)
    for variable in task.variables:
        for name in variable.names:
            ref = ir.Ref(name, ir.Role.VARIABLE)
            means[name] = _middle(bounds.known.get(ref))
        if len(variable.names) == 1:
            found = _of_definition(variable.definition, means, bounds)
            means[variable.names[0]] = means[variable.names[0]] if found is None else found
    return means


def _of_definition(definition: ir.Definition, means: Means, bounds: Bounds) -> float | None:
    match definition:
        case ir.PerBlock(inner):
            return _of_definition(inner, means, bounds)
        case ir.Factor(levels, copies):
            values = [_mean(level, means, bounds) for level in levels]
            return _weighted(values, [float(copy) for copy in copies])
        case ir.Drawn(law):
            return _of_law(law, means, bounds)
        case ir.Computed(value):
            return _mean(value, means, bounds)
        case ir.Counter():
            return None


def _of_law(law: ir.Distribution, means: Means, bounds: Bounds) -> float | None:
    """Give the mean of a distribution; None where the middle of its range will do."""
    match law:
        case ir.EitherLaw(condition, then, otherwise):
            p = _mean(condition, means, bounds)
            one, other = (_of_law(side, means, bounds) for side in (then, otherwise))
            return None if one is None or other is None else p * one + (1 - p) * other
        case ir.Law(
            "choice" | "alternate" | "markov" | "in turn" | "bernoulli" | "poisson" | "normal",
            arguments,
        ):
            return _mean(arguments[0], means, bounds)  # of a set, of its members by weight
        case ir.Law("exponential", arguments):
            mean, low, high = (_mean(one, means, bounds) for one in arguments)
            return _truncated(mean, low, high)
        case ir.Law("geometric", arguments):
            p, low, high = (_mean(one, means, bounds) for one in arguments)
            return min(low + 1 / max(p, 1e-9) - 1, high)
        case ir.Law("uniform" | "integers" | "truncnormal", arguments):
            return sum(_mean(one, means, bounds) for one in arguments[-2:]) / 2
        case _:
            return None


def _truncated(mean: float, low: float, high: float) -> float:
    """Give the mean of an exponential law on [low, high]."""
    if math.isinf(high):
        return low + mean
    reach = (high - low) / mean
    return low + mean - (high - low) / math.expm1(reach) if 0 < reach < 500 else low + mean


def _mean(expr: ir.Expr, means: Means, bounds: Bounds) -> float:
    """Estimate the mean of an expression."""
    match expr:
        case ir.Ref(name) if name in means:
            return means[name]
        case ir.Negative(x):
            return -_mean(x, means, bounds)
        case ir.Not(x):
            return 1 - _mean(x, means, bounds)
        case ir.Arithmetic("+" | "-" | "*" as op, a, b):
            left, right = _mean(a, means, bounds), _mean(b, means, bounds)
            return left + right if op == "+" else left - right if op == "-" else left * right
        case ir.Conditional(condition, then, otherwise):
            p = _mean(condition, means, bounds)
            return p * _mean(then, means, bounds) + (1 - p) * _mean(otherwise, means, bounds)
        case ir.Index(x) | ir.Call("previous", (x, _)):
            return _mean(x, means, bounds)
        case ir.SetOf(items, weights):
            values = [_mean(item, means, bounds) for item in items]
            shares = [_mean(weight, means, bounds) for weight in weights]
            return _weighted(values, shares or [1.0] * len(values))
        case _:
            return _middle(interval(expr, bounds.known))


def _weighted(values: list[float], shares: list[float]) -> float:
    whole = sum(shares)
    if whole <= 0:
        return sum(values) / len(values)
    return sum(v * s for v, s in zip(values, shares, strict=True)) / whole


def _middle(reach: Interval | None) -> float:
    """Take the middle of a range, or its finite end."""
    if reach is None:
        return 0.5
    ends = [float(end) for end in (reach.low, reach.high) if math.isfinite(end)]
    return sum(ends) / len(ends) if ends else 0.5
