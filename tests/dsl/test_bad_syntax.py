"""Every mistake of spelling has a program that makes it, and the report that it gets."""

from pathlib import Path

import pytest

from epochal.dsl.codes import CODES, NOT_IN_A_FILE
from epochal.dsl.diagnostic import Diagnostic, Fix
from epochal.dsl.parser import parse
from epochal.dsl.read import decode
from epochal.dsl.render import render
from epochal.dsl.span import Source

BAD = Path(__file__).parent.parent / "bad"
PROGRAMS = sorted(BAD.glob("E01*.task"))


def judge(path: Path, content: bytes) -> tuple[Source | None, tuple[Diagnostic, ...]]:
    source, found = decode(path.name, content)
    return source, found if source is None else parse(source)[1]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_bad_program_gets_its_report(path: Path, update_golden: bool) -> None:
    source, found = judge(path, path.read_bytes())
    report = render(found, {} if source is None else {source.file: source.text}, color=False)
    golden = path.with_suffix(".txt")
    if update_golden:
        golden.write_text(report, "utf-8")
    assert report == golden.read_text("utf-8")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_the_first_code_of_a_bad_program_is_in_its_name(path: Path) -> None:
    _, found = judge(path, path.read_bytes())
    assert path.stem[:5] in {diagnostic.code for diagnostic in found}


def test_every_code_of_spelling_has_a_bad_program() -> None:
    shown = {path.stem[:5] for path in PROGRAMS}
    codes = {code for code in CODES if code.startswith("E01")}
    assert codes - shown == NOT_IN_A_FILE


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_applying_all_fixes_leaves_no_mistake_that_has_one(path: Path) -> None:
    source, found = judge(path, path.read_bytes())
    for _ in range(4):
        if source is None or not any(diagnostic.fixes for diagnostic in found):
            return
        source = Source(source.file, mend(source.text, found))
        found = parse(source)[1]
    assert not [diagnostic.message for diagnostic in found if diagnostic.fixes]


def mend(text: str, found: tuple[Diagnostic, ...]) -> str:
    """Apply fixes from the end of a text to its start, leaving out those that overlap."""
    fixes = [fix for diagnostic in found for fix in diagnostic.fixes]
    limit = len(text) + 1
    for fix in sorted(fixes, key=start_of, reverse=True):
        if fix.span.end < limit or fix.span.end == fix.span.start < limit:
            text = text[: fix.span.start] + fix.replacement + text[fix.span.end :]
            limit = fix.span.start
    return text


def start_of(fix: Fix) -> int:
    return fix.span.start
