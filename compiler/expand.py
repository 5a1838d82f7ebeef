"""Writing out ``extends``: a task and its parents become one task of the syntax tree.

``about params inputs outputs trial score`` merge by name, in the parent's place, new names last;
``epochs session blocks`` of the child replace the parent's; its ``during`` blocks come after.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from epochal.dsl import syntax
from epochal.dsl.block_order import rank
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Fix, Note

MOST_PARENTS = 100

Bindings = Mapping[str, syntax.Expr]
Node = TypeVar("Node", bound=syntax.Node)


class Home(Struct, frozen=True):
    """A task and the file it stands in."""

    task: syntax.Task
    file: syntax.File
    path: str


class SetHome(Struct, frozen=True):
    """A set of tasks and the file it stands in.

    ``copies`` says how often members come where that is not what the set says; the others never.
    """

    taskset: syntax.Taskset
    file: syntax.File
    path: str
    copies: Mapping[str, int] = field(default_factory=dict)


Seat = Home | SetHome
"""Where a path to a task is written."""


class Expanded(Struct, frozen=True):
    """A task with its parents written out, and the parameters that ``with`` rebinds.

    ``externs`` are those of all the files that its statements come from.
    """

    task: syntax.Task
    bindings: Bindings
    externs: tuple[syntax.Extern, ...] = ()


Found = Home | tuple[Diagnostic, ...]
Resolve = Callable[[syntax.Path, Seat], Found]
"""Finds the task that a path means, seen from another item; or says why there is none."""


def expand(home: Home, resolve: Resolve) -> tuple[Expanded | None, tuple[Diagnostic, ...]]:
    """Write out the parents of a task."""
    chain = [home]
    while chain[-1].task.parent is not None:
        child = chain[-1]
        assert child.task.parent is not None
        found = resolve(child.task.parent, child)
        if not isinstance(found, Home):
            return None, found
        if any(_same(found, one) for one in chain):
            return None, (_cycle(child, [*chain, found]),)
        if len(chain) > MOST_PARENTS:
            message = f"this has more than {MOST_PARENTS} parents, one behind the other"
            return None, (diagnose("E0368", message, child.task.parent.span),)
        chain.append(found)
    strays = [stray for one in chain for stray in strays_of(one.task.bindings)]
    if strays:
        return None, tuple(strays)
    merged = Expanded(chain[-1].task, {})
    for heir in reversed(chain[:-1]):
        merged = _inherit(merged, heir.task)
    return replace(merged, externs=_externs(chain)), ()


def _externs(chain: list[Home]) -> tuple[syntax.Extern, ...]:
    """List the externs of the files that some tasks stand in, those of each file once."""
    files = {home.path: home.file for home in chain}
    items = [item for file in files.values() for item in file.items]
    return tuple(item for item in items if isinstance(item, syntax.Extern))


def strays_of(bindings: tuple[syntax.Binding, ...]) -> list[Diagnostic]:
    """Refuse ``member.name = value`` where a single task is bound."""
    return [
        diagnose(
            "E0447",
            f"`{one.member.name}.{one.name.name}` is a parameter of a member, and a single task "
            f"has none: write `{one.name.name}`",
            one.span,
            fixes=(Fix("leave the member out", one.member.span.to(one.name.span), one.name.name),),
        )
        for one in bindings
        if one.member is not None
    ]


def _same(a: Home, b: Home) -> bool:
    return a.path == b.path and a.task.name.name == b.task.name.name


def _cycle(child: Home, chain: list[Home]) -> Diagnostic:
    names = " extends ".join(one.task.name.name for one in chain)
    assert child.task.parent is not None
    return diagnose("E0423", f"a task cannot extend itself: {names}", child.task.parent.span)


def _inherit(parent: Expanded, child: syntax.Task) -> Expanded:
    """Lay a child over its parent."""
    bindings = {**parent.bindings, **{one.name.name: one.value for one in child.bindings}}
    for section in child.sections:
        if isinstance(section, syntax.Params):  # declared anew: what was bound before is gone
            own = {binding.name.name for binding in child.bindings}
            for param in section.params:
                if param.name.name not in own:
                    bindings.pop(param.name.name, None)
    sections = _merged(parent.task.sections, child.sections)
    return Expanded(replace(child, parent=None, bindings=(), sections=sections), bindings)


def _merged(
    old: tuple[syntax.Section, ...], new: tuple[syntax.Section, ...]
) -> tuple[syntax.Section, ...]:
    result = list(old)
    for section in new:
        place = next((i for i, one in enumerate(result) if type(one) is type(section)), len(result))
        if isinstance(section, syntax.During) or place == len(result):
            result.append(section)
        else:
            result[place] = _joined(result[place], section)
    return tuple(sorted(result, key=rank))


def _joined(old: syntax.Section, new: syntax.Section) -> syntax.Section:
    match old, new:
        case syntax.About(), syntax.About():
            return replace(new, fields=by_name(old.fields, new.fields))
        case syntax.Params(), syntax.Params():
            return replace(new, params=by_name(old.params, new.params))
        case syntax.Inputs(), syntax.Inputs():
            return replace(new, channels=by_name(old.channels, new.channels))
        case syntax.Outputs(), syntax.Outputs():
            return replace(new, channels=by_name(old.channels, new.channels))
        case syntax.Trial(), syntax.Trial():
            return replace(new, statements=by_name(old.statements, new.statements))
        case syntax.Score(), syntax.Score():
            return replace(new, statements=by_name(old.statements, new.statements))
        case _:
            return new


def by_name(old: tuple[Node, ...], new: tuple[Node, ...]) -> tuple[Node, ...]:
    """Put new declarations in the place of old ones of the same name, others at the end."""
    fresh = {_key(node): node for node in new if _key(node)}
    kept = [fresh.pop(_key(node), node) if _key(node) else node for node in old]
    return (*kept, *(node for node in new if not _key(node) or _key(node) in fresh))


def _key(node: syntax.Node) -> tuple[str, ...]:
    match node:
        case syntax.Field() | syntax.Param() | syntax.Channel():
            return (node.name.name,)
        case syntax.Draw() | syntax.Let():
            return tuple(name.name for name in node.target.names)
        case _:
            return ()


def in_file(path: syntax.Path, home: Seat) -> Found:
    """Find a task of the same file by name."""
    return among(path, home.file, home.path)


def among(path: syntax.Path, file: syntax.File, place: str) -> Found:
    """Find a task of a file by name."""
    tasks = [item for item in file.items if isinstance(item, syntax.Task)]
    for task in tasks:
        if task.name.name == path.name:
            return Home(task, file, place)
    names = ", ".join(task.name.name for task in tasks)
    note = Note(f"the tasks of this file: {names}")
    return (diagnose("E0422", f"there is no task `{path.name}` here", path.span, notes=(note,)),)
