"""Printing what holds in every repetition of a group of epochs.

Statements there work on one row for each trial and repetition: ``at`` is its trial, the index
counts the repetition.  In nested groups ``it`` counts the repetitions through.
"""

from msgspec import Struct

from epochal.compiler import ir
from epochal.compiler.print_line import line
from epochal.compiler.print_names import Names
from epochal.compiler.printed import Shape, Text
from epochal.compiler.repeats import Chain, times


class Repetitions(Struct, frozen=True):
    """The rows of every repetition of nested groups."""

    chain: Chain
    names: Names

    @property
    def indices(self) -> list[str]:
        """Name the indices."""
        return [self.names.value(repeat.index) for repeat in self.chain]

    @property
    def counter(self) -> str:
        """Name what counts the repetitions through."""
        return "it" if len(self.chain) > 1 else self.indices[0]

    @property
    def columns(self) -> str:
        """Name all that has one value a row."""
        more = self.indices if len(self.chain) > 1 else []
        return ", ".join(["at", self.counter, *more])

    def lines(self, at: ir.Place | None, which: Text | None, indent: int = 4) -> list[str]:
        """Print the list of all rows, or of those where something holds."""
        made = f"at, {self.counter} = repetitions(n, {times(self.chain)})"
        lines = [line(made, at, indent)]
        if len(self.chain) > 1:
            sizes = ", ".join(str(repeat.most) for repeat in self.chain)
            unravelled = f"{', '.join(self.indices)} = np.unravel_index(it, ({sizes}))"
            lines.append(line(unravelled, indent=indent))
        if which is not None:
            text = which.text
            if which.shape is Shape.CONSTANT:
                text = f"np.full(len(at), {text})"
            lines.append(self.keep(text, indent))
        return lines

    def keep(self, rows: str, indent: int = 4) -> str:
        """Print a choice of rows."""
        return line(f"{self.columns} = kept({rows}, {self.columns})", indent=indent)

    def steps(self, edges: tuple[str, str], indent: int = 4) -> list[str]:
        """Print the list of the steps of a span in each of the rows."""
        start, stop = edges
        return [
            line(f"row, step, k = flat_steps({start}, {stop})", indent=indent),
            self.keep("row", indent),
        ]
