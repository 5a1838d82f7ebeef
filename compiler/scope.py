"""What names mean while a task is lowered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct, field
from msgspec.structs import replace

from epochal.compiler import ir
from epochal.compiler.externs import Externs
from epochal.compiler.intervals import Interval
from epochal.compiler.known import counts
from epochal.compiler.report import Report
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.nearest import nearest
from epochal.dsl.span import Span


class Typed(Struct, frozen=True):
    """A lowered expression, its type and where it was written."""

    expr: ir.Expr
    type: ir.Type
    span: Span

    def counted(self) -> "Typed":
        """Count true as 1 and false as 0, where this is a boolean: NumPy would not always."""
        if self.type != ir.BOOLEAN:
            return self
        number = (
            ir.Number(str(int(self.expr.value)))
            if isinstance(self.expr, ir.Truth)
            else ir.Conditional(self.expr, ir.Number("1"), ir.Number("0"))
        )
        return Typed(number, ir.NUMBER, self.span)


class Symbol(Struct, frozen=True):
    """A value in scope: a parameter, a variable of the trial or a score.

    ``members`` are the members of a parameter that is bound to a set; ``drawn`` says whether the
    value differs from trial to trial; ``per_batch`` and ``per_block`` that it is one for a whole
    batch or block; ``wider`` that it is one of these, or counts trials, or follows from such.
    """

    name: str
    kind: str
    type: ir.Type
    ref: ir.Ref
    span: Span
    drawn: bool = False
    per_batch: bool = False
    per_block: bool = False
    wider: bool = False
    members: ir.SetOf | None = None


class Column(Struct, frozen=True):
    """The values of a variable that has few: of one drawn as a tuple, row by row.

    ``of`` names all variables of the tuple, ``params`` the parameters that hold the values.
    """

    of: tuple[str, ...]
    values: tuple[ir.Expr, ...]
    params: tuple[str, ...] = ()


class Scope(Struct):
    """All that is declared so far, and where mistakes go."""

    report: Report
    labels: dict[str, Span]
    symbols: dict[str, Symbol] = field(default_factory=dict)
    score_names: frozenset[str] = frozenset()
    known: dict[ir.Ref, Interval] = field(default_factory=dict)
    inputs: dict[str, ir.Channel] = field(default_factory=dict)
    outputs: dict[str, ir.Channel] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    sets: dict[str, ir.SetOf] = field(default_factory=dict)
    processes: dict[str, ir.Law] = field(default_factory=dict)
    columns: dict[ir.Ref, Column] = field(default_factory=dict)
    repeats: list[ir.Repeat] = field(default_factory=list)
    chains: dict[str, tuple[ir.Repeat, ...]] = field(default_factory=dict)
    indices: dict[str, Symbol] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    structural: set[str] = field(default_factory=set)
    session: ir.Session | None = None
    looks_back: bool = False
    externs: Externs = field(default_factory=Externs)

    def declare(self, symbol: Symbol, bounds: Interval | None = None) -> None:
        """Add a value; its name must be free."""
        self.symbols[symbol.name] = symbol
        if symbol.members is not None:
            self.sets[symbol.name] = symbol.members
        if bounds is not None:
            self.known[symbol.ref] = bounds

    @contextmanager
    def inside(self, chain: tuple[ir.Repeat, ...]) -> Iterator[None]:
        """Know the indices of some repeats, as they count there."""
        names = [repeat.index for repeat in chain]
        outer = {name: self.symbols[name] for name in names if name in self.symbols}
        for repeat in chain:
            symbol = self.indices[repeat.index]
            self.declare(symbol, counts(repeat))
        yield
        for name in names:
            del self.symbols[name]
        self.symbols |= outer

    def unknown(self, name: str, span: Span, what: str, choices: list[str]) -> None:
        """Say that a name is not known, and which known name is nearest."""
        if name in self.report.excused:
            return
        close = nearest(name, choices)
        notes = (Note(f"did you mean `{close}`?"),) if close else _list(what, choices)
        self.report.error("E0201", f"there is no {what} `{name}`", span, *notes)


def _list(what: str, choices: list[str]) -> tuple[Note, ...]:
    if not choices:
        return ()
    shown = ", ".join(f"`{choice}`" for choice in choices[:12])
    return (Note(f"each {what} that may stand here: {shown}"),)


TakeDraw = Callable[[syntax.Call, "Setting"], Typed | None]


class Setting(Struct, frozen=True):
    """What may stand in an expression at its place.

    Attributes
    ----------
    elapsed : bool
        Whether ``t`` and signals may.
    channel : Channel or None
        The channel that is set, whose units ``bump`` and other encoders spread over; of an array
        of rings it is one ring.
    series : bool
        Whether ``output @ epoch`` may.
    draw : callable or None
        Takes in a draw that stands inside the expression, where one may.
    process : bool
        Whether a process may be drawn, a law over time.
    block : bool
        Whether a law that runs on from block to block may.
    extern : int
        How many units an extern may give numbers for; 0 where none may be called.
    size : int
        How many values an array has whose draws stand here: arrays of as many may stand among the
        arguments of its law, one value for each draw.
    """

    elapsed: bool = False
    channel: ir.Channel | None = None
    series: bool = False
    draw: TakeDraw | None = None
    process: bool = False
    block: bool = False
    extern: int = 0
    size: int = 0

    def without_draw(self) -> "Setting":
        """Forbid draws further inside."""
        return replace(self, draw=None)


PLAIN = Setting()
