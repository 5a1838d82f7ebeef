"""The stages of the compiler, from the tree of a task or a set to a checked IR and its module."""

import math
from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds, total
from epochal.compiler.checks import check
from epochal.compiler.expand import Home, Resolve, Seat, SetHome, expand, in_file
from epochal.compiler.extern_source import NONE, Allowed, with_sources
from epochal.compiler.externs import declare
from epochal.compiler.known import known_of
from epochal.compiler.lower import lower
from epochal.compiler.params import Bindings
from epochal.compiler.report import Report
from epochal.compiler.taskset import lower_set
from epochal.dsl import syntax
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Note
from epochal.dsl.span import Span


class Checked(Struct, frozen=True):
    """A task without errors: its IR, the bounds of its values, where each parameter is bound."""

    task: ir.Task
    bounds: Bounds
    written: Mapping[str, Span] = field(default_factory=dict)

    @property
    def program(self) -> ir.Task:
        """The IR."""
        return self.task

    @property
    def tasks(self) -> "tuple[Checked, ...]":
        """The single tasks in it: itself."""
        return (self,)

    @property
    def longest(self) -> int:
        """The longest a trial can be, in us."""
        length = self.task.length if self.task.length is not None else total(self.task)
        return math.ceil(self.bounds.most(length))

    def module(self) -> str:
        """Print the task as a NumPy module."""
        from epochal.compiler.printer import print_module  # and Jinja2, which checks do without

        return print_module(self.task, self.bounds.known)


class CheckedSet(Struct, frozen=True):
    """A set of tasks without errors: its IR, its members, where each parameter is bound."""

    taskset: ir.Taskset
    tasks: tuple[Checked, ...]
    written: Mapping[str, Span] = field(default_factory=dict)

    @property
    def program(self) -> ir.Taskset:
        """The IR."""
        return self.taskset

    @property
    def longest(self) -> int:
        """The longest a trial of any member can be, in us."""
        return max(one.longest for one in self.tasks)

    def module(self) -> str:
        """Print the set as one NumPy module."""
        from epochal.compiler.print_set import print_set

        return print_set(self.taskset, tuple(one.bounds for one in self.tasks))


def from_ir(program: ir.Program) -> Checked | CheckedSet:
    """Take up a task or a set whose IR was checked before."""
    if isinstance(program, ir.Taskset):
        return CheckedSet(program, tuple(task_from_ir(one.task) for one in program.members))
    return task_from_ir(program)


def task_from_ir(task: ir.Task) -> Checked:
    """Take up a single task whose IR was checked before."""
    return Checked(task, Bounds(task.variables, known_of(task)))


def analyse_item(
    home: Seat, bindings: Bindings, resolve: Resolve = in_file, allowed: Allowed = NONE
) -> tuple[Checked | CheckedSet | None, tuple[Diagnostic, ...]]:
    """Resolve and check one task or set of a file."""
    if isinstance(home, SetHome):
        return analyse_set(home, bindings, resolve, allowed)
    return analyse(home, bindings, resolve, allowed)


def analyse_set(
    home: SetHome, bindings: Bindings, resolve: Resolve = in_file, allowed: Allowed = NONE
) -> tuple[CheckedSet | None, tuple[Diagnostic, ...]]:
    """Resolve and check one set of a file, with some of its parameters rebound."""
    refused = tuple(unbuilt(home.file))
    lowered, found = lower_set(home, bindings, resolve, allowed)
    if lowered is None or any(one.is_error for one in refused):
        return None, (*refused, *found)
    tasks = tuple(
        Checked(member.task, bounds)
        for member, bounds in zip(lowered.taskset.members, lowered.bounds, strict=True)
    )
    return CheckedSet(lowered.taskset, tasks, lowered.written), found


def analyse(
    home: Home, bindings: Bindings, resolve: Resolve = in_file, allowed: Allowed = NONE
) -> tuple[Checked | None, tuple[Diagnostic, ...]]:
    """Resolve and check one task of a file, with some of its parameters rebound.

    ``resolve`` finds the tasks that it extends; by default only those of the same file.
    ``allowed`` names the modules whose externs may run; without it nothing of them is imported.
    """
    report = Report(home.file.skipped)
    report.diagnostics += repeated_names(home.file) + unbuilt(home.file)
    expanded, found = expand(home, resolve)
    if expanded is None:
        return None, (*report.diagnostics, *found)
    bindings = {**expanded.bindings, **bindings}
    externs = declare(expanded.externs, report)
    lowered = lower(expanded.task, home.file.version, bindings, report, externs)
    known, refused = with_sources(externs.used(), allowed)
    if lowered is None:
        return None, (*report.diagnostics, *refused)
    task, scope = lowered
    bounds = Bounds(task.variables, scope.known)
    diagnostics = (*report.diagnostics, *refused, *check(task, bounds))
    if any(one.is_error for one in diagnostics):
        return None, diagnostics
    task = replace(task, externs=known)
    return Checked(task, bounds, _written(expanded.task, bindings)), diagnostics


def _written(task: syntax.Task, bindings: Bindings) -> dict[str, Span]:
    """Say where the text stands that each parameter is bound to."""
    params = [p for s in task.sections if isinstance(s, syntax.Params) for p in s.params]
    return {p.name.name: bindings.get(p.name.name, p.value).span for p in params}


def repeated_names(file: syntax.File) -> list[Diagnostic]:
    """Say which tasks of a file have the name of one above them."""
    first: dict[str, syntax.Ident] = {}
    found = []
    for item in file.items:
        if isinstance(item, syntax.Task):
            other = first.setdefault(item.name.name, item.name)
            if other is not item.name:
                note = Note("the first one", other.span)
                message = f"the file has a task `{item.name.name}` already"
                found.append(diagnose("E0212", message, item.name.span, notes=(note,)))
    return found


def unbuilt(file: syntax.File) -> list[Diagnostic]:
    """Say of experiments beside tasks that they are not built there, so that none is ignored."""
    message = "an `experiment` beside tasks is not built: it stands in a .train file of its own"
    experiments = [item for item in file.items if isinstance(item, syntax.Experiment)]
    return [diagnose("E0601", message, one.name.span) for one in experiments]
