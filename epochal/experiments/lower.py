"""From an `experiment` of a .train file to a plan of the runtime, and the task it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from msgspec import inspect

from epochal.compiler.laws import MOST_CELLS, smallest_ratio
from epochal.compiler.report import Report
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.nearest import nearest
from epochal.dsl.span import Span
from epochal.experiments.conditions import condition, evaluations
from epochal.experiments.settings import MISSING, MOST_ITEMS, Reader, Setting, kinds_of
from epochal.runtime.config import Profile, Training
from epochal.runtime.plan import BackTo, Condition, Measure, Plan, Stage

Bindings = Mapping[str, syntax.Expr]
Section = TypeVar("Section")
TextOf = Callable[[Span], str]
"""Gives the text of the file at a place: parameters are kept as they were written."""

PLOTTED, PLOTTED_BY = "plotted", "plotted_by"
"""The scores that a plot adds to a task."""

_WHOLE, _TEXT = inspect.IntType(), inspect.StrType()
_TOP = {"task": _TEXT, "pin": _TEXT, "dt": inspect.FloatType()}
_SEEDS = inspect.VarTupleType(item_type=_WHOLE)


@dataclass(frozen=True, slots=True)
class Plot:
    """``fraction(condition, by = value)``: two scores that a measure adds to the task."""

    condition: syntax.Expr
    by: syntax.Expr


@dataclass(frozen=True, slots=True)
class Members:
    """``members: {a: 2, b}``: how often members of a set come, and where each is named."""

    copies: Mapping[str, int]
    spans: Mapping[str, Span]


@dataclass(frozen=True, slots=True)
class Experiment:
    """A plan, with what it leaves to the driver: the task, its pin, and where bindings stand.

    ``bound`` says for each stage and measure what its parameters are bound to, ``members`` which
    members of a set it is about, ``plots`` which scores a measure adds to the task; ``spans``
    where the task and the pin stand.
    """

    plan: Plan
    task: str
    pin: str | None
    bound: Mapping[str, Bindings]
    members: Mapping[str, Members]
    plots: Mapping[str, Plot]
    spans: Mapping[str, Span]


@dataclass(slots=True)
class _Lowering:
    """One experiment on its way."""

    node: syntax.Experiment
    report: Report
    text_of: TextOf
    reader: Reader = field(init=False)
    bound: dict[str, Bindings] = field(default_factory=dict)
    members: dict[str, Members] = field(default_factory=dict)
    plots: dict[str, Plot] = field(default_factory=dict)
    untils: dict[str, Span] = field(default_factory=dict)  # of each stage

    def __post_init__(self) -> None:
        self.reader = Reader(self.report)

    def one(self, kind: type[Section]) -> Section | None:
        """Find the one block of a kind."""
        found = [section for section in self.node.sections if isinstance(section, kind)]
        for section in found[1:]:
            assert isinstance(section, syntax.Node)
            message = f"an experiment has one `{type(section).__name__.lower()}:`"
            self.report.error("E0803", message, section.span)
        return found[0] if found else None


def lower_experiment(node: syntax.Experiment, report: Report, text_of: TextOf) -> Experiment | None:
    """Lower one experiment; None where it has errors."""
    job = _Lowering(node, report, text_of)
    fields = [section for section in node.sections if isinstance(section, syntax.Field)]
    kinds = {**_TOP, "seeds": _SEEDS, "model": kinds_of(Profile)["model"]}
    top = job.reader.fields(fields, kinds, "an experiment")
    profile = _profile(top or {}, job)
    stages = _stages(job.one(syntax.Curriculum), job)
    measures = _measures(job.one(syntax.Evaluate), job)
    _check_consolidation(profile, job)
    if profile is not None:
        _check_reach(stages, profile.training.every, job)
    spans = {one.name.name: one.value.span for one in fields}
    if top is not None and "task" not in top:
        report.error("E0803", "an experiment lacks `task:`, a text that names it", node.name.span)
    seeds = top.get("seeds", (0,)) if top is not None else (0,)
    if not 1 <= len(seeds) <= MOST_ITEMS or len(set(seeds)) < len(seeds) or min(seeds) < 0:
        message = f"`seeds` are 1 to {MOST_ITEMS} different whole numbers from 0 on"
        report.error("E0804", message, spans["seeds"])
    if report.failed or top is None or profile is None:
        return None
    plan = Plan(
        name=node.name.name,
        profile=profile,
        seeds=seeds,
        stages=stages,
        measures=measures,
    )
    return Experiment(plan, top["task"], top.get("pin"), job.bound, job.members, job.plots, spans)


def _profile(top: Mapping[str, Setting], job: _Lowering) -> Profile | None:
    """Put model and dt of the experiment, `train:` and the curriculum's `every:` together."""
    reader = job.reader
    train, curriculum = job.one(syntax.Train), job.one(syntax.Curriculum)
    kinds = {name: kind for name, kind in kinds_of(Training).items() if name != "dt"}
    values = reader.fields(train.fields if train else (), kinds, "`train:`")
    every = [one for one in _items(curriculum) if isinstance(one, syntax.Field)]
    timing = reader.fields(every, {"every": _WHOLE, "trials": _WHOLE}, "`curriculum:`")
    if values is None or timing is None:
        return None
    step = {name: top[name] for name in ("dt",) if name in top}
    span = train.span if train else job.node.name.span
    training = reader.made(Training, {**values, **timing, **step}, span)
    if training is MISSING:
        return None
    parts = {name: top[name] for name in ("model",) if name in top} | {"training": training}
    made = reader.made(Profile, parts, job.node.name.span)
    return made if isinstance(made, Profile) else None


def _check_consolidation(profile: Profile | None, job: _Lowering) -> None:
    """Refuse to protect earlier stages where there are none."""
    stages = [one for one in _items(job.one(syntax.Curriculum)) if isinstance(one, syntax.Stage)]
    if profile is None or profile.training.consolidation is None or len(stages) > 1:
        return
    message = "`consolidation` protects what earlier stages learnt, and needs two stages or more"
    train = job.one(syntax.Train)
    for one in train.fields if train is not None else ():
        if one.name.name == "consolidation":
            job.report.error("E0804", message, one.span)


def _items(block: syntax.Curriculum | None) -> tuple[syntax.Field | syntax.Stage, ...]:
    return block.items if block is not None else ()


_STAGE_FIELDS: dict[str, inspect.Type] = {
    "members": inspect.AnyType(),
    "at_most": _WHOLE,
    "otherwise": inspect.LiteralType(values=("next", "stop")),
    "reset": inspect.LiteralType(values=("optimizer",)),
}


def _stages(block: syntax.Curriculum | None, job: _Lowering) -> tuple[Stage, ...]:
    nodes = [one for one in _items(block) if isinstance(one, syntax.Stage)]
    names = _distinct([node.name for node in nodes], "stage", job)
    made = [_stage(node, i, names, job) for i, node in enumerate(nodes)]
    return tuple(one for one in made if one is not None)


def _distinct(idents: Sequence[syntax.Ident], what: str, job: _Lowering) -> list[str]:
    """List names, none of which may stand twice."""
    first: dict[str, syntax.Ident] = {}
    for ident in idents:
        if ident.name in first:
            note = Note("the first one", first[ident.name].span)
            job.report.error("E0805", f"the {what} `{ident.name}` stands twice", ident.span, note)
        first.setdefault(ident.name, ident)
    return [ident.name for ident in idents]


def _stage(node: syntax.Stage, place: int, names: list[str], job: _Lowering) -> Stage | None:
    fields = [item for item in node.items if isinstance(item, syntax.Field)]
    values = job.reader.fields(fields, _STAGE_FIELDS, "a stage")
    untils = [item for item in node.items if isinstance(item, syntax.Until)]
    for extra in untils[1:]:
        job.report.error("E0803", "a stage has one `until`; join conditions with `and`", extra.span)
    until = condition(untils[0].condition, job.reader) if untils else None
    if untils:
        job.untils[node.name.name] = untils[0].condition.span
    returns = [item for item in node.items if isinstance(item, syntax.BackTo)]
    backs = [_back(item, names[:place], job) for item in returns]
    mixes = [item for item in node.items if isinstance(item, syntax.Mix)]
    mix = _mix(mixes[0], names[: place + 1], job) if mixes else {}
    if values is None:
        return None
    if "otherwise" in values and "at_most" not in values:
        message = "`otherwise` says what follows `at_most`, and this stage has none"
        job.report.error("E0803", message, node.name.span)
    if not untils and "at_most" not in values and place + 1 < len(names):
        message = f"the stage `{node.name.name}` never ends: it has no `until` and no `at_most`"
        job.report.error("E0806", message, node.name.span)
    return Stage(
        name=node.name.name,
        params=_params(f"stage {node.name.name}", node.bindings, job),
        members=_members(f"stage {node.name.name}", values.get("members"), job),
        until=until,
        back_to=tuple(one for one in backs if one is not None),
        at_most=values.get("at_most"),
        otherwise=values.get("otherwise", "next"),
        mix=mix,
        reset="reset" in values,
    )


def _check_reach(stages: tuple[Stage, ...], every: int, job: _Lowering) -> None:
    """Say so where a stage is left before its ``until`` has the evaluations that it waits for."""
    for stage in stages:
        if stage.until is None or stage.at_most is None:
            continue
        there, wanted = -(-stage.at_most // every), evaluations(stage.until)
        if there < wanted:
            message = (
                f"this can never hold: it waits for {wanted} evaluations, one every {every} "
                f"updates, and the stage is left after {stage.at_most}"
            )
            job.report.error("E0806", message, job.untils[stage.name])


def _back(item: syntax.BackTo, earlier: list[str], job: _Lowering) -> BackTo | None:
    if item.stage.name not in earlier:
        _no_stage(item.stage.name, item.stage.span, earlier, job)
        return None
    found: Condition | None = condition(item.condition, job.reader)
    return BackTo(stage=item.stage.name, condition=found) if found is not None else None


def _no_stage(name: str, span: Span, known: list[str], job: _Lowering) -> None:
    close = nearest(name, known)
    hint = (
        f"did you mean `{close}`?" if close else f"stages before it: {', '.join(known) or 'none'}"
    )
    job.report.error("E0805", f"there is no earlier stage `{name}`", span, Note(hint))


def _mix(node: syntax.Mix, known: list[str], job: _Lowering) -> dict[str, float]:
    """Read ``mix: {stage: weight, ..}`` over this stage and earlier ones."""
    if not isinstance(node.weights, syntax.Set):
        job.report.error("E0802", "`mix` is a set with weights: {full: 90%, easy: 10%}", node.span)
        return {}
    found: dict[str, float] = {}
    for item in node.weights.items:
        if not isinstance(item.value, syntax.Name) or item.weight is None:
            message = "`mix` names stages, each with its weight: {full: 90%, easy: 10%}"
            job.report.error("E0802", message, item.span)
        elif item.value.name not in known:
            _no_stage(item.value.name, item.value.span, known, job)
        else:
            weight = job.reader.number(item.weight, "a weight")
            if weight is not MISSING and weight <= 0:
                job.report.error("E0804", "a weight is above 0", item.weight.span)
            elif weight is not MISSING:
                found[item.value.name] = weight
    return found


def _members(home: str, node: syntax.Expr | None, job: _Lowering) -> dict[str, int]:
    """Read ``members: {a, b}`` or ``members: {a: 2, b: 1}`` as the smallest whole copies."""
    if node is None:
        return {}
    weights: dict[str, Fraction] = {}
    spans: dict[str, Span] = {}
    for item in node.items if isinstance(node, syntax.Set) else ():
        weight = job.reader.number(item.weight, "a weight") if item.weight is not None else 1
        if not isinstance(item.value, syntax.Name) or weight is MISSING:
            break
        name = item.value.name
        if name in weights or weight <= 0:
            wrong = f"`{name}` stands twice" if name in weights else "a weight is above 0"
            job.report.error("E0804", wrong, item.span)
        weights[name], spans[name] = Fraction(str(weight)), item.value.span
    else:
        if weights:
            return _copies(home, weights, spans, job)
    if not job.report.failed:
        message = "`members` is a set of members, with weights or without: {a, b}, {a: 2, b: 1}"
        job.report.error("E0802", message, node.span)
    return {}


def _copies(
    home: str, weights: Mapping[str, Fraction], spans: Mapping[str, Span], job: _Lowering
) -> dict[str, int]:
    if job.report.failed:
        return {}
    copies = dict(zip(weights, smallest_ratio(list(weights.values())), strict=True))
    if sum(copies.values()) > MOST_CELLS:
        message = f"these weights need {sum(copies.values())} trials to balance: take simpler ones"
        job.report.error("E0804", message, next(iter(spans.values())))
    job.members[home] = Members(copies, spans)
    return copies


def _params(home: str, bindings: Sequence[syntax.Binding], job: _Lowering) -> dict[str, str]:
    """Keep what parameters are bound to, as text, and where, for the driver to check."""
    named = {_full_name(binding): binding.value for binding in bindings}
    job.bound[home] = named
    return {name: job.text_of(value.span) for name, value in named.items()}


def _full_name(binding: syntax.Binding) -> str:
    member = f"{binding.member.name}." if binding.member is not None else ""
    return member + binding.name.name


_MEASURE_FIELDS: dict[str, inspect.Type] = {
    "members": inspect.AnyType(),
    "trials": _WHOLE,
    "by": inspect.AnyType(),
    "plot": inspect.AnyType(),
}


def _measures(block: syntax.Evaluate | None, job: _Lowering) -> tuple[Measure, ...]:
    nodes = block.measures if block is not None else ()
    _distinct([node.name for node in nodes], "measure", job)
    return tuple(_measure(node, job) for node in nodes)


def _measure(node: syntax.Measure, job: _Lowering) -> Measure:
    for mix in (item for item in node.items if isinstance(item, syntax.Mix)):
        note = Note("`members: {a, b}` says which tasks of a set are measured")
        job.report.error("E0801", "a measure has no `mix`", mix.span, note)
    fields = [item for item in node.items if isinstance(item, syntax.Field)]
    values = job.reader.fields(fields, _MEASURE_FIELDS, "a measure") or {}
    home = f"measure {node.name.name}"
    values["params"] = _params(home, node.bindings, job)
    values["members"] = _members(home, values.get("members"), job)
    if "by" in values:
        values["by"] = _names(values["by"], job)
    shown = values.pop("plot", None)
    if shown is not None:
        plot = _plot(shown, job)
        if plot is not None:
            job.plots[node.name.name] = plot
            title = job.text_of(shown.span)
            values |= {"of": PLOTTED, "by": (PLOTTED_BY,), "title": " ".join(title.split())}
    made = job.reader.made(Measure, {"name": node.name.name, **values}, node.name.span)
    return made if isinstance(made, Measure) else Measure(name=node.name.name)


def _plot(call: syntax.Expr, job: _Lowering) -> Plot | None:
    """Read ``fraction(condition, by = value)``."""
    if isinstance(call, syntax.Call) and call.function.name == "fraction":
        named = {one.name.name if one.name else "": one.value for one in call.arguments}
        if set(named) == {"", "by"} and len(call.arguments) == 2:
            return Plot(named[""], named["by"])
    message = "`plot` is `fraction(CONDITION, by = VALUE)`: how often it holds, for each value"
    job.report.error("E0802", message, call.span)
    return None


def _names(value: syntax.Expr, job: _Lowering) -> tuple[str, ...]:
    nodes = value.items if isinstance(value, syntax.List) else (value,)
    names = [node.name for node in nodes if isinstance(node, syntax.Name)]
    if len(names) < len(nodes):
        message = "`by` is a variable of the task, or a list of them"
        job.report.error("E0802", message, value.span)
    return tuple(names)
