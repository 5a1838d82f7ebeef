"""The syntax tree: what a file says, before any name, unit or default is resolved.

Nodes are frozen; every node carries its ``span``, which equality ignores.  The families are
closed unions at the end of their group: ``Expr``, ``Statement``, ``EpochItem``, ``Section``,
``Item``.
"""

from enum import Enum

from msgspec import Struct

from epochal.dsl.span import Span


class Node(Struct, frozen=True, eq=False):
    """What all nodes share."""

    span: Span

    def __eq__(self, other: object) -> bool:
        """Equal to a node of the same kind and parts, wherever it stands."""
        return type(self) is type(other) and self.parts() == other.parts()

    def __hash__(self) -> int:
        """Hash what equality compares."""
        return hash((type(self), *self.parts().values()))

    def __repr__(self) -> str:
        """Show the parts, not where they stand."""
        parts = ", ".join(f"{name}={part!r}" for name, part in self.parts().items())
        return f"{type(self).__name__}({parts})"

    def parts(self) -> dict[str, object]:
        """Give everything but the span, in the order of declaration."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name != "span"}


class Ident(Node, frozen=True, eq=False):
    """A name where it is written."""

    name: str


# Expressions.


class Name(Node, frozen=True, eq=False):
    """A bare name in an expression: a value, a label or a reserved word."""

    name: str


class Quantity(Node, frozen=True, eq=False):
    """A number as written, with its unit ("" for a plain number, "%" for per cent)."""

    digits: str
    unit: str


class String(Node, frozen=True, eq=False):
    """A text in double quotes, without them."""

    value: str


class Unary(Node, frozen=True, eq=False):
    """``-x`` or ``not x``; ``op`` is "-" or "not"."""

    op: str
    operand: "Expr"


class Binary(Node, frozen=True, eq=False):
    """An operator between two values: ``+ - * / ** and or == != < <= > >= in``."""

    op: str
    left: "Expr"
    right: "Expr"


class Conditional(Node, frozen=True, eq=False):
    """``value if condition else otherwise``."""

    value: "Expr"
    condition: "Expr"
    otherwise: "Expr"


class Argument(Node, frozen=True, eq=False):
    """One argument of a call, by position (``name`` None) or by name."""

    name: Ident | None
    value: "Expr"


class Call(Node, frozen=True, eq=False):
    """``function(arguments)``."""

    function: Ident
    arguments: tuple[Argument, ...]


class Index(Node, frozen=True, eq=False):
    """``value[indices]``."""

    value: "Expr"
    indices: tuple["Expr", ...]


class Slice(Node, frozen=True, eq=False):
    """``[start : stop]`` of a span of epochs; either end may be left out."""

    start: "Expr | None"
    stop: "Expr | None"


class EpochSpan(Node, frozen=True, eq=False):
    """``first``, ``first..last`` or either with a slice."""

    first: Ident
    last: Ident | None
    slice: Slice | None


class At(Node, frozen=True, eq=False):
    """``value @ where``: an output restricted to a span."""

    value: "Expr"
    where: EpochSpan


class Tuple(Node, frozen=True, eq=False):
    """``(a, b, ...)``."""

    items: tuple["Expr", ...]


class List(Node, frozen=True, eq=False):
    """``[a, b, ...]``."""

    items: tuple["Expr", ...]


class SetItem(Node, frozen=True, eq=False):
    """One member of a set, with its weight where one is written."""

    value: "Expr"
    weight: "Expr | None"


class Set(Node, frozen=True, eq=False):
    """``{a, b: weight, ...}``."""

    items: tuple[SetItem, ...]


Expr = (
    Name | Quantity | String | Unary | Binary | Conditional | Call | Index | At | Tuple | List | Set
)


# Statements of ``trial``, ``blocks`` and ``score``.


class Target(Node, frozen=True, eq=False):
    """What a statement defines: one name, one array ``name[size]``, or a tuple of names."""

    names: tuple[Ident, ...]
    size: Expr | None


class Draw(Node, frozen=True, eq=False):
    """``target ~ value per scope``."""

    target: Target
    value: Expr
    scope: Ident | None


class Let(Node, frozen=True, eq=False):
    """``target = value``."""

    target: Target
    value: Expr


class Require(Node, frozen=True, eq=False):
    """``require condition``."""

    condition: Expr


Statement = Draw | Let | Require


class Field(Node, frozen=True, eq=False):
    """``name: value`` in ``about``, ``session``, ``blocks`` and the blocks of a .train file."""

    name: Ident
    value: Expr


# The blocks of a task.


class Param(Node, frozen=True, eq=False):
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


class Option(Node, frozen=True, eq=False):
    """One option of a channel; ``value`` is None for ``rectified``, a span for ``during``."""

    name: OptionName
    value: Expr | EpochSpan | None


class Channel(Node, frozen=True, eq=False):
    """``name[shape]: kind(...) options  ## doc``."""

    name: Ident
    shape: tuple[Expr, ...]
    kind: Call | None
    options: tuple[Option, ...]
    doc: str


class Epoch(Node, frozen=True, eq=False):
    """``name: duration``."""

    name: Ident
    duration: Expr
    doc: str


class UntilEnd(Node, frozen=True, eq=False):
    """``name: until end``."""

    name: Ident
    doc: str


class TrialLength(Node, frozen=True, eq=False):
    """``length: duration``."""

    duration: Expr


class Repeat(Node, frozen=True, eq=False):
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


class Ref(Node, frozen=True, eq=False):
    """``channel`` or ``channel[unit]``."""

    name: Ident
    index: Expr | None


class Effect(Node, frozen=True, eq=False):
    """One statement of ``during``.

    ``channel`` is None where all outputs are meant (``weight = 2``, ``ignore``); ``op`` is one
    of ``= += -= *=``; ``value`` is None for ``ignore``.
    """

    kind: EffectKind
    channel: Ref | None
    op: str
    value: Expr | None


class About(Node, frozen=True, eq=False):
    """``about:``."""

    fields: tuple[Field, ...]


class Params(Node, frozen=True, eq=False):
    """``params:``."""

    params: tuple[Param, ...]


class Session(Node, frozen=True, eq=False):
    """``session:``."""

    fields: tuple[Field, ...]


class Blocks(Node, frozen=True, eq=False):
    """``blocks:``."""

    items: tuple[Field | Statement, ...]


class Inputs(Node, frozen=True, eq=False):
    """``inputs:``."""

    channels: tuple[Channel, ...]


class Outputs(Node, frozen=True, eq=False):
    """``outputs:``."""

    channels: tuple[Channel, ...]


class Trial(Node, frozen=True, eq=False):
    """``trial:``."""

    statements: tuple[Statement, ...]


class Epochs(Node, frozen=True, eq=False):
    """``epochs:``."""

    items: tuple[EpochItem, ...]


class During(Node, frozen=True, eq=False):
    """``during spans if guard:``."""

    spans: tuple[EpochSpan, ...]
    guard: Expr | None
    effects: tuple[Effect, ...]


class Score(Node, frozen=True, eq=False):
    """``score:``."""

    statements: tuple[Statement, ...]


Section = About | Params | Session | Blocks | Inputs | Outputs | Trial | Epochs | During | Score


# The items of a file.


class Path(Node, frozen=True, eq=False):
    """What ``extends`` and ``member`` refer to: a name, ``alias.task`` or "package:file"."""

    name: str
    task: str | None


class Binding(Node, frozen=True, eq=False):
    """``name = value`` or ``member.name = value`` after ``with``."""

    member: Ident | None
    name: Ident
    value: Expr


class Use(Node, frozen=True, eq=False):
    """``use "path" as alias``."""

    path: String
    alias: Ident | None


class Extern(Node, frozen=True, eq=False):
    """``extern name(parameters) = "module:function"``."""

    name: Ident
    parameters: tuple[Ident, ...]
    location: String


class Task(Node, frozen=True, eq=False):
    """``task name extends parent with bindings:`` and its blocks, in the order written."""

    name: Ident
    parent: Path | None
    bindings: tuple[Binding, ...]
    sections: tuple[Section, ...]
    doc: str


class Member(Node, frozen=True, eq=False):
    """``member name = path with bindings``."""

    name: Ident
    path: Path
    bindings: tuple[Binding, ...]


class Mix(Node, frozen=True, eq=False):
    """``mix: weights per scope``."""

    weights: Expr
    scope: Ident | None


TasksetSection = About | Params | Inputs | Outputs | Member | Mix


class Taskset(Node, frozen=True, eq=False):
    """``taskset name:``."""

    name: Ident
    sections: tuple[TasksetSection, ...]
    doc: str


class Train(Node, frozen=True, eq=False):
    """``train:`` of an experiment."""

    fields: tuple[Field, ...]


class Until(Node, frozen=True, eq=False):
    """``until condition``."""

    condition: Expr


class BackTo(Node, frozen=True, eq=False):
    """``back_to stage if condition``."""

    stage: Ident
    condition: Expr


class Stage(Node, frozen=True, eq=False):
    """``stage name with bindings:``."""

    name: Ident
    bindings: tuple[Binding, ...]
    items: tuple[Field | Until | BackTo | Mix, ...]


class Curriculum(Node, frozen=True, eq=False):
    """``curriculum:``."""

    items: tuple[Field | Stage, ...]


class Measure(Node, frozen=True, eq=False):
    """``measure name with bindings:``."""

    name: Ident
    bindings: tuple[Binding, ...]
    items: tuple[Field | Mix, ...]


class Evaluate(Node, frozen=True, eq=False):
    """``evaluate:`` of an experiment."""

    measures: tuple[Measure, ...]


ExperimentSection = About | Field | Train | Curriculum | Evaluate


class Experiment(Node, frozen=True, eq=False):
    """``experiment name:``."""

    name: Ident
    sections: tuple[ExperimentSection, ...]
    doc: str


Item = Use | Extern | Task | Taskset | Experiment


class Comment(Node, frozen=True, eq=False):
    """A comment, ``text`` without the marks; ``doc`` where it began with ``##``."""

    text: str
    doc: bool


class File(Node, frozen=True, eq=False):
    """One parsed file.

    ``skipped`` holds every word of the lines that could not be parsed, so that later stages do
    not complain about names which a broken line may have declared.
    """

    version: int
    items: tuple[Item, ...]
    comments: tuple[Comment, ...]
    skipped: frozenset[str] = frozenset()
