"""``epochal list``."""

from __future__ import annotations

import json
import sys
from typing import TypedDict

import click

from epochal import driver
from epochal.dsl import syntax


class Entry(TypedDict):
    """One task of the library."""

    name: str
    title: str
    cite: list[str]
    path: str


@click.command()
@click.argument("words", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(words: tuple[str, ...], as_json: bool) -> None:
    """Show the task library, or the tasks that mention all WORDS.

    \b
    Examples:
      epochal list
      epochal list motion
    """  # noqa: D301
    entries = [entry for entry in _entries() if _mentions(entry, words)]
    if as_json:
        click.echo(json.dumps(entries, indent=2))
        return
    if not entries:
        click.echo(f"no task of the library mentions {' '.join(words)}", err=True)
        sys.exit(1)
    width = max(len(entry["name"]) for entry in entries)
    for entry in entries:
        click.echo(f"{entry['name']:<{width}}  {entry['title']}")


def _entries() -> list[Entry]:
    session = driver.Session()
    entries = []
    for name, path in driver.library().items():
        parsed = driver.parse_file(str(path), session)
        assert parsed is not None, f"the library task {name} does not parse"
        facts = _facts(parsed[1])
        entries.append(
            Entry(
                name=name,
                title=next(iter(facts.get("title", [""]))),
                cite=facts.get("cite", []),
                path=str(path),
            )
        )
    return entries


def _facts(file: syntax.File) -> dict[str, list[str]]:
    task = driver.runnable(file)[0]
    facts = {}
    for section in task.sections:
        if isinstance(section, syntax.About):
            for field in section.fields:
                items = (
                    field.value.items if isinstance(field.value, syntax.List) else (field.value,)
                )
                facts[field.name.name] = [
                    item.value for item in items if isinstance(item, syntax.String)
                ]
    return facts


def _mentions(entry: Entry, words: tuple[str, ...]) -> bool:
    text = " ".join((entry["name"], entry["title"], *entry["cite"])).lower()
    return all(word.lower() in text for word in words)
