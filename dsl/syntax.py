"""The syntax tree: what a file says, before any name, unit or default is resolved.

Nodes are frozen; every node carries its ``span``, which equality ignores.  The families are
closed unions at the end of their group: ``Expr``, ``Statement``, ``EpochItem``, ``Section``,
``Item``.
"""

from dataclasses import dataclass, field
from enum import Enum

from epochal.dsl.span import Span


@dataclass(frozen=True, slots=True)
class Node:
    """What all nodes share."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ident(Node):
    """A name where it is written."""

    name: str


# Expressions.


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A bare name in an expression: a value, a label or a reserved word."""

    name: str


@dataclass(frozen=True, slots=True)
class Quantity(Node):
    """A number as written, with its unit ("" for a plain number, "%" for per cent)."""

    digits: str
    unit: str


@dataclass(frozen=True, slots=True)
class String(Node):
    """A text in double quotes, without them."""

    value: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``-x`` or ``not x``; ``op`` is "-" or "not"."""

    op: str
    operand: "Expr"


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An operator between two values: ``+ - * / ** and or == != < <= > >= in``."""

    op: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """``value if condition else otherwise``."""

    value: "Expr"
    condition: "Expr"
    otherwise: "Expr"


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument of a call, by position (``name`` None) or by name."""

    name: Ident | None
    value: "Expr"


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``function(arguments)``."""

    function: Ident
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Index(Node):
    """``value[indices]``."""

    value: "Expr"
    indices: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """``[start : stop]`` of a span of epochs; either end may be left out."""

    start: "Expr | None"
    stop: "Expr | None"


@dataclass(frozen=True, slots=True)
class EpochSpan(Node):
    """``first``, ``first..last`` or either with a slice."""

    first: Ident
    last: Ident | None
    slice: Slice | None


@dataclass(frozen=True, slots=True)
class At(Node):
    """``value @ where``: an output restricted to a span."""

    value: "Expr"
    where: EpochSpan


@dataclass(frozen=True, slots=True)
class Tuple(Node):
    """``(a, b, ...)``."""

    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class List(Node):
    """``[a, b, ...]``."""

    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class SetItem(Node):
    """One member of a set, with its weight where one is written."""

    value: "Expr"
    weight: "Expr | None"


@dataclass(frozen=True, slots=True)
class Set(Node):
    """``{a, b: weight, ...}``."""

    items: tuple[SetItem, ...]


Expr = (
    Name | Quantity | String | Unary | Binary | Conditional | Call | Index | At | Tuple | List | Set
)


# Statements of ``trial``, ``blocks`` and ``score``.


@dataclass(frozen=True, slots=True)
class Target(Node):
    """What a statement defines: one name, one array ``name[size]``, or a tuple of names."""

    names: tuple[Ident, ...]
    size: Expr | None


@dataclass(frozen=True, slots=True)
class Draw(Node):
    """``target ~ value per scope``."""

    target: Target
    value: Expr
    scope: Ident | None


@dataclass(frozen=True, slots=True)
class Let(Node):
    """``target = value``."""

    target: Target
    value: Expr


@dataclass(frozen=True, slots=True)
class Require(Node):
    """``require condition``."""

    condition: Expr


Statement = Draw | Let | Require


@dataclass(frozen=True, slots=True)
class Field(Node):
    """``name: value`` in ``about``, ``session``, ``blocks`` and the blocks of a .train file."""

    name: Ident
    value: Expr


# The blocks of a task.


@dataclass(frozen=True, slots=True)
class Param(Node):
    """``name = value within bounds  ## doc``."""

    name: Ident
    value: Expr
    within: Expr | None
    doc: str


class OptionName(Enum):
    """The options that may follow a channel."""

    NOISE = "noise"
    BASELINE = "baseline"
    RECTIFIED = "rectified"
    DURING = "during"


@dataclass(frozen=True, slots=True)
class Option(Node):
    """One option of a channel; ``value`` is None for ``rectified``, a span for ``during``."""

    name: OptionName
    value: Expr | EpochSpan | None


@dataclass(frozen=True, slots=True)
class Channel(Node):
    """``name[shape]: kind(...) options  ## doc``."""

    name: Ident
    shape: tuple[Expr, ...]
    kind: Call | None
    options: tuple[Option, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class Epoch(Node):
    """``name: duration``."""

    name: Ident
    duration: Expr
    doc: str


@dataclass(frozen=True, slots=True)
class UntilEnd(Node):
    """``name: until end``."""

    name: Ident
    doc: str


@dataclass(frozen=True, slots=True)
class TrialLength(Node):
    """``length: duration``."""

    duration: Expr


@dataclass(frozen=True, slots=True)
class Repeat(Node):
    """``repeat count as index:`` over a group of epochs."""

    count: Expr
    index: Ident
    body: tuple["EpochItem", ...]


EpochItem = Epoch | UntilEnd | TrialLength | Repeat


class EffectKind(Enum):
    """What a statement of ``during`` changes."""

    DRIVE = "drive"
    TARGET = "target"
    WEIGHT = "weight"
    IGNORE = "ignore"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Ref(Node):
    """``channel`` or ``channel[unit]``."""

    name: Ident
    index: Expr | None


@dataclass(frozen=True, slots=True)
class Effect(Node):
    """One statement of ``during``.

    ``channel`` is None where all outputs are meant (``weight = 2``, ``ignore``); ``op`` is one
    of ``= += -= *=``; ``value`` is None for ``ignore``.
    """

    kind: EffectKind
    channel: Ref | None
    op: str
    value: Expr | None


@dataclass(frozen=True, slots=True)
class About(Node):
    """``about:``."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Params(Node):
    """``params:``."""

    params: tuple[Param, ...]


@dataclass(frozen=True, slots=True)
class Session(Node):
    """``session:``."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Blocks(Node):
    """``blocks:``."""

    items: tuple[Field | Statement, ...]


@dataclass(frozen=True, slots=True)
class Inputs(Node):
    """``inputs:``."""

    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class Outputs(Node):
    """``outputs:``."""

    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class Trial(Node):
    """``trial:``."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Epochs(Node):
    """``epochs:``."""

    items: tuple[EpochItem, ...]


@dataclass(frozen=True, slots=True)
class During(Node):
    """``during spans if guard:``."""

    spans: tuple[EpochSpan, ...]
    guard: Expr | None
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Score(Node):
    """``score:``."""

    statements: tuple[Statement, ...]


Section = About | Params | Session | Blocks | Inputs | Outputs | Trial | Epochs | During | Score


# The items of a file.


@dataclass(frozen=True, slots=True)
class Path(Node):
    """What ``extends`` and ``member`` refer to: a name, ``alias.task`` or "package:file"."""

    name: str
    task: str | None


@dataclass(frozen=True, slots=True)
class Binding(Node):
    """``name = value`` or ``member.name = value`` after ``with``."""

    member: Ident | None
    name: Ident
    value: Expr


@dataclass(frozen=True, slots=True)
class Use(Node):
    """``use "path" as alias``."""

    path: String
    alias: Ident | None


@dataclass(frozen=True, slots=True)
class Extern(Node):
    """``extern name(parameters) = "module:function"``."""

    name: Ident
    parameters: tuple[Ident, ...]
    location: String


@dataclass(frozen=True, slots=True)
class Task(Node):
    """``task name extends parent with bindings:`` and its blocks, in the order written."""

    name: Ident
    parent: Path | None
    bindings: tuple[Binding, ...]
    sections: tuple[Section, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    """``member name = path with bindings``."""

    name: Ident
    path: Path
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Mix(Node):
    """``mix: weights per scope``."""

    weights: Expr
    scope: Ident | None


TasksetSection = About | Params | Inputs | Outputs | Member | Mix


@dataclass(frozen=True, slots=True)
class Taskset(Node):
    """``taskset name:``."""

    name: Ident
    sections: tuple[TasksetSection, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class Train(Node):
    """``train:`` of an experiment."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Until(Node):
    """``until condition``."""

    condition: Expr


@dataclass(frozen=True, slots=True)
class BackTo(Node):
    """``back_to stage if condition``."""

    stage: Ident
    condition: Expr


@dataclass(frozen=True, slots=True)
class Stage(Node):
    """``stage name with bindings:``."""

    name: Ident
    bindings: tuple[Binding, ...]
    items: tuple[Field | Until | BackTo | Mix, ...]


@dataclass(frozen=True, slots=True)
class Curriculum(Node):
    """``curriculum:``."""

    items: tuple[Field | Stage, ...]


@dataclass(frozen=True, slots=True)
class Measure(Node):
    """``measure name with bindings:``."""

    name: Ident
    bindings: tuple[Binding, ...]
    items: tuple[Field | Mix, ...]


@dataclass(frozen=True, slots=True)
class Evaluate(Node):
    """``evaluate:`` of an experiment."""

    measures: tuple[Measure, ...]


ExperimentSection = About | Field | Train | Curriculum | Evaluate


@dataclass(frozen=True, slots=True)
class Experiment(Node):
    """``experiment name:``."""

    name: Ident
    sections: tuple[ExperimentSection, ...]
    doc: str


Item = Use | Extern | Task | Taskset | Experiment


@dataclass(frozen=True, slots=True)
class Comment(Node):
    """A comment, ``text`` without the marks; ``doc`` where it began with ``##``."""

    text: str
    doc: bool


@dataclass(frozen=True, slots=True)
class File(Node):
    """One parsed file.

    ``skipped`` holds every word of the lines that could not be parsed, so that later stages do
    not complain about names which a broken line may have declared.
    """

    version: int
    items: tuple[Item, ...]
    comments: tuple[Comment, ...]
    skipped: frozenset[str] = frozenset()
