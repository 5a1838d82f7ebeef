"""From the syntax tree of a task to its IR."""

from typing import TypeVar

from msgspec.structs import replace

from epochal.compiler import ir, names
from epochal.compiler.channels import channels
from epochal.compiler.effects import effects
from epochal.compiler.epochs import timeline
from epochal.compiler.externs import Externs
from epochal.compiler.known import index_bounds
from epochal.compiler.params import Bindings, params
from epochal.compiler.processes import bounded
from epochal.compiler.redraw import draws_of
from epochal.compiler.report import Report, place
from epochal.compiler.scope import Scope
from epochal.compiler.sessions import session
from epochal.compiler.trial import scores, table
from epochal.compiler.walk import refs
from epochal.dsl import syntax
from epochal.dsl.block_order import word

Kind = TypeVar("Kind", bound=syntax.Section)

NEEDED = (syntax.Inputs, syntax.Outputs, syntax.Epochs)


def lower(
    task: syntax.Task,
    language: int,
    bindings: Bindings,
    report: Report,
    externs: Externs,
) -> tuple[ir.Task, Scope] | None:
    """Lower one task with some of its parameters rebound; None where it has errors.

    The scope comes back too: it knows the bounds of every value, and which names were used.
    """
    scope = Scope(report, names.labels(task), externs=externs)
    score = _one(task, syntax.Score)
    scope.score_names = frozenset(names.targets(score)) if score else frozenset()
    _needed(task, scope)
    about = facts(_one(task, syntax.About), scope)
    parameters, drawn = params(_one(task, syntax.Params), bindings, scope)
    held = session(_one(task, syntax.Session), _one(task, syntax.Blocks), scope)
    inputs_, outputs_ = _one(task, syntax.Inputs), _one(task, syntax.Outputs)
    inputs = channels(inputs_.channels if inputs_ else (), scope.inputs, scope)
    outputs = channels(outputs_.channels if outputs_ else (), scope.outputs, scope)
    scope.looks_back = scope.session is not None
    columns, requirements = table(_one(task, syntax.Trial), scope)
    epochs_ = _one(task, syntax.Epochs)
    length, epochs, waits = timeline(epochs_, scope) if epochs_ else (None, (), ())
    during = tuple(section for section in task.sections if isinstance(section, syntax.During))
    statements = effects(during, scope)
    readout = scores(_one(task, syntax.Score), scope)
    scope.known |= index_bounds(scope.repeats)
    if report.failed or report.excused:  # what is excused is missing from the tree or from the IR
        return None
    lowered = ir.Task(
        schema=ir.SCHEMA,
        language=language,
        name=task.name.name,
        doc=task.doc,
        about=about,
        params=_with_structure(parameters, _of_design(requirements, (*drawn, *columns)), scope),
        inputs=inputs,
        outputs=outputs,
        variables=(*drawn, *held, *columns, *waits),
        requirements=requirements,
        length=length,
        epochs=epochs,
        repeats=tuple(scope.repeats),
        effects=statements,
        scores=readout,
        at=place(task.name.span),
        externs=externs.used(),
        session=scope.session,
    )
    finished = bounded(lowered, scope)
    return (finished, scope) if finished is not None else None


def _of_design(
    requirements: tuple[ir.Requirement, ...], columns: tuple[ir.Variable, ...]
) -> set[str]:
    """Name the parameters that requirements on the design read: they decide its rows."""
    rules = [one for one in requirements if not draws_of(one, columns)]
    wanted = [one.condition for one in rules]
    found: set[str] = set()
    for variable in columns:
        if isinstance(variable.definition, ir.Computed):
            names_ = {ref.name for rule in rules for ref in refs(rule.condition)}
            wanted += [variable.definition.value] if variable.names[0] in names_ else []
    for expr in wanted:
        found |= {ref.name for ref in refs(expr) if ref.role is ir.Role.PARAM}
    return found


def _with_structure(
    params: tuple[ir.Param, ...], more: set[str], scope: Scope
) -> tuple[ir.Param, ...]:
    """Mark the parameters that size a channel or make levels, and those they are computed from.

    Labels and weights always are structure.
    """
    structural = set(scope.structural) | more
    marked = []
    for param in reversed(params):  # a default mentions earlier parameters only
        item = param.type.item if isinstance(param.type, ir.SetType) else param.type
        weighted = isinstance(param.value, ir.SetOf) and bool(param.value.weights)
        fixed = param.name in structural or isinstance(item, ir.LabelType) or weighted
        if fixed and param.value is not None:
            structural |= {ref.name for ref in refs(param.value)}
            param = replace(param, structural=True)
        marked.append(param)
    return tuple(reversed(marked))


def _title(section: syntax.Section) -> str:
    return type(section).__name__.lower()


def _one(task: syntax.Task, kind: type[Kind]) -> Kind | None:
    return next((section for section in task.sections if isinstance(section, kind)), None)


def _needed(task: syntax.Task, scope: Scope) -> None:
    """Check that the blocks are there that every task needs."""
    seen = {type(section) for section in task.sections}
    for kind in NEEDED:
        if kind not in seen and word(kind) not in scope.report.excused:
            scope.report.error("E0416", f"the task has no `{word(kind)}:`", task.name.span)


def facts(section: syntax.About | None, scope: Scope) -> tuple[ir.Fact, ...]:
    """Lower the lines of ``about:``."""
    found = []
    for field in section.fields if section else ():
        match field.value:
            case syntax.String(value=value):
                values: tuple[str, ...] = (value,)
            case syntax.List(items=items) if all(isinstance(i, syntax.String) for i in items):
                values = tuple(i.value for i in items if isinstance(i, syntax.String))
            case _:
                scope.report.error(
                    "E0417", f"`{field.name.name}` is a text, or a list of texts", field.value.span
                )
                continue
        found.append(ir.Fact(field.name.name, values))
    return tuple(found)
