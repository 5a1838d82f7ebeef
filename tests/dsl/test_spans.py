"""Spans reach over whole nodes, exactly."""

from pathlib import Path

import pytest
from written import FILES, nodes_of, well_parsed

from epochal.dsl import syntax
from epochal.dsl.places import Places
from epochal.dsl.span import Source

TEXT = """epochal 1

task t extends u with a = 1:
    params:
        x = (a + b) * c within {1, 2}  ## doc
        long = max(
            1,
            2)

    during fix..rest[1 s :] if go:
        target choice[left] = -1  # why
        ignore
"""


def texts_of(text: str, kind: type[syntax.Node]) -> list[str]:
    file = well_parsed(text)
    nodes = [node for node in nodes_of(file) if type(node) is kind]
    return [text[node.span.start : node.span.end] for node in nodes]


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (syntax.Path, ["u"]),
        (syntax.Binding, ["a = 1"]),
        (
            syntax.Param,
            [
                "x = (a + b) * c within {1, 2}",
                "long = max(\n            1,\n            2)",
            ],
        ),
        (syntax.Binary, ["(a + b) * c", "(a + b)"]),
        (syntax.Set, ["{1, 2}"]),
        (syntax.SetItem, ["1", "2"]),
        (syntax.Call, ["max(\n            1,\n            2)"]),
        (syntax.EpochSpan, ["fix..rest[1 s :]"]),
        (syntax.Slice, ["[1 s :]"]),
        (syntax.Effect, ["target choice[left] = -1", "ignore"]),
        (syntax.Ref, ["choice[left]"]),
        (syntax.Unary, ["-1"]),
        (syntax.Comment, ["## doc", "# why"]),
        (syntax.Params, [TEXT[TEXT.index("params") : TEXT.index("\n\n    during")]]),
        (syntax.During, [TEXT[TEXT.index("during") : -1]]),
        (syntax.Task, [TEXT[TEXT.index("task") : -1]]),
        (syntax.File, [TEXT[:-1]]),
    ],
)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_a_span_covers_its_node(kind: type[syntax.Node], texts: list[str], line_break: str) -> None:
    wanted = [text.replace("\n", line_break) for text in texts]
    assert texts_of(TEXT.replace("\n", line_break), kind) == wanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("before", ["", "\ufeff"])
def test_all_spans_lie_in_the_text_at_the_line_and_column_they_say(path: Path, before: str) -> None:
    text = before + path.read_text("utf-8")
    rows = text.removeprefix("\ufeff").split("\n")
    for node in nodes_of(well_parsed(text)):
        span = node.span
        assert len(before) <= span.start < span.end <= len(text)
        assert rows[span.line - 1][span.column - 1] == text[span.start]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_node_lies_within_the_node_that_holds_it(path: Path) -> None:
    file = well_parsed(path.read_text("utf-8"))
    for node in nodes_of(file.items):
        for child in nodes_of(node):
            assert node.span.start <= child.span.start
            assert child.span.end <= node.span.end


def test_rows_do_not_include_their_line_breaks() -> None:
    places = Places(Source("x", "\ufeffa\r\n\r\nb\r"))
    assert [(start, end) for start, end in places.rows()] == [(1, 2), (4, 4), (6, 8)]
