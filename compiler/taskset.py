"""From the syntax tree of a set of tasks to its IR: each member becomes a task of its own.

A member is found as a parent is, written out, bound, lowered, and then fitted to the inputs and
outputs of the set; the parameters of the set are written out where they are used.
"""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from epochal.compiler import ir, joint
from epochal.compiler.bounds import Bounds
from epochal.compiler.checks import check_member, check_set
from epochal.compiler.expand import Expanded, Resolve, SetHome, expand, strays_of
from epochal.compiler.extern_source import Allowed, with_sources
from epochal.compiler.externs import declare
from epochal.compiler.fit import fit
from epochal.compiler.frame import Frame, frame_of
from epochal.compiler.known import known_of
from epochal.compiler.lower import lower
from epochal.compiler.params import Bindings
from epochal.compiler.report import Report, place
from epochal.compiler.scope import Scope
from epochal.compiler.substitute import substitute
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.nearest import nearest
from epochal.dsl.span import Span


class Lowered(Struct, frozen=True):
    """The IR of a set, the bounds of each member, and where each parameter is bound."""

    taskset: ir.Taskset
    bounds: tuple[Bounds, ...]
    written: Mapping[str, Span]


def lower_set(
    home: SetHome, bindings: Bindings, resolve: Resolve, allowed: Allowed
) -> tuple[Lowered | None, tuple[Diagnostic, ...]]:
    """Resolve and check a set of tasks, with some of its parameters rebound."""
    report = Report(home.file.skipped)
    frame = frame_of(home.taskset, bindings, report)
    if frame is None:
        return None, tuple(report.diagnostics)
    opened = [_open(node, home, resolve, report) for node in frame.members]
    good = [one for one in opened if one is not None]
    if len(good) == len(opened):
        _check_bindings(frame, good, bindings, report)
    tasks: list[ir.Task] = []
    for one in good:
        called = tuple(extern for task in tasks for extern in task.externs)
        made = _lowered(one, frame, bindings, report, allowed, called)
        tasks += [made] if made is not None else []
    if report.failed or len(tasks) < len(frame.members):
        return None, tuple(report.diagnostics)
    copies = home.copies or dict(zip(frame.names, frame.copies, strict=True))
    members = tuple(
        ir.Member(node.name.name, task, copies.get(node.name.name, 0), place(node.name.span))
        for node, task in zip(frame.members, tasks, strict=True)
    )
    taskset = ir.Taskset(
        schema=ir.SCHEMA,
        language=home.file.version,
        name=home.taskset.name.name,
        doc=home.taskset.doc,
        about=frame.about,
        params=frame.params,
        members=members,
        per_batch=frame.per_batch,
        at=place(home.taskset.name.span),
    )
    bounds = tuple(Bounds(task.variables, known_of(task)) for task in tasks)
    report.diagnostics += [*joint.clashes(taskset), *check_set(taskset, frame.used)]
    if report.failed:
        return None, tuple(report.diagnostics)
    written = _written(frame, good, bindings)
    return Lowered(taskset, bounds, written), tuple(report.diagnostics)


class _Open(Struct, frozen=True):
    """A member whose task was found and written out."""

    node: syntax.Member
    expanded: Expanded
    version: int
    skipped: frozenset[str]

    @property
    def name(self) -> str:
        return self.node.name.name

    @property
    def params(self) -> dict[str, syntax.Param]:
        """The parameters it declares, by name."""
        return {
            param.name.name: param
            for section in self.expanded.task.sections
            if isinstance(section, syntax.Params)
            for param in section.params
        }


def _open(node: syntax.Member, home: SetHome, resolve: Resolve, report: Report) -> _Open | None:
    """Find the task of a member and write out its parents."""
    strays = strays_of(node.bindings)
    report.diagnostics += strays
    found = resolve(node.path, home)
    if isinstance(found, tuple):
        report.diagnostics += found
        return None
    expanded, mistakes = expand(found, resolve)
    report.diagnostics += mistakes
    if expanded is None or strays:
        return None
    for section in expanded.task.sections:
        if isinstance(section, syntax.Session | syntax.Blocks):
            message = f"`{node.name.name}` has sessions, and the trials of a set are single ones"
            report.error("E0448", message, node.path.span)
            return None
    return _Open(node, expanded, found.file.version, found.file.skipped)


def _check_bindings(frame: Frame, members: list[_Open], bindings: Bindings, report: Report) -> None:
    """Refuse bindings of parameters that neither the set nor a member has."""
    own = [param.name for param in frame.params]
    bare = list(dict.fromkeys([*own, *(name for one in members for name in one.params)]))
    full = [f"{one.name}.{name}" for one in members for name in one.params]
    for name, value in bindings.items():
        known = full if "." in name else bare
        if name not in known:
            close = nearest(name, [*known, *full])
            Scope(report, {}).unknown(name, value.span, "parameter", [close] if close else known)


def _bindings(member: _Open, frame: Frame, bindings: Bindings) -> dict[str, syntax.Expr]:
    """Lay over what a task binds its ``with``, then what comes from outside.

    A bare name from outside means every member that has it, unless the set itself does.
    """
    own = {param.name for param in frame.params}
    found = dict(member.expanded.bindings)
    found |= {one.name.name: one.value for one in member.node.bindings}
    outside = {
        name: value for name, value in bindings.items() if name in member.params and name not in own
    }
    for name in member.params:
        if f"{member.name}.{name}" in bindings:
            outside[name] = bindings[f"{member.name}.{name}"]
    return found | outside


def _lowered(
    member: _Open,
    frame: Frame,
    bindings: Bindings,
    report: Report,
    allowed: Allowed,
    called: tuple[ir.Extern, ...],
) -> ir.Task | None:
    """Lower and check one member, with the channels of the set."""
    mine = Report(member.skipped)
    given = {
        name: substitute(value, frame.values, mine)
        for name, value in _bindings(member, frame, bindings).items()
    }
    externs = declare(member.expanded.externs, mine, called)
    lowered = lower(member.expanded.task, member.version, given, mine, externs)
    known, refused = with_sources(externs.used(), allowed)
    mine.diagnostics += refused
    task = None
    if lowered is not None:
        own, scope = lowered
        own = replace(own, name=member.name, externs=known)
        task = fit(own, member.node, frame.inputs, frame.outputs, frame.names, scope)
        if task is not None:
            bounds = Bounds(task.variables, known_of(task))
            mine.diagnostics += check_member(task, own, bounds)
    report.diagnostics += mine.diagnostics
    return None if mine.failed else task


def _written(frame: Frame, members: list[_Open], bindings: Bindings) -> dict[str, Span]:
    """Say where the text stands that each parameter is bound to."""
    found = {
        node.name.name: bindings.get(node.name.name, node.value).span for node in frame.declared
    }
    for member in members:
        given = _bindings(member, frame, bindings)
        for name, param in member.params.items():
            found[f"{member.name}.{name}"] = given.get(name, param.value).span
    return found
