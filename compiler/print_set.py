"""From the IR of a set of tasks to the source of one NumPy module.

Each member prints as a function that holds the functions of its task and gives them as a record;
members that differ in parameters alone share one.
"""

import textwrap
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from epochal.compiler import ir, joint, print_generate, print_sample, segments
from epochal.compiler.bounds import Bounds, longest
from epochal.compiler.hash import task_hash
from epochal.compiler.prelude_source import PRELUDE_NAMES
from epochal.compiler.print_draws import listed
from epochal.compiler.print_generate import Job
from epochal.compiler.print_line import file_name, line, narrowed, packed, quoted
from epochal.compiler.print_names import LONGEST, Names, Speaker, names
from epochal.compiler.print_signals import WORDS, has_words
from epochal.compiler.printer import (
    Fields,
    arrays_doc,
    column_constants,
    column_doc,
    entry,
    finished,
    functions_of,
    imported,
    listed_names,
    needs_text,
    own_constants,
    table_doc,
    template,
    title_of,
    unit_of,
    wrap,
)
from epochal.compiler.python_names import python_names
from epochal.compiler.segments import Layout
from epochal.compiler.version import VERSION


class _Member(Struct, frozen=True):
    """What the printing of one member needs.

    ``loud`` are the channels whose noise is not one number for all members.
    """

    taskset: ir.Taskset
    task: ir.Task
    bounds: Bounds
    plan: Layout
    called: Names
    loud: tuple[str, ...] = ()

    @property
    def job(self) -> Job:
        return Job(self.task, self.plan, self.bounds, self.called, Speaker(self.called))


def print_set(taskset: ir.Taskset, bounds: tuple[Bounds, ...]) -> str:
    """Print a set of tasks as one self-standing module; ``bounds`` are those of its members."""
    members = [
        _member(taskset, member.task, known)
        for member, known in zip(taskset.members, bounds, strict=True)
    ]
    constant = _constant_noise(members)
    loud = tuple(name for name, sd in constant.items() if sd is None)
    members = [replace(one, loud=loud) for one in members]
    bodies, users = _shared(members)
    first = members[0]
    epochs = _epochs(taskset)
    fields: Fields = {
        "title": title_of(taskset),
        "version": VERSION,
        "file": file_name(taskset.at),
        "facts": _facts(taskset, epochs),
        "constants": column_constants(first.task, first.called),
        "bodies": bodies,
        "members": _members(taskset, members, users),
        "sample_doc": wrap(_sample_doc(taskset)),
        "dealt": _dealt(taskset),
        "words": _words(taskset),
        "n_columns": 2 * len(epochs),
        "arrays_doc": wrap(arrays_doc(first.task)),
        "n_units": tuple(
            sum(one.n_units for one in side)
            for side in (first.task.inputs, first.task.outputs, first.task.outputs)
        ),
        "noise": _noise(members, constant),
        "score_doc": wrap(_score_doc(taskset)),
        "needs": textwrap.wrap(f"{needs_text(taskset.externs)}  {_LACKING}", 100),
    }
    externs = [one for member in members for one in imported(member.task, member.called)]
    return finished("taskset.py.j2", fields, list(dict.fromkeys(externs)))


_LACKING = "A column that a task lacks is nan on its trials, -1 for labels, False for truths."


def _member(taskset: ir.Taskset, task: ir.Task, bounds: Bounds) -> _Member:
    plan = segments.layout(task, bounds)
    return _Member(taskset, task, bounds, plan, names(task, plan, bounds.known))


def _epochs(taskset: ir.Taskset) -> dict[str, tuple[int, int]]:
    """Give each epoch that occurs its two columns of the timeline, counted from 1."""
    found = [epoch.name for member in taskset.members for epoch in member.task.epochs]
    return {name: (2 * i + 1, 2 * i + 2) for i, name in enumerate(dict.fromkeys(found))}


def _shared(members: list[_Member]) -> tuple[list[str], list[str]]:
    """Print the bodies, one for members that print the same; say which each member has."""
    users: dict[str, list[str]] = {}
    with narrowed(4):
        for one in members:
            users.setdefault(_body(one), []).append(one.task.name)
    firsts = [mine[0] for mine in users.values()]
    columns = members[0].called.constants.values()
    called = python_names(firsts, {*PRELUDE_NAMES, *columns})
    bodies = []
    body_of: dict[str, str] = {}
    for text, mine in users.items():
        head = (
            f'def {called[mine[0]]}():\n    """Give the functions for trials of {_told(mine)}."""'
        )
        bodies.append(f"{head}\n{textwrap.indent(text, '    ').rstrip()}")
        body_of |= dict.fromkeys(mine, called[mine[0]])
    return bodies, [body_of[one.task.name] for one in members]


def _told(members: list[str]) -> str:
    """List the members that share a body."""
    if len(members) == 1:
        return members[0]
    shown = members if len(members) <= 4 else [*members[:3], f"{len(members) - 3} more"]
    return f"{', '.join(shown[:-1])} and {shown[-1]}, given their parameters"


def _body(one: _Member) -> str:
    """Print the functions of one member, without what its parameters are bound to."""
    task, called = one.task, one.called
    drawn = [variable for variable in task.variables if variable.names != (ir.MEMBER,)]
    table = replace(task, variables=tuple(drawn))
    length = longest(task, one.bounds)
    fields: Fields = {
        "signature": _signature(task, called),
        "sample_doc": wrap(table_doc(table, of_set=True)),
        "sample": print_sample.body(table, length, one.bounds, called, of_set=True),
        **functions_of(task, one.plan, one.bounds, called),
        "noise": one.job.member_noise(one.loud) if one.loud else [],
        "record": _record(one),
    }
    # Last: the statements above say which lists of labels they speak of.
    constants = own_constants(task, one.plan, called, one.bounds.known)
    fields["constants"] = [*constants.first, *constants.last]
    return template("member.py.j2").render(fields)


def _signature(task: ir.Task, called: Names) -> str:
    arguments = [called.value(p.name) for p in task.params if print_sample.is_argument(p)]
    fixed = ["draw", "*"] if arguments else ["draw"]
    short = f"def sample_trials({', '.join([*fixed, *arguments])}):"
    if len(short) <= 96:
        return short
    return "\n".join(["def sample_trials(", *packed([*fixed, *arguments]), "):"])


def _record(one: _Member) -> list[str]:
    """Print the record of functions that a body gives."""
    functions = ["sample_trials", "timeline", "arrays", *(["noise"] if one.loud else []), "score"]
    epochs = {
        epoch.name: (one.plan.first(epoch.name), one.plan.after(epoch.name))
        for epoch in one.task.epochs
    }
    moved = {
        **joint.moved_labels(one.taskset, one.task, joint.columns_of),
        **joint.moved_labels(one.taskset, one.task, joint.scores_of),
    }
    return [
        "return SimpleNamespace(",
        f"    {', '.join(f'{name}={name}' for name in functions)},",
        *_keyword("epochs", [f"{quoted(name)}: {ends}" for name, ends in epochs.items()]),
        *_keyword("labels", [f"{quoted(name)}: {places}" for name, places in moved.items()]),
        ")",
    ]


def _keyword(name: str, items: list[str]) -> list[str]:
    """Print a mapping as an argument of a call."""
    short = f"    {name}={{{', '.join(items)}}},"
    if len(short) <= 96:
        return [short]
    return [f"    {name}={{", *packed(items, 8), "    },"]


def _mapping(name: str, items: list[str]) -> list[str]:
    """Print a mapping as a constant."""
    short = f"{name} = {{{', '.join(items)}}}"
    return [short] if len(short) <= 100 else [f"{name} = {{", *packed(items), "}"]


def _members(taskset: ir.Taskset, members: list[_Member], bodies: list[str]) -> list[str]:
    """Print which body each member has, what its parameters are, and what columns there are."""
    made = [f"{body}()" for body in bodies]
    comma = "," if len(made) == 1 else ""
    lines = line(f"MEMBERS = ({', '.join(made)}{comma})", indent=0).split("\n")
    lines.append("PARAMS = {")
    for one in members:
        given = [
            f"{quoted(one.called.value(param.name))}: {print_sample.default_text(param)}"
            for param in one.task.params
            if print_sample.is_argument(param)
        ]
        text = line(f"{quoted(one.task.name)}: {{{', '.join(given)}}},", indent=4)
        lines += text.split("\n")
    lines += [
        "}",
        "",
        "# What stands in the trial table, and in the scores, of a task that lacks a column.",
    ]
    for name, listed_ in (("COLUMNS", joint.columns_of), ("SCORES", joint.scores_of)):
        kinds = joint.joined(taskset, listed_)
        lines += _mapping(name, [f"{quoted(key)}: {_empty(kind)}" for key, kind in kinds.items()])
    return lines


def _empty(kind: ir.Type) -> str:
    """Print what stands where a member has no such value."""
    item = kind.item if isinstance(kind, ir.ArrayType | ir.SetType) else kind
    match item:
        case ir.LabelType():
            return "-1"
        case ir.BoolType():
            return "False"
        case _:
            return "np.nan"


def _facts(taskset: ir.Taskset, epochs: Mapping[str, tuple[int, int]]) -> list[str]:
    """Print the entries of TASK."""
    first = taskset.members[0].task
    labels: dict[str, tuple[str, ...]] = {}
    units: dict[str, str] = {}
    for name, kind in joint.joint_types(taskset).items():
        item = kind.item if isinstance(kind, ir.ArrayType) else kind
        if isinstance(item, ir.LabelType):
            labels[name] = item.labels
        else:
            units[name] = unit_of(item)
    units[LONGEST] = "us"
    units |= dict.fromkeys(WORDS if _words(taskset) else (), "")
    return [
        f'"name": {quoted(taskset.name)},',
        f'"hash": "{task_hash(taskset)}",',
        *entry("inputs", "()", _quoted(print_generate.names_of(first.inputs))),
        *entry("outputs", "()", _quoted(print_generate.names_of(first.outputs))),
        *entry("members", "()", _quoted(taskset.names)),
        *entry("epochs", "{}", [f"{quoted(key)}: {pair}" for key, pair in epochs.items()]),
        *entry(
            "labels", "{}", [f"{quoted(key)}: {listed_names(one)}" for key, one in labels.items()]
        ),
        *entry("units", "{}", [f"{quoted(key)}: {quoted(unit)}" for key, unit in units.items()]),
    ]


def _quoted(items: Iterable[str]) -> list[str]:
    return [quoted(item) for item in items]


def _sample_doc(taskset: ir.Taskset) -> str:
    kinds = joint.joined(taskset, joint.columns_of)
    shown = ["task (label)", *(column_doc(name, kind) for name, kind in kinds.items())]
    return f"Draw the trial table, each (N_batch,): {', '.join(shown)}."


def _score_doc(taskset: ir.Taskset) -> str:
    size = sum(channel.n_units for channel in taskset.members[0].task.outputs)
    kinds = joint.joined(taskset, joint.scores_of)
    shown = ", ".join(column_doc(name, kind) for name, kind in kinds.items())
    return f"Score outputs (N_batch, N_steps, {size}): {shown}, each (N_batch,)."


def _words(taskset: ir.Taskset) -> list[str]:
    """Print the columns that say where the random words of processes are."""
    if not any(has_words(member.task) for member in taskset.members):
        return []
    return [line(f'"{name}": {value},', indent=8) for name, value in WORDS.items()]


def _dealt(taskset: ir.Taskset) -> list[str]:
    """Print which member each trial is of."""
    copies = [member.copies for member in taskset.members]
    lines = [line("draw = Draw(n, seed, batch, stream)")]
    if not taskset.per_batch:
        return [*lines, line(f"task = deal_members(draw, {listed(map(str, copies))})", taskset.at)]
    turns = [str(k) for k, count in enumerate(copies) for _ in range(count)]
    turn = f'draw.turn("design:members", {len(turns)})'
    return [*lines, line(f"task = np.full(n, {listed(turns)}[{turn}])", taskset.at)]


def _constant_noise(members: list[_Member]) -> dict[str, str | None]:
    """Print the sd of each noisy channel where it is one number for all members, else None."""
    found: dict[str, str | None] = {}
    for channel in members[0].task.inputs:
        texts = {
            one.job.constant_sd(mine)
            for one in members
            for mine in one.task.inputs
            if mine.name == channel.name
        }
        if texts != {"0"}:
            found[channel.name] = texts.pop() if len(texts) == 1 else None
    return found


def _noise(members: list[_Member], constant: Mapping[str, str | None]) -> list[str]:
    """Print the noise of all trials, channel by channel, and rectification after it."""
    job = members[0].job
    lines = []
    loud = [name for name, sd in constant.items() if sd is None]
    if constant:
        lines += [line("if noise:"), line("key = seed, stream, batch", indent=8)]
    if loud:
        shown = listed(quoted(name) for name in loud)
        lines += [
            line(f"sd = {{name: np.zeros(inputs.shape[:2]) for name in {shown}}}", indent=8),
            line("for rows, member, own in by_member(trials, MEMBERS):", indent=8),
            line("for name, one in member.noise(own, dt).items():", indent=12),
            line("sd[name][rows] = one", indent=16),
        ]
    for channel in job.task.inputs:
        if channel.name in constant:
            sd, view, name = constant[channel.name], job.view(channel), quoted(channel.name)
            call = (
                f"add_noise({view}, {sd}, key, {name})"
                if sd is not None
                else f"add_scaled_noise({view}, sd[{name}], key, {name})"
            )
            lines.append(line(call, channel.at, 8))
    return lines + _rectified(members)


def _rectified(members: list[_Member]) -> list[str]:
    """Print which inputs are never below 0, on the trials of the members that say so."""
    lines = []
    for place, channel in enumerate(members[0].task.inputs):
        closed = [k for k, one in enumerate(members) if one.task.inputs[place].rectified]
        view = members[0].job.view(channel)
        if len(closed) == len(members):
            lines.append(line(f"np.maximum({view}, 0, out={view})", channel.at))
        elif closed:
            part = view.replace("[:,", "[closed,", 1)
            lines.append(line(f'closed = np.isin(trials["task"], {listed(map(str, closed))})'))
            lines.append(line(f"{part} = np.maximum({part}, 0)"))
    return lines
