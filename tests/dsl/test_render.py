"""Diagnostics are shown with their line and a caret under the whole place."""

import json
import re

import pytest
from written import BLOCK, parsed

from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Fix, Note, Severity
from epochal.dsl.places import Places
from epochal.dsl.render import render
from epochal.dsl.render_json import render_json
from epochal.dsl.span import Source, Span

TEXT = "one two\nthree four\nfive\n"
PLACES = Places(Source("x.task", TEXT))
SOURCES = {"x.task": TEXT}
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def place(word: str) -> Span:
    start = TEXT.index(word)
    return PLACES.span(start, start + len(word))


FULL = diagnose(
    "E0120",
    "found `four`",
    place("four"),
    notes=[Note("it began here", place("one")), Note("nowhere")],
    fixes=[Fix("spell it", place("four"), "4"), Fix("leave it out", place("three "), "")],
)


def shown(text: str, marked: str) -> list[str]:
    """Render a diagnostic at a part of a text, and give the line and the caret line."""
    start = text.index(marked)
    span = Places(Source("x", text)).span(start, start + len(marked))
    return render([diagnose("E0120", "m", span)], {"x": text}, color=False).split("\n")[1:3]


def test_a_diagnostic_is_shown_with_notes_and_help() -> None:
    assert render([FULL], SOURCES, color=False) == (
        "x.task:2:7: error[E0120]: found `four`\n"
        "    2 | three four\n"
        "      |       ^^^^\n"
        "x.task:1:1: note: it began here\n"
        "    1 | one two\n"
        "      | ^^^\n"
        "note: nowhere\n"
        "help: spell it: `4` for `four`\n"
        "help: leave it out: delete `three `\n"
    )


def test_colour_changes_nothing_but_colour() -> None:
    coloured = render([FULL], SOURCES, color=True)
    assert "\x1b[" in coloured
    assert ANSI.sub("", coloured) == render([FULL], SOURCES, color=False)


def test_a_warning_says_so() -> None:
    warning = Diagnostic("W0700", "w", place("one"), Severity.WARNING)
    assert render([warning], SOURCES, color=False).startswith("x.task:1:1: warning[W0700]: w\n")


def test_a_file_that_is_not_given_is_not_quoted() -> None:
    span = Span("other", 3, 5, 1, 4)
    assert render([diagnose("E0120", "m", span)], SOURCES, color=False) == (
        "other:1:4: error[E0120]: m\n"
    )


def test_a_mistake_about_a_file_has_no_place() -> None:
    assert render([diagnose("E0101", "m", None)], {}, color=False) == "error[E0101]: m\n"


def test_diagnostics_are_sorted_and_said_once() -> None:
    late, early = diagnose("E0120", "b", place("five")), diagnose("E0120", "a", place("one"))
    report = render([late, early, late], SOURCES, color=False)
    assert re.findall(r"\]: (.)", report) == ["a", "b"]


def test_carets_stop_at_the_end_of_the_first_line() -> None:
    assert shown("a = (1,\n2)\n", "(1,\n2)") == ["    1 | a = (1,", "      |     ^^^"]
    assert shown("a = (1,\r\n2)\r\n", "(1,\r\n2)") == ["    1 | a = (1,", "      |     ^^^"]


@pytest.mark.parametrize(
    ("text", "line", "carets"),
    [
        ("\ta = bad", "        a = bad", "            ^^^"),
        ("日本 bad", "    日本 bad", "         ^^^"),
        ("e\u0301 bad", "    e\u0301 bad", "      ^^^"),
        ("日bad語x", "    日bad語x", "      ^^^"),
        ("\x1b[31m bad", "    \ufffd[31m bad", "          ^^^"),
    ],
)
def test_tabs_wide_and_hidden_characters_do_not_misplace_carets(
    text: str, line: str, carets: str
) -> None:
    assert shown(text, "bad") == [f"    1 |{line[3:]}", f"      |{carets[3:]}"]


def test_a_wide_character_has_two_carets() -> None:
    assert shown("a 日 b", "日")[1] == "      |   ^^"


def test_an_empty_place_has_one_caret() -> None:
    span = PLACES.span(7, 7)
    report = render([diagnose("E0120", "m", span)], SOURCES, color=False)
    assert report.split("\n")[2] == "      |        ^"


@pytest.mark.parametrize("before", [0, 50, 5000])
@pytest.mark.parametrize("after", [0, 50, 5000])
def test_a_long_line_is_cut_around_its_carets(before: int, after: int) -> None:
    line, carets = shown("x" * before + " bad " + "y" * after, " bad ")
    assert len(line) < 120
    column = carets.index("^")
    assert line[column : column + 5].rstrip() == " bad"
    assert carets.count("^") == 5


def test_no_control_character_reaches_the_terminal() -> None:
    text = BLOCK.format(block="about", line='title: "\x1b[31m\x07" 3')
    report = render(parsed(text)[1], {"test.task": text}, color=False)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", report)


def test_many_fixes_are_shown_in_part() -> None:
    fixes = [Fix("f", place("one"), str(number)) for number in range(5)]
    report = render([diagnose("E0110", "m", place("one"), fixes=fixes)], SOURCES, color=False)
    assert report.count("help: f") == 3
    assert report.endswith("help: and 2 more like these\n")


def test_records_hold_what_json_can_hold() -> None:
    (record,) = json.loads(json.dumps(render_json([FULL], SOURCES)))
    assert record == {
        "code": "E0120",
        "severity": "error",
        "message": "found `four`",
        "file": "x.task",
        "line": 2,
        "column": 7,
        "end_line": 2,
        "end_column": 11,
        "notes": [
            {
                "message": "it began here",
                "file": "x.task",
                "line": 1,
                "column": 1,
                "end_line": 1,
                "end_column": 4,
            },
            {
                "message": "nowhere",
                "file": None,
                "line": None,
                "column": None,
                "end_line": None,
                "end_column": None,
            },
        ],
        "fixes": [
            {
                "message": "spell it",
                "replacement": "4",
                "file": "x.task",
                "line": 2,
                "column": 7,
                "end_line": 2,
                "end_column": 11,
            },
            {
                "message": "leave it out",
                "replacement": "",
                "file": "x.task",
                "line": 2,
                "column": 1,
                "end_line": 2,
                "end_column": 7,
            },
        ],
    }


def test_a_record_of_a_place_over_several_lines_says_where_it_ends() -> None:
    span = PLACES.span(4, 13)
    (record,) = render_json([diagnose("E0120", "m", span)], SOURCES)
    assert (record["line"], record["column"]) == (1, 5)
    assert (record["end_line"], record["end_column"]) == (2, 6)
