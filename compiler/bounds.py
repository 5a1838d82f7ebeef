"""How long a trial can be, and other bounds that need more than one interval.

Interval arithmetic alone is too coarse for a timeline: ``interval - pulse`` after ``pulse`` would
count the pulse twice, and ``a if catch else b`` in six epochs would add up to the impossible.  So
a sum is first expanded to the values it rests on, taken apart for each value of the finite
variables that its conditions branch on, and collected to a linear form.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from itertools import islice

from msgspec import Struct

from epochal.compiler import ir
from epochal.compiler.distributions import IN_TURN
from epochal.compiler.intervals import Bound, Known, add, constant, interval, multiply, point, tame
from epochal.compiler.repeats import Chain, chains, common, index_of, presence, repetitions, times
from epochal.compiler.walk import definition_expressions, refs, rewrite, walk

MOST_CASES = 4096
MOST_NODES = 300
MOST_WORK = 100_000

Assignment = Mapping[ir.Ref, ir.Expr]


class Bounds(Struct, frozen=True, dict=True):
    """Bounds over the variables of one task, with its parameters at their values."""

    variables: tuple[ir.Variable, ...]
    known: Known

    def least(self, expr: ir.Expr) -> Bound:
        """Bound an expression from below."""
        return min(low for low, _ in self._cases(expr))

    def most(self, expr: ir.Expr) -> Bound:
        """Bound an expression from above."""
        return max(high for _, high in self._cases(expr))

    def _cases(self, expr: ir.Expr) -> Iterator[tuple[Bound, Bound]]:
        for form in self.forms(expr):
            sum_ = point(tame(form.constant))
            for atom, factor in form.terms.items():
                sum_ = add(sum_, multiply(point(tame(factor)), interval(atom, self.known)))
            yield sum_.low, sum_.high

    def forms(self, expr: ir.Expr) -> Iterator["Form"]:
        """Give the linear form of an expression in each case of its conditions."""
        expanded = self.written_out(expr)
        for assignment in self._assignments(expanded):
            yield linear(fold(expanded, assignment))

    def values(self, expr: ir.Expr) -> frozenset[Fraction] | None:
        """List the values of an expression, where it rests on few that are known; else None."""
        expanded = self.written_out(expr)
        asked = set(refs(expanded))
        rows = [
            _values(variable)
            for variable in self.variables
            if any(ir.Ref(name, ir.Role.VARIABLE) in asked for name in variable.names)
        ]
        cases = math.prod(len(choices) for choices in rows)
        most = min(MOST_CASES, MOST_WORK // sum(1 for _ in islice(walk(expanded), MOST_WORK)))
        if not 0 < cases <= most:
            return None
        found = set()
        for parts in itertools.product(*rows):
            assignment = {ref: value for part in parts for ref, value in part.items()}
            value = constant(fold(expanded, assignment), self.known)
            if value is None:
                return None
            found.add(value)
        return frozenset(found)

    def written_out(self, expr: ir.Expr) -> ir.Expr:
        """Write computed variables out in terms of drawn ones."""
        return rewrite(expr, lambda node: self._written_out.get(node, node))

    @cached_property
    def _written_out(self) -> Mapping[ir.Expr, ir.Expr]:
        """Say what each computed variable is in terms of drawn ones, where that is not long."""
        found: dict[ir.Expr, ir.Expr] = {}
        for variable in self.variables:
            is_array = isinstance(variable.types[0], ir.ArrayType)
            if isinstance(variable.definition, ir.Computed) and not is_array:
                value = rewrite(variable.definition.value, lambda node: found.get(node, node))
                if sum(1 for _ in islice(walk(value), MOST_NODES)) < MOST_NODES:
                    found[ir.Ref(variable.names[0], ir.Role.VARIABLE)] = value
        return found

    def _assignments(self, expr: ir.Expr) -> Iterator[Assignment]:
        """List the joint values of the finite variables that conditions branch on."""
        asked = {
            ref
            for node in walk(expr)
            if isinstance(node, ir.Conditional | ir.Lookup)
            for ref in refs(node.condition if isinstance(node, ir.Conditional) else node.key)
        }
        if not asked:
            yield {}
            return
        choices: list[tuple[Assignment, ...]] = []
        cases = 1
        most = min(MOST_CASES, MOST_WORK // sum(1 for _ in islice(walk(expr), MOST_WORK)))
        for variable in self.variables:
            mine = any(ir.Ref(name, ir.Role.VARIABLE) in asked for name in variable.names)
            rows = _values(variable) if mine else ()
            if rows and cases * len(rows) <= most:
                choices.append(rows)
                cases *= len(rows)
        for parts in itertools.product(*choices):
            yield {ref: value for part in parts for ref, value in part.items()}


class Form(Struct, frozen=True):
    """A sum: a constant and factors of expressions that cannot be taken apart."""

    constant: Fraction
    terms: Mapping[ir.Expr, Fraction]


def _values(variable: ir.Variable) -> tuple[Assignment, ...]:
    """List the values a variable can have, where they are few and known; () otherwise."""
    match _inner(variable.definition):
        case ir.Factor(levels):
            items = levels
        case ir.Drawn(_, _, size) if size:
            return ()
        case ir.Drawn(ir.Law(name, (ir.SetOf(items), *_))) if name in _FINITE:
            pass
        case ir.Drawn(ir.Law("bernoulli")):
            items = (ir.Truth(True), ir.Truth(False))
        case _:
            return ()
    refs_ = [ir.Ref(name, ir.Role.VARIABLE) for name in variable.names]
    rows = []
    for item in items:
        parts = item.items if isinstance(item, ir.TupleOf) else (item,)
        rows.append(dict(zip(refs_, parts, strict=True)))
    return tuple(rows)


_FINITE = ("choice", "except", "alternate", "markov", IN_TURN)


def _inner(definition: ir.Definition) -> ir.Definition:
    """Say how a value is made, whether it holds for a trial or a block."""
    return definition.definition if isinstance(definition, ir.PerBlock) else definition


def fold(expr: ir.Expr, assignment: Assignment) -> ir.Expr:
    """Put values in for variables and decide what conditions they decide."""

    def change(node: ir.Expr) -> ir.Expr:
        match node:
            case ir.Ref():
                return assignment.get(node, node)
            case ir.Relabel(ir.Label(name), _, labels):
                return ir.Label(name, labels)
            case ir.Comparison("==" | "!=", ir.Label(a), ir.Label(b)):
                return ir.Truth((a == b) == (node.op == "=="))
            case ir.Comparison(op, a, b, False):
                left, right = constant(a, {}), constant(b, {})
                known = left is not None and right is not None
                return ir.Truth(_COMPARE[op](left, right)) if known else node
            case ir.Not(ir.Truth(value)):
                return ir.Truth(not value)
            case ir.Logical():
                return _fold_logical(node)
            case ir.Conditional(ir.Truth(value), then, otherwise):
                return then if value else otherwise
            case ir.Lookup(key, rows, values) if key in rows:
                return values[rows.index(key)]
            case _:
                return node

    return rewrite(expr, change)


_COMPARE = {
    "==": Fraction.__eq__,
    "!=": lambda a, b: a != b,
    "<": Fraction.__lt__,
    "<=": Fraction.__le__,
    ">": Fraction.__gt__,
    ">=": Fraction.__ge__,
}


def _fold_logical(node: ir.Logical) -> ir.Expr:
    decisive = node.op == "or"
    rest: list[ir.Expr] = []
    for side in (node.a, node.b):
        if isinstance(side, ir.Truth):
            if side.value is decisive:
                return ir.Truth(decisive)
        else:
            rest.append(side)
    if len(rest) == 2:
        return node
    return rest[0] if rest else ir.Truth(not decisive)


def linear(expr: ir.Expr) -> Form:
    """Collect an expression to a linear form; what is not linear stays whole, as a term."""
    match expr:
        case ir.Number(value, unit) if value != "nan" and unit is not ir.Unit.RADIAN:
            return Form(Fraction(value), {}) if math.isfinite(float(value)) else _term(expr)
        case ir.Negative(x):
            return _scaled(linear(x), Fraction(-1))
        case ir.Arithmetic("+", a, b):
            return _added(linear(a), linear(b))
        case ir.Arithmetic("-", a, b):
            return _added(linear(a), _scaled(linear(b), Fraction(-1)))
        case ir.Arithmetic("*", a, b):
            one, other = linear(a), linear(b)
            if not one.terms:
                return _scaled(other, one.constant)
            return _scaled(one, other.constant) if not other.terms else _term(expr)
        case ir.Arithmetic("/", a, b):
            divisor = linear(b)
            if divisor.terms or divisor.constant == 0:
                return _term(expr)
            return _scaled(linear(a), 1 / divisor.constant)
        case _:
            return _term(expr)


def _term(expr: ir.Expr) -> Form:
    return Form(Fraction(0), {expr: Fraction(1)})


def _scaled(form: Form, factor: Fraction) -> Form:
    if factor == 0:
        return Form(Fraction(0), {})
    terms = {atom: factor * value for atom, value in form.terms.items()}
    return Form(factor * form.constant, terms)


def _added(a: Form, b: Form) -> Form:
    terms = dict(a.terms)
    for atom, factor in b.terms.items():
        terms[atom] = terms.get(atom, Fraction(0)) + factor
    return Form(a.constant + b.constant, {atom: value for atom, value in terms.items() if value})


def total(task: ir.Task, before: str | None = None) -> ir.Expr:
    """Add up the durations of a trial, repetitions written out, up to an epoch where one is named.

    By halves: a long chain would nest deeply.
    """
    parts: list[ir.Expr] = []
    own = chains(task)
    stop = own[before] if before is not None else ()
    order = {epoch.name: i for i, epoch in enumerate(task.epochs)}
    for epoch in task.epochs:
        if epoch.duration is None:
            continue
        inside = common([own[epoch.name], stop])
        if before is not None and order[epoch.name] >= order[before]:
            break
        # Of the groups around the named epoch only the first repetition comes before it.
        parts += _repeated(epoch.duration, own[epoch.name], len(inside))
    return _sum(parts)


def _repeated(duration: ir.Expr, chain: Chain, once: int) -> list[ir.Expr]:
    """Give the duration of an epoch in each repetition; 0 in those that there are not.

    Of so many outer groups, only the first repetition.
    """
    if not chain:
        return [duration]
    zero = ir.Number("0", ir.Unit.MICROSECOND)
    there = presence(chain)
    found: list[ir.Expr] = []
    for indices in repetitions(chain):
        if any(indices[:once]):
            break
        if there is None:
            found.append(at_repetition(duration, chain, indices))
            continue
        condition = at_repetition(there, chain, indices)
        found.append(ir.Conditional(condition, at_repetition(duration, chain, indices), zero))
    return found


def at_repetition(expr: ir.Expr, chain: Chain, indices: tuple[int, ...]) -> ir.Expr:
    """Read an expression where the indices of some groups have these values."""
    numbers: dict[ir.Ref, ir.Expr] = {
        index_of(repeat): ir.Number(str(k)) for repeat, k in zip(chain, indices, strict=True)
    }
    return rewrite(expr, lambda x: numbers.get(x, x) if isinstance(x, ir.Ref) else x)


def _sum(parts: list[ir.Expr]) -> ir.Expr:
    while len(parts) > 1:
        odd = parts[len(parts) // 2 * 2 :]
        pairs = zip(parts[::2], parts[1::2], strict=False)
        parts = [ir.Arithmetic("+", a, b) for a, b in pairs] + odd
    return parts[0] if parts else ir.Number("0", ir.Unit.MICROSECOND)


def is_whole(expr: ir.Expr) -> bool:
    """Whether a time is a whole number of microseconds by how it is computed."""
    match expr:
        case ir.Number(value):
            return "." not in value and value not in ("nan", "inf")
        case ir.Ref() | ir.Elapsed():
            return True
        case ir.Negative(x) | ir.Index(x):
            return is_whole(x)
        case ir.Arithmetic("+" | "-", a, b):
            return is_whole(a) and is_whole(b)
        case ir.Conditional(_, then, otherwise):
            return is_whole(then) and is_whole(otherwise)
        case ir.Lookup(values=values):
            return all(is_whole(item) for item in values)
        case ir.Call("min" | "max" | "abs" | "previous", arguments):
            return all(is_whole(item) for item in arguments)
        case _:
            return False


def longest(task: ir.Task, bounds: Bounds) -> ir.Expr:
    """Bound the length of a trial, in us, as an expression over parameters alone."""
    if task.length is not None:
        return task.length
    cases = []
    for form in bounds.forms(total(task)):
        case = _upper(form, bounds)
        if case not in cases:
            cases.append(case)
    cases = _without_smaller(cases)
    rounded = 0
    around = chains(task)
    for epoch in task.epochs:
        if epoch.duration is not None and not is_whole(epoch.duration):
            rounded += times(around[epoch.name])
    if rounded:  # each of these durations may round up by half a microsecond
        cases = [_plus(case, Fraction(rounded)) for case in cases]
    numbers = [Fraction(case.value) for case in cases if isinstance(case, ir.Number)]
    rest: list[ir.Expr] = [case for case in cases if not isinstance(case, ir.Number)]
    if numbers:
        rest.append(ir.Number(str(math.ceil(max(numbers))), ir.Unit.MICROSECOND))
    return rest[0] if len(rest) == 1 else ir.Call("max", tuple(rest))


def _without_smaller(cases: list[ir.Expr]) -> list[ir.Expr]:
    """Drop the sums that differ from another only by a smaller constant."""
    best: dict[frozenset[tuple[ir.Expr, Fraction]], tuple[Fraction, ir.Expr]] = {}
    for case in cases:
        form = linear(case)
        terms = frozenset(form.terms.items())
        if terms not in best or form.constant > best[terms][0]:
            best[terms] = form.constant, case
    return [case for _, case in best.values()]


def _upper(form: Form, bounds: Bounds) -> ir.Expr:
    """Bound a form from above; what depends on drawn variables goes into the constant."""
    constant: Bound = form.constant
    terms: list[tuple[ir.Expr, Fraction]] = []
    for atom, factor in form.terms.items():
        fixed = _ceiling(atom, factor > 0, bounds)
        if fixed is None:
            reach = interval(atom, bounds.known)
            constant = constant + factor * (reach.high if factor > 0 else reach.low)
            continue
        inner = linear(fixed)
        constant = constant + factor * inner.constant
        terms += [(part, factor * value) for part, value in inner.terms.items()]
    expr: ir.Expr = ir.Number(str(math.ceil(constant)), ir.Unit.MICROSECOND)
    for atom, factor in terms:
        scaled = atom if factor == 1 else ir.Arithmetic("*", ir.Number(_text(factor)), atom)
        expr = ir.Arithmetic("+", expr, scaled)
    return expr


def _text(factor: Fraction) -> str:
    return str(factor.numerator) if factor.denominator == 1 else repr(float(factor))


def _plus(expr: ir.Expr, more: Fraction) -> ir.Expr:
    if isinstance(expr, ir.Number):
        return ir.Number(str(Fraction(expr.value) + more), ir.Unit.MICROSECOND)
    return ir.Arithmetic("+", expr, ir.Number(str(more), ir.Unit.MICROSECOND))


def _ceiling(atom: ir.Expr, up: bool, bounds: Bounds) -> ir.Expr | None:
    """Bound an atom by an expression over parameters, where there is one."""
    if all(ref.role is ir.Role.PARAM for ref in refs(atom)):
        return atom
    if not isinstance(atom, ir.Ref):
        return None
    for variable in bounds.variables:
        definition = _inner(variable.definition)
        if variable.names == (atom.name,) and isinstance(definition, ir.Drawn):
            if any(
                ref.role is not ir.Role.PARAM
                for expr in definition_expressions(definition)
                for ref in refs(expr)
            ):
                return None
            return _law_end(definition.law, up)
    return None


def _law_end(law: ir.Distribution, up: bool) -> ir.Expr | None:
    match law:
        case ir.Law("uniform", (low, high)):
            return high if up else low
        case ir.Law("exponential" | "truncnormal", (*_, low, high)):
            return high if up else low
        case ir.Law("choice" | "except", (ir.Ref() as members, *_)):
            return ir.Call("largest" if up else "smallest", (members,))
        case ir.QuantizedLaw(inner, step):
            end = _law_end(inner, up)
            half = ir.Arithmetic("/", step, ir.Number("2"))
            return None if end is None else ir.Arithmetic("+" if up else "-", end, half)
        case _:
            return None
