"""Finding the tasks that `extends` and `use` refer to: in the file, beside it, in a package."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from epochal.compiler.expand import Found, Home, Resolve, Seat, among, in_file
from epochal.dsl import syntax
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Fix, Note
from epochal.dsl.expected import shorten
from epochal.dsl.nearest import nearest
from epochal.dsl.parser import parse
from epochal.dsl.read import read_source
from epochal.dsl.span import Span
from epochal.library import PACKAGE, shelf_of, told

if TYPE_CHECKING:
    from epochal.driver import Session

GROUP = "epochal.tasks"
"""The entry-point group by which a package offers a folder of tasks."""


def resolver(session: Session) -> Resolve:
    """Make the function that finds tasks; each file is read once in a session."""
    files: dict[Path, syntax.File | None] = {}

    def resolve(path: syntax.Path, home: Seat) -> Found:
        if path.task is not None:
            return _through_alias(path, home)
        if ":" in path.name or "/" in path.name:
            return _task(path.name, None, path.span, home)
        alias = _use(path.name, home)
        own = any(
            isinstance(item, syntax.Task) and item.name.name == path.name
            for item in home.file.items
        )
        if alias is not None and not own:
            return _task(alias.path.value, None, alias.path.span, home)
        return in_file(path, home)

    def _through_alias(path: syntax.Path, home: Seat) -> Found:
        use = _use(path.name, home)
        if use is None:
            names = [alias_of(item) for item in home.file.items if isinstance(item, syntax.Use)]
            close = nearest(path.name, names)
            notes = (Note(f"did you mean `{close}`?"),) if close else ()
            message = f"no `use` brings in `{path.name}`"
            return (diagnose("E0424", message, path.span, notes=notes),)
        return _task(use.path.value, path.task, use.path.span, home)

    def _task(location: str, name: str | None, span: Span, home: Seat) -> Found:
        place = locate(location, span, home.path)
        if isinstance(place, Diagnostic):
            return (place,)
        if place not in files:
            files[place] = _read(place, session)
        file = files[place]
        if file is None:
            message = f"`{location}` cannot be used: it has errors"
            return (diagnose("E0424", message, span),)
        tasks = [item for item in file.items if isinstance(item, syntax.Task)]
        if name is None and tasks:
            return Home(tasks[0], file, str(place))
        wanted = syntax.Path(span, name or place.stem, None)
        return among(wanted, file, str(place))

    return resolve


def alias_of(use: syntax.Use) -> str:
    """Name what a `use` brings in: its alias, or else the name of the file."""
    if use.alias is not None:
        return use.alias.name
    return use.path.value.rpartition(":")[2].rpartition("/")[2].removesuffix(".task")


def _use(name: str, home: Seat) -> syntax.Use | None:
    uses = (item for item in home.file.items if isinstance(item, syntax.Use))
    return next((use for use in uses if alias_of(use) == name), None)


def locate(location: str, span: Span, beside: str) -> Path | Diagnostic:
    """Find the file that a text names: in a package, or beside the file that holds the text.

    ``beside`` is the path of that file, "" where it has none.
    """
    if ":" in location:
        return _in_package(location, span)
    try:
        return _beside(location, span, (Path(beside).parent if beside else Path.cwd()).resolve())
    except (OSError, RuntimeError, ValueError):  # a name beyond all measure, links in a circle
        message = f"`{shorten(location)}` names no file that can be read"
        return diagnose("E0424", message, span)


def _beside(location: str, span: Span, folder: Path) -> Path | Diagnostic:
    """Find a file in a folder, or in one inside it, wherever links lead."""
    written = location if location.endswith(".task") else f"{location}.task"
    place = (folder / written).resolve()
    if not place.is_relative_to(folder) or Path(location).is_absolute():
        message = f"`{location}` leaves the folder of this file, and only files inside it are read"
        return diagnose("E0425", message, span)
    if not place.is_file():
        close = nearest(place.name, [path.name for path in place.parent.glob("*.task")])
        notes = (Note(f"did you mean `./{close}`?"),) if close else ()
        return diagnose("E0424", f"there is no file `{location}` here", span, notes=notes)
    return place


def _in_package(location: str, span: Span) -> Path | Diagnostic:
    from importlib.metadata import entry_points  # and half of email with it

    package, _, name = location.partition(":")
    folders = {"epochal": PACKAGE}
    folders |= {point.name: point.value for point in entry_points(group=GROUP)}
    if package not in folders:
        note = Note(f"installed packages of tasks: {', '.join(sorted(folders))}")
        message = f"no installed package offers tasks as `{package}`"
        return diagnose("E0424", message, span, notes=(note,))
    try:
        folder = Path(str(resources.files(folders[package]))).resolve()
    except Exception as error:  # the package runs its own code when Python looks into it
        message = f"the package `{package}` cannot be read: {type(error).__name__}: {error}"
        return diagnose("E0424", message, span)
    shelf = shelf_of(folder)
    names = shelf.meant(name)
    if len(names) == 1:
        return shelf.files[names[0]]
    if names:
        return _several(package, name, names, span)
    close = shelf.near(name)
    notes = (Note(f"did you mean `{package}:{close}`?"),) if close else ()
    return diagnose("E0424", f"`{package}` has no task `{name}`", span, notes=notes)


def _several(package: str, name: str, names: tuple[str, ...], span: Span) -> Diagnostic:
    full = tuple(f"{package}:{one}" for one in names)
    start = span.start + 1  # behind the quote
    written = Span(span.file, start, start + len(f"{package}:{name}"), span.line, span.column + 1)
    fixes = [Fix("write the full name", written, one) for one in full]
    message = f"several tasks of `{package}` are called `{name}`: write {told(full)}"
    return diagnose("E0424", message, span, fixes=fixes)


def _read(place: Path, session: Session) -> syntax.File | None:
    """Read and parse a file, its mistakes going to the session."""
    source, found = read_source(str(place), sys.stdin.buffer)
    session.diagnostics += found
    if source is None:
        return None
    session.sources[source.file] = source.text
    file, found = parse(source)
    session.diagnostics += found
    return None if any(one.is_error for one in found) else file
