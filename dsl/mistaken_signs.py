"""Recognise mistaken operators, numbers and units."""

import re
from decimal import Decimal

from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Fix
from epochal.dsl.expected import is_word, shorten, spelling
from epochal.dsl.nearest import nearest
from epochal.dsl.problem import Finding, Problem, Repair, first_part_instead, instead
from epochal.dsl.span import Span
from epochal.dsl.units import SYNONYMS, UNITS
from epochal.dsl.words import STATEMENT_WORDS

# Operators of other languages: what they are called here, and the terminal that means the same.
_OPERATORS = {
    "&&": ("`and`", "and"),
    "||": ("`or`", "or"),
    "&": ("`and`", "and"),
    "|": ("`or`", "or"),
    "===": ("`==`", "=="),
    "!==": ("`!=`", "!="),
    "<>": ("`!=`", "!="),
    "=<": ("`<=`", "<="),
    "=>": ("`>=`", ">="),
    "!": ("`not`", "not "),
    "^": ("`**`", "**"),
    ":=": ("`=`", "="),
    "<-": ("`~` to draw, `=` to compute", None),
    "//": ("`floor(a / b)`", None),
    "++": ("`x += 1`", None),
    "?": ("`a if condition else b`", None),
    ";": ("a line for each statement", None),
    "\\": ("brackets, within which lines break freely", None),
}
_OPERATOR = re.compile("|".join(re.escape(sign) for sign in sorted(_OPERATORS, key=len)[::-1]))
_NUMBERS = ("NUMBER", "QUANTITY")
_OPENERS = frozenset({"EQUAL", "COLON", "TILDE", "COMMA", "LPAR", "LSQB", "LBRACE"})
_FRACTION = re.compile(r"\.\d+(?![\w.])")
_GLUED = re.compile(r"([a-z]+)(\d[\w.]*)")
_OPERAND = re.compile(r" *([A-Za-z_]\w*(?:[(][^()]*[)])?|[\d.]+)(?![\w.])")
_KIND = re.compile(r" *[A-Za-z_]\w*[(]")
_WHOLE_HOURS = re.compile(r"\d{1,6}([.]\d{1,6})?")
_HOURS = frozenset({"h", "hr", "hrs", "hour", "hours"})
_QUESTIONS = frozenset({"IF", "REQUIRE", "UNTIL"})


def _modulo(problem: Problem) -> Finding | None:
    """Explain ``a % b``, and ``3 % 2``, whose sign has become a unit."""
    previous = problem.previous
    if previous is None:
        return None
    if problem.found == "%":
        left, start = str(previous), problem.token_span(previous).start
        after = problem.end
    elif previous.endswith(" %") and problem.kind in ("NAME", "NUMBER", "LPAR"):
        left, start = previous[:-1].strip(), problem.token_span(previous).start
        after = problem.start
    else:
        return None
    right = _OPERAND.match(problem.text, after, problem.line.end)
    fixes = []
    if right is not None and previous.type in ("NAME", *_NUMBERS) and _stands_alone(problem):
        span = problem.places.span(start, right.end())
        fixes.append(Fix("use the function", span, f"mod({left}, {right[1]})"))
    message = "`%` is the unit per cent: the remainder of a division is `mod(a, b)`"
    return Finding(diagnose("E0127", message, problem.span, fixes=fixes))


def _stands_alone(problem: Problem) -> bool:
    """Tell whether the token before the bad one begins its expression."""
    return len(problem.tokens) < 2 or problem.tokens[-2].type in _OPENERS


def _operator(problem: Problem) -> Finding | None:
    for start in range(problem.start - 2, problem.start + 1):
        found = _OPERATOR.match(problem.text, max(start, problem.line.start), problem.line.end)
        if found is None or found.end() <= problem.start:
            continue
        if start < problem.start and len(found[0]) < 1 + problem.start - start:
            continue
        if len(found[0]) < len(problem.found):
            continue
        return _use_instead(problem, found)
    return None


def _use_instead(problem: Problem, found: re.Match[str]) -> Finding:
    name, replacement = _OPERATORS[found[0]]
    span = problem.places.span(found.start(), found.end())
    message = f"`{found[0]}` is not part of this language: use {name}"
    fixes = [] if replacement is None else [Fix(f"use {name}", span, replacement)]
    return Finding(diagnose("E0127", message, span, fixes=fixes))


def _fraction(problem: Problem) -> Finding | None:
    """Explain ``.5``, ``5.`` and ``baseline0.2``, which is read as a name and ``.2``."""
    if not problem.found.startswith("."):
        return None
    fraction = _FRACTION.match(problem.text, problem.start, problem.line.end)
    previous = problem.previous
    touches = previous is not None and previous.end_pos == problem.start
    if fraction is None and touches and previous is not None and previous.type in _NUMBERS:
        span = problem.places.span(problem.token_span(previous).start, problem.end)
        fixes = [Fix("write the digit", span, f"{previous}.0")]
        message = f"a number has digits after its point: `{shorten(previous)}.0`"
        return Finding(diagnose("E0128", message, span, fixes=fixes))
    if fraction is None:
        return None
    if touches and previous is not None and previous.type == "NAME":
        span = problem.places.span(problem.token_span(previous).start, fraction.end())
        return _glued_name(span, str(previous), fraction[0])
    span = problem.places.span(problem.start, fraction.end())
    fixes = [Fix("write the digit", span, f"0{fraction[0]}")]
    message = f"a number has digits before its point: `0{shorten(fraction[0])}`"
    return Finding(diagnose("E0128", message, span, fixes=fixes))


def _glued_name(span: Span, name: str, fraction: str) -> Finding:
    stem = name.rstrip("0123456789")
    return _missing_space(span, stem, f"{name[len(stem) :] or 0}{fraction}")


def _glued_word(problem: Problem) -> Finding | None:
    """Explain a word of the language that touches a number: ``5else``, ``baseline0.2``."""
    previous = problem.previous
    if problem.kind != "NAME":
        return None
    if previous is not None and previous.end_pos == problem.start and previous.type in _NUMBERS:
        if problem.found.upper() not in problem.expected:
            return None
        span = problem.places.span(problem.token_span(previous).start, problem.end)
        finding = _missing_space(span, str(previous), problem.found)
        return Finding(finding.diagnostic, instead(problem, problem.found.upper(), problem.found))
    glued = _GLUED.match(problem.text, problem.start, problem.line.end)
    if glued is None or glued[1].upper() not in problem.expected:
        return None
    span = problem.places.span(problem.start, glued.end())
    diagnostic = _missing_space(span, glued[1], glued[2]).diagnostic
    return Finding(diagnostic, first_part_instead(problem, glued[1]))


def _missing_space(span: Span, left: str, right: str) -> Finding:
    message = f"a space is missing between `{shorten(left)}` and `{shorten(right)}`"
    fixes = [Fix("insert the space", span, f"{left} {right}")]
    return Finding(diagnose("E0129", message, span, fixes=fixes))


def _unit(problem: Problem) -> Finding | None:
    """Explain a word behind a number that is no unit."""
    previous = problem.previous
    if problem.kind != "NAME" or previous is None or previous.type not in _NUMBERS:
        return None
    span, unit = problem.span, problem.found
    if unit in STATEMENT_WORDS:
        return None
    known = SYNONYMS.get(unit.lower())
    if known is None:
        words = {spelling(terminal) for terminal in problem.expected if is_word(terminal)}
        if nearest(unit, sorted(words)) is not None:
            return None
        known = nearest(unit, UNITS) if len(unit) > 2 else None
    if unit.lower() in _HOURS and _WHOLE_HOURS.fullmatch(previous):
        return _hours(problem)
    if known is None:
        units = ", ".join(f"`{name}`" for name in UNITS)
        message = f"`{shorten(unit)}` is not a unit: the units are {units}; a product needs its `*`"
        return Finding(diagnose("E0130", message, span))
    message = f"`{unit}` is not a unit: did you mean `{known}`?"
    return Finding(diagnose("E0130", message, span, fixes=[Fix("correct it", span, known)]))


def _hours(problem: Problem) -> Finding:
    assert problem.previous is not None
    minutes = f"{Decimal(str(problem.previous)) * 60:f} min"
    span = problem.places.span(problem.token_span(problem.previous).start, problem.end)
    message = f"hours are not a unit: write minutes, `{minutes}`"
    return Finding(diagnose("E0130", message, span, fixes=[Fix("use minutes", span, minutes)]))


def _equal_for_colon(problem: Problem) -> Finding | None:
    asks = any(token.type in _QUESTIONS for token in problem.tokens)
    if problem.kind != "EQUAL" or "COLON" not in problem.expected or asks:
        return None
    if problem.block in ("inputs", "outputs") and not _KIND.match(problem.text, problem.end):
        message = "a channel has no `=`: its value at rest is its `baseline`"
        fixes = [problem.replace("say `baseline`", "baseline")]
        diagnostic = diagnose("E0123", message, problem.span, fixes=fixes)
        return Finding(diagnostic, instead(problem, "BASELINE", "baseline"))
    message = f"found `=` where `:` belongs: {_place(problem)} has a colon"
    fixes = [_colon(problem)]
    diagnostic = diagnose("E0123", message, problem.span, fixes=fixes)
    return Finding(diagnostic, instead(problem, "COLON", ":"))


def _colon_for_equal(problem: Problem) -> Finding | None:
    if problem.kind != "COLON" or "EQUAL" not in problem.expected:
        return None
    message = f"found `:` where `=` belongs: {_place(problem)} has an equals sign"
    if "TILDE" in problem.expected:
        message = "found `:` where `=` computes a value and `~` draws one"
    fixes = [problem.replace("use `=`", "=" if _spaced(problem) else " =")]
    diagnostic = diagnose("E0123", message, problem.span, fixes=fixes)
    return Finding(diagnostic, instead(problem, "EQUAL", "="))


def _spaced(problem: Problem) -> bool:
    return problem.text[problem.start - 1] == " "


def _colon(problem: Problem) -> Fix:
    """Fix that puts a colon for an equals sign and the space before it."""
    start = problem.start - _spaced(problem)
    return Fix("use a colon", problem.places.span(start, problem.end), ":")


def _place(problem: Problem) -> str:
    """Say what kind of line a problem stands on."""
    if len(problem.tokens) > 2:
        return "what stands here"
    return {
        "params": "a parameter",
        "epochs": "the duration of an epoch",
        "inputs": "the kind of a channel",
        "outputs": "the kind of a channel",
        "during": "what happens in an epoch",
        "mix": "a weight",
    }.get(problem.block, f"a line of `{problem.block}`")


def _equals_twice(problem: Problem) -> Finding | None:
    """Explain ``x == 3`` where only ``=`` is known, so that two of them are read."""
    previous = problem.previous
    if problem.kind != "EQUAL" or previous is None or previous.type != "EQUAL":
        return None
    if previous.end_pos != problem.start or problem.found == problem.text[problem.end]:
        return None
    span = problem.places.span(problem.start - 1, problem.end)
    message = "found `==`, which compares: `=` defines"
    diagnostic = diagnose("E0135", message, span, fixes=[Fix("use `=`", span, "=")])
    return Finding(diagnostic, Repair(problem.tokens, problem.end))


def _equals(problem: Problem) -> Finding | None:
    """Explain ``x == 3`` as a definition and ``if x = 3`` as a comparison."""
    if problem.kind == "EQUALS" and "EQUAL" in problem.expected:
        message = "found `==`, which compares: `=` defines"
        sign, terminal = "=", "EQUAL"
    elif problem.kind == "EQUAL" and "EQUALS" in problem.expected:
        message = "found `=`, which defines: `==` compares"
        sign, terminal = "==", "EQUALS"
    else:
        return None
    fixes = [problem.replace(f"use `{sign}`", sign)]
    diagnostic = diagnose("E0135", message, problem.span, fixes=fixes)
    return Finding(diagnostic, instead(problem, terminal, sign))


SIGN_RULES = (
    _fraction,
    _modulo,
    _operator,
    _equals_twice,
    _equal_for_colon,
    _colon_for_equal,
    _equals,
    _glued_word,
    _unit,
)
