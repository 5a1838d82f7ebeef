"""The intermediate representation: what a task means, every name resolved and default written.

Quantities are exact decimals in their base unit: whole microseconds, Hz, degrees or radians as
written, plain numbers.  Everything is frozen; ``at`` says where in the source a node comes from
and takes no part in equality.
"""

from enum import Enum
from typing import Annotated, Union

from msgspec import Meta, Struct

SCHEMA = 1

# What texts of an IR may be, so that a file of a stranger brings none into a printed module that
# is not a name or a number.  They are held to it when an IR is read.
_END = r"(?!\n)$"
Name = Annotated[str, Meta(pattern=rf"^[A-Za-z_][A-Za-z0-9_]*{_END}")]
ColumnName = Annotated[str, Meta(pattern=rf"^[A-Za-z_][A-Za-z0-9_]*( [a-z]+)*{_END}")]
LawName = Annotated[str, Meta(pattern=rf"^[a-z_]+( [a-z_]+)*{_END}")]
UnitName = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9_]*(, [A-Za-z0-9_]+)?{_END}")]
Decimal = Annotated[str, Meta(pattern=rf"^(-?[0-9]+(\.[0-9]+)?|nan|-?inf){_END}")]
Operator = Annotated[str, Meta(pattern=rf"^([-+*/]=?|\*\*|[=!<>]=|[=<>]|and|or){_END}")]
Key = Annotated[str, Meta(pattern=rf"^[a-z]+:[A-Za-z0-9_,]+{_END}")]
Location = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9_.]+:[A-Za-z0-9_]+{_END}")]
Digest = Annotated[str, Meta(pattern=rf"^[0-9a-f]*{_END}")]
Size = Annotated[int, Meta(ge=0, le=100_000)]


class Place(Struct, frozen=True, eq=False):
    """Where a node was written.  All places are equal: they are carried, never compared."""

    file: str
    start: int
    end: int
    line: int
    column: int

    def __eq__(self, other: object) -> bool:
        """Equal to every other place."""
        return isinstance(other, Place)

    def __hash__(self) -> int:
        """Agree with equality."""
        return 0


class _Node(Struct, frozen=True, tag_field="node"):
    """What all tagged nodes share: their kind stands in the JSON."""


# Types.


class QuantityType(_Node, frozen=True, tag="quantity"):
    """A real number with powers of time and angle; frequency is time to the power -1."""

    time: int = 0
    angle: int = 0


class BoolType(_Node, frozen=True, tag="boolean"):
    """True or false."""


class LabelType(_Node, frozen=True, tag="label"):
    """One of a closed list of labels; a value is a position in it."""

    labels: tuple[Name, ...]


class TupleType(_Node, frozen=True, tag="tuple_type"):
    """Several values side by side."""

    items: tuple["Type", ...]


class SetType(_Node, frozen=True, tag="set_type"):
    """A set of values of one type."""

    item: "Type"


class UnitsType(_Node, frozen=True, tag="units"):
    """One number for each unit of a channel; ``labels`` names them where they have names.

    ``slots`` is the number of rings where the channel is an array of them.
    """

    n: Size
    labels: tuple[Name, ...] = ()
    slots: Size = 0


class ArrayType(_Node, frozen=True, tag="array"):
    """``n`` values of one type on every trial."""

    item: "Type"
    n: Size


class SeriesType(_Node, frozen=True, tag="series"):
    """An output over the steps of a span, (time, units); ``truth`` where it is true or false."""

    n: Size
    labels: tuple[Name, ...] = ()
    slots: Size = 0
    truth: bool = False


class SignalType(_Node, frozen=True, tag="signal"):
    """A function of the time within a span, whose values are of one type."""

    item: "Type"


Type = Union[  # noqa: UP007
    QuantityType,
    BoolType,
    LabelType,
    TupleType,
    SetType,
    ArrayType,
    UnitsType,
    SeriesType,
    SignalType,
]

NUMBER = QuantityType()
TIME = QuantityType(time=1)
FREQUENCY = QuantityType(time=-1)
ANGLE = QuantityType(angle=1)
BOOLEAN = BoolType()


# Expressions.


class Unit(Enum):
    """Base units of literals."""

    NONE = ""
    MICROSECOND = "us"
    HERTZ = "Hz"
    DEGREE = "deg"
    RADIAN = "rad"


class Number(_Node, frozen=True, tag="number"):
    """An exact decimal in a base unit, ``nan`` included."""

    value: Decimal
    unit: Unit = Unit.NONE


class Truth(_Node, frozen=True, tag="truth"):
    """A boolean literal."""

    value: bool


class Label(_Node, frozen=True, tag="label"):
    """A label as a member of a list of labels."""

    name: Name
    labels: tuple[Name, ...]


class Role(Enum):
    """What kind of value a name refers to."""

    PARAM = "param"
    VARIABLE = "variable"
    SCORE = "score"
    INDEX = "index"
    SIGNAL = "signal"


class Ref(_Node, frozen=True, tag="ref"):
    """A parameter, a variable of the trial table, an earlier score, an index of repetitions.

    A variable that is a process stands for its value at each step in the role of a signal, and
    for its events in that of a variable.
    """

    name: ColumnName
    role: Role


class Elapsed(_Node, frozen=True, tag="elapsed"):
    """``t``: the time since the first step of the span, whole microseconds."""


class Negative(_Node, frozen=True, tag="negative"):
    """``-x``."""

    x: "Expr"


class Not(_Node, frozen=True, tag="not"):
    """``not x``."""

    x: "Expr"


class Arithmetic(_Node, frozen=True, tag="arithmetic"):
    """``a op b`` with op one of ``+ - * / **``; scale factors between units are written out."""

    op: Operator
    a: "Expr"
    b: "Expr"


class Comparison(_Node, frozen=True, tag="comparison"):
    """``a op b`` with op one of ``== != < <= > >=``; false where a side is nan or none."""

    op: Operator
    a: "Expr"
    b: "Expr"
    labels: bool = False


class Logical(_Node, frozen=True, tag="logical"):
    """``a and b`` or ``a or b``."""

    op: Operator
    a: "Expr"
    b: "Expr"


class Conditional(_Node, frozen=True, tag="conditional"):
    """``then if condition else otherwise``."""

    condition: "Expr"
    then: "Expr"
    otherwise: "Expr"


class Call(_Node, frozen=True, tag="call"):
    """A function of the language on positional arguments, defaults written out."""

    function: Name
    arguments: tuple["Expr", ...]


class SetOf(_Node, frozen=True, tag="set"):
    """A set literal; ``weights`` is empty where all members weigh the same."""

    items: tuple["Expr", ...]
    weights: tuple["Expr", ...] = ()


class TupleOf(_Node, frozen=True, tag="tuple"):
    """A tuple literal."""

    items: tuple["Expr", ...]


class Relabel(_Node, frozen=True, tag="relabel"):
    """A label as a position in another list of labels."""

    x: "Expr"
    source: tuple[Name, ...]
    labels: tuple[Name, ...]


class Lookup(_Node, frozen=True, tag="lookup"):
    """``lookup(key, {a: x, b: y})``: the value of the row that equals the key.

    A key of several parts, and then each row, is a tuple.  ``gives`` is the type of one value; of
    no label (which outputs may give) the result is none, false or nan.
    """

    key: "Expr"
    rows: tuple["Expr", ...]
    values: tuple["Expr", ...]
    gives: Type


class MemberOf(_Node, frozen=True, tag="member_of"):
    """``x in {..}``."""

    x: "Expr"
    values: "Expr"


class Index(_Node, frozen=True, tag="index"):
    """``x[i]``: one value of an array, the index proven to be inside."""

    x: "Expr"
    i: "Expr"


class Offset(Struct, frozen=True):
    """A slice bound: a time from the start of its span, or back from the end."""

    time: "Expr"
    from_end: bool = False


class Where(Struct, frozen=True):
    """Epochs ``first`` to ``last``, narrowed to a slice where one is written."""

    first: Name
    last: Name
    start: Offset | None = None
    stop: Offset | None = None


class External(_Node, frozen=True, tag="external"):
    """A Python function of the user's on positional arguments.

    ``units`` is how many units it gives a number for on every trial, 0 where it gives one number.
    """

    name: Name
    arguments: tuple["Expr", ...]
    units: Size


class Series(_Node, frozen=True, tag="output"):
    """An output channel over a span, (time, units)."""

    channel: Name
    where: Where


Expr = Union[  # noqa: UP007
    Number,
    Truth,
    Label,
    Ref,
    Elapsed,
    Negative,
    Not,
    Arithmetic,
    Comparison,
    Logical,
    Conditional,
    Call,
    External,
    SetOf,
    TupleOf,
    Relabel,
    Lookup,
    MemberOf,
    Index,
    Series,
]


# Draws.


class Law(_Node, frozen=True, tag="law"):
    """A distribution on positional arguments, defaults written out."""

    name: LawName
    arguments: tuple[Expr, ...]


class EitherLaw(_Node, frozen=True, tag="either_law"):
    """One of two distributions, chosen by a condition; both use the same random word."""

    condition: Expr
    then: "Distribution"
    otherwise: "Distribution"


class QuantizedLaw(_Node, frozen=True, tag="quantized_law"):
    """A distribution whose draws are rounded to the nearest multiple of a step."""

    law: "Distribution"
    step: Expr


Distribution = Union[Law, EitherLaw, QuantizedLaw]  # noqa: UP007


class Factor(_Node, frozen=True, tag="factor"):
    """A balanced variable: its levels, and how many cells of the design each takes."""

    levels: tuple[Expr, ...]
    copies: tuple[Size, ...]


class Drawn(_Node, frozen=True, tag="drawn"):
    """An independent draw; ``key`` names its random words (``kind:name``).

    ``size`` is 0 for one value a trial, else the number of independent values.  ``per_batch`` is
    one value for all trials of a batch.
    """

    law: Distribution
    key: Key
    size: Size = 0
    per_batch: bool = False


class Computed(_Node, frozen=True, tag="computed"):
    """A value that follows from others."""

    value: Expr


class Count(Enum):
    """What is counted in a session, from 0."""

    BLOCK = "block"
    IN_BLOCK = "trial_in_block"
    IN_SESSION = "trial_in_session"


class Counter(_Node, frozen=True, tag="counter"):
    """Where a trial stands in its session; ``most`` bounds how many are counted."""

    of: Count
    most: Size


class PerBlock(_Node, frozen=True, tag="per_block"):
    """One value for all trials of a block."""

    definition: Drawn | Computed


Definition = Union[Factor, Drawn, Computed, Counter, PerBlock]  # noqa: UP007


# Declarations.


class Param(Struct, frozen=True):
    """A parameter.

    ``value`` is its binding, an expression over other parameters; it is None where the parameter
    is bound to a distribution, whose draw then stands among the variables.  ``low`` and ``high``
    are inclusive bounds, ``allowed`` a closed set of values.
    """

    name: Name
    type: Type
    value: Expr | None
    structural: bool
    low: Expr | None
    high: Expr | None
    allowed: Expr | None
    doc: str
    at: Place


class Variable(Struct, frozen=True):
    """One column of the trial table, or several where a tuple is drawn."""

    names: tuple[ColumnName, ...]
    types: tuple[Type, ...]
    definition: Definition
    at: Place


class Requirement(Struct, frozen=True):
    """What must hold of every trial; draws are repeated until it does."""

    condition: Expr
    at: Place


class ChannelKind(Enum):
    """How the units of a channel are named."""

    SINGLE = "single"
    NAMED = "named"
    NUMBERED = "numbered"
    RING = "ring"


class NoiseLaw(Enum):
    """How the standard deviation of a step depends on dt: ``white`` as sqrt(at / dt)."""

    WHITE = "white"
    IID = "iid"


class Noise(Struct, frozen=True):
    """Independent normal noise on every unit and step; ``reference`` (a time) is for white."""

    law: NoiseLaw
    sd: Expr
    reference: Expr | None = None


class Channel(Struct, frozen=True, omit_defaults=True):
    """Input or output units under one name.

    An array of rings has ``slots`` rings side by side, its units slot by slot; ``slot_labels``
    names them where they have names.
    """

    name: Name
    kind: ChannelKind
    units: tuple[UnitName, ...]
    n_units: Size
    baseline: Expr
    noise: Noise | None
    rectified: bool
    doc: str
    at: Place
    slots: Size = 0
    slot_labels: tuple[Name, ...] = ()


class Epoch(Struct, frozen=True):
    """One interval of the trial; ``duration`` is None where it fills up to the trial's length."""

    name: Name
    duration: Expr | None
    doc: str
    at: Place


class Repeat(Struct, frozen=True):
    """Epochs ``first`` to ``last``, ``count`` times over; ``index`` counts from 0.

    ``most`` is the bound on the count.
    """

    first: Name
    last: Name
    index: Name
    count: Expr
    most: Size
    at: Place


class EffectKind(Enum):
    """Which array a statement writes."""

    INPUT = "input"
    TARGET = "target"
    WEIGHT = "weight"
    NOISE = "noise"


class Effect(Struct, frozen=True):
    """One statement of a ``during`` block, on one span.

    ``channel`` is None where all outputs are meant; ``unit`` is None where all units of the
    channel are.  ``op`` is one of ``= += -= *=``.  ``noise`` stands in for ``value`` where the
    statement replaces a channel's noise.
    """

    kind: EffectKind
    where: Where
    guard: Expr | None
    channel: Name | None
    unit: Expr | None
    op: Operator
    value: Expr | None
    noise: Noise | None
    at: Place


class Score(Struct, frozen=True):
    """One value that is read out of each trial."""

    name: Name
    type: Type
    value: Expr
    at: Place


class Extern(Struct, frozen=True):
    """A Python function that the task calls, at ``location``, as ``package.module:function``.

    ``source`` is the sha256 of the source of the module that defines it.
    """

    name: Name
    location: Location
    parameters: tuple[Name, ...]
    source: Digest
    at: Place


class Fact(Struct, frozen=True):
    """One line of ``about``: a text or a list of texts."""

    name: Name
    values: tuple[str, ...]


BLOCK_LENGTH = "block length"
"""What the length of blocks is called; no value can have its name."""


class Blocks(Struct, frozen=True):
    """Runs of trials in a session; ``length`` is drawn or computed for each, in trials.

    ``most`` bounds how many there are.  The values that hold for a block stand among the variables.
    """

    length: Variable
    most: Size


class Session(Struct, frozen=True, omit_defaults=True):
    """Trials that follow each other in one sequence, and the blocks they come in."""

    trials: Size
    blocks: Blocks | None = None


class Task(Struct, frozen=True, omit_defaults=True):
    """A whole task; ``session`` is None where a sequence is one trial."""

    schema: int
    language: int
    name: Name
    doc: str
    about: tuple[Fact, ...]
    params: tuple[Param, ...]
    inputs: tuple[Channel, ...]
    outputs: tuple[Channel, ...]
    variables: tuple[Variable, ...]
    requirements: tuple[Requirement, ...]
    length: Expr | None
    epochs: tuple[Epoch, ...]
    repeats: tuple[Repeat, ...]
    effects: tuple[Effect, ...]
    scores: tuple[Score, ...]
    at: Place
    externs: tuple[Extern, ...] = ()
    session: Session | None = None


class Member(Struct, frozen=True):
    """One task of a set, with the inputs and outputs of the set, and its copies in the mix.

    A member without copies never comes; the network keeps its units for it all the same.
    Its first variable is ``task``: which member this is, a label over all members.
    """

    name: Name
    task: Task
    copies: Size
    at: Place


class Taskset(Struct, frozen=True, tag_field="kind", tag="taskset"):
    """Several tasks that one network does: same inputs, same outputs.

    ``params`` are those of the set alone; their values are written out in the members.  With
    ``per_batch`` all trials of a batch are of one member, else the members are mixed.
    """

    schema: int
    language: int
    name: Name
    doc: str
    about: tuple[Fact, ...]
    params: tuple[Param, ...]
    members: tuple[Member, ...]
    per_batch: bool
    at: Place

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the members."""
        return tuple(member.name for member in self.members)

    @property
    def externs(self) -> tuple[Extern, ...]:
        """Python functions that some member calls, each once."""
        found = {extern.name: extern for one in self.members for extern in one.task.externs}
        return tuple(found.values())


Program = Union[Task, Taskset]  # noqa: UP007
"""What a file is compiled to."""

MEMBER = "task"
"""The column of a set's trial table that says which member a trial is of."""
