"""``epochal list``."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from typing import TypedDict

import click

from epochal.catalog import Entry, Source, entries_of, experiments_of, sources


class Shown(TypedDict):
    """One task or experiment of the library, as JSON."""

    kind: str
    name: str
    source: str
    title: str
    cite: list[str]
    keywords: list[str]
    path: str


@click.command()
@click.argument("words", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(words: tuple[str, ...], as_json: bool) -> None:
    """Show the tasks and experiments of the library, or those that mention all WORDS.

    Words are looked for in names, titles, citations, keywords and sources. A task is called by
    the name that is shown, or by SOURCE/NAME. What ends in .train is an experiment: `epochal
    train` trains it.

    \b
    Examples:
      epochal list
      epochal list motion
    """  # noqa: D301
    known = sources()
    order = list(known)
    entries = sorted((*entries_of(), *experiments_of()), key=lambda one: order.index(one.source))
    found = [one for one in entries if _mentions(one, known[one.source], words)]
    if as_json:
        click.echo(json.dumps([_shown(one) for one in found], indent=2))
        return
    if not found:
        click.echo(f"nothing in the library mentions {' '.join(words)}", err=True)
        sys.exit(1)
    for i, (name, group) in enumerate(groupby(found, key=lambda one: one.source)):
        click.echo(("\n" if i else "") + f"{name}: {known[name].title}")
        shown = list(group)
        width = max(len(one.short) for one in shown)
        for one in shown:
            click.echo(f"  {one.short:<{width}}  {one.title}")


def _shown(entry: Entry) -> Shown:
    return Shown(
        kind="experiment" if entry.is_experiment else "task",
        name=entry.name,
        source=entry.source,
        title=entry.title,
        cite=list(entry.cite),
        keywords=list(entry.keywords),
        path=str(entry.path),
    )


def _mentions(entry: Entry, source: Source, words: tuple[str, ...]) -> bool:
    text = " ".join(
        (entry.full, entry.title, *entry.cite, *entry.keywords, source.title, source.cite)
    ).lower()
    return all(word.lower() in text for word in words)
