"""Channels that the members of a set share, and the fitting of a member to them.

A member keeps its own noise, baseline and rectification where the set says nothing; a channel
that it lacks stays at baseline.  The rule channel is 1 for the member, in its first statement.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from epochal.compiler import ir, spans
from epochal.compiler.channels import channels
from epochal.compiler.describe import units_text
from epochal.compiler.report import Report, place, span
from epochal.compiler.scope import PLAIN, Scope
from epochal.compiler.walk import refs, rewrite
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.nearest import nearest


class Shared(Struct, frozen=True):
    """A channel of a set, and which options are written there.

    ``is_rule`` marks the channel that says which member a trial is of, ``during`` over which
    epochs; without it over all.
    """

    channel: ir.Channel
    written: frozenset[syntax.OptionName]
    is_rule: bool
    during: syntax.EpochSpan | None


def shared(
    nodes: tuple[syntax.Channel, ...],
    members: tuple[str, ...],
    params: tuple[ir.Param, ...],
    mine: dict[str, ir.Channel],
    scope: Scope,
) -> tuple[Shared, ...]:
    """Lower the channels of one side; the units of a rule channel are named like the members."""
    rules = {node.name.name for node in nodes if mine is scope.inputs and _is_rule(node)}
    plain = [_named(node, members, scope) if node.name.name in rules else node for node in nodes]
    lowered = channels(tuple(plain), mine, scope)
    written = {node.name.name: node for node in reversed(nodes)}
    values = _values(params)
    made = []
    for channel in lowered:
        node = written[channel.name]
        options = {option.name: option.value for option in node.options}
        during = options.get(syntax.OptionName.DURING)
        made.append(
            Shared(
                _constant(channel, values, scope),
                frozenset(options),
                channel.name in rules,
                during if isinstance(during, syntax.EpochSpan) else None,
            )
        )
    return tuple(made)


def _is_rule(node: syntax.Channel) -> bool:
    return node.kind is not None and node.kind.function.name == "onehot"


def _named(node: syntax.Channel, members: tuple[str, ...], scope: Scope) -> syntax.Channel:
    """Write a rule channel as one of named units."""
    assert node.kind is not None
    match node.kind.arguments:
        case (syntax.Argument(name=None, value=syntax.Name(name="members")),):
            pass
        case _:
            message = "a rule channel is written `onehot(members)`"
            scope.report.error("E0443", message, node.kind.span)
    if node.shape:
        scope.report.error("E0443", "a rule channel has one unit a member", node.shape[0].span)
    units = tuple(syntax.Name(node.kind.span, name) for name in members)
    options = tuple(one for one in node.options if one.name is not syntax.OptionName.DURING)
    return replace(node, shape=units, kind=None, options=options)


def _values(params: tuple[ir.Param, ...]) -> dict[ir.Ref, ir.Expr]:
    """Write each parameter of the set out in terms of none."""
    values: dict[ir.Ref, ir.Expr] = {}
    for param in params:
        if param.value is not None:
            ref = ir.Ref(param.name, ir.Role.PARAM)
            values[ref] = rewrite(param.value, lambda node: _looked_up(node, values))
    return values


def _looked_up(node: ir.Expr, values: Mapping[ir.Ref, ir.Expr]) -> ir.Expr:
    return values.get(node, node) if isinstance(node, ir.Ref) else node


def _constant(channel: ir.Channel, values: Mapping[ir.Ref, ir.Expr], scope: Scope) -> ir.Channel:
    """Write the parameters of the set out in the options of a channel."""
    for expr in _options(channel):
        for ref in refs(expr):
            if ref.role is ir.Role.VARIABLE:
                message = (
                    f"`{ref.name}` is drawn for each trial, and a channel of the set is the same "
                    "for all of them"
                )
                scope.report.error("E0449", message, span(channel.at))

    def written(expr: ir.Expr) -> ir.Expr:
        return rewrite(expr, lambda node: _looked_up(node, values))

    noise = channel.noise
    if noise is not None:
        at = written(noise.reference) if noise.reference is not None else None
        noise = ir.Noise(noise.law, written(noise.sd), at)
    return replace(channel, baseline=written(channel.baseline), noise=noise)


def _options(channel: ir.Channel) -> Iterator[ir.Expr]:
    yield channel.baseline
    if channel.noise is not None:
        yield channel.noise.sd
        if channel.noise.reference is not None:
            yield channel.noise.reference


def fit(
    task: ir.Task,
    node: syntax.Member,
    inputs: tuple[Shared, ...],
    outputs: tuple[Shared, ...],
    members: tuple[str, ...],
    scope: Scope,
) -> ir.Task | None:
    """Give a member the inputs and outputs of its set, and the column that names it."""
    report = scope.report
    mine = _Member(node, members)
    _check_names(task, mine, report)
    sides = [
        _side("input", task.inputs, inputs, mine, report),
        _side("output", task.outputs, outputs, mine, report),
    ]
    rules = [_rule(one, task, mine, scope) for one in inputs if one.is_rule]
    if report.failed:
        return None
    label = ir.Label(mine.name, members)
    column = ir.Variable(
        (ir.MEMBER,), (ir.LabelType(members),), ir.Computed(label), place(node.name.span)
    )
    return replace(
        task,
        inputs=sides[0],
        outputs=sides[1],
        variables=(column, *task.variables),
        effects=(*(rule for rule in rules if rule is not None), *task.effects),
    )


class _Member(Struct, frozen=True):
    """A member as it is written, and all names of members."""

    node: syntax.Member
    members: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.node.name.name


def _check_names(task: ir.Task, mine: _Member, report: Report) -> None:
    """Keep the name of the column free, and require what accuracy is taken of."""
    taken = [(name, variable.at) for variable in task.variables for name in variable.names]
    taken += [(param.name, param.at) for param in task.params]
    taken += [(score.name, score.at) for score in task.scores]
    for name, at in taken:
        if name == ir.MEMBER:
            message = f"`{name}` is the column that says which member of the set a trial is of"
            note = Note(f"in the task of `{mine.name}`", span(at))
            report.error("E0212", message, mine.node.path.span, note)
    if not any(score.name == "correct" for score in task.scores):
        message = f"`{mine.name}` scores no `correct`, which the set takes its accuracy from"
        note = Note("its task", span(task.at))
        report.error("E0446", message, mine.node.path.span, note)


def _side(
    what: str,
    own: tuple[ir.Channel, ...],
    wanted: tuple[Shared, ...],
    mine: _Member,
    report: Report,
) -> tuple[ir.Channel, ...]:
    """Put the channels of a member in the order of the set."""
    known = {channel.name: channel for channel in own}
    names = [one.channel.name for one in wanted]
    for channel in own:
        if channel.name not in names:
            close = nearest(channel.name, names)
            notes = [Note(f"{what} `{channel.name}`", span(channel.at))]
            notes += [Note(f"did you mean `{close}`?")] if close else []
            message = (
                f"`{mine.name}` has the {what} `{channel.name}`, which the set does not declare"
            )
            report.error("E0441", message, mine.node.path.span, *notes)
    return tuple(_merged(one, known.get(one.channel.name), what, mine, report) for one in wanted)


def _merged(
    one: Shared, own: ir.Channel | None, what: str, mine: _Member, report: Report
) -> ir.Channel:
    """Lay the options that the set writes over those of the member."""
    channel = one.channel
    if own is None:
        return channel
    if one.is_rule:
        message = f"`{channel.name}` is the rule channel, and `{mine.name}` has an {what} so named"
        report.error("E0443", message, span(channel.at), Note("its own", span(own.at)))
        return channel
    merged = replace(
        channel,
        baseline=_chosen(one, syntax.OptionName.BASELINE, channel.baseline, own.baseline),
        noise=_chosen(one, syntax.OptionName.NOISE, channel.noise, own.noise),
        rectified=channel.rectified or own.rectified,
        doc=channel.doc or own.doc,
        at=channel.at if one.written else own.at,
    )
    if not _same_units(channel, own):
        message = (
            f"`{channel.name}` is {units_text(channel)} in the set, and {units_text(own)} "
            f"in `{mine.name}`"
        )
        report.error("E0442", message, span(channel.at), Note("the member's", span(own.at)))
    return merged


Kind = TypeVar("Kind")


def _chosen(one: Shared, name: syntax.OptionName, of_set: Kind, of_member: Kind) -> Kind:
    return of_set if name in one.written else of_member


def _same_units(a: ir.Channel, b: ir.Channel) -> bool:
    """Whether two channels differ in nothing but their options."""
    options = {"baseline": a.baseline, "noise": a.noise, "rectified": a.rectified, "doc": a.doc}
    return replace(b, **options) == a


def _rule(one: Shared, task: ir.Task, mine: _Member, scope: Scope) -> ir.Effect | None:
    """Make the statement that sets the rule channel of one member."""
    where: ir.Where | None = ir.Where(task.epochs[0].name, task.epochs[-1].name)
    if one.during is not None:
        for ident in (one.during.first, one.during.last):
            if ident is not None and ident.name not in scope.epochs:
                message = f"`{mine.name}` has no epoch `{ident.name}`"
                note = Note(f"its epochs: {', '.join(scope.epochs)}")
                scope.report.error("E0443", message, ident.span, note)
                return None
        where = spans.where(one.during, scope, PLAIN)
    if where is None:
        return None
    return ir.Effect(
        kind=ir.EffectKind.INPUT,
        where=where,
        guard=None,
        channel=one.channel.name,
        unit=ir.Ref(ir.MEMBER, ir.Role.VARIABLE),
        op="=",
        value=ir.Number("1"),
        noise=None,
        at=one.channel.at,
    )
