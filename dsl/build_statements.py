"""Build the nodes of statements, epochs and effects from Lark's tree."""

# Each method is named for the rule of the grammar that it builds.
# ruff: noqa: D102

from lark import Token

from epochal.dsl import syntax
from epochal.dsl.build_expressions import Bracketed, ExpressionBuilder, nodes
from epochal.dsl.syntax import Expr


class StatementBuilder(ExpressionBuilder):
    """Statements of ``trial``, ``blocks``, ``score``, ``epochs`` and ``during``."""

    def draw(
        self,
        target: syntax.Target,
        _tilde: Token,
        value: Expr,
        scope: syntax.Ident | None,
        end: Token,
    ) -> syntax.Draw:
        return syntax.Draw(self._over(target, end), target, value, scope)

    def let(self, target: syntax.Target, _equal: Token, value: Expr, end: Token) -> syntax.Let:
        return syntax.Let(self._over(target, end), target, value)

    def require(self, word: Token, condition: Expr, end: Token) -> syntax.Require:
        return syntax.Require(self._over(word, end), condition)

    def scope(self, _per: Token, name: Token) -> syntax.Ident:
        return self._ident(name)

    def one_target(self, name: Token, size: Bracketed | None) -> syntax.Target:
        ident = self._declare(name, "a variable")
        if size is None:
            return syntax.Target(ident.span, (ident,), None)
        return syntax.Target(self._over(name, size.close), (ident,), size.value)

    def tuple_target(self, *parts: Token) -> syntax.Target:
        names = [part for part in parts if part.type == "NAME"]
        idents = tuple(self._declare(name, "a variable") for name in names)
        return syntax.Target(self._over(parts[0], parts[-1]), idents, None)

    def epoch(self, name: Token, _colon: Token, duration: Expr, end: Token) -> syntax.Epoch:
        ident = self._declare(name, "an epoch")
        return syntax.Epoch(self._over(name, end), ident, duration, self._doc(name))

    def until_end(
        self, name: Token, _colon: Token, _until: Token, _end: Token, end: Token
    ) -> syntax.UntilEnd:
        ident = self._declare(name, "an epoch")
        return syntax.UntilEnd(self._over(name, end), ident, self._doc(name))

    def trial_length(
        self, word: Token, _colon: Token, duration: Expr, end: Token
    ) -> syntax.TrialLength:
        return syntax.TrialLength(self._over(word, end), duration)

    def repeat(
        self,
        word: Token,
        count: Expr,
        _as: Token,
        index: Token,
        *parts: Token | syntax.EpochItem,
    ) -> syntax.Repeat:
        span = self._over(word, parts[-1])
        return syntax.Repeat(span, count, self._declare(index, "an index"), nodes(parts))

    def spans(self, *parts: Token | syntax.EpochSpan) -> tuple[syntax.EpochSpan, ...]:
        return nodes(parts)

    def span(
        self, first: Token, last: syntax.Ident | None, slice_: syntax.Slice | None
    ) -> syntax.EpochSpan:
        span = self._over(first, slice_ or last or first)
        return syntax.EpochSpan(span, self._ident(first), last, slice_)

    def span_end(self, _dots: Token, name: Token) -> syntax.Ident:
        return self._ident(name)

    def slice(
        self, first: Token, start: Expr | None, _colon: Token, stop: Expr | None, last: Token
    ) -> syntax.Slice:
        return syntax.Slice(self._over(first, last), start, stop)

    def guard(self, _if: Token, condition: Expr) -> Expr:
        return condition

    def drive(self, channel: syntax.Ref, op: Token, value: Expr, end: Token) -> syntax.Effect:
        span = self._over(channel, end)
        return syntax.Effect(span, syntax.EffectKind.DRIVE, channel, str(op), value)

    def target(
        self, word: Token, channel: syntax.Ref, op: Token, value: Expr, end: Token
    ) -> syntax.Effect:
        span = self._over(word, end)
        return syntax.Effect(span, syntax.EffectKind.TARGET, channel, str(op), value)

    def weight(
        self, word: Token, channel: syntax.Ref | None, op: Token, value: Expr, end: Token
    ) -> syntax.Effect:
        span = self._over(word, end)
        return syntax.Effect(span, syntax.EffectKind.WEIGHT, channel, str(op), value)

    def ignore(self, word: Token, channel: syntax.Ref | None, end: Token) -> syntax.Effect:
        span = self._over(word, end)
        return syntax.Effect(span, syntax.EffectKind.IGNORE, channel, "=", None)

    def noise(
        self, word: Token, channel: syntax.Ref, op: Token, value: Expr, end: Token
    ) -> syntax.Effect:
        span = self._over(word, end)
        return syntax.Effect(span, syntax.EffectKind.NOISE, channel, str(op), value)

    def ref(self, name: Token, size: Bracketed | None) -> syntax.Ref:
        span = self._over(name, name if size is None else size.close)
        return syntax.Ref(span, self._ident(name), None if size is None else size.value)
