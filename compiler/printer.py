"""From IR to the source of a NumPy module."""

import textwrap
from dataclasses import dataclass
from functools import cache
from typing import assert_never

import jinja2

from epochal.compiler import (
    column_names,
    ir,
    print_generate,
    print_sample,
    print_score,
    print_timeline,
    segments,
)
from epochal.compiler.bounds import Bounds, longest
from epochal.compiler.externs import function_of, module_of
from epochal.compiler.hash import task_hash
from epochal.compiler.intervals import Known
from epochal.compiler.known import known_of
from epochal.compiler.prelude_source import PRELUDE_NAMES, Definition, imports, needed
from epochal.compiler.print_line import file_name, line, mentioned, plain, quoted, unpacked
from epochal.compiler.print_names import LONGEST, Names, Speaker, is_wide, names
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
    called = names(task, plan, bounds.known)
    sample = print_sample.body(task, longest(task, bounds), bounds, called)
    generate = print_generate.body(task, plan, order, called)
    timeline = print_timeline.body(task, plan, called)
    score = print_score.body(task, plan, order, called)
    parameters = _parameters(task, called)
    fields = {
        "title": _title(task),
        "version": VERSION,
        "file": file_name(task.at),
        "needs": textwrap.wrap(_needs(task), 100),
        "facts": _facts(task, plan, called),
        "signature": _signature(print_sample.arguments(task, called)),
        "sample_doc": _wrap(_table_doc(task)),
        "sample": sample,
        "timeline": timeline,
        "n_columns": plan.n_columns,
        "arrays_doc": _wrap(_arrays_doc(task)),
        "generate": generate,
        "score": score,
        "score_doc": _wrap(_score_doc(task)),
        "needs_trial": any("trial" in _words(text) for text in generate.rows),
        "segments": print_generate.SEGMENTS,
        "constants": _constants(task, plan, parameters, called),
        "computed": parameters.last,
        "prelude": (),
        "imports": (),
    }
    used = mentioned(_template().render(fields))
    definitions = needed(used)
    fields["prelude"] = _laid_out(definitions)
    fields["imports"] = imports(definitions, used | {"np"}, _imported(task, called))
    return _template().render(fields)


def _needs(task: ir.Task) -> str:
    """Say what the module imports and what its numbers mean."""
    modules = sorted({module_of(extern) for extern in task.externs})
    needed = f"Needs NumPy and {', '.join(modules)}" if modules else "Needs only NumPy"
    return (
        f"{needed}; keep it, edit it.  Arguments are in ms, Hz and deg.  In the trial table times "
        'are whole microseconds, angles are in deg, and labels are positions in TASK["labels"].'
    )


def _imported(task: ir.Task, called: Names) -> list[tuple[str, str, str]]:
    """List the Python functions of the user's: module, name there, name here."""
    return [
        (module_of(extern), function_of(extern), called.extern(extern.name))
        for extern in task.externs
    ]


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("epochal.compiler"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template("module.py.j2")


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


def _title(task: ir.Task) -> str:
    titles = [fact.values for fact in task.about if fact.name == "title"]
    title = titles[0][0] if titles and titles[0] else task.name
    clean = plain(title).strip().rstrip(".") or task.name
    return clean if len(clean) <= 90 else clean[:87] + "..."


def _facts(task: ir.Task, plan: Layout, called: Names) -> list[str]:
    """Print the entries of TASK."""
    labels: dict[str, tuple[str, ...]] = {}
    units: dict[str, str] = {}
    columns = [
        (name, kind)
        for variable in task.variables
        for name, kind in zip(variable.names, variable.types, strict=True)
    ]
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
    edges = {name: (plan.first(name), plan.after(name)) for name, _ in plan.cuts}
    arguments = {
        param.name: called.value(param.name)
        for param in task.params
        if print_sample.is_argument(param)
    }
    return [
        f'"name": {quoted(task.name)},',
        f'"hash": "{task_hash(task)}",',
        *_entry("inputs", "()", [quoted(one) for one in print_generate.names_of(task.inputs)]),
        *_entry("outputs", "()", [quoted(one) for one in print_generate.names_of(task.outputs)]),
        *_entry("epochs", "{}", [f"{quoted(key)}: {pair}" for key, pair in edges.items()]),
        *_entry(
            "labels", "{}", [f"{quoted(key)}: {_names(list_)}" for key, list_ in labels.items()]
        ),
        *_entry("units", "{}", [f"{quoted(key)}: {quoted(u)}" for key, u in units.items()]),
        *_entry("arguments", "{}", [f"{quoted(k)}: {quoted(a)}" for k, a in arguments.items()]),
    ]


def _entry(key: str, brackets: str, items: list[str]) -> list[str]:
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
        case ir.SetType(item) | ir.ArrayType(item):
            return unit_of(item)
        case ir.QuantityType():
            known = {ir.TIME: "us", ir.FREQUENCY: "Hz", ir.ANGLE: "deg", ir.NUMBER: ""}
            return known.get(kind, f"time**{kind.time} angle**{kind.angle}")
        case ir.BoolType():
            return "bool"
        case ir.LabelType() | ir.TupleType() | ir.UnitsType() | ir.SeriesType():
            return ""
    assert_never(kind)


def _names(items: list[str] | tuple[str, ...]) -> str:
    return f"({', '.join(quoted(item) for item in items)}{',' if len(items) == 1 else ''})"


@dataclass(frozen=True, slots=True)
class _Parameters:
    """The structural parameters, printed where all that each needs is known.

    ``first`` need nothing, ``chosen`` need labels, ``last`` need functions of the prelude.
    """

    first: list[str]
    chosen: list[str]
    last: list[str]


def _parameters(task: ir.Task, called: Names) -> _Parameters:
    """Print the structural parameters."""
    made = _Parameters([], [], [])
    show = Speaker(called).drawing()
    labelled = set(called.label_constants.values())
    computed = set(PRELUDE_NAMES)
    for param in task.params:
        if not param.structural or _is_set_of_labels(param):
            continue
        assert param.value is not None
        name, value = called.structural(param.name), show.text(param.value)
        used = mentioned(value)
        if used & computed:
            place, known = made.last, computed
        elif _has_labels(param) or used & labelled:
            place, known = made.chosen, labelled
        else:
            place, known = made.first, set()
        known.add(name)
        place.append(line(f"{name} = {value}", param.at, 0))
    return made


def _constants(task: ir.Task, plan: Layout, params: _Parameters, called: Names) -> list[str]:
    """Print the columns, labels, segments and structural parameters."""
    lines = list(params.first)
    for side, channels in (("inputs", task.inputs), ("outputs", task.outputs)):
        targets, values, first = [], [], 0
        for channel in channels:
            after = first + channel.n_units
            targets.append(called.channel(channel.name))
            values.append(f"slice({first}, {after})" if is_wide(channel) else str(first))
            first = after
        note = f"columns of the {side}"
        lines += unpacked(targets, values, note)
    for labels in called.groups:
        if labels in called.spoken:
            members = [called.label(label, labels) for label in labels]
            owner = called.groups[labels]
            lines += unpacked(members, [], f"labels of {owner}")
    return [*lines, *params.chosen, *column_names.constants(task, plan, called.columns)]


def _is_set_of_labels(param: ir.Param) -> bool:
    return isinstance(param.type, ir.SetType) and isinstance(param.type.item, ir.LabelType)


def _has_labels(param: ir.Param) -> bool:
    """Whether the constant of a parameter mentions labels, which must stand above it."""
    nodes = walk(param.value) if param.value is not None else ()
    return isinstance(param.type, ir.LabelType) or any(isinstance(n, ir.Label) for n in nodes)


def _table_doc(task: ir.Task) -> str:
    shown = []
    for variable in task.variables:
        for name, kind in zip(variable.names, variable.types, strict=True):
            shown.append(_column_doc(name, kind))
    stored = print_sample.set_columns(task)
    shown += [
        _column_doc(param.name, param.type)
        for param in task.params
        if print_sample.is_argument(param)
        and (param.name in stored or not isinstance(param.type, ir.SetType))
    ]
    return (
        f"Draw the trial table, each (N_batch,): {', '.join(shown)}."
        if shown
        else ("Draw the trial table, each (N_batch,).")
    )


def _arrays_doc(task: ir.Task) -> str:
    n_in = sum(channel.n_units for channel in task.inputs)
    n_out = sum(channel.n_units for channel in task.outputs)
    return (
        f"Make inputs (N_batch, N_steps, {n_in}), targets and weights (N_batch, N_steps, {n_out}), "
        "without noise, from a trial table; dt in ms.  All are float32; arrays given as out, a "
        "tuple of three, are filled instead of new ones."
    )


def _score_doc(task: ir.Task) -> str:
    size = sum(channel.n_units for channel in task.outputs)
    shown = ", ".join(_column_doc(score.name, score.type) for score in task.scores)
    what = f": {shown}, each (N_batch,)" if shown else ", nothing is asked of this task"
    return f"Score outputs (N_batch, N_steps, {size}){what}."


def _column_doc(name: str, kind: ir.Type) -> str:
    item = kind.item if isinstance(kind, ir.ArrayType) else kind
    unit = "label" if isinstance(item, ir.LabelType) else unit_of(item)
    if isinstance(kind, ir.ArrayType):
        unit = f"{kind.n} values, {unit}" if unit else f"{kind.n} values"
    return f"{name} ({unit})" if unit else name


def _wrap(text: str) -> list[str]:
    """Break a docstring: a first line that fits, the rest as a paragraph."""
    lines = textwrap.wrap(text, 95, initial_indent='"""')
    return [lines[0].removeprefix('"""'), *lines[1:]]
