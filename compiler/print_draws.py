"""Printing how each variable of the trial table is drawn or computed."""

from collections.abc import Iterable, Mapping
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from epochal.compiler import ir, print_signals, prose
from epochal.compiler.bounds import is_whole
from epochal.compiler.distributions import BLOCK_LAWS, DISTRIBUTIONS, IN_TURN
from epochal.compiler.numpy_text import Printer
from epochal.compiler.print_line import file_name, line, quoted
from epochal.compiler.print_names import Names, Speaker
from epochal.compiler.print_repetitions import Repetitions
from epochal.compiler.printed import Shape
from epochal.compiler.redraw import Attempted
from epochal.compiler.repeats import chains
from epochal.compiler.walk import law_expressions, refs


class Drawing(Struct, frozen=True):
    """What the statements of ``sample_trials`` share.

    ``places`` says for each factor where in the cell of the design its level is found;
    ``redrawn`` are the draws that an attempt makes anew.  ``once`` says that one row of numbers
    is drawn for the whole batch, ``exact`` that a drawn time is not rounded yet.
    """

    show: Printer
    names: Names
    places: Mapping[str, str]
    redrawn: frozenset[str] = frozenset()
    indent: int = 4
    each: Printer | None = None
    once: bool = False
    exact: bool = False

    def members(self, values: ir.Expr) -> ir.SetOf:
        """Find the members of a set, or of the parameter that holds it."""
        while isinstance(values, ir.Ref):
            param = self.names.param(values.name)
            assert param is not None
            assert param.value is not None
            values = param.value
        assert isinstance(values, ir.SetOf)
        return values

    def argument(self, expr: ir.Expr, kind: ir.Type) -> str:
        """Print an argument of a law, for each value of an array where it gives one."""
        if self.each is not None and isinstance(kind, ir.ArrayType):
            shown = self.each.show(expr)
            fixed = shown.shape is Shape.CONSTANT
            return shown.text if fixed else f"np.reshape({shown.text}, (n, {kind.n}))"
        return self.show.wide(expr) if isinstance(kind, ir.ArrayType) else self.show.text(expr)


def places(factors: list[ir.Variable]) -> dict[str, str]:
    """Say for each factor where in the cell of the design its level is found, the first fastest."""
    found, stride = {}, 1
    for factor in factors:
        place = "cell" if stride == 1 else f"cell // {stride}"
        found[factor.names[0]] = place if factor is factors[-1] else f"{place} % {cells(factor)}"
        stride *= cells(factor)
    return found


def cells(variable: ir.Variable) -> int:
    """Count the cells of a factor."""
    assert isinstance(variable.definition, ir.Factor)
    return sum(variable.definition.copies)


def variable_lines(variable: ir.Variable, job: Drawing) -> list[str]:
    """Print how one variable is made."""
    match variable.definition:
        case ir.Factor():
            return _factor(variable, variable.definition, job)
        case ir.Drawn(law, key):
            return _drawn(variable, law, key, job)
        case ir.Computed(value):
            text = _computed(value, variable.types[0], job.show)
            return [line(f"{job.names.value(variable.names[0])} = {text}", variable.at, job.indent)]
        case ir.Counter() | ir.PerBlock():
            raise AssertionError("what is wider than a trial is printed before the trials")
    assert_never(variable.definition)


def attempts(group: Attempted, job: Drawing) -> list[str]:
    """Print a loop that draws until requirements hold."""
    inner = replace(job, redrawn=group.redrawn, indent=8)
    redrawn = [v for v in group.variables if v.names[0] in group.redrawn]
    locals_ = [name for v in redrawn for name in _locals(v, job.names)]
    lines = [
        line(f"{' = '.join(locals_)} = None"),
        line("again = np.ones(n, bool)"),
        line("for attempt in range(ATTEMPTS):"),
    ]
    for variable in group.variables:
        lines += variable_lines(variable, inner)
    sides = [job.show.show(one.condition) for one in group.requirements]
    broken = " | ".join(f"np.logical_not({side.text})" for side in sides)
    file = file_name(group.requirements[0].at)
    numbers = ", ".join(str(one.at.line) for one in group.requirements)
    lines.append(f"        # {file}:{numbers}")
    lines.append(line(f"again = {broken}", indent=8))
    told = " and ".join(prose.show(one.condition) for one in group.requirements)
    told = told if len(told) <= 50 else f"{told[:47]}..."
    lines.append(line(f"if settled(again, attempt, {quoted(told)}):", indent=8))
    return [*lines, line("break", indent=12)]


def _locals(variable: ir.Variable, names: Names) -> list[str]:
    """Name what a draw of a variable gives: its value, or the row of a table of tuples."""
    if len(variable.names) > 1:
        return [names.row(variable.names)]
    found = [names.value(variable.names[0])]
    if print_signals.process_of(variable) is not None:
        found.append(names.value(print_signals.HEIGHTS.format(variable.names[0])))
    return found


def _factor(variable: ir.Variable, factor: ir.Factor, job: Drawing) -> list[str]:
    """Print which level of a factor each cell of the design has."""
    place = job.places[variable.names[0]]
    if cells(variable) > len(factor.levels):
        repeats = f"np.repeat(np.arange({len(factor.levels)}), {listed(map(str, factor.copies))})"
        place = f"{repeats}[{place}]"
    return _levels(variable, factor.levels, place, job)


def _levels(
    variable: ir.Variable, levels: tuple[ir.Expr, ...], place: str, job: Drawing
) -> list[str]:
    """Print the members of a list that stand at some places."""
    locals_ = [job.names.value(name) for name in variable.names]
    if all(isinstance(level, ir.Label) for level in levels):
        return [line(f"{locals_[0]} = {place}", variable.at, job.indent)]
    if len(locals_) == 1:
        return [
            line(
                f"{locals_[0]} = np.array({_table(levels, job)})[{place}]", variable.at, job.indent
            )
        ]
    row = job.names.row(variable.names)
    lines = [line(f"{row} = {place}", variable.at, job.indent)]
    for i, name in enumerate(locals_):
        column = tuple(level.items[i] for level in levels if isinstance(level, ir.TupleOf))
        text = f"np.array({_table(column, job)})[{row}]"
        if _differ(column, job):
            text = _one_each(row, column, variable.types[i], job)
        lines.append(line(f"{name} = {text}", variable.at, job.indent))
    return lines


def _table(levels: tuple[ir.Expr, ...], job: Drawing) -> str:
    """Print a list of levels, by the constant of a parameter that holds the same.

    A set of labels has no constant.
    """
    for param in () if isinstance(levels[0], ir.Label) else job.names.task.params:
        if param.structural and isinstance(param.value, ir.SetOf) and param.value.items == levels:
            return job.names.structural(param.name)
    return listed(job.show.text(level) for level in levels)


def listed(items: Iterable[str]) -> str:
    """Print a tuple."""
    shown = list(items)
    return f"({', '.join(shown)}{',' if len(shown) == 1 else ''})"


def rounded(expr: ir.Expr, kind: ir.Type, text: str) -> str:
    """Round a printed time, where it may not be whole."""
    return f"whole({text})" if kind == ir.TIME and not is_whole(expr) else text


def _drawn(variable: ir.Variable, law: ir.Distribution, key: str, job: Drawing) -> list[str]:
    """Print a draw."""
    if isinstance(law, ir.Law) and print_signals.process_of(variable) is not None:
        return _process(variable, law, job)
    if isinstance(variable.definition, ir.Drawn) and variable.definition.per_batch:
        return _for_batch(variable, law, key, job)
    if isinstance(law, ir.Law) and law.name in BLOCK_LAWS:
        return _block_law(variable, law, key, job)
    if len(variable.names) > 1:
        attempt = ", attempt" if variable.names[0] in job.redrawn else ""
        return _tuple_draw(variable, law, f'draw.unit("{key}"{attempt})', job)
    if any(ref.role is ir.Role.INDEX for expr in law_expressions(law) for ref in refs(expr)):
        return _in_each(variable, law, key, job)
    return _independent(variable, law, key, job)


def _independent(variable: ir.Variable, law: ir.Distribution, key: str, job: Drawing) -> list[str]:
    """Print one draw a trial, or as many as an array has values."""
    again = variable.names[0] in job.redrawn
    attempt = ", attempt" if again else ""
    kind = variable.types[0]
    unit = f'draw.unit("{key}"{attempt})'
    if isinstance(kind, ir.ArrayType):
        unit = f'draw.units("{key}", {kind.n}{attempt})'
    lines, unit = _word(law, unit, variable, job)
    text = _law(law, unit, key, kind, job)
    name = job.names.value(variable.names[0])
    text = f"renewed({name}, {text}, again)" if again else text
    return [*lines, line(f"{name} = {text}", variable.at, job.indent)]


def _process(variable: ir.Variable, law: ir.Law, job: Drawing) -> list[str]:
    """Print the draw of a process, where it is drawn with the trial table."""
    again = variable.names[0] in job.redrawn
    attempt = ", attempt=attempt" if again else ""
    heights = _heights(law, job) if law.name == "pulse_train" else ""
    lines = []
    for column, text in print_signals.drawn(variable, law, attempt, job.show, heights):
        name = job.names.value(column)
        if column != variable.names[0]:
            text = f"at_events({job.names.value(variable.names[0])}, {text})"
        text = f"renewed({name}, {text}, again)" if again else text
        lines.append(line(f"{name} = {text}", variable.at, job.indent))
    return lines


def _heights(law: ir.Law, job: Drawing) -> str:
    """Print how a number in (0, 1), in place of ``{}``, chooses the height of a pulse."""
    values = law.arguments[3]
    if isinstance(values, ir.SetOf) and len(values.items) == 1:
        return job.show.text(values.items[0])
    return _choice(values, "{}", ir.NUMBER, job)


def _block_law(variable: ir.Variable, law: ir.Law, key: str, job: Drawing) -> list[str]:
    """Print levels that follow each other from block to block."""
    members, *more = law.arguments
    assert isinstance(members, ir.SetOf)
    shown = ["draw", f'"{key}"', "BLOCKS", str(len(members.items))]
    shown += [job.show.text(one) for one in more if one != ir.Number("inf")]
    return _levels(variable, members.items, f"{law.name}({', '.join(shown)})", job)


def _in_each(variable: ir.Variable, law: ir.Distribution, key: str, job: Drawing) -> list[str]:
    """Print a draw in the duration of a repeated epoch whose law depends on the repetition."""
    chain = chains(job.names.task)[key.removeprefix("epoch:")]
    rows = Repetitions(chain, job.names).lines(variable.at, None, job.indent)
    each = replace(job, each=Speaker(job.names).each_drawn())
    return [*rows, *_independent(variable, law, key, each)]


def _for_batch(variable: ir.Variable, law: ir.Distribution, key: str, job: Drawing) -> list[str]:
    """Print a draw that all trials of a batch share."""
    unit = f'draw.once("{key}")'
    if isinstance(law, ir.Law) and law.name == IN_TURN:
        (levels,) = law.arguments
        assert isinstance(levels, ir.SetOf)
        place = f'np.full(n, draw.turn("{key}", {len(levels.items)}))'
        if isinstance(levels.items[0], ir.Label):
            places = listed(job.show.text(item) for item in levels.items)
            name = job.names.value(variable.names[0])
            return [line(f"{name} = np.array({places})[{place}]", variable.at, job.indent)]
        return _levels(variable, levels.items, place, job)
    if len(variable.names) > 1:
        return _tuple_draw(variable, law, unit, job, "np.full(n, {})")
    kind = variable.types[0]
    shape = "n"
    if isinstance(kind, ir.ArrayType):
        unit, shape = f'draw.once("{key}", {kind.n})', f"(n, {kind.n})"
    text = _law(law, unit, key, kind, replace(job, once=True))
    name = job.names.value(variable.names[0])
    return [line(f"{name} = np.full({shape}, {text})", variable.at, job.indent)]


def _word(
    law: ir.Distribution, unit: str, variable: ir.Variable, job: Drawing
) -> tuple[list[str], str]:
    """Name the random numbers of a law that may read them twice."""
    inner = law.law if isinstance(law, ir.QuantizedLaw) else law
    if not isinstance(inner, ir.EitherLaw):
        return [], unit
    return [line(f"u = {unit}", variable.at, job.indent)], "u"


def _tuple_draw(
    variable: ir.Variable, law: ir.Distribution, unit: str, job: Drawing, wrap: str = "{}"
) -> list[str]:
    """Print a draw of one row of a table of tuples."""
    lines, unit = _word(law, unit, variable, job)
    place, items = _row(law, unit, variable.types[0], job)
    place = wrap.format(place)
    if variable.names[0] in job.redrawn:
        place = f"renewed({job.names.row(variable.names)}, {place}, again)"
    return [*lines, *_levels(variable, items, place, job)]


def _row(
    law: ir.Distribution, unit: str, kind: ir.Type, job: Drawing
) -> tuple[str, tuple[ir.Expr, ...]]:
    """Print which row a law draws, and list the rows, those of a second side behind the first."""
    match law:
        case ir.EitherLaw(condition, then, otherwise):
            first, items = _row(then, unit, kind, job)
            second, more = _row(otherwise, unit, kind, job)
            condition_ = job.argument(condition, kind)
            return f"np.where({condition_}, {first}, {len(items)} + {second})", (*items, *more)
        case ir.Law("choice", (members,)):
            found = job.members(members)
            return _place(found, unit, kind, job), found.items
        case ir.Law("except", (members, ir.TupleOf(parts))):
            found = job.members(members)
            rows = listed(job.show.text(item) for item in found.items)
            keys = ", ".join(job.argument(part, kind) for part in parts)
            taken = f"row_of({rows}, {keys})"
            return _place(found, unit, kind, job, taken), found.items
    raise AssertionError(law)


def _place(members: ir.SetOf, unit: str, kind: ir.Type, job: Drawing, taken: str = "") -> str:
    """Print which member is drawn; not that at the place ``taken``, where one is given."""
    if not members.weights:
        k = len(members.items)
        return f"except_index({unit}, {k}, {taken})" if taken else f"pick({unit}, {k})"
    weights = listed(job.argument(weight, kind) for weight in members.weights)
    if any(job.show.show(weight).shape is not Shape.CONSTANT for weight in members.weights):
        weights = f"np.stack(np.broadcast_arrays{weights}, axis=-1)"
    if taken:
        return f"weighted_except({unit}, {weights}, {taken})"
    return f"weighted({unit}, {weights})"


def _except(members: ir.Expr, taken: ir.Expr, unit: str, kind: ir.Type, job: Drawing) -> str:
    """Print a member other than one value."""
    found, left_out = job.members(members), job.argument(taken, kind)
    if _are_labels(found.items):
        return _labels(found.items, _place(found, unit, kind, job, left_out))
    table = job.show.text(members)
    place = f"row_of({table}, {left_out})"
    if isinstance(members, ir.Ref) and not found.weights:
        return f"np.array({table})[except_index({unit}, len({table}), {place})]"
    return f"np.array({table})[{_place(found, unit, kind, job, place)}]"


def _are_labels(items: tuple[ir.Expr, ...]) -> bool:
    return all(isinstance(item, ir.Label) for item in items)


def _labels(items: tuple[ir.Expr, ...], place: str) -> str:
    """Print the labels at some places of a set, which may be part of a wider one."""
    places = [item.labels.index(item.name) for item in items if isinstance(item, ir.Label)]
    if places == list(range(len(places))):
        return place
    return f"np.array({listed(map(str, places))})[{place}]"


def _law(law: ir.Distribution, unit: str, key: str, kind: ir.Type, job: Drawing) -> str:
    show = job.show
    match law:
        case ir.EitherLaw(condition, then, otherwise):
            sides = [_law(side, unit, key, kind, job) for side in (then, otherwise)]
            return f"np.where({job.argument(condition, kind)}, {sides[0]}, {sides[1]})"
        case ir.Law("choice", (members,)):
            return _choice(members, unit, kind, job)
        case ir.Law("except", (members, taken)):
            return _except(members, taken, unit, kind, job)
        case ir.QuantizedLaw(inner, step):
            text = _law(inner, unit, key, kind, replace(job, exact=True))
            return _to_microseconds(f"quantize({text}, {job.argument(step, kind)})", kind, job)
        case ir.Law("sample", (ir.SetOf() as members, count)):
            return _sample(members, show.text(count), key, job)
        case ir.Law(name, arguments):
            shown = ", ".join(job.argument(item, kind) for item in arguments)
            text = f"{name}({unit}, {shown})"
            if name == "truncnormal":
                text = f'truncnormal(draw, "{key}", {shown}{_more(kind, key, job)})'
            return text if DISTRIBUTIONS[name].whole else _to_microseconds(text, kind, job)
    raise AssertionError(law)


def _to_microseconds(text: str, kind: ir.Type, job: Drawing) -> str:
    """Round a drawn time, unless that is done outside."""
    item = kind.item if isinstance(kind, ir.ArrayType) else kind
    return f"whole({text})" if item == ir.TIME and not job.exact else text


def _more(kind: ir.Type, key: str, job: Drawing) -> str:
    """Print what a law that redraws must know beside its arguments."""
    attempt = ", attempt" if key.partition(":")[2] in job.redrawn else ""
    size = f", k={kind.n}" if isinstance(kind, ir.ArrayType) else ""
    return attempt + size + (", once=True" if job.once else "")


def _sample(members: ir.SetOf, count: str, key: str, job: Drawing) -> str:
    """Print members in random order, none twice."""
    k = len(members.items)
    attempt = ", attempt" if key.partition(":")[2] in job.redrawn else ""
    order = f'permutation(draw.each("{key}", {k}{attempt}))'
    if job.once:
        order = f'permutation(draw.words("{key}", {k})[None])'
    order += f"[:, :{count}]" if count != str(k) else ""
    counted = tuple(ir.Number(str(i)) for i in range(k))
    if members.items == counted or all(isinstance(one, ir.Label) for one in members.items):
        return order
    return f"np.array({_table(members.items, job)})[{order}]"


def _choice(members: ir.Expr, unit: str, kind: ir.Type, job: Drawing) -> str:
    found = job.members(members)
    if _are_labels(found.items):
        return _labels(found.items, _place(found, unit, kind, job))
    if isinstance(members, ir.SetOf) and _differ(found.items, job):
        return _one_each(_place(found, unit, kind, job), found.items, kind, job)
    table = job.show.text(members)
    if found.weights:
        return f"np.array({table})[{_place(found, unit, kind, job)}]"
    return f"choice({unit}, {table})"


def _differ(items: tuple[ir.Expr, ...], job: Drawing) -> bool:
    """Whether members of a set differ from trial to trial."""
    return any(job.show.show(item).shape is not Shape.CONSTANT for item in items)


def _one_each(place: str, items: tuple[ir.Expr, ...], kind: ir.Type, job: Drawing) -> str:
    """Print the members at some places of a list that differs from trial to trial."""
    text = f"one_each({place}, {listed(job.argument(item, kind) for item in items)})"
    item = kind.item if isinstance(kind, ir.ArrayType) else kind
    exact = item != ir.TIME or all(is_whole(one) for one in items)
    return text if exact else f"whole({text})"


def _computed(value: ir.Expr, kind: ir.Type, show: Printer) -> str:
    shown = show.show(value)
    if isinstance(kind, ir.ArrayType):
        differs = any(ref.role is ir.Role.VARIABLE for ref in refs(value))
        text = rounded(value, kind.item, show.wide(value))
        whole_rows = differs and shown.shape is Shape.ARRAY
        return text if whole_rows else f"np.full((n, {kind.n}), {text})"
    text = rounded(value, kind, shown.text)
    return f"np.full(n, {text})" if shown.shape is Shape.CONSTANT else text
