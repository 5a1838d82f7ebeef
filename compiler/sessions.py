"""Lowering ``session:`` and ``blocks:``: how many trials follow each other, and in what runs."""

import math

from epochal.compiler import expressions, ir, laws, names, trial, types
from epochal.compiler.blocks import held
from epochal.compiler.intervals import Interval, constant
from epochal.compiler.known import variable_bounds
from epochal.compiler.report import place
from epochal.compiler.scope import Scope, Setting, Symbol, Typed
from epochal.compiler.walk import definition_expressions, refs
from epochal.dsl import syntax
from epochal.dsl.span import Span

MOST_TRIALS = 10_000
"""How many trials one sequence may have."""

Columns = tuple[ir.Variable, ...]

COUNTS = frozenset(one.value for one in ir.Count)
"""The names of the columns that count."""


def session(section: syntax.Session | None, blocks: syntax.Blocks | None, scope: Scope) -> Columns:
    """Lower both blocks; the session goes into the scope, the columns that they make come back."""
    if section is None:
        if blocks is not None:
            message = "`blocks:` groups the trials of a session, and there is no `session:`"
            scope.report.error("E0431", message, blocks.span)
            _excuse(blocks, scope)
        return ()
    trials = _trials(section, scope)
    if trials is None:
        if blocks is not None:
            _excuse(blocks, scope)
        scope.report.excused |= COUNTS
        return ()
    scope.session = ir.Session(trials)
    made = _blocks(blocks, trials, scope) if blocks is not None else ()
    return (*made, *_counter(ir.Count.IN_SESSION, trials, section.span, scope))


def _excuse(section: syntax.Blocks, scope: Scope) -> None:
    """Keep what stands in a block that could not be read from causing further errors."""
    found = {node.name for node in names.walk(section) if isinstance(node, syntax.Ident)}
    scope.report.excused |= found | COUNTS


def _trials(section: syntax.Session, scope: Scope) -> int | None:
    """Lower the one field of a session."""
    found: int | None = None
    given = False
    for field in section.fields:
        if field.name.name != "trials":
            scope.unknown(field.name.name, field.name.span, "session field", ["trials"])
        elif given:
            scope.report.error("E0212", "`trials` is given twice", field.span)
        else:
            given = True
            found = _count(field.value, scope)
    return found


def _count(node: syntax.Expr, scope: Scope) -> int | None:
    expr = expressions.number(node, scope, Setting(), "the number of trials")
    if expr is None:
        return None
    scope.structural |= {ref.name for ref in refs(expr) if ref.role is ir.Role.PARAM}
    value = constant(expr, scope.known)
    if value is None or value.denominator != 1 or not 1 <= value <= MOST_TRIALS:
        scope.report.error(
            "E0430",
            f"a session has a whole number of trials, from 1 to {MOST_TRIALS:,}, known when "
            "compiling",
            node.span,
        )
        return None
    return int(value)


def _blocks(section: syntax.Blocks, trials: int, scope: Scope) -> Columns:
    """Lower the length of blocks and the values that hold for them, in the order written."""
    made = _counter(ir.Count.BLOCK, trials, section.span, scope)
    length: ir.Blocks | None = None
    longest = trials
    given = False
    for item in section.items:
        match item:
            case syntax.Field(name=name) if name.name != "length":
                scope.unknown(name.name, name.span, "field of blocks", ["length"])
            case syntax.Field():
                if given:
                    scope.report.error("E0212", "`length` is given twice", item.span)
                given = True
                found = _length(item, trials, scope)
                if found is not None:
                    length, longest = found
                    made = _bounded(made, length.most, scope)
            case syntax.Require(span=span):
                message = "what holds for a block is never redrawn; `require` stands in `trial:`"
                scope.report.error("E0431", message, span)
            case _:
                made = (*made, *trial.statement(item, scope, block=True))
    if not given and not any(isinstance(item, syntax.Field) for item in section.items):
        message = "blocks have a length, in trials: `length: integers(12, 20)`"
        scope.report.error("E0431", message, section.span)
    if length is None:
        scope.report.excused |= COUNTS
        return ()
    scope.session = ir.Session(trials, length)
    return (*made, *_counter(ir.Count.IN_BLOCK, longest, section.span, scope))


def _bounded(columns: Columns, most: int, scope: Scope) -> Columns:
    """Bound the block counter, now that the length of blocks is known, and what follows from it."""
    bounded = []
    for column in columns:
        if isinstance(column.definition, ir.Counter):
            definition = ir.Counter(column.definition.of, most)
            column = ir.Variable(column.names, column.types, definition, column.at)
        bounds = variable_bounds(column, scope.known, scope.sets)
        for name, one in zip(column.names, bounds, strict=True):
            scope.known[ir.Ref(name, ir.Role.VARIABLE)] = one
        bounded.append(column)
    return tuple(bounded)


def _counter(of: ir.Count, most: int, span: Span, scope: Scope) -> Columns:
    """Declare a column that counts from 0."""
    name = syntax.Ident(span, of.value)
    if not names.value_name(name, scope):
        return ()
    ref = ir.Ref(of.value, ir.Role.VARIABLE)
    variable = ir.Variable((of.value,), (ir.NUMBER,), ir.Counter(of, most), place(span))
    (bounds,) = variable_bounds(variable, scope.known, scope.sets)
    symbol = Symbol(
        of.value,
        "counter of the session",
        ir.NUMBER,
        ref,
        span,
        drawn=True,
        per_block=of is ir.Count.BLOCK,
        wider=True,
    )
    scope.declare(symbol, bounds)
    return (variable,)


def _length(field: syntax.Field, trials: int, scope: Scope) -> tuple[ir.Blocks, int] | None:
    """Lower ``length:``; bound the number of blocks and the trials of the longest by it."""
    found = _how_long(field.value, scope)
    if found is None:
        return None
    definition, kind, bounds = found
    if kind != ir.NUMBER or not bounds.whole or bounds.low < 1:
        is_short = kind == ir.NUMBER and bounds.whole
        wrong = "may be shorter" if is_short else f"is {types.describe(kind)}"
        wrong = "may be no whole number" if kind == ir.NUMBER and not is_short else wrong
        message = f"the length of a block is a whole number of trials, 1 or more, and this {wrong}"
        scope.report.error("E0432", message, field.value.span)
        return None
    block = held(definition, field.name, scope)
    if block is None:
        return None
    mentioned = [ref for expr in definition_expressions(definition) for ref in refs(expr)]
    scope.structural |= {ref.name for ref in mentioned if ref.role is ir.Role.PARAM}
    at = place(field.span)
    variable = ir.Variable((ir.BLOCK_LENGTH,), (ir.NUMBER,), block.definition, at)
    return ir.Blocks(variable, math.ceil(trials / bounds.low)), int(min(trials, bounds.high))


def _how_long(
    node: syntax.Expr, scope: Scope
) -> tuple[ir.Drawn | ir.Computed, ir.Type, Interval] | None:
    definition: ir.Drawn | ir.Computed
    if laws.is_draw(node):
        law = laws.law(node, scope, Setting())
        if law is None:
            return None
        if isinstance(law.law, ir.Factor):
            message = "a balanced variable is dealt to trials; draw the length of blocks"
            scope.report.error("E0434", message, node.span)
            return None
        definition, kind = ir.Drawn(law.law, "block:length"), law.type
    else:
        typed: Typed | None = expressions.expect(
            node, ir.NUMBER, scope, Setting(), "the length of a block"
        )
        if typed is None:
            return None
        definition, kind = ir.Computed(typed.expr), typed.type
    variable = ir.Variable((ir.BLOCK_LENGTH,), (kind,), definition, place(node.span))
    (bounds,) = variable_bounds(variable, scope.known, scope.sets)
    return definition, kind, bounds
