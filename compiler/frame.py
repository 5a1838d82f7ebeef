"""What a set of tasks says for all its members: channels, parameters, and the mix."""

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from epochal.compiler import expressions, ir, names
from epochal.compiler.fit import Shared, shared
from epochal.compiler.intervals import constant
from epochal.compiler.laws import MOST_CELLS, smallest_ratio
from epochal.compiler.lower import facts
from epochal.compiler.params import Bindings, params
from epochal.compiler.report import Report
from epochal.compiler.scope import PLAIN, Scope
from epochal.compiler.substitute import substitute
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.nearest import nearest

ORDER = (
    syntax.About,
    syntax.Params,
    syntax.Inputs,
    syntax.Outputs,
    syntax.Member,
    syntax.Mix,
)
Kind = TypeVar("Kind", bound=syntax.TasksetSection)


class Frame(Struct, frozen=True):
    """A set without its members' tasks.

    ``values`` are the parameters of the set as expressions that mention none of them; ``used``
    are those that something reads; ``copies`` says how often each member comes in the mix.
    """

    about: tuple[ir.Fact, ...]
    params: tuple[ir.Param, ...]
    declared: tuple[syntax.Param, ...]
    values: Mapping[str, syntax.Expr]
    used: frozenset[str]
    inputs: tuple[Shared, ...]
    outputs: tuple[Shared, ...]
    members: tuple[syntax.Member, ...]
    copies: tuple[int, ...]
    per_batch: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the members."""
        return tuple(node.name.name for node in self.members)


def frame_of(taskset: syntax.Taskset, bindings: Bindings, report: Report) -> Frame | None:
    """Lower what a set says for all its members; None where it has errors."""
    _layout(taskset, report)
    members = _all(taskset, syntax.Member)
    _distinct(members, report)
    frame_only = replace(
        taskset,
        sections=tuple(
            one for one in taskset.sections if not isinstance(one, syntax.Member | syntax.Mix)
        ),
    )
    scope = Scope(report, names.labels(frame_only))
    about = facts(_one(taskset, syntax.About), scope)
    section = _one(taskset, syntax.Params)
    declared = section.params if section is not None else ()
    own = {node.name.name for node in declared}
    bound = {name: value for name, value in bindings.items() if name in own}
    parameters, _ = params(section, bound, scope)
    fixed = tuple(_fixed(param) for param in parameters)
    mix = _one(taskset, syntax.Mix)
    called = tuple(node.name.name for node in members)
    inputs_, outputs_ = _one(taskset, syntax.Inputs), _one(taskset, syntax.Outputs)
    inputs = shared(inputs_.channels if inputs_ else (), called, fixed, scope.inputs, scope)
    outputs = shared(outputs_.channels if outputs_ else (), called, fixed, scope.outputs, scope)
    copies = _mix(mix, called, scope)
    if report.failed or copies is None:
        return None
    return Frame(
        about=about,
        params=fixed,
        declared=declared,
        values=_values(declared, bound, report),
        used=_used(taskset, members, mix),
        inputs=inputs,
        outputs=outputs,
        members=members,
        copies=copies,
        per_batch=mix is not None and mix.scope is not None and mix.scope.name == "batch",
    )


def _one(taskset: syntax.Taskset, kind: type[Kind]) -> Kind | None:
    return next(iter(_all(taskset, kind)), None)


def _all(taskset: syntax.Taskset, kind: type[Kind]) -> tuple[Kind, ...]:
    return tuple(one for one in taskset.sections if isinstance(one, kind))


def _layout(taskset: syntax.Taskset, report: Report) -> None:
    """Check which blocks there are and their order."""
    seen: dict[type[syntax.TasksetSection], syntax.TasksetSection] = {}
    highest = 0
    for section in taskset.sections:
        kind = type(section)
        if kind in seen and kind is not syntax.Member:
            note = Note("the first one", seen[kind].span)
            message = f"a set of tasks has one `{kind.__name__.lower()}:`"
            report.error("E0414", message, section.span, note)
        seen.setdefault(kind, section)
        position = ORDER.index(kind)
        if position < highest:
            report.error(
                "E0415",
                f"`{kind.__name__.lower()}` stands after `{ORDER[highest].__name__.lower()}`; "
                f"the order is {' '.join(one.__name__.lower() for one in ORDER)}",
                section.span,
            )
        highest = max(highest, position)
    for kind in (syntax.Inputs, syntax.Outputs):
        word = kind.__name__.lower()
        if kind not in seen and word not in report.excused:
            message = f"the set has no `{word}:`, and its members share those of the set"
            report.error("E0416", message, taskset.name.span)
    if syntax.Member not in seen and "member" not in report.excused:
        message = f"`{taskset.name.name}` has no members: write `member NAME = TASK`"
        report.error("E0440", message, taskset.name.span)


def _distinct(members: tuple[syntax.Member, ...], report: Report) -> None:
    first: dict[str, syntax.Member] = {}
    for node in members:
        if node.name.name in first:
            names.taken(node.name, first[node.name.name].name.span, "a member", report)
        first.setdefault(node.name.name, node)


def _fixed(param: ir.Param) -> ir.Param:
    """Mark a parameter as one whose rebinding compiles anew."""
    return replace(param, structural=True)


def _values(
    declared: tuple[syntax.Param, ...], bound: Bindings, report: Report
) -> dict[str, syntax.Expr]:
    """Write each parameter of the set out in terms of none."""
    values: dict[str, syntax.Expr] = {}
    for node in declared:
        value = bound.get(node.name.name, node.value)
        values[node.name.name] = substitute(value, values, report)
    return values


def _used(
    taskset: syntax.Taskset, members: tuple[syntax.Member, ...], mix: syntax.Mix | None
) -> frozenset[str]:
    """Name every word of the set that may be a parameter read."""
    read = [one for one in taskset.sections if isinstance(one, syntax.Inputs | syntax.Outputs)]
    params_ = _one(taskset, syntax.Params)
    values = [node.value for node in params_.params] if params_ is not None else []
    nodes = (*read, *values, *(one.bindings for one in members), mix)
    return frozenset(
        node.name for one in nodes for node in names.walk(one) if isinstance(node, syntax.Name)
    )


def _mix(node: syntax.Mix | None, members: tuple[str, ...], scope: Scope) -> tuple[int, ...] | None:
    """Lower the weights of the members to the smallest whole numbers; all alike without any."""
    if node is None:
        return (1,) * len(members)
    report = scope.report
    if node.scope is not None and node.scope.name not in ("trial", "batch"):
        message = f"a mix is per trial or per batch, not per {node.scope.name}"
        report.error("E0444", message, node.scope.span)
    if not isinstance(node.weights, syntax.Set):
        report.error("E0444", "a mix is a set: {a: 1, b: 2}", node.weights.span)
        return None
    weights = _weights(node.weights, members, scope)
    if weights is None:
        return None
    copies = smallest_ratio([weights[name] for name in members])
    if sum(copies) > MOST_CELLS:
        message = f"these weights need {sum(copies)} trials to balance, more than {MOST_CELLS}"
        note = Note("choose weights in a simpler ratio")
        report.error("E0501", message, node.weights.span, note)
        return None
    return copies


def _weights(
    node: syntax.Set, members: tuple[str, ...], scope: Scope
) -> dict[str, Fraction] | None:
    """Find the weight of each member."""
    found: dict[str, Fraction] = {}
    weighted = any(item.weight is not None for item in node.items)
    for item in node.items:
        name = item.value.name if isinstance(item.value, syntax.Name) else None
        if name is None or name not in members:
            close = nearest(name, members) if name is not None else None
            note = f"did you mean `{close}`?" if close else f"the members: {', '.join(members)}"
            message = f"there is no member `{name}`" if name else "a mix weighs members by name"
            scope.report.error("E0444", message, item.value.span, Note(note))
        elif name in found:
            scope.report.error("E0444", f"`{name}` stands twice in the mix", item.span)
        else:
            found[name] = _weight(item, weighted, scope)
    missing = [name for name in members if name not in found]
    if missing and not scope.report.failed:
        said = ", ".join(f"`{name}`" for name in missing)
        message = f"the mix leaves out {said}: each member has a weight above 0"
        scope.report.error("E0444", message, node.span)
    return None if scope.report.failed else found


def _weight(item: syntax.SetItem, weighted: bool, scope: Scope) -> Fraction:
    if item.weight is None and not weighted:
        return Fraction(1)
    value = None
    if item.weight is not None:
        expr = expressions.number(item.weight, scope, PLAIN, "a weight")
        if expr is None:
            return Fraction(1)
        value = constant(expr, scope.known)
    if value is None or value <= 0:
        span = item.span if item.weight is None else item.weight.span
        scope.report.error("E0444", "the weight of a member is a constant above 0", span)
        return Fraction(1)
    return value
