"""What the library holds, as its files tell it: names, titles, citations, keywords, by source.

Only the ``about:`` of each file is parsed, so that the whole library is read in a blink.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from epochal.driver import runnable
from epochal.dsl import span as places
from epochal.dsl import syntax
from epochal.dsl.parser import parse
from epochal.library import PACKAGE, SOURCES, bare, library, source_of


@dataclass(frozen=True)
class Source:
    """Where the tasks of one folder come from: what it is called, and what to cite."""

    title: str
    cite: str


@dataclass(frozen=True)
class Entry:
    """One task or experiment of the library; ``short`` is the shortest name that means it."""

    full: str
    short: str
    title: str
    cite: tuple[str, ...]
    keywords: tuple[str, ...]
    license: str
    path: Path

    @property
    def name(self) -> str:
        """Give the name within its source."""
        return bare(self.full)

    @property
    def source(self) -> str:
        """Give the folder it stands in."""
        return source_of(self.full)

    @property
    def is_experiment(self) -> bool:
        """Whether it says how a network learns a task: a .train file."""
        return self.path.suffix == ".train"


def sources() -> dict[str, Source]:
    """Read where the tasks of each folder come from, in the order of the library."""
    text = resources.files(PACKAGE).joinpath(SOURCES).read_text("utf-8")
    return {name: Source(**row) for name, row in tomllib.loads(text).items()}


def entries_of() -> list[Entry]:
    """Read the entries of all tasks, source by source."""
    shelf, order = library(), list(sources())
    found = [_entry(full, shelf.short(full), path) for full, path in shelf.tasks.items()]
    return sorted(found, key=lambda one: (order.index(one.source), one.name))


def experiments_of() -> list[Entry]:
    """Read the entries of all experiments: the title of one is the ``##`` beside its name."""
    shelf = library()
    found = []
    for full, path in shelf.listed.items():
        if full not in shelf.tasks:
            file, _ = parse(places.Source(full, path.read_text("utf-8")))
            items = file.items if file is not None else ()
            docs = [item.doc for item in items if isinstance(item, syntax.Experiment)]
            found.append(Entry(full, shelf.short(full), "".join(docs[:1]), (), (), "", path))
    return found


def _entry(full: str, short: str, path: Path) -> Entry:
    facts = facts_of("".join(_heads(path.read_text("utf-8"))))
    title, license_ = ("".join(facts.get(name, ())) for name in ("title", "license"))
    cite, keywords = (facts.get(name, ()) for name in ("cite", "keywords"))
    return Entry(full, short, title, cite, keywords, license_, path)


def facts_of(text: str) -> dict[str, tuple[str, ...]]:
    """Parse a text, and read what the task or set that it is about says of itself."""
    file, _ = parse(places.Source("library", text))
    items = runnable(file) if file is not None else []
    sections = items[0].sections if items else ()
    fields = [field for one in sections if isinstance(one, syntax.About) for field in one.fields]
    return {field.name.name: _texts(field.value) for field in fields}


def _texts(value: syntax.Expr) -> tuple[str, ...]:
    items = value.items if isinstance(value, syntax.List) else (value,)
    return tuple(item.value for item in items if isinstance(item, syntax.String))


def _heads(text: str) -> Iterator[str]:
    """Keep the first lines of tasks and sets, and their ``about:``."""
    inside = True
    for line in text.splitlines(keepends=True):
        depth = len(line) - len(line.lstrip(" "))
        if line.strip() and depth <= 4:
            inside = depth == 0 or line.strip() == "about:"
        if inside:
            yield line
