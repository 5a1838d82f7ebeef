"""The stages in order, from the name of a file to a task that makes trials.

    read -> parse -> analyse (lower, check) -> print -> load

Each stage is a function from value to value; the first that finds errors ends the run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from epochal.dsl import syntax
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Note
from epochal.dsl.garbage import garbage_put_off
from epochal.dsl.nearest import nearest
from epochal.dsl.parser import parse
from epochal.dsl.read import STDIN, STDIN_NAME, read_source
from epochal.dsl.span import Source, Span
from epochal.library import Shelf, library, told

if TYPE_CHECKING:
    from epochal.compiler.compile import Checked, CheckedSet
    from epochal.compiler.expand import Seat
    from epochal.compiler.ir import Extern
    from epochal.runtime.task import Task
    from epochal.runtime.values import Value

Node = TypeVar("Node")
Runnable = syntax.Task | syntax.Taskset
Bindings = Mapping[str, str]
"""Parameters to rebind, each with the text of an expression."""


class Session(Struct):
    """What one run has read and found: the texts by file name, and the diagnostics.

    ``allowed`` names the modules whose externs may run.
    """

    sources: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    allowed: frozenset[str] = frozenset()

    @property
    def failed(self) -> bool:
        """Whether an error was found."""
        return any(one.is_error for one in self.diagnostics)


class Parsed(Struct, frozen=True):
    """A file that was read and parsed, and the one task or set of it that was asked for.

    ``copies`` says how often the members of a set come where that is not its own mix.
    """

    source: Source
    file: syntax.File
    task: Runnable
    copies: Mapping[str, int] = field(default_factory=dict)

    def home(self) -> Seat:
        """Say where the task or set stands, for those that it extends or holds."""
        from epochal.compiler.expand import Home, SetHome

        path = "" if self.source.file == STDIN_NAME else self.source.file
        if isinstance(self.task, syntax.Taskset):
            return SetHome(self.task, self.file, path, self.copies)
        return Home(self.task, self.file, path)


def is_train_file(name: str) -> bool:
    """Whether a name on the command line means a .train file."""
    return name.endswith(".train") or name.rpartition(":")[0].endswith(".train")


def parse_file(name: str, session: Session) -> tuple[Source, syntax.File, str | None] | None:
    """Read and parse a file, ``FILE:TASK``, a library task or ``-``; errors go to the session."""
    path, task = _locate(name, session)
    if path is None:
        return None
    source, found = read_source(path, sys.stdin.buffer)
    session.diagnostics += found
    if source is None:
        return None
    session.sources[source.file] = source.text
    file, found = parse(source)
    session.diagnostics += found
    return (source, file, task) if file is not None else None


def _locate(name: str, session: Session) -> tuple[str | None, str | None]:
    """Resolve a name to a path and, after a colon, a task of that file."""
    path, _, task = name.rpartition(":")
    shelf = library()
    for place, wanted in ((name, None), (path, task)):
        if place == STDIN or os.path.isfile(place):
            return place, wanted
        names = shelf.meant(place)
        if len(names) > 1:
            session.diagnostics.append(_several(place, names))
            return None, None
        if names:
            return str(shelf.files[names[0]]), wanted
        if place and os.path.exists(place):
            return place, wanted
    if path.endswith(".task"):
        return path, task
    if ("/" in name or "." in name) and not shelf.has_folder(name):
        return name, None
    session.diagnostics.append(_unknown_task(name, shelf))
    return None, None


def _several(name: str, names: tuple[str, ...]) -> Diagnostic:
    message = f"several tasks of the library are called `{name}`: write {told(names)}"
    return diagnose("E0109", message, None)


def _unknown_task(name: str, shelf: Shelf) -> Diagnostic:
    close = shelf.near(name)
    note = Note(f"did you mean `{close}`?" if close else "`epochal list` shows the library")
    message = f"there is no file `{name}` here, and no task of that name in the library"
    return diagnose("E0101", message, None, notes=(note,))


def runnable(file: syntax.File) -> list[Runnable]:
    """List the tasks and sets of a file, the one that the file is about in front.

    That is its first set of tasks, if it holds any, else its first task: a file that defines the
    members of a set beside it is about the set.
    """
    items = [item for item in file.items if isinstance(item, syntax.Task | syntax.Taskset)]
    return sorted(items, key=lambda item: not isinstance(item, syntax.Taskset))


def select(
    source: Source, file: syntax.File, name: str | None, session: Session
) -> Runnable | None:
    """Choose a task or a set of a file: by name, or the one that the file is about."""
    items = runnable(file)
    for item in items:
        if name is None or item.name.name == name:
            return item
    if not session.failed:
        session.diagnostics += _no_task(file, name, items)
    return None


def _no_task(file: syntax.File, name: str | None, items: list[Runnable]) -> list[Diagnostic]:
    if name is not None and items:
        names = [item.name.name for item in items]
        close = nearest(name, names)
        note = Note(f"did you mean `{close}`?" if close else f"it holds {', '.join(names)}")
        message = f"the file holds no task `{name}`"
        return [diagnose("E0422", message, items[0].name.span, notes=(note,))]
    from epochal.compiler.compile import unbuilt

    return unbuilt(file) or [diagnose("E0422", "the file holds no task", None)]


def bindings_of(texts: Bindings, session: Session) -> dict[str, syntax.Expr]:
    """Parse the expressions that parameters are bound to from outside the file."""
    bound = {}
    head = "epochal 1\ntask bound extends this with "
    for name, text in texts.items():
        label = f"<parameter {name}>"
        session.sources[label] = f"{name} = {text}\n"
        file, found = parse(Source(label, head + session.sources[label]))
        session.diagnostics += [_without_head(one, head) for one in found]
        if file is None or any(one.is_error for one in found):
            continue
        item = file.items[0] if len(file.items) == 1 else None
        if isinstance(item, syntax.Task) and len(item.bindings) == 1 and not item.sections:
            bound[name] = _without_head(item.bindings[0].value, head)
        else:
            span = Span(label, 0, len(session.sources[label].rstrip()), 1, 1)
            message = "this is not one value for one parameter: bind one at a time"
            session.diagnostics.append(diagnose("E0120", message, span))
    return bound


def _without_head(node: Node, head: str) -> Node:
    """Move the places of a node to where they are in the text that the user wrote."""
    if isinstance(node, Span):
        rows, width = head.count("\n"), len(head) - head.rfind("\n") - 1
        return replace(
            node,
            start=max(0, node.start - len(head)),
            end=max(0, node.end - len(head)),
            line=max(1, node.line - rows),
            column=max(1, node.column - width) if node.line <= rows + 1 else node.column,
        )
    if isinstance(node, tuple):
        return type(node)(_without_head(part, head) for part in node)
    if isinstance(node, Struct):
        names = node.__struct_fields__
        return replace(node, **{name: _without_head(getattr(node, name), head) for name in names})
    return node


def analyse_task(
    name: str, texts: Bindings, session: Session
) -> tuple[Checked | CheckedSet, Parsed] | None:
    """Read, parse, resolve and check one task or set."""
    from epochal.compiler.compile import analyse_item
    from epochal.linking import resolver

    parsed = parse_file(name, session)
    if parsed is None:
        return None
    source, file, wanted = parsed
    task = select(source, file, wanted, session)
    bound = bindings_of(texts, session)
    if task is None:
        return None
    parsed_task = Parsed(source, file, task)
    checked, found = analyse_item(parsed_task.home(), bound, resolver(session), session.allowed)
    session.diagnostics += found
    if checked is None or session.failed:
        return None
    return checked, parsed_task


@garbage_put_off()
def compile_task(name: str, texts: Bindings, session: Session) -> Task | None:
    """Run all stages; None where an error was found."""
    analysed = analyse_task(name, texts, session)
    if analysed is None:
        return None
    checked, parsed = analysed
    hash_ = _hash(checked, parsed, texts, session.allowed)
    return _loaded(checked, parsed, texts, session, hash_)


@garbage_put_off()
def compile_parsed(
    parsed: Parsed,
    texts: Bindings,
    bindings: Mapping[str, syntax.Expr],
    session: Session,
    *,
    hash_: str = "",
) -> Task | None:
    """Compile a task that was parsed, with parameters bound by texts and by another file.

    ``bindings`` go before ``texts``; their places are in that other file.  ``hash_`` is that of
    the task as its own file has it, found here where it is left out.
    """
    from epochal.compiler.compile import analyse_item
    from epochal.linking import resolver

    given = {**bindings_of(texts, session), **bindings}
    checked, found = analyse_item(parsed.home(), given, resolver(session), session.allowed)
    session.diagnostics += found
    if checked is None or any(one.is_error for one in found):
        return None
    known = session.sources
    written = {n: known[v.span.file][v.span.start : v.span.end] for n, v in bindings.items()}
    together = {**texts, **written}
    hash_ = hash_ or _hash(checked, parsed, together, session.allowed)
    return _loaded(checked, parsed, together, session, hash_)


def _hash(
    checked: Checked | CheckedSet, parsed: Parsed, texts: Bindings, allowed: frozenset[str]
) -> str:
    """Hash the task as its file has it, whatever its parameters are bound to now."""
    from epochal.compiler.compile import analyse_item
    from epochal.compiler.hash import task_hash
    from epochal.linking import resolver

    if not texts:
        return task_hash(checked.program)
    plain, _ = analyse_item(parsed.home(), {}, resolver(Session()), allowed)
    return task_hash((plain or checked).program)


def task_from_ir(
    data: bytes,
    source: str,
    values: Bindings,
    hash_: str,
    allowed: frozenset[str] = frozenset(),
) -> Task:
    """Take up a task that was compiled before, whatever has become of the files it came from.

    Its parameters stay as they are, and its externs must be allowed and be what they were.

    Raises
    ------
    ValueError
        The bytes are no IR that this version reads, or an extern may not run or has changed.
    """
    from epochal.compiler.compile import from_ir
    from epochal.compiler.ir_json import decode

    def rebind(_: Bindings) -> Task:
        raise ValueError("the parameters of a task taken up from its IR stay as they are")

    task = decode(data)
    check_externs(task.externs, allowed)
    try:
        return _assembled(from_ir(task), source, values, hash_, rebind)
    except Exception as error:  # an IR that no compiler wrote
        message = (
            f"not the IR of a task: it does not fit together ({type(error).__name__}: {error})"
        )
        raise ValueError(message) from error


def check_externs(externs: Iterable[Extern], allowed: frozenset[str]) -> None:
    """Make sure that externs may run, and are those that a task was compiled with.

    Raises
    ------
    ValueError
        One may not run, cannot be found or has changed.
    """
    from epochal.compiler.extern_source import check_source

    for extern in externs:
        check_source(extern, allowed)


def _loaded(
    checked: Checked | CheckedSet, parsed: Parsed, texts: Bindings, session: Session, hash_: str
) -> Task:
    def rebind(more: Bindings) -> Task:
        return _rebound(parsed, {**texts, **more}, hash_, session.allowed)

    values = _values(checked, texts, session)
    return _assembled(checked, parsed.source.text, values, hash_, rebind)


def _assembled(
    checked: Checked | CheckedSet,
    source: str,
    values: Bindings,
    hash_: str,
    rebind: Callable[[Bindings], Task],
) -> Task:
    from epochal.runtime.load_module import load_module
    from epochal.runtime.task import Task

    program, module = checked.program, checked.module()
    return Task(
        ir=program,
        source=source,
        module_source=module,
        values=values,
        hash=hash_,
        longest=checked.longest,
        module=load_module(module, f"{program.name} {hash_}"),
        rebind=rebind,
    )


def _rebound(parsed: Parsed, texts: Bindings, hash_: str, allowed: frozenset[str]) -> Task:
    from epochal.compiler.compile import analyse_item
    from epochal.errors import CompileError
    from epochal.linking import resolver

    session = Session({parsed.source.file: parsed.source.text}, allowed=allowed)
    bound = bindings_of(texts, session)
    checked, found = analyse_item(parsed.home(), bound, resolver(session), allowed)
    session.diagnostics += found
    if checked is None or session.failed:
        raise CompileError(session.diagnostics, session.sources)
    return _loaded(checked, parsed, texts, session, hash_)


def _values(checked: Checked | CheckedSet, texts: Bindings, session: Session) -> dict[str, str]:
    """Give the text that each parameter is bound to."""
    values = {}
    own = {name for name in checked.written if "." not in name}
    for name, span in checked.written.items():
        written = session.sources.get(span.file, "")[span.start : span.end]
        bare = name.rpartition(".")[2]
        values[name] = texts.get(name, written if bare in own else texts.get(bare, written))
    return values


def load(name: str | Path, /, *, allow_extern: Iterable[str] = (), **params: Value) -> Task:
    """Compile a task from a file or from the library.

    Parameters
    ----------
    name : str or Path
        A path, ``FILE:TASK`` for one of several tasks in a file, or the name of a library task.
    allow_extern : iterable of str
        The modules whose Python functions the task may call, by name; each is trusted as if you
        imported it yourself.
    **params
        Parameters to rebind: numbers are in ms, Hz and deg, a text is an expression of the
        language, ``viewing=500`` or ``viewing="uniform(500 ms, 1 s)"``.

    Returns
    -------
    Task
        Ready to make trials.

    Raises
    ------
    CompileError
        The file cannot be read or has errors; the message shows them.
    TypeError
        A value has no counterpart in the language.

    Examples
    --------
    >>> import epochal
    >>> task = epochal.load("rdm")
    >>> batch = task.batch(128, dt=20.0, seed=1)
    >>> batch.inputs.shape
    (128, 130, 3)
    """
    from epochal.errors import CompileError

    allowed = (allow_extern,) if isinstance(allow_extern, str) else allow_extern
    session = Session(allowed=frozenset(allowed))
    task = compile_task(str(name), {}, session)
    if task is None:
        raise CompileError(session.diagnostics, session.sources)
    return task.with_params(**params) if params else task
