"""Printing processes: how they are drawn, kept in the trial table, and laid out over steps.

A pulse train has two columns, its times and its heights.  Other processes have none: the table
says instead where their random words are, so that arrays can be made of a table alone.
"""

from epochal.compiler import ir
from epochal.compiler.numpy_text import Printer
from epochal.compiler.print_line import line
from epochal.compiler.types import is_signal
from epochal.compiler.walk import refs

HEIGHTS = "{} heights"
"""The column of the heights of a pulse train; no value can have its name."""

WORDS = {
    "design seed": "np.full(n, seed, np.uint64)",
    "design stream": "np.full(n, stream, np.uint64)",
    "design batch": "np.full(n, batch, np.uint64)",
    "design row": "np.arange(n)",
}
"""The columns that say where the random words of a trial are; no value can have their names."""


def process_of(variable: ir.Variable) -> ir.Law | None:
    """Give the law of a variable that is a process."""
    match variable.definition:
        case ir.Drawn(ir.Law() as law) if is_signal(variable.types[0]):
            return law
        case _:
            return None


def processes(task: ir.Task) -> dict[str, ir.Variable]:
    """List the variables of a task that are processes, by name."""
    return {v.names[0]: v for v in task.variables if process_of(v) is not None}


def signals_in(exprs: list[ir.Expr], task: ir.Task) -> list[ir.Variable]:
    """List the processes that expressions use as signals, in the order of the task."""
    used = {ref.name for e in exprs for ref in refs(e) if ref.role is ir.Role.SIGNAL}
    return [variable for name, variable in processes(task).items() if name in used]


def law_of(variable: ir.Variable) -> tuple[ir.Expr, ...]:
    """List what a process depends on when it is laid out over steps."""
    law = process_of(variable)
    assert law is not None
    return (law.arguments[1], law.arguments[4]) if law.name == "pulse_train" else law.arguments


def has_words(task: ir.Task) -> bool:
    """Whether some process is drawn step by step, when arrays are made."""
    laws = [process_of(variable) for variable in task.variables]
    return any(law is not None and law.name != "pulse_train" for law in laws)


def most_events(law: ir.Law) -> int:
    """Give the bound on the events of a pulse train."""
    most = law.arguments[5]
    assert isinstance(most, ir.Number)
    return int(most.value)


def table_columns(task: ir.Task) -> list[tuple[str, ir.Type]]:
    """List the columns of the trial table that variables make, each with its type."""
    found: list[tuple[str, ir.Type]] = []
    for variable in task.variables:
        law = process_of(variable)
        if law is None:
            found += zip(variable.names, variable.types, strict=True)
        elif law.name == "pulse_train":
            name, most = variable.names[0], most_events(law)
            found.append((name, ir.ArrayType(ir.TIME, most)))
            found.append((HEIGHTS.format(name), ir.ArrayType(ir.NUMBER, most)))
    return found


def columns_doc(variable: ir.Variable, law: ir.Law) -> list[str]:
    """Say for the docstring of ``sample_trials`` what the columns of a process are."""
    name, size = variable.names[0], _size(variable)
    if law.name != "pulse_train":
        return []
    each = f"{size} trains of {most_events(law)}" if size else f"{most_events(law)}"
    return [f"{name} ({each} times, us, nan after the last)", f"{HEIGHTS.format(name)} (as many)"]


def drawn(
    variable: ir.Variable, law: ir.Law, attempt: str, show: Printer, heights: str
) -> tuple[tuple[str, str], ...]:
    """Print how the columns of a process are drawn, as (local name, value) pairs.

    ``attempt`` is the further argument of a draw that is made anew; ``heights`` chooses a height
    for each number in (0, 1) that stands in place of ``{}``.
    """
    if law.name != "pulse_train":
        return ()
    assert isinstance(variable.definition, ir.Drawn)
    key, most = variable.definition.key, most_events(law)
    size = f", {_size(variable)}" if _size(variable) else ""
    rate, _, refractory, _, over, _ = (show.text(item) for item in law.arguments)
    times = f'event_words(draw, "{key}", {most}{size}{attempt})'
    chosen = heights.format(f'event_words(draw, "{key} heights", {most}{size}{attempt})')
    name = variable.names[0]
    made = f'event_times({times}, {rate}, {refractory}, {over}, "{name}")'
    return (name, made), (HEIGHTS.format(name), chosen)


def laid_out(variable: ir.Variable, name: str, show: Printer, session: bool) -> str:
    """Print the line that makes a process a function of steps, (N_batch, N_steps[, n]).

    In a ``session`` the arrays hold sequences, and a process the steps of the longest trial.
    """
    law = process_of(variable)
    assert law is not None
    assert isinstance(variable.definition, ir.Drawn)
    column = variable.names[0]
    steps = 'steps(trials["longest trial"][0], dt)' if session else "index.shape[1]"
    if law.name == "pulse_train":
        width, over = (show.text(item) for item in law_of(variable))
        events = f'trials["{column}"], trials["{HEIGHTS.format(column)}"]'
        return line(f"{name} = pulses({events}, {width}, {over}, {steps}, dt)", variable.at)
    size = f", {_size(variable)}" if _size(variable) else ""
    z = f'step_normals(trials, "{variable.definition.key}", {steps}{size})'
    arguments = ", ".join(show.text(item) for item in law.arguments)
    return line(f"{name} = {law.name}({z}, {arguments}, dt)", variable.at)


def _size(variable: ir.Variable) -> int:
    """Count the independent processes of an array; 0 for a single one."""
    kind = variable.types[0]
    return kind.n if isinstance(kind, ir.ArrayType) else 0
