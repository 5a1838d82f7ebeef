"""From IR to the source of a NumPy module."""

import textwrap
from functools import cache
from typing import assert_never

import jinja2
from msgspec import Struct

from epochal.compiler import (
    column_names,
    ir,
    print_generate,
    print_sample,
    print_score,
    print_session,
    print_timeline,
    segments,
)
from epochal.compiler.bounds import Bounds, longest
from epochal.compiler.externs import function_of, module_of
from epochal.compiler.hash import task_hash
from epochal.compiler.intervals import Known, interval
from epochal.compiler.known import known_of
from epochal.compiler.prelude_source import PRELUDE_NAMES, Definition, imports, needed
from epochal.compiler.print_line import (
    file_name,
    line,
    mentioned,
    plain,
    quoted,
    unpacked,
    width,
)
from epochal.compiler.print_names import LONGEST, Names, Speaker, is_wide, names
from epochal.compiler.print_signals import (
    WORDS,
    columns_doc,
    has_words,
    process_of,
    table_columns,
)
from epochal.compiler.segments import Layout
from epochal.compiler.version import VERSION
from epochal.compiler.walk import walk


def print_module(task: ir.Task, known: Known) -> str:
    """Print a task as a self-standing module.

    Parameters
    ----------
    task : ir.Task
        A task without errors.
    known : mapping
        Bounds of its parameters and variables.

    Returns
    -------
    str
        Python source that imports only NumPy and the standard library.
    """
    bounds = Bounds(task.variables, known)
    order = Bounds(task.variables, known_of(task, rebound=True))  # whatever the arguments are
    plan = segments.layout(task, order)
    called = names(task, plan, known)
    fields: Fields = {
        "title": title_of(task),
        "version": VERSION,
        "file": file_name(task.at),
        "needs": textwrap.wrap(needs_text(task.externs), 100),
        "facts": _facts(task, plan, called),
        "signature": _signature(print_sample.arguments(task, called)),
        "sample_doc": wrap(table_doc(task)),
        "sample": print_sample.body(task, longest(task, bounds), bounds, called),
        **functions_of(task, plan, order, called),
    }
    constants = own_constants(task, plan, called)
    fields["constants"] = [
        *print_session.constants(task),
        *column_constants(task, called),
        *constants.first,
    ]
    fields["computed"] = constants.last
    return finished("module.py.j2", fields, imported(task, called))


Fields = dict[str, object]
"""What a template lays out, by name."""

Imported = list[tuple[str, str, str]]
"""Python functions of the user's: module, name there, name here."""


def functions_of(task: ir.Task, plan: Layout, bounds: Bounds, called: Names) -> Fields:
    """Print the statements of the functions behind ``sample_trials``."""
    generate = print_generate.body(task, plan, bounds, called)
    return {
        "timeline": print_timeline.body(task, plan, called),
        "n_columns": plan.n_columns,
        "arrays_doc": wrap(arrays_doc(task)),
        "generate": generate,
        "score": print_score.body(task, plan, bounds, called),
        "score_doc": wrap(score_doc(task)),
        "needs_trial": any("trial" in _words(text) for text in generate.rows),
        "segments": print_generate.segment_lines(task),
        "rows": rows_of(task),
        "batch": "trials" if task.session is None else "sequences",
    }


def finished(name: str, fields: Fields, externs: Imported) -> str:
    """Lay out a module, with the part of the prelude that it mentions at its foot."""
    fields |= {"prelude": (), "imports": ()}
    used = mentioned(template(name).render(fields))
    definitions = needed(used)
    fields["prelude"] = _laid_out(definitions)
    fields["imports"] = imports(definitions, used | {"np"}, externs)
    return template(name).render(fields)


def needs_text(externs: tuple[ir.Extern, ...]) -> str:
    """Say what the module imports and what its numbers mean."""
    modules = sorted({module_of(extern) for extern in externs})
    needed = f"Needs NumPy and {', '.join(modules)}" if modules else "Needs only NumPy"
    return (
        f"{needed}; keep it, edit it.  Arguments are in ms, Hz and deg.  In the trial table times "
        'are whole microseconds, angles are in deg, and labels are positions in TASK["labels"].'
    )


def imported(task: ir.Task, called: Names) -> Imported:
    """List the Python functions of the user's: module, name there, name here."""
    return [
        (module_of(extern), function_of(extern), called.extern(extern.name))
        for extern in task.externs
    ]


@cache
def template(name: str) -> jinja2.Template:
    """Read a template."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("epochal.compiler"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(name)


def _laid_out(definitions: tuple[Definition, ...]) -> list[str]:
    """Join the definitions with the blank lines that Python style asks for."""
    blocks: list[str] = []
    for before, one in zip((None, *definitions), definitions, strict=False):
        close = before is not None and before.is_constant and one.is_constant
        gap = "" if close and not one.text.startswith("#") else "\n" if close else "\n\n"
        blocks.append((gap if before else "") + one.text)
    return blocks


def _words(text: str) -> list[str]:
    code = " ".join(part.split("#")[0] for part in text.splitlines())
    return "".join(c if c.isalnum() or c == "_" else " " for c in code).split()


def title_of(task: ir.Program) -> str:
    """Give the title of a task or set, or else its name, as one line."""
    titles = [fact.values for fact in task.about if fact.name == "title"]
    title = titles[0][0] if titles and titles[0] else task.name
    clean = plain(title).strip().rstrip(".") or task.name
    return clean if len(clean) <= 90 else clean[:87] + "..."


def _facts(task: ir.Task, plan: Layout, called: Names) -> list[str]:
    """Print the entries of TASK."""
    labels: dict[str, tuple[str, ...]] = {}
    units: dict[str, str] = {}
    columns = table_columns(task)
    columns += [
        (param.name, param.type) for param in task.params if print_sample.is_argument(param)
    ]
    columns += [(score.name, score.type) for score in task.scores]
    for name, kind in columns:
        if isinstance(kind, ir.ArrayType):
            kind = kind.item
        if isinstance(kind, ir.LabelType):
            labels[name] = kind.labels
        else:
            units[name] = unit_of(kind)
    units[LONGEST] = "us"
    units |= dict.fromkeys(WORDS if has_words(task) else (), "")
    edges = {name: (plan.first(name), plan.after(name)) for name, _ in plan.cuts}
    arguments = {
        param.name: called.value(param.name)
        for param in task.params
        if print_sample.is_argument(param)
    }
    return [
        f'"name": {quoted(task.name)},',
        f'"hash": "{task_hash(task)}",',
        *entry("inputs", "()", [quoted(one) for one in print_generate.names_of(task.inputs)]),
        *entry("outputs", "()", [quoted(one) for one in print_generate.names_of(task.outputs)]),
        *entry("epochs", "{}", [f"{quoted(key)}: {pair}" for key, pair in edges.items()]),
        *entry(
            "labels", "{}", [f"{quoted(key)}: {listed_names(one)}" for key, one in labels.items()]
        ),
        *entry("units", "{}", [f"{quoted(key)}: {quoted(u)}" for key, u in units.items()]),
        *entry("arguments", "{}", [f"{quoted(k)}: {quoted(a)}" for k, a in arguments.items()]),
    ]


def entry(key: str, brackets: str, items: list[str]) -> list[str]:
    """Print one entry of TASK, over several lines where it is long."""
    comma = "," if brackets == "()" and len(items) == 1 else ""
    short = f'"{key}": {brackets[0]}{", ".join(items)}{comma}{brackets[1]},'
    if len(short) < 96:
        return [short]
    return [
        f'"{key}": {brackets[0]}',
        *(f"    {part}" for part in _packed(items)),
        f"{brackets[1]},",
    ]


def _packed(items: list[str]) -> list[str]:
    """Set items side by side, as many to a line as fit."""
    lines = [""]
    for item in items:
        if lines[-1] and len(lines[-1]) + len(item) > 88:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{item},"
    return lines


def _signature(arguments: list[str]) -> str:
    """Print the head of ``sample_trials``, an argument a line where it is long."""
    fixed = ["n", "seed", "batch=0", "stream=0", *(["*"] if arguments else [])]
    short = f"def sample_trials({', '.join([*fixed, *arguments])}):"
    if len(short) <= 100:
        return short
    lines = [f"    {', '.join(fixed)},", *(f"    {argument}," for argument in arguments)]
    return "\n".join(["def sample_trials(", *lines, "):"])


def unit_of(kind: ir.Type) -> str:
    """Name the unit of a column of the trial table or of a score."""
    match kind:
        case ir.SetType(item) | ir.ArrayType(item) | ir.SignalType(item):
            return unit_of(item)
        case ir.QuantityType():
            known = {ir.TIME: "us", ir.FREQUENCY: "Hz", ir.ANGLE: "deg", ir.NUMBER: ""}
            return known.get(kind, f"time**{kind.time} angle**{kind.angle}")
        case ir.BoolType():
            return "bool"
        case ir.LabelType() | ir.TupleType() | ir.UnitsType() | ir.SeriesType():
            return ""
    assert_never(kind)


def listed_names(items: list[str] | tuple[str, ...]) -> str:
    """Print a tuple of texts."""
    return f"({', '.join(quoted(item) for item in items)}{',' if len(items) == 1 else ''})"


def column_constants(task: ir.Task, called: Names) -> list[str]:
    """Print the columns of the channels."""
    lines: list[str] = []
    for side, channels in (("inputs", task.inputs), ("outputs", task.outputs)):
        targets, values, first = [], [], 0
        for channel in channels:
            after = first + channel.n_units
            targets.append(called.channel(channel.name))
            values.append(f"slice({first}, {after})" if is_wide(channel) else str(first))
            first = after
        note = f"columns of the {side}"
        lines += unpacked(targets, values, note)
    return lines


class Constants(Struct, frozen=True):
    """The constants of a task; those of ``last`` need functions of the prelude."""

    first: list[str]
    last: list[str]


def own_constants(
    task: ir.Task, plan: Layout, called: Names, known: Known | None = None
) -> Constants:
    """Print the structural parameters, labels and segments, each below what it needs.

    With ``known``, what needs functions of the prelude is printed as the number it is: members of
    a set are made before those functions.
    """
    first, chosen, last = _parameters(task, called, known or {})
    lines = list(first)
    for labels in called.groups:
        if labels in called.spoken:
            members = [called.label(label, labels) for label in labels]
            owner = called.groups[labels]
            lines += unpacked(members, [], f"labels of {owner}")
    return Constants(
        [*lines, *chosen, *column_names.constants(task, plan, called.columns)],
        last,
    )


def _parameters(
    task: ir.Task, called: Names, known: Known
) -> tuple[list[str], list[str], list[str]]:
    """Print structural parameters: those that need nothing, labels, functions of the prelude."""
    first: list[str] = []
    chosen: list[str] = []
    last: list[str] = []
    show = Speaker(called).drawing()
    labelled = set(called.label_constants.values())
    computed = set(PRELUDE_NAMES)
    for param in task.params:
        if not param.structural or _is_set_of_labels(param):
            continue
        assert param.value is not None
        name, value = called.structural(param.name), show.text(param.value)
        used = mentioned(value)
        reach = interval(param.value, known)
        if known and used & computed and reach.is_point:
            value, used = repr(int(reach.low) if reach.whole else float(reach.low)), frozenset()
        if used & computed:
            place, names_ = last, computed
        elif _has_labels(param) or used & labelled:
            place, names_ = chosen, labelled
        else:
            place, names_ = first, set()
        names_.add(name)
        place.append(line(f"{name} = {value}", param.at, 0))
    return first, chosen, last


def _is_set_of_labels(param: ir.Param) -> bool:
    return isinstance(param.type, ir.SetType) and isinstance(param.type.item, ir.LabelType)


def _has_labels(param: ir.Param) -> bool:
    """Whether the constant of a parameter mentions labels, which must stand above it."""
    nodes = walk(param.value) if param.value is not None else ()
    return isinstance(param.type, ir.LabelType) or any(isinstance(n, ir.Label) for n in nodes)


def table_doc(task: ir.Task, *, of_set: bool = False) -> str:
    """Describe the trial table, or the part of it that a member of a set makes."""
    shown = []
    for variable in task.variables:
        law = process_of(variable)
        if law is not None:
            shown += columns_doc(variable, law)
            continue
        for name, kind in zip(variable.names, variable.types, strict=True):
            shown.append(column_doc(name, kind))
    if has_words(task) and not of_set:
        shown.append(f"{', '.join(WORDS)} (where the random words of processes are)")
    stored = print_sample.set_columns(task)
    shown += [
        column_doc(param.name, param.type)
        for param in task.params
        if print_sample.is_argument(param)
        and (param.name in stored or not isinstance(param.type, ir.SetType))
    ]
    what = "the trial table"
    if task.session is not None:
        what = "the trials of n sequences, N_trials = n * SESSION, one after another"
    listed = f": {', '.join(shown)}" if shown else ""
    return f"Draw {what}, each ({rows_of(task)},){listed}."


def rows_of(task: ir.Task) -> str:
    """Name the rows of the trial table."""
    return "N_batch" if task.session is None else "N_trials"


def arrays_doc(task: ir.Task) -> str:
    """Describe the arrays."""
    n_in = sum(channel.n_units for channel in task.inputs)
    n_out = sum(channel.n_units for channel in task.outputs)
    return (
        f"Make inputs (N_batch, N_steps, {n_in}), targets and weights (N_batch, N_steps, {n_out}), "
        "without noise, from a trial table; dt in ms.  All are float32; arrays given as out, a "
        "tuple of three, are filled instead of new ones."
    )


def score_doc(task: ir.Task) -> str:
    """Describe the scores."""
    size = sum(channel.n_units for channel in task.outputs)
    shown = ", ".join(column_doc(score.name, score.type) for score in task.scores)
    what = f": {shown}, each ({rows_of(task)},)" if shown else ", nothing is asked of this task"
    return f"Score outputs (N_batch, N_steps, {size}){what}."


def column_doc(name: str, kind: ir.Type) -> str:
    """Describe a column of the trial table, or a score."""
    item = kind.item if isinstance(kind, ir.ArrayType) else kind
    unit = "label" if isinstance(item, ir.LabelType) else unit_of(item)
    if isinstance(kind, ir.ArrayType):
        unit = f"{kind.n} values, {unit}" if unit else f"{kind.n} values"
    return f"{name} ({unit})" if unit else name


def wrap(text: str) -> list[str]:
    """Break a docstring: a first line that fits, the rest as a paragraph."""
    lines = textwrap.wrap(text, width() - 5, initial_indent='"""')
    return [lines[0].removeprefix('"""'), *lines[1:]]
