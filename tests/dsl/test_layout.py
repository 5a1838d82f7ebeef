"""Texts are cut into logical lines."""

import pytest
from written import codes, messages, only_task, parsed, section, well_parsed

from epochal.dsl import syntax
from epochal.dsl.layout import Layout, cut
from epochal.dsl.places import Places
from epochal.dsl.span import Source

HEAD = "epochal 1\n\ntask t:\n"


def layout(text: str) -> Layout:
    source = Source("test.task", text)
    return cut(source, Places(source))


def cut_texts(text: str) -> list[str]:
    return [text[line.start : line.end] for line in layout(text).lines]


def test_blank_lines_and_comments_are_no_lines() -> None:
    assert cut_texts("\n  \n# c\na  # d\n   # e\n\n  b \n") == ["a", "b"]


def test_lines_break_freely_within_brackets() -> None:
    text = "a = f(1,\n\n# c\n2)[\n3\n] + {\n4}\nb\n"
    assert cut_texts(text) == [text[:-3], "b"]


def test_marks_within_texts_mean_nothing() -> None:
    assert cut_texts('a = "(# \'["  # c\nb\n') == ['a = "(# \'["', "b"]


def test_quotes_and_brackets_within_comments_mean_nothing() -> None:
    assert layout("a  # don't (\nb  # \"\n").diagnostics == ()


def test_foreign_letters_may_stand_in_comments_and_texts() -> None:
    about = section("about", 'title: "日本 µ\t°"  # é\t')
    assert isinstance(about, syntax.About)
    assert about.fields[0].value == syntax.String(about.span, "日本 µ\t°")


def test_the_width_of_a_line_counts_its_spaces() -> None:
    assert [line.width for line in layout("a\n  b\n   c\n").lines] == [0, 2, 3]


def test_blocks_may_be_indented_by_any_number_of_spaces() -> None:
    text = "epochal 1\ntask t:\n  inputs:\n     a\n     b\n  outputs:\n   c\n"
    assert len(only_task(text).sections) == 2


def test_comments_may_be_indented_in_any_way() -> None:
    text = (
        "epochal 1\ntask t:\n# c\n    inputs:\n  # c\n            # c\n        a\n # c\n        b\n"
    )
    (inputs,) = only_task(text).sections
    assert isinstance(inputs, syntax.Inputs)
    assert len(inputs.channels) == 2


def test_all_tabs_are_one_mistake_whose_fixes_mend_the_file() -> None:
    text = "epochal 1\ntask t:\n\tinputs:\n\t\ta\tbaseline 1\n"
    file, found = parsed(text)
    (tabs,) = found
    assert tabs.code == "E0110"
    for fix in reversed(tabs.fixes):
        text = text[: fix.span.start] + fix.replacement + text[fix.span.end :]
    assert well_parsed(text) == file


def test_a_tab_on_an_empty_line_is_no_mistake() -> None:
    assert codes("epochal 1\n\t\n \t \n") == []


@pytest.mark.parametrize("sign", ["\x00", "\x0b", "\x0c", "\x1b", "\x7f", "\u2028", "\r", "é"])
def test_other_control_characters_and_foreign_letters_are_mistakes(sign: str) -> None:
    assert codes(f"{HEAD}    inputs:\n        a {sign} b\n") == ["E0111"]


def test_a_line_with_a_foreign_letter_is_reported_once() -> None:
    assert codes(f"{HEAD}    params:\n        µ = = (\n        b = 1\n") == ["E0111", "E0114"]


@pytest.mark.parametrize(
    "below",
    [
        "        b = 1",
        "        b: 1",
        "        b[1] ~ c",
        "        target b = 1",
        "    outputs:",
        "            outputs:  # deeper",
        "    during a..b if c:",
        "task u:",
        "        weight *= 2",
    ],
)
def test_an_open_bracket_ends_before_the_next_statement(below: str) -> None:
    text = f"{HEAD}    params:\n        a = (1, 2\n{below}\n"
    assert [line.row for line in layout(text).lines] == [1, 3, 4, 5, 6]
    assert [found.code for found in layout(text).diagnostics] == ["E0114"]


@pytest.mark.parametrize("below", ["            b = 1", "        b", "  * c", "        (d) = 3"])
def test_a_line_that_can_continue_an_expression_does(below: str) -> None:
    text = f"{HEAD}    params:\n        a = (1, 2,\n{below})\n"
    assert [line.row for line in layout(text).lines] == [1, 3, 4, 5]
    assert layout(text).diagnostics == ()


def test_an_open_bracket_costs_no_line_below_it() -> None:
    file, found = parsed(f"{HEAD}    params:\n        a = (1\n        b = 2\n        c = 3\n")
    assert [diagnostic.code for diagnostic in found] == ["E0114"]
    (task,) = file.items
    assert isinstance(task, syntax.Task)
    (params,) = task.sections
    assert isinstance(params, syntax.Params)
    assert [param.name.name for param in params.params] == ["b", "c"]
    assert file.skipped == {"a"}


def test_brackets_that_do_not_fit_are_reported_once_a_line() -> None:
    assert codes(f"{HEAD}    params:\n        a = {{(1], 2)}}}}\n        b = 2)\n") == [
        "E0115",
        "E0115",
    ]


def test_a_stray_indentation_is_reported_once_and_costs_no_line() -> None:
    text = (
        f"{HEAD}    params:\n        a = 1\n            b = 2\n            c = 3\n        d = 4\n"
    )
    file, found = parsed(text)
    assert [diagnostic.code for diagnostic in found] == ["E0116"]
    assert file.skipped == frozenset()


def test_an_indentation_between_two_blocks_is_that_of_the_nearer_one() -> None:
    text = f"{HEAD}    params:\n        a = 1\n       b = 2\n     outputs:\n        c\n"
    file, found = parsed(text)
    assert [diagnostic.code for diagnostic in found] == ["E0117", "E0117"]
    (task,) = file.items
    assert isinstance(task, syntax.Task)
    assert [type(part) for part in task.sections] == [syntax.Params, syntax.Outputs]


def test_a_block_without_lines_is_reported_wherever_it_ends() -> None:
    assert codes(f"{HEAD}    params:\n    inputs:\n        a\n    outputs:\n") == ["E0118"] * 2
    assert codes("epochal 1\ntask t:\ntask u:\n") == ["E0118"] * 2


def test_a_header_whose_lines_are_all_broken_has_lines() -> None:
    assert codes(f"{HEAD}    params:\n        a = ,\n        b = ,\n") == ["E0120"] * 2


def test_the_closing_quote_belongs_to_the_line() -> None:
    assert messages("about", 'title: "abc') == ['this text has no closing `"` on its line']
