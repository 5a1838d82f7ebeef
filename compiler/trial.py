"""Lowering ``trial:`` and ``score:``."""

from typing import assert_never

from msgspec.structs import replace

from epochal.compiler import arrays, channels, expressions, ir, laws, names, processes, types
from epochal.compiler.blocks import held
from epochal.compiler.distributions import IN_TURN
from epochal.compiler.known import few_values, variable_bounds
from epochal.compiler.report import place
from epochal.compiler.scope import PLAIN, Column, Scope, Setting, Symbol
from epochal.compiler.types import is_signal
from epochal.compiler.walk import definition_expressions, law_expressions, looks_back, refs
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.span import Span

SCORING = Setting(series=True)


Table = tuple[tuple[ir.Variable, ...], tuple[ir.Requirement, ...]]


def table(section: syntax.Trial | None, scope: Scope) -> Table:
    """Lower the statements of ``trial:`` in order: variables, and what is required of them."""
    made: list[ir.Variable] = []
    required: list[ir.Requirement] = []
    for node in section.statements if section else ():
        if isinstance(node, syntax.Require):
            required += _require(node, scope)
        else:
            made += statement(node, scope)
    return tuple(made), tuple(required)


def _require(node: syntax.Require, scope: Scope) -> list[ir.Requirement]:
    typed = expressions.expect(node.condition, ir.BOOLEAN, scope, PLAIN, "what is required")
    if typed is None:
        return []
    names_ = {ref.name for ref in refs(typed.expr) if ref.role is ir.Role.VARIABLE}
    if not names_:
        scope.report.error(
            "E0331", "this requires nothing of the trial: it mentions no variable", node.span
        )
        return []
    if all(scope.symbols[name].wider for name in names_):
        in_batch = all(scope.symbols[name].per_batch for name in names_)
        what = "is drawn per batch" if in_batch else "holds for a block or counts trials"
        scope.report.error(
            "E0331", f"there is nothing to redraw: what {what} is never redrawn", node.span
        )
        return []
    return [ir.Requirement(typed.expr, place(node.span))]


def statement(
    node: syntax.Draw | syntax.Let, scope: Scope, *, block: bool = False
) -> list[ir.Variable]:
    """Lower ``x ~ law`` or ``x = e``; ``block`` says that it stands in ``blocks:``."""
    per_block = block
    match node:
        case syntax.Draw(target=target, value=value, scope=reach):
            per_block = block or (reach is not None and reach.name == "block")
            setting = Setting(block=per_block)
            definition = _draw(target, value, scope, setting, "block" if block else "var")
            if reach is not None and reach.name != "block" and definition is not None:
                definition = _wider(target, *definition, reach, scope, block)
        case syntax.Let(target=target, value=value):
            definition = _let(target, value, scope)
    if definition is not None:
        definition = _sized(target, *definition, scope)
    if definition is not None and per_block:
        one = held(definition[0], target, scope, trial=not block)
        definition = (one, definition[1]) if one is not None else None
    good = [names.value_name(name, scope) for name in target.names]
    if definition is None or not all(good):
        scope.report.excused |= {name.name for name in target.names}
        return []
    return _declare(target, *definition, node, scope)


def not_built(what: str, span: Span, scope: Scope) -> None:
    """Say that a construct of the language is not built yet."""
    scope.report.error("E0601", f"{what} is part of the language and not built yet", span)


_Defined = tuple[ir.Definition, ir.Type]


def _wider(
    target: syntax.Target,
    definition: ir.Definition,
    kind: ir.Type,
    reach: syntax.Ident,
    scope: Scope,
    block: bool,
) -> _Defined | None:
    """Make a draw one for a whole batch."""
    if reach.name != "batch":
        scope.unknown(reach.name, reach.span, "scope of a draw", ["batch", "block"])
        return None
    if block:
        message = "a draw of `blocks:` is one for each block; draw in `trial:` what is per batch"
        scope.report.error("E0431", message, reach.span)
        return None
    if isinstance(definition, ir.Factor):
        if target.size is not None:
            message = "a balanced variable is one value, not an array"
            scope.report.error("E0325", message, target.span)
            return None
        levels = [
            level
            for level, copies in zip(definition.levels, definition.copies, strict=True)
            for _ in range(copies)
        ]
        key = "var:" + ",".join(name.name for name in target.names)
        law = ir.Law(IN_TURN, (ir.SetOf(tuple(levels)),))
        return ir.Drawn(law, key, per_batch=True), kind
    assert isinstance(definition, ir.Drawn)
    if is_signal(kind):
        not_built("a process `per batch`", reach.span, scope)
        return None
    for name in _names_behind(definition):
        if not scope.symbols[name].per_batch:
            message = f"a draw per batch cannot follow `{name}`, which differs between trials"
            scope.report.error("E0338", message, target.span)
            return None
    if any(looks_back(expr) for expr in definition_expressions(definition)):
        message = "a draw per batch cannot follow `previous`, which differs between trials"
        scope.report.error("E0338", message, target.span)
        return None
    return ir.Drawn(definition.law, definition.key, per_batch=True), kind


def _names_behind(definition: ir.Definition) -> list[str]:
    """Name the variables that a definition reads."""
    found = [ref for expr in definition_expressions(definition) for ref in refs(expr)]
    return [ref.name for ref in found if ref.role is ir.Role.VARIABLE]


def _sized(
    target: syntax.Target, definition: ir.Definition, kind: ir.Type, scope: Scope
) -> _Defined | None:
    """Make an array of a definition where one is declared."""
    if target.size is None:
        if isinstance(kind, ir.ArrayType):
            name = target.names[0].name
            message = f"this gives {types.describe(kind)}: write `{name}[{kind.n}]`"
            scope.report.error("E0337", message, target.span)
            return None
        return definition, kind
    size = channels.count(target.size, scope, "the size of an array")
    if size is None:
        return None
    if isinstance(definition, ir.Factor) or isinstance(kind, ir.TupleType):
        what = "a balanced variable" if isinstance(definition, ir.Factor) else "a tuple"
        scope.report.error("E0325", f"{what} is one value, not an array", target.span)
        return None
    if isinstance(kind, ir.ArrayType):
        if kind.n != size:
            message = f"the array has {size} values, and this gives {kind.n}"
            scope.report.error("E0334", message, target.span)
            return None
        return definition, kind
    if isinstance(definition, ir.Drawn):
        definition = replace(definition, size=size)
    return definition, ir.ArrayType(kind, size)


def _draw(
    target: syntax.Target, value: syntax.Expr, scope: Scope, setting: Setting, kind: str
) -> _Defined | None:
    size = 0
    if target.size is not None:
        size = channels.count(target.size, scope, "the size of an array") or 0
        if not size:
            return None
    law = laws.law(value, scope, replace(setting, size=size, process=not setting.block))
    if law is None:
        return None
    if isinstance(law.law, ir.Factor):
        return law.law, law.type
    if isinstance(law.type, ir.TupleType):
        scope.structural |= {ref.name for expr in law_expressions(law.law) for ref in refs(expr)}
    key = f"{kind}:" + ",".join(name.name for name in target.names)
    return ir.Drawn(law.law, key), law.type


def _let(target: syntax.Target, value: syntax.Expr, scope: Scope) -> _Defined | None:
    if laws.is_draw(value):
        scope.report.error("E0209", "a draw stands after `~`; `=` computes", value.span)
        return None
    typed = expressions.lower(value, scope, PLAIN)
    if typed is None:
        return None
    if isinstance(typed.type, ir.SetType | ir.TupleType):
        scope.report.error(
            "E0325", f"a variable is one value, this is {types.describe(typed.type)}", typed.span
        )
        return None
    return ir.Computed(typed.expr), typed.type


def _declare(
    target: syntax.Target,
    definition: ir.Definition,
    kind: ir.Type,
    node: syntax.Statement,
    scope: Scope,
) -> list[ir.Variable]:
    kinds = kind.items if isinstance(kind, ir.TupleType) else (kind,)
    if len(kinds) != len(target.names):
        scope.report.error(
            "E0328",
            f"{len(target.names)} names stand on the left, and a draw gives {len(kinds)} values",
            target.span,
        )
        scope.report.excused |= {name.name for name in target.names}
        return []
    declared = tuple(name.name for name in target.names)
    if isinstance(definition, ir.Drawn) and is_signal(kind):
        process = _process(declared[0], definition, target.span, scope)
        if process is None:
            scope.report.excused |= set(declared)
            return []
        definition = process
    variable = ir.Variable(declared, kinds, definition, place(node.span))
    bounds = variable_bounds(variable, scope.known, scope.sets)
    remember_values(variable, scope)
    for name, one, reach in zip(target.names, kinds, bounds, strict=True):
        ref = ir.Ref(name.name, ir.Role.SIGNAL if is_signal(kind) else ir.Role.VARIABLE)
        symbol = Symbol(
            name.name,
            "variable",
            one,
            ref,
            name.span,
            drawn=True,
            per_batch=_for_batch(variable, scope),
            per_block=isinstance(variable.definition, ir.PerBlock),
            wider=_is_wider(variable, scope),
        )
        scope.declare(symbol, reach)
    return [variable]


def _process(name: str, drawn: ir.Drawn, at: Span, scope: Scope) -> ir.Drawn | None:
    """Bound the events of a process, and note it by its name."""
    assert isinstance(drawn.law, ir.Law)
    law = processes.counted(drawn.law, drawn.size, at, scope)
    if law is None:
        return None
    scope.processes[name] = law
    return ir.Drawn(law, drawn.key, drawn.size)


def remember_values(variable: ir.Variable, scope: Scope) -> None:
    """Keep the few values that a variable is drawn from, where they are written out."""
    values = few_values(variable, scope.sets)
    behind = [ref for expr in definition_expressions(variable.definition) for ref in refs(expr)]
    params = tuple(ref.name for ref in behind if ref.role is ir.Role.PARAM)
    for i, name in enumerate(variable.names if values else ()):
        column = tuple(v.items[i] if isinstance(v, ir.TupleOf) else v for v in values)
        scope.columns[ir.Ref(name, ir.Role.VARIABLE)] = Column(variable.names, column, params)


def _for_batch(variable: ir.Variable, scope: Scope) -> bool:
    """Whether a variable is the same on all trials of a batch."""
    if isinstance(variable.definition, ir.Drawn):
        return variable.definition.per_batch
    names_ = _names_behind(variable.definition)
    is_computed = isinstance(variable.definition, ir.Computed) and not looks_back(
        variable.definition.value
    )
    return is_computed and all(scope.symbols[name].per_batch for name in names_)


def _is_wider(variable: ir.Variable, scope: Scope) -> bool:
    """Whether there is nothing in a variable that a requirement could redraw or choose."""
    match variable.definition:
        case ir.Factor():
            return False
        case ir.Drawn():
            return variable.definition.per_batch
        case ir.Computed():
            return all(scope.symbols[name].wider for name in _names_behind(variable.definition))
        case ir.Counter() | ir.PerBlock():
            return True
    assert_never(variable.definition)


def scores(section: syntax.Score | None, scope: Scope) -> tuple[ir.Score, ...]:
    """Lower the statements of ``score:`` in order."""
    made = [_score(node, scope) for node in (section.statements if section else ())]
    return tuple(one for one in made if one is not None)


def _reduce_first(kind: ir.Type) -> tuple[Note, ...]:
    if not isinstance(kind, ir.SeriesType):
        return ()
    how = "mean" if kind.truth else "mean, last, min, max or first_above"
    return (Note(f"reduce it over time first, with {how}"),)


def _score(node: syntax.Statement, scope: Scope) -> ir.Score | None:
    if not isinstance(node, syntax.Let) or node.target.size is not None:
        scope.report.error("E0406", "a score is `name = value`", node.span)
        return None
    if len(node.target.names) != 1:
        scope.report.error("E0406", "a score has one name", node.target.span)
        return None
    name = node.target.names[0]
    typed = expressions.lower(node.value, scope, SCORING)
    if not names.value_name(name, scope) or typed is None:
        scope.report.excused |= {name.name}
        return None
    kind = arrays.single(typed).type
    if not isinstance(kind, ir.QuantityType | ir.BoolType | ir.LabelType):
        scope.report.error(
            "E0329",
            "a score is one value a trial, or an array of them, this is "
            f"{types.describe(typed.type)}",
            typed.span,
            *_reduce_first(typed.type),
        )
        return None
    if name.name == "correct" and not types.is_number(kind):
        scope.report.error(
            "E0330", f"`correct` is true or false, this is {types.describe(typed.type)}", typed.span
        )
        return None
    ref = ir.Ref(name.name, ir.Role.SCORE)
    scope.declare(Symbol(name.name, "score", typed.type, ref, name.span, drawn=True))
    return ir.Score(name.name, typed.type, typed.expr, place(node.span))
