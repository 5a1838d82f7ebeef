"""Tables and figures of documentation, filled from results, so that no number is typed by hand.

A page holds ``<!-- table: NAME -->`` and ``<!-- end -->``; what stands between them is written
here.  ``machine`` is the table of where and when, ``figure`` the curves; every other name is a
measurement.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks import results
from benchmarks.figure import svg
from benchmarks.results import Results, Taken
from benchmarks.rows import Row, shown
from benchmarks.worker import ROOT

PAGE = ROOT / "docs" / "performance.md"
FIGURE = ROOT / "docs" / "growth.svg"
KEPT = ROOT / "docs" / "performance.json"
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
NOTHING = "*Not measured yet.*\n"


def main(arguments: list[str]) -> int:
    """Fill the page from a file of results, draw the figure, and keep the file beside them."""
    if len(arguments) != 1:
        print("usage: python -m benchmarks report FILE", file=sys.stderr)
        return 2
    try:
        found = results.read(Path(arguments[0]))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    PAGE.write_text(filled(PAGE.read_text("utf-8"), found), "utf-8")
    FIGURE.write_text(svg(_grown(found)), "utf-8")
    results.write(KEPT, found)
    print(f"wrote {PAGE.name}, {FIGURE.name} and {KEPT.name} in docs")
    return 0


def filled(page: str, found: Results) -> str:
    """Write the tables of a page anew."""

    def table(match: re.Match[str]) -> str:
        match match[2]:
            case "machine":
                text = machine(found)
            case "figure":
                text = f"![How costs grow]({FIGURE.name})\n" if _grown(found) else ""
            case name:
                text = rows(found.measurements.get(name))
        return f"{match[1]}{text}{match[3]}"

    return _TABLE.sub(table, page)


def machine(found: Results) -> str:
    """Say on what and when all of it was measured."""
    lines = [f"{found.machine}.", "", "| measurement | date (UTC) | load before | took |"]
    lines.append("|---|---|---|---|")
    for name, taken in found.measurements.items():
        load = "unknown" if taken.load is None else f"{taken.load[0]:.2f}"
        quick = " (quick)" if taken.quick else ""
        lines.append(f"| {name}{quick} | {taken.date[:16]} | {load} | {taken.seconds:.0f} s |")
    versions: dict[str, str] = {}
    for taken in found.measurements.values():
        versions.update(taken.versions)
    told = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
    return "\n".join([*lines, "", f"Versions: {told}.", ""])


def rows(taken: Taken | None) -> str:
    """Lay out the rows of a measurement as a table."""
    if taken is None:
        return NOTHING
    lines = ["| what | against | measured | target | | times |", "|---|---|---|---|---|---|"]
    return "\n".join([*lines, *map(_line, taken.rows), ""])


def _line(row: Row) -> str:
    target = str(row.target) if row.target else ""
    verdict = "" if row.verdict in ("no target", "not measured") else row.verdict
    cells = (row.name, row.against, row.measured(), target, verdict, _behind(row))
    return f"| {' | '.join(cells)} |"


def _behind(row: Row) -> str:
    """Give the medians behind a ratio, or the times at the ends of a curve."""
    ends = [
        f"{name}: {shown(curve[0][1])} ms at {curve[0][0]:.0f}, {shown(curve[-1][1])} ms at "
        f"{curve[-1][0]:.0f}"
        for name, curve in row.curves.items()
    ]
    return "; ".join(ends) or row.times()


def _grown(found: Results) -> list[Row]:
    """Gather the rows that have curves."""
    every = (row for taken in found.measurements.values() for row in taken.rows)
    return [row for row in every if row.curves]
