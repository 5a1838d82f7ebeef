"""The parser's tables are kept between runs, and no state of the cache is an error."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from lark import Lark
from written import well_parsed

from epochal.dsl import grammar

TEXT = "epochal 1\ntask t:\n    inputs:\n        a\n"


@pytest.fixture(scope="module")
def built() -> Lark:
    """Build the tables once, for all tests that only store them."""
    return grammar.build(grammar.grammar_text())


@pytest.fixture
def folder(built: Lark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a cache folder of the test's own, which does not exist yet."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda _: cache)
    monkeypatch.setattr(grammar, "build", lambda _: built)
    grammar.load.cache_clear()
    yield cache
    grammar.load.cache_clear()


def load_again() -> None:
    grammar.load.cache_clear()
    assert well_parsed(TEXT).items


def refuse_to_build(_: str) -> None:
    raise AssertionError("the tables were built")


def test_tables_are_built_once_and_then_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_again()
    (stored,) = folder.iterdir()
    assert stored == grammar.cache_path(grammar.grammar_text())
    monkeypatch.setattr(grammar, "build", refuse_to_build)
    load_again()


def test_another_grammar_has_another_file() -> None:
    assert grammar.cache_path("a") != grammar.cache_path("b")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[:16],
        lambda content: content[:99] + bytes([content[99] ^ 1]) + content[100:],
        lambda content: b"\0" * len(content),
    ],
)
def test_a_damaged_file_is_built_anew(folder: Path, damage: object) -> None:
    assert callable(damage)
    load_again()
    (stored,) = folder.iterdir()
    whole = stored.read_bytes()
    stored.write_bytes(damage(whole))
    load_again()
    assert list(folder.iterdir()) == [stored]
    load_again()


def test_tables_of_another_shape_are_built_anew(folder: Path) -> None:
    import hashlib
    import marshal

    load_again()
    (stored,) = folder.iterdir()
    contents: list[dict[str, dict[str, int]] | list[int]] = [
        {"data": {}},
        [1],
        {"data": {"options": 1}, "memo": {}},
    ]
    for content in contents:
        tables = marshal.dumps(content)
        stored.write_bytes(hashlib.sha256(tables).digest() + tables)
        load_again()


def test_a_folder_in_the_place_of_the_file_is_no_error(folder: Path) -> None:
    grammar.cache_path(grammar.grammar_text()).mkdir(parents=True)
    load_again()


def test_a_folder_that_cannot_be_made_is_no_error(folder: Path) -> None:
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder should be")
    load_again()


def test_a_folder_that_cannot_be_written_is_no_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    load_again()
    assert list(folder.iterdir()) == []


def test_diagnostics_are_imported_without_lark() -> None:
    code = (
        "import sys, epochal.dsl.diagnostic, epochal.dsl.codes, epochal.dsl.render, "
        "epochal.dsl.units, epochal.dsl.nearest, epochal.dsl.words, epochal.dsl.read; "
        "assert 'lark' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
