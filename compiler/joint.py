"""The trial table and the scores of a set of tasks: the union of those of its members.

What a member lacks is nan among quantities, -1 (none) among labels, false among truths.
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from epochal.compiler import ir, print_sample, types
from epochal.compiler.print_signals import HEIGHTS, process_of
from epochal.compiler.report import span
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Note


class Column(Struct, frozen=True):
    """One column of a trial table, or one score."""

    name: str
    type: ir.Type
    at: ir.Place


List = Callable[[ir.Task], Iterator[Column]]


def columns_of(task: ir.Task) -> Iterator[Column]:
    """List the columns that a member's own trial table has."""
    for variable in task.variables:
        law = process_of(variable)
        if law is not None:
            yield from _events_of(variable, law)
            continue
        for name, kind in zip(variable.names, variable.types, strict=True):
            if name != ir.MEMBER:
                yield Column(name, kind, variable.at)
    stored = print_sample.set_columns(task)
    for param in task.params:
        is_set = isinstance(param.type, ir.SetType)
        if print_sample.is_argument(param) and (param.name in stored or not is_set):
            yield Column(param.name, param.type, param.at)


def _events_of(variable: ir.Variable, law: ir.Law) -> Iterator[Column]:
    """List the columns of a process; how many events there may be is no part of their types."""
    if law.name != "pulse_train":
        return
    (name,), (kind,) = variable.names, variable.types
    for column, item in ((name, ir.TIME), (HEIGHTS.format(name), ir.NUMBER)):
        of_one: ir.Type = ir.SignalType(item)
        many = ir.ArrayType(of_one, kind.n) if isinstance(kind, ir.ArrayType) else of_one
        yield Column(column, many, variable.at)


def scores_of(task: ir.Task) -> Iterator[Column]:
    """List the scores of a member."""
    for score in task.scores:
        yield Column(score.name, score.type, score.at)


def joined(taskset: ir.Taskset, listed: List) -> dict[str, ir.Type]:
    """Give the type of every column or score that a member has, in order of appearance."""
    joint = joint_types(taskset)
    return {name: joint[name] for name in _names(taskset, listed)}


def _names(taskset: ir.Taskset, listed: List) -> list[str]:
    found = [column.name for member in taskset.members for column in listed(member.task)]
    return list(dict.fromkeys(found))


def joint_types(taskset: ir.Taskset) -> dict[str, ir.Type]:
    """Give the joint type of all columns and scores by name; labels of members are joined."""
    found: dict[str, ir.Type] = {ir.MEMBER: ir.LabelType(taskset.names)}
    for member in taskset.members:
        for column in (*columns_of(member.task), *scores_of(member.task)):
            known = found.get(column.name, column.type)
            found[column.name] = types.common(known, column.type) or known
    return found


def moved_labels(taskset: ir.Taskset, task: ir.Task, listed: List) -> Mapping[str, tuple[int, ...]]:
    """Say where among the joint labels those of a member stand, where not at their own places."""
    joint = joint_types(taskset)
    found = {}
    for column in listed(task):
        mine, all_ = _labels(column.type), _labels(joint[column.name])
        places = tuple(all_.index(label) for label in mine)
        if places != tuple(range(len(mine))):
            found[column.name] = places
    return found


def _labels(kind: ir.Type) -> tuple[str, ...]:
    item = kind.item if isinstance(kind, ir.ArrayType) else kind
    return item.labels if isinstance(item, ir.LabelType) else ()


def clashes(taskset: ir.Taskset) -> tuple[Diagnostic, ...]:
    """Find names that mean one thing in one member and another in the next."""
    first: dict[str, tuple[str, Column]] = {}
    joint: dict[str, ir.Type] = {}
    found: list[Diagnostic] = []
    for member in taskset.members:
        for column in (*columns_of(member.task), *scores_of(member.task)):
            owner, other = first.setdefault(column.name, (member.name, column))
            known = joint.setdefault(column.name, column.type)
            both = types.common(known, column.type)
            if both is not None:
                joint[column.name] = both
                continue
            message = (
                f"`{column.name}` is {types.describe(column.type)} in `{member.name}`, and "
                f"{types.describe(other.type)} in `{owner}`: they share a column"
            )
            note = Note(f"in `{owner}`", span(other.at))
            found.append(diagnose("E0445", message, span(column.at), notes=(note,)))
    return (*dict.fromkeys(found), *_extern_clashes(taskset))


def _extern_clashes(taskset: ir.Taskset) -> Iterator[Diagnostic]:
    """Find Python functions of one name that differ between members: they share a module."""
    first: dict[str, ir.Extern] = {}
    for member in taskset.members:
        for extern in member.task.externs:
            other = first.setdefault(extern.name, extern)
            if other.location != extern.location:
                message = f"`{extern.name}` is `{extern.location}` here, `{other.location}` there"
                note = Note("there", span(other.at))
                yield diagnose("E0445", message, span(extern.at), notes=(note,))
