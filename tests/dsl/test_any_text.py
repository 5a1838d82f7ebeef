"""Whatever the text, there is a tree or a diagnostic, and never a crash."""

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from written import FILES, nodes_of

from epochal.dsl.parser import parse
from epochal.dsl.render import render
from epochal.dsl.render_json import render_json
from epochal.dsl.span import Source, Span

TEXTS = [path.read_text("utf-8") for path in FILES]
TOKEN = re.compile(r"\w+|[^\w\s]|\s+")
TOKENS = sorted({token for text in TEXTS for token in TOKEN.findall(text)})
STRANGE = ["\t", "\r", "\r\n", "\0", "\ufeff", "'", "&&", "%", ".5", "5.", "==", "é", "日", "\\"]
WORDS = st.sampled_from([*TOKENS, *STRANGE, "\n", "\n    ", "\n        "])
QUICK = settings(max_examples=50, deadline=None)


def check(text: str) -> None:
    """Parse a text, and check what every outcome must hold."""
    file, found = parse(Source("x", text))
    assert file is not None or found
    spans = [diagnostic.span for diagnostic in found]
    spans += [note.span for diagnostic in found for note in diagnostic.notes]
    spans += [fix.span for diagnostic in found for fix in diagnostic.fixes]
    spans += [node.span for node in nodes_of(file)]
    for span in spans:
        assert span is None or lies_in(span, text)
    assert render(found, {"x": text}, color=False).count("error[") == len(set(found))
    assert len(render_json(found, {"x": text})) == len(set(found))


def lies_in(span: Span, text: str) -> bool:
    rows = text.count("\n", 0, span.start)
    return 0 <= span.start <= span.end <= len(text) and span.line == rows + 1 and span.column > 0


@QUICK
@given(st.text())
def test_no_text_crashes_the_parser(text: str) -> None:
    check(text)


@QUICK
@given(st.lists(WORDS))
def test_no_soup_of_words_crashes_the_parser(words: list[str]) -> None:
    check("epochal 1\n" + "".join(words))


@QUICK
@given(st.sampled_from(TEXTS), st.lists(st.tuples(st.integers(0), WORDS, st.integers(0, 2))))
def test_no_change_of_a_correct_file_crashes_the_parser(
    text: str, changes: list[tuple[int, str, int]]
) -> None:
    tokens = TOKEN.findall(text)
    for place, word, removed in changes:
        start = place % len(tokens)
        tokens[start : start + removed] = [word] if removed < 2 else []
    check("".join(tokens))


@QUICK
@given(st.sampled_from(TEXTS), st.integers(0), st.integers(0))
def test_no_cut_out_of_a_correct_file_crashes_the_parser(text: str, one: int, other: int) -> None:
    start, end = sorted((one % len(text), other % len(text)))
    check(text[:start] + text[end:])


def test_the_files_that_are_changed_exist() -> None:
    assert len(TEXTS) >= 2
    assert all(isinstance(path, Path) for path in FILES)
