"""Turn Lark's tree into the syntax tree."""

from collections.abc import Mapping
from typing import TypeAlias

from lark import Token, Tree

from epochal.dsl import syntax
from epochal.dsl.block_order import check_blocks
from epochal.dsl.build_expressions import nodes
from epochal.dsl.build_statements import StatementBuilder
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.places import Places
from epochal.dsl.syntax import Expr

_Bindings: TypeAlias = tuple[syntax.Binding, ...]
_Parent: TypeAlias = tuple[syntax.Path, _Bindings | None]


def build(
    tree: Tree[Token], places: Places, docs: Mapping[int, str]
) -> tuple[syntax.File, tuple[Diagnostic, ...]]:
    """Turn the tree of a whole file into its syntax tree.

    Parameters
    ----------
    docs : mapping of int to str
        Doc comments by the offset at which the line that they document begins.

    Notes
    -----
    Works bottom-up with an explicit stack, so that no depth of the tree can exhaust Python's.
    """
    builder = _Builder(places, docs)
    file = builder.transform(tree)
    assert isinstance(file, syntax.File)
    return file, tuple(builder.found)


class _Builder(StatementBuilder):
    """Files, their items and the blocks of those."""

    def start(self, header: int, *items: syntax.Item) -> syntax.File:
        """``header item*``; a file begins at its header, which begins the text."""
        start = self._places.row_start(1)
        end = items[-1].span.end if items else start
        return syntax.File(self._places.span(start, end), header, items, ())

    def header(self, _word: Token, version: Token, _end: Token) -> int:
        return int(version)

    def use(
        self, first: Token, path: Token, _as: Token | None, alias: Token | None, end: Token
    ) -> syntax.Use:
        name = None if alias is None else self._ident(alias)
        return syntax.Use(self._over(first, end), self.string(path), name)

    def extern(
        self,
        first: Token,
        name: Token,
        _open: Token,
        names: tuple[syntax.Ident, ...] | None,
        _close: Token,
        _equal: Token,
        location: Token,
        end: Token,
    ) -> syntax.Extern:
        span = self._over(first, end)
        ident = self._declare(name, "a function")
        return syntax.Extern(span, ident, names or (), self.string(location))

    def task(
        self,
        first: Token,
        name: Token,
        parent: _Parent | None,
        *parts: Token | syntax.Section,
    ) -> syntax.Task:
        path, bindings = (None, None) if parent is None else parent
        span = self._over(first, parts[-1])
        doc = self._doc(first)
        ident = self._ident(name)
        sections: tuple[syntax.Section, ...] = nodes(parts)
        self.found += check_blocks(sections, self._places)
        return syntax.Task(span, ident, path, bindings or (), sections, doc)

    def parent(self, _word: Token, path: syntax.Path, bindings: _Bindings | None) -> _Parent:
        return path, bindings

    def short_task(
        self,
        first: Token,
        name: Token,
        _extends: Token,
        path: syntax.Path,
        bindings: _Bindings,
        end: Token,
    ) -> syntax.Task:
        span = self._over(first, end)
        return syntax.Task(span, self._ident(name), path, bindings, (), self._doc(first))

    def path(self, *parts: Token | None) -> syntax.Path:
        tokens = [part for part in parts if part is not None]
        span = self._over(tokens[0], tokens[-1])
        if tokens[0].type == "STRING":
            return syntax.Path(span, tokens[0][1:-1], None)
        return syntax.Path(span, str(tokens[0]), str(tokens[2]) if len(tokens) > 1 else None)

    def with_(self, *parts: Token | syntax.Binding) -> _Bindings:
        return nodes(parts)

    def binding(
        self, member: syntax.Ident | None, name: Token, _equal: Token, value: Expr
    ) -> syntax.Binding:
        span = self._over(name if member is None else member, value)
        return syntax.Binding(span, member, self._ident(name), value)

    def member_of(self, name: Token, _dot: Token) -> syntax.Ident:
        return self._ident(name)

    def about(self, *parts: Token | syntax.Field) -> syntax.About:
        return syntax.About(self._over(parts[0], parts[-1]), nodes(parts))

    def params(self, *parts: Token | syntax.Param) -> syntax.Params:
        return syntax.Params(self._over(parts[0], parts[-1]), nodes(parts))

    def session(self, *parts: Token | syntax.Field) -> syntax.Session:
        return syntax.Session(self._over(parts[0], parts[-1]), nodes(parts))

    def blocks(self, *parts: Token | syntax.Field | syntax.Statement) -> syntax.Blocks:
        return syntax.Blocks(self._over(parts[0], parts[-1]), nodes(parts))

    def inputs(self, *parts: Token | syntax.Channel) -> syntax.Inputs:
        return syntax.Inputs(self._over(parts[0], parts[-1]), nodes(parts))

    def outputs(self, *parts: Token | syntax.Channel) -> syntax.Outputs:
        return syntax.Outputs(self._over(parts[0], parts[-1]), nodes(parts))

    def trial(self, *parts: Token | syntax.Statement) -> syntax.Trial:
        return syntax.Trial(self._over(parts[0], parts[-1]), nodes(parts))

    def epochs(self, *parts: Token | syntax.EpochItem) -> syntax.Epochs:
        return syntax.Epochs(self._over(parts[0], parts[-1]), nodes(parts))

    def score(self, *parts: Token | syntax.Statement) -> syntax.Score:
        return syntax.Score(self._over(parts[0], parts[-1]), nodes(parts))

    def during(
        self,
        first: Token,
        spans: tuple[syntax.EpochSpan, ...],
        guard: Expr | None,
        *parts: Token | syntax.Effect,
    ) -> syntax.During:
        return syntax.During(self._over(first, parts[-1]), spans, guard, nodes(parts))

    def field(self, name: Token, _colon: Token, value: Expr, end: Token) -> syntax.Field:
        return syntax.Field(self._over(name, end), self._ident(name), value)

    def param(
        self, name: Token, _equal: Token, value: Expr, within: Expr | None, end: Token
    ) -> syntax.Param:
        span = self._over(name, end)
        return syntax.Param(
            span, self._declare(name, "a parameter"), value, within, self._doc(name)
        )

    def within(self, _word: Token, bounds: Expr) -> Expr:
        return bounds

    def channel(
        self,
        name: Token,
        shape: tuple[Expr, ...] | None,
        kind: syntax.Call | None,
        *parts: Token | syntax.Option,
    ) -> syntax.Channel:
        span = self._over(name, parts[-1])
        ident = self._declare(name, "a channel")
        return syntax.Channel(span, ident, shape or (), kind, nodes(parts), self._doc(name))

    def shape(self, _open: Token, sizes: tuple[Expr, ...], _close: Token) -> tuple[Expr, ...]:
        return sizes

    def kind(
        self,
        _colon: Token,
        name: Token,
        _open: Token,
        arguments: tuple[syntax.Argument, ...] | None,
        close: Token,
    ) -> syntax.Call:
        return syntax.Call(self._over(name, close), self._ident(name), arguments or ())

    def noise_option(self, word: Token, value: Expr) -> syntax.Option:
        return syntax.Option(self._over(word, value), syntax.OptionName.NOISE, value)

    def baseline_option(self, word: Token, value: Expr) -> syntax.Option:
        return syntax.Option(self._over(word, value), syntax.OptionName.BASELINE, value)

    def rectified_option(self, word: Token) -> syntax.Option:
        return syntax.Option(self._over(word, word), syntax.OptionName.RECTIFIED, None)

    def during_option(self, word: Token, where: syntax.EpochSpan) -> syntax.Option:
        return syntax.Option(self._over(word, where), syntax.OptionName.DURING, where)

    # Sets of tasks.

    def taskset(
        self, first: Token, name: Token, *parts: Token | syntax.TasksetSection
    ) -> syntax.Taskset:
        span = self._over(first, parts[-1])
        return syntax.Taskset(span, self._ident(name), nodes(parts), self._doc(first))

    def member(
        self,
        first: Token,
        name: Token,
        _equal: Token,
        path: syntax.Path,
        bindings: _Bindings | None,
        end: Token,
    ) -> syntax.Member:
        return syntax.Member(self._over(first, end), self._ident(name), path, bindings or ())

    def mix(
        self, first: Token, _colon: Token, weights: Expr, scope: syntax.Ident | None, end: Token
    ) -> syntax.Mix:
        return syntax.Mix(self._over(first, end), weights, scope)

    # Experiments.

    def experiment(
        self, first: Token, name: Token, *parts: Token | syntax.ExperimentSection
    ) -> syntax.Experiment:
        span = self._over(first, parts[-1])
        return syntax.Experiment(span, self._ident(name), nodes(parts), self._doc(first))

    def train(self, *parts: Token | syntax.Field) -> syntax.Train:
        return syntax.Train(self._over(parts[0], parts[-1]), nodes(parts))

    def curriculum(self, *parts: Token | syntax.Field | syntax.Stage) -> syntax.Curriculum:
        return syntax.Curriculum(self._over(parts[0], parts[-1]), nodes(parts))

    def stage(
        self,
        first: Token,
        name: Token,
        bindings: _Bindings | None,
        *parts: Token | syntax.Field | syntax.Until | syntax.BackTo | syntax.Mix,
    ) -> syntax.Stage:
        span = self._over(first, parts[-1])
        return syntax.Stage(span, self._ident(name), bindings or (), nodes(parts))

    def until(self, word: Token, condition: Expr, end: Token) -> syntax.Until:
        return syntax.Until(self._over(word, end), condition)

    def back_to(
        self, word: Token, stage: Token, _if: Token, condition: Expr, end: Token
    ) -> syntax.BackTo:
        return syntax.BackTo(self._over(word, end), self._ident(stage), condition)

    def evaluate(self, *parts: Token | syntax.Measure) -> syntax.Evaluate:
        return syntax.Evaluate(self._over(parts[0], parts[-1]), nodes(parts))

    def measure(
        self,
        first: Token,
        name: Token,
        bindings: _Bindings | None,
        *parts: Token | syntax.Field | syntax.Mix,
    ) -> syntax.Measure:
        span = self._over(first, parts[-1])
        return syntax.Measure(span, self._ident(name), bindings or (), nodes(parts))
