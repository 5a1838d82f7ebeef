"""Names, and what is in scope: the values, sets, channels and epochs of one program."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from programs.pen import Pen

Writers = dict[str, Callable[[], str | None]]

VALUES = (
    "a_long_name_that_makes_lines_break_where_they_stand_otherwise_whole "
    "coh gain side level count_ sd_ depth tilt load cue rate width shift go prob mu start_time "
    "speed cost phase pitch tone which kind_ size_ total close early last_ first second base"
).split()
NASTY = (
    "n np k at step trial draw stop index l O I seed out dt time longest array sum_ x y a b i j "
    "class lambda print span end key unit drive weights inputs cell attempt params __x _y "
    "us_ stream batch score timeline generate outputs int float range_ whole row rows list self"
).split()
LABELS = (
    "left right up down red green blue same different go_ nogo near_ far_ high low none_ one two "
    "A B Left stop_ NP n_ x1 np out draw PADDING K time"
).split()
ROOMS = (
    "fix stim choice respond dots wait show delay probe cue_light ring1 out1 out2 eye hand light "
    "motion color gap pulse rest test sample_ loud"
).split()


@dataclass(frozen=True)
class Value:
    """A value that expressions may mention.

    ``low`` and ``high`` are its bounds where they are known, in ms, deg, Hz or as they are;
    ``size`` is the length of an array, 0 for one value; ``fixed`` says that it is the same on all
    trials; ``design`` that it is a factor of the design; ``batch`` that it is drawn per batch;
    ``drawn`` that a requirement may redraw it; ``block`` that it holds for a block; ``back`` that
    it looks back at an earlier trial.
    """

    name: str
    kind: str
    low: float | None = None
    high: float | None = None
    whole: bool = False
    labels: tuple[str, ...] = ()
    size: int = 0
    fixed: bool = False
    design: bool = False
    batch: bool = False
    drawn: bool = False
    block: bool = False
    back: bool = False


@dataclass(frozen=True)
class SetValue:
    """A parameter that is a set."""

    name: str
    kind: str
    members: tuple[str, ...]
    low: float = 0
    high: float = 0
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Channel:
    """An input or an output.

    ``n`` counts its units, those of one ring where it is an array of ``slots`` rings; ``units``
    name them, or the rings.  ``varies`` says that a parameter may make them more or fewer.
    """

    name: str
    kind: str
    n: int
    units: tuple[str, ...] = ()
    slots: int = 0
    varies: bool = False


@dataclass(frozen=True)
class Epoch:
    """An epoch; ``home`` are the repeats around it, the outermost first."""

    name: str
    home: tuple[int, ...] = ()
    last: bool = False


@dataclass
class World:
    """All that a program has declared so far."""

    values: list[Value] = field(default_factory=list)
    parameters: tuple[Value, ...] = ()
    sets: list[SetValue] = field(default_factory=list)
    label_sets: list[tuple[str, ...]] = field(default_factory=list)
    inputs: list[Channel] = field(default_factory=list)
    outputs: list[Channel] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    indices: dict[tuple[int, ...], Value] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    rooms: set[str] = field(default_factory=set)
    session: bool = False
    blocks: bool = False
    history: bool = False  # whether `previous` may be written just now
    externs: bool = False  # whether the file that is written declares externs

    def value_name(self, pen: Pen) -> str:
        """Find a free name for a value."""
        pool = NASTY if pen.takes("nasty name") else VALUES
        free = [name for name in pool if name not in self.taken]
        name = pen.one_of(free or [f"v{len(self.taken)}"])
        self.taken.add(name)
        return name

    def room_name(self, pen: Pen) -> str:
        """Find a free name for a channel or an epoch, which may be one of another room."""
        pool = list(NASTY if pen.takes("nasty name") else ROOMS)
        if pen.takes("name in two rooms"):
            pool = [value.name for value in self.values] or pool
        free = [name for name in pool if name not in self.rooms]
        name = pen.one_of(free or [f"c{len(self.rooms)}"])
        self.rooms.add(name)
        return name

    def new_labels(self, pen: Pen, least: int = 2, most: int = 4) -> tuple[str, ...]:
        """Name labels that no other set holds, or take those of a set."""
        if self.label_sets and pen.whole(0, 2):
            return pen.one_of(self.label_sets)
        free = [label for label in LABELS if label not in self.taken]
        if len(free) < least:
            return pen.one_of(self.label_sets)
        labels = tuple(pen.some(free, least, most))
        self.taken |= set(labels)
        self.label_sets.append(labels)
        return labels

    def add(self, value: Value) -> Value:
        self.values.append(value)
        return value

    def indices_in(self, home: tuple[int, ...]) -> tuple[Value, ...]:
        """List the indices that are known inside some repeats."""
        return tuple(self.indices[home[: k + 1]] for k in range(len(home)))

    def fixed(self) -> list[Value]:
        """List the parameters that are the same on all trials."""
        return [value for value in self.values if value.fixed]


@dataclass(frozen=True)
class Place:
    """Where an expression stands: what it may mention.

    ``size`` is the length of the arrays that may stand in it, ``elapsed`` whether ``t`` may,
    ``externs`` whether externs may, ``reader`` writes what reads outputs.
    """

    world: World
    values: tuple[Value, ...]
    size: int = 0
    elapsed: bool = False
    externs: bool = False
    reader: "Callable[[Pen, Place, str], Writers] | None" = None

    def of(self, kind: str, labels: tuple[str, ...] = ()) -> list[Value]:
        """List the values of a kind that fit into the place."""
        return [
            value
            for value in self.values
            if value.kind == kind
            and value.size in (0, self.size)
            and (kind != "label" or set(value.labels) <= set(labels))
        ]

    def arrays(self, kind: str, size: int = 0) -> list[Value]:
        """List the arrays of a kind."""
        return [
            value
            for value in self.values
            if value.kind == kind and value.size and (not size or value.size == size)
        ]

    def wide(self, size: int) -> "Place":
        """Give the same place where arrays of a length may stand."""
        return replace(self, size=size)

    def narrow(self) -> "Place":
        return replace(self, size=0)
