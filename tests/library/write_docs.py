"""Write ``docs/library.md``: its head as it stands, then a table of each source from the files.

Run as ``make library``; a test holds the page to what this writes.
"""

from __future__ import annotations

from pathlib import Path

from shelved import task_of

from epochal.catalog import Entry, entries_of, experiments_of, sources
from epochal.compiler import ir
from epochal.runtime.chance import chance_level

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
BEGINS = "<!-- What follows is written by `make library` from the files in tasks/. -->\n"
TITLES = ("name", "what it is", "after", "epochs", "inputs", "outputs", "chance")


def page() -> str:
    """Write the page anew, below the head that it has."""
    head, found, _ = PAGE.read_text("utf-8").partition(BEGINS)
    assert found, f"{PAGE.name} lacks the line {BEGINS.strip()}"
    return head + BEGINS + tables()


def tables() -> str:
    """Write a table of each source."""
    entries = entries_of()
    parts = []
    for name, source in sources().items():
        mine = [entry for entry in entries if entry.source == name]
        if mine:
            cited = f" ({link(source.cite)})" if source.cite else ""
            table = [TITLES, ("---",) * len(TITLES), *map(row, mine)]
            lines = [f"| {' | '.join(cells)} |" for cells in table]
            parts.append("\n".join((f"\n## {name}\n", f"{source.title}{cited}\n", *lines, "")))
            trained = [entry for entry in experiments_of() if entry.source == name]
            parts += ["\n", *map(experiment, trained)] if trained else []
    return "".join(parts)


def row(entry: Entry) -> tuple[str, ...]:
    """Write the cells of one task."""
    task = task_of(entry.full)
    tasks = [one.task for one in task.ir.members] if isinstance(task.ir, ir.Taskset) else [task.ir]
    epochs = dict.fromkeys(epoch.name for one in tasks for epoch in one.epochs)
    chance = chance_level(task)
    place = entry.path.name
    return (
        f"[{entry.name}](../tasks/{entry.source}/{place})",
        entry.title,
        ", ".join(map(link, entry.cite)),
        ", ".join(epochs),
        channels(tasks[0].inputs),
        channels(tasks[0].outputs),
        "none" if chance is None else f"{chance.accuracy:.0%}",
    )


def experiment(entry: Entry) -> str:
    """Write the line of one experiment."""
    return f"- [{entry.name}](../tasks/{entry.full}) trains a network: {entry.title}\n"


def channels(found: tuple[ir.Channel, ...]) -> str:
    """Name channels, and say how many units they have where it is more than one."""
    return ", ".join(one.name + (f" ({one.n_units})" if one.n_units > 1 else "") for one in found)


def link(cite: str) -> str:
    """Make a citation one that can be followed."""
    kind, colon, rest = cite.partition(":")
    hosts = {
        "arXiv": "https://arxiv.org/abs/",
        "doi": "https://doi.org/",
        "pmid": "https://pubmed.ncbi.nlm.nih.gov/",
    }
    if kind in hosts:
        return f"[{kind + colon + rest}]({hosts[kind]}{rest})"
    return f"<{cite}>" if kind in ("http", "https") else cite


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
