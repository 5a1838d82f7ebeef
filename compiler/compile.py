"""The stages of the compiler, from the tree of one task to a checked IR and its module."""

from dataclasses import dataclass

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds
from epochal.compiler.checks import check
from epochal.compiler.lower import lower
from epochal.compiler.params import Bindings
from epochal.compiler.report import Report
from epochal.dsl import syntax
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Checked:
    """A task without errors: its IR and the bounds of its values."""

    task: ir.Task
    bounds: Bounds

    def module(self) -> str:
        """Print the task as a NumPy module."""
        from epochal.compiler.printer import print_module  # and Jinja2, which checks do without

        return print_module(self.task, self.bounds.known)


def analyse(
    node: syntax.Task, file: syntax.File, bindings: Bindings
) -> tuple[Checked | None, tuple[Diagnostic, ...]]:
    """Resolve and check one task of a file, with some of its parameters rebound."""
    report = Report(file.skipped)
    report.diagnostics += unbuilt(file)
    lowered = lower(node, file.version, bindings, report)
    if lowered is None:
        return None, tuple(report.diagnostics)
    task, scope = lowered
    bounds = Bounds(task.variables, scope.known)
    diagnostics = (*report.diagnostics, *check(task, bounds))
    if any(one.is_error for one in diagnostics):
        return None, diagnostics
    return Checked(task, bounds), diagnostics


_UNBUILT = {
    syntax.Use: "use",
    syntax.Extern: "extern",
    syntax.Taskset: "taskset",
    syntax.Experiment: "experiment",
}


def unbuilt(file: syntax.File) -> list[Diagnostic]:
    """Say which items beside the tasks are read and not built yet, so that none is ignored."""
    found = []
    for item in file.items:
        if not isinstance(item, syntax.Task):
            span = item.span
            if isinstance(item, syntax.Taskset | syntax.Experiment):
                span = item.name.span
            message = f"`{_UNBUILT[type(item)]}` is part of the language and not built yet"
            found.append(diagnose("E0601", message, span))
    return found
