"""What sessions ask of a task: requirements that redraws can meet, and sequences that are full."""

from collections.abc import Iterator

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds
from epochal.compiler.fill import fill
from epochal.compiler.redraw import attempts_of, draws_of
from epochal.compiler.report import span
from epochal.compiler.walk import definition_expressions, looks_back, refs, walk
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Note

LEAST_FILL = 0.7
"""How much of a sequence its trials should fill on average."""


def unmet_requirements(task: ir.Task) -> Iterator[tuple[ir.Requirement, Diagnostic]]:
    """Yield the requirements that no redraw can meet, each with its diagnostic."""
    for one, name in broken_requirements(task):
        yield one, _looks_back(one, name)
    for one in task.requirements:
        held = _held(one.condition, task)
        if (
            held is not None
            and not draws_of(one, task.variables)
            and _seen(one.condition, task) is None
        ):
            message = (
                "there is nothing to redraw: balanced variables are not, and "
                f"`{held}` holds for more than this trial"
            )
            yield one, diagnose("E0437", message, span(one.at))


def _looks_back(requirement: ir.Requirement, name: str) -> Diagnostic:
    message = (
        f"this looks back at `{name}`: a redraw on one trial would change what the next one must "
        "meet, and so on to the end"
    )
    note = Note(
        "for a value that never comes twice in a row, make it a block's: `length: 1` and "
        "`markov({..}, 100%)`"
    )
    return diagnose("E0437", message, span(requirement.at), notes=(note,))


def _held(expr: ir.Expr, task: ir.Task) -> str | None:
    """Name a value behind an expression that holds for a block or a batch, or counts trials."""
    for ref in refs(expr):
        variable = next((v for v in task.variables if ref.name in v.names), None)
        match variable.definition if variable is not None else None:
            case ir.PerBlock() | ir.Counter() | ir.Drawn():
                return ref.name
            case ir.Computed(value):
                found = _held(value, task)
                if found is not None:
                    return found
    return None


def filling(task: ir.Task, bounds: Bounds) -> Iterator[Diagnostic]:
    """Warn of sequences that are mostly padding."""
    if task.session is None:
        return
    share = fill(task, bounds)
    if share < LEAST_FILL:
        message = (
            f"a trial fills about {share:.0%} of the time kept for the longest, so that the rest "
            "of each sequence is padding at its end"
        )
        note = Note("bound long durations more tightly: a smaller `max`, or fewer conditions")
        yield diagnose("W0708", message, span(task.at), notes=(note,))


def broken_requirements(task: ir.Task) -> Iterator[tuple[ir.Requirement, str]]:
    """Yield the requirements that look back, and say what each looks at.

    A redraw in one trial would change what the next one must meet, so that no order of redraws
    settles all trials at once.
    """
    for requirement in task.requirements:
        name = _seen(requirement.condition, task)
        if name is not None:
            yield requirement, name
    for group in attempts_of(task):
        made = {name for variable in group.variables for name in variable.names}
        for variable in group.variables:
            for expr in definition_expressions(variable.definition):
                seen = _looked_at(expr) & made
                if seen and _seen(group.requirements[0].condition, task) is None:
                    yield group.requirements[0], min(seen)


def _seen(expr: ir.Expr, task: ir.Task) -> str | None:
    """Name what an expression looks back at, itself or through computed variables."""
    if looks_back(expr):
        return min(_looked_at(expr))
    for ref in refs(expr):
        variable = next((v for v in task.variables if ref.name in v.names), None)
        if variable is not None and isinstance(variable.definition, ir.Computed):
            found = _seen(variable.definition.value, task)
            if found is not None:
                return found
    return None


def _looked_at(expr: ir.Expr) -> set[str]:
    """Name the variables that are read from the trial before."""
    return {
        ref.name
        for node in walk(expr)
        if isinstance(node, ir.Call) and node.function == "previous"
        for ref in refs(node.arguments[0])
    }
