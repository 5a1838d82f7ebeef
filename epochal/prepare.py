"""From a .train file to what a training needs: a plan, and the task of every stage, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from epochal.driver import Bindings, Parsed, Session, bindings_of, compile_parsed, parse_file
from epochal.dsl import syntax
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Note
from epochal.dsl.nearest import nearest
from epochal.dsl.span import Source, Span
from epochal.experiments.override import is_setting, overridden

if TYPE_CHECKING:
    from epochal.experiments.lower import Experiment, Members, Plot
    from epochal.runtime.plan import Plan
    from epochal.runtime.task import Task


@dataclass(frozen=True)
class Prepared:
    """An experiment ready to run.

    ``stages`` and ``measures`` are the task as each stage and measure binds its parameters, by
    name; ``source`` is the text of the file.
    """

    plan: Plan
    task: Task
    stages: Mapping[str, Task]
    measures: Mapping[str, Task]
    source: str


def prepare(name: str, texts: Bindings, session: Session) -> Prepared | None:
    """Read an experiment and compile its task for every stage; None where an error was found.

    ``texts`` rebind settings of the experiment (``train.updates``) and parameters of its task.
    """
    from epochal.compiler.report import Report
    from epochal.experiments.lower import lower_experiment

    parsed = parse_file(name, session)
    if parsed is None:
        return None
    source, file, wanted = parsed
    node = _select(file, wanted, session)
    settings = bindings_of({n: t for n, t in texts.items() if is_setting(n)}, session)
    if node is None:
        return None
    report = Report(file.skipped)
    text_of = lambda span: session.sources.get(span.file, "")[span.start : span.end]  # noqa: E731
    experiment = lower_experiment(overridden(node, settings), report, text_of)
    session.diagnostics += report.diagnostics
    if experiment is None or session.failed:
        return None
    bound = {n: t for n, t in texts.items() if not is_setting(n)}
    return _with_tasks(experiment, source, file, bound, session)


def _select(file: syntax.File, name: str | None, session: Session) -> syntax.Experiment | None:
    found = [item for item in file.items if isinstance(item, syntax.Experiment)]
    for experiment in found:
        if name is None or experiment.name.name == name:
            return experiment
    if not session.failed:
        names = [experiment.name.name for experiment in found]
        close = nearest(name, names) if name is not None else None
        hint = f"did you mean `{close}`?" if close else f"it holds {', '.join(names)}"
        notes = (Note(hint),) if names else ()
        what = f"no experiment `{name}`" if names else "no experiment"
        session.diagnostics.append(diagnose("E0808", f"the file holds {what}", None, notes=notes))
    return None


def _with_tasks(
    experiment: Experiment, source: Source, file: syntax.File, texts: Bindings, session: Session
) -> Prepared | None:
    parsed = _task_of(experiment, source, file, session)
    if parsed is None:
        return None
    task = compile_parsed(parsed, texts, {}, session)
    if task is None:
        return None
    _check_pin(experiment, task, session)
    tasks: dict[str, Task] = {}
    for home, bindings in experiment.bound.items():
        plot = experiment.plots.get(home.removeprefix("measure "))
        scored = _with_scores(parsed, plot, session) if plot is not None else parsed
        members = experiment.members.get(home)
        scored = _of_members(scored, members, session) if members is not None else scored
        made = compile_parsed(scored, texts, bindings, session, hash_=task.hash)
        if made is not None:
            tasks[home] = made
    _scored(experiment.plan, task, experiment.spans, session)
    if session.failed:
        return None
    stages = {one.name: tasks[f"stage {one.name}"] for one in experiment.plan.stages}
    measures = {one.name: tasks[f"measure {one.name}"] for one in experiment.plan.measures}
    return Prepared(experiment.plan, task, stages, measures, source.text)


def _of_members(parsed: Parsed, members: Members, session: Session) -> Parsed:
    """Leave the members that a stage names in a set of tasks, as often as it says."""
    known: list[str] = []
    if isinstance(parsed.task, syntax.Taskset):
        sections = parsed.task.sections
        known = [one.name.name for one in sections if isinstance(one, syntax.Member)]
    for name, span in members.spans.items():
        if name not in known:
            close = nearest(name, known)
            hint = f"did you mean `{close}`?" if close else f"its members: {', '.join(known)}"
            note = Note(hint if known else "only a set of tasks, `taskset`, has members")
            message = f"`{parsed.task.name.name}` has no member `{name}`"
            session.diagnostics.append(diagnose("E0809", message, span, notes=(note,)))
            if not known:
                break
    return replace(parsed, copies=members.copies)


def _with_scores(parsed: Parsed, plot: Plot, session: Session) -> Parsed:
    """Add the scores of a plot to a task."""
    from epochal.experiments.lower import PLOTTED, PLOTTED_BY

    if isinstance(parsed.task, syntax.Taskset):
        message = "a plot of a set of tasks is part of the language and not built yet"
        session.diagnostics.append(diagnose("E0601", message, plot.condition.span))
        return parsed
    added = []
    for name, value in ((PLOTTED, plot.condition), (PLOTTED_BY, plot.by)):
        ident = syntax.Ident(value.span, name)
        added.append(syntax.Let(value.span, syntax.Target(value.span, (ident,), None), value))
    sections = [one for one in parsed.task.sections if not isinstance(one, syntax.Score)]
    old = [one for one in parsed.task.sections if isinstance(one, syntax.Score)]
    kept = old[0].statements if old else ()
    score = syntax.Score(plot.condition.span, (*kept, *added))
    return replace(parsed, task=replace(parsed.task, sections=(*sections, score)))


def _task_of(
    experiment: Experiment, source: Source, file: syntax.File, session: Session
) -> Parsed | None:
    """Read the file of the task that an experiment names."""
    from epochal.driver import select
    from epochal.dsl.diagnostic import Diagnostic
    from epochal.linking import locate

    span = experiment.spans["task"]
    location, _, name = experiment.task.partition("#")
    place = locate(location, span, source.file)
    if isinstance(place, Diagnostic):
        session.diagnostics.append(place)
        return None
    found = parse_file(str(place), session)
    if found is None:
        return None
    chosen = select(found[0], found[1], name or None, session)
    return Parsed(found[0], found[1], chosen) if chosen is not None else None


def _check_pin(experiment: Experiment, task: Task, session: Session) -> None:
    """Hold the task against the hash that the experiment was written for."""
    if experiment.pin is None or experiment.pin == task.hash:
        return
    note = Note("the task has changed since the pin was written: look at what, then pin it anew")
    message = f"the pin says {experiment.pin}, and the task is {task.hash}"
    span = experiment.spans["pin"]
    session.diagnostics.append(diagnose("E0807", message, span, notes=(note,)))


def _scored(plan: Plan, task: Task, spans: Mapping[str, Span], session: Session) -> None:
    """Require of every score that a condition waits for that the task has it."""
    from epochal.runtime.chance import scores_of
    from epochal.runtime.curriculum import wanted

    known = list(scores_of(task.ir))
    for name in wanted(plan.stages):
        if name != "loss" and name not in known:
            close = nearest(name, known)
            hint = f"did you mean `{close}`?" if close else f"its scores: {', '.join(known)}"
            message = f"a stage waits for the score `{name}`, and the task has none of that name"
            found = diagnose("E0806", message, spans["task"], notes=(Note(hint),))
            session.diagnostics.append(found)
