"""The stages of the compiler, from the tree of one task to a checked IR and its module."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds
from epochal.compiler.checks import check
from epochal.compiler.expand import Home, Resolve, expand, in_file
from epochal.compiler.extern_source import NONE, Allowed, ExternError, with_source
from epochal.compiler.externs import declare, is_location
from epochal.compiler.known import known_of
from epochal.compiler.lower import lower
from epochal.compiler.params import Bindings
from epochal.compiler.report import Report, span
from epochal.dsl import syntax
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Note
from epochal.dsl.span import Span


@dataclass(frozen=True, slots=True)
class Checked:
    """A task without errors: its IR, the bounds of its values, where each parameter is bound."""

    task: ir.Task
    bounds: Bounds
    written: Mapping[str, Span] = field(default_factory=dict)

    def module(self) -> str:
        """Print the task as a NumPy module."""
        from epochal.compiler.printer import print_module  # and Jinja2, which checks do without

        return print_module(self.task, self.bounds.known)


def from_ir(task: ir.Task) -> Checked:
    """Take up a task whose IR was checked before."""
    return Checked(task, Bounds(task.variables, known_of(task)))


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
    known, refused = _with_sources(externs.used(), allowed)
    if lowered is None:
        return None, (*report.diagnostics, *refused)
    task, scope = lowered
    bounds = Bounds(task.variables, scope.known)
    diagnostics = (*report.diagnostics, *refused, *check(task, bounds))
    if any(one.is_error for one in diagnostics):
        return None, diagnostics
    task = msgspec.structs.replace(task, externs=known)
    return Checked(task, bounds, _written(expanded.task, bindings)), diagnostics


def _with_sources(
    externs: tuple[ir.Extern, ...], allowed: Allowed
) -> tuple[tuple[ir.Extern, ...], tuple[Diagnostic, ...]]:
    """Import the externs that are allowed, and say which cannot be."""
    known, refused = [], []
    for extern in externs:
        if not is_location(extern.location):  # which was reported where it stands
            continue
        try:
            known.append(with_source(extern, allowed))
        except ExternError as error:
            notes = (Note(error.note),) if error.note else ()
            refused.append(diagnose(error.code, error.message, span(extern.at), notes=notes))
    return tuple(known), tuple(refused)


def _written(task: syntax.Task, bindings: Bindings) -> dict[str, Span]:
    """Say where the text stands that each parameter is bound to."""
    params = [p for s in task.sections if isinstance(s, syntax.Params) for p in s.params]
    return {p.name.name: bindings.get(p.name.name, p.value).span for p in params}


_UNBUILT = {
    syntax.Taskset: "taskset",
    syntax.Experiment: "experiment",
}


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
    """Say which items beside the tasks are read and not built yet, so that none is ignored."""
    found = []
    for item in file.items:
        if not isinstance(item, syntax.Task | syntax.Use | syntax.Extern):
            span = item.span
            if isinstance(item, syntax.Taskset | syntax.Experiment):
                span = item.name.span
            message = f"`{_UNBUILT[type(item)]}` is part of the language and not built yet"
            found.append(diagnose("E0601", message, span))
    return found
