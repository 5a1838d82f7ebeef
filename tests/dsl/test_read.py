"""Files are read, or it is said why not."""

import io
import os
from pathlib import Path

import pytest
from written import parsed

from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.limits import MAX_BYTES
from epochal.dsl.read import decode, read_source
from epochal.dsl.span import Source

TEXT = "epochal 1\n\n# é\n"


class NoInput(io.BytesIO):
    """Standard input that must not be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise AssertionError(size)


def refusal(path: str | Path) -> Diagnostic:
    source, found = read_source(str(path), NoInput())
    assert source is None
    (only,) = found
    return only


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_a_file_is_read_as_it_is(tmp_path: Path, line_break: str) -> None:
    text = TEXT.replace("\n", line_break)
    path = tmp_path / "a.task"
    path.write_bytes(text.encode())
    assert read_source(str(path), NoInput()) == (Source(str(path), text), ())


def test_standard_input_is_read_where_the_path_is_a_dash() -> None:
    assert read_source("-", io.BytesIO(TEXT.encode())) == (Source("<stdin>", TEXT), ())


def test_a_missing_file_is_reported_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "romo.task").write_text(TEXT)
    found = refusal(tmp_path / "rmo.task")
    assert found.code == "E0101"
    assert found.message.endswith(f"did you mean `{tmp_path / 'romo.task'}`?")
    assert "mean" not in refusal(tmp_path / "something_else.task").message


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    found = refusal(tmp_path / "none" / "a.task")
    assert (found.code, found.message) == ("E0101", f"there is no folder `{tmp_path / 'none'}`")


def test_a_path_with_a_nul_character_is_reported() -> None:
    assert refusal("a\0b").code == "E0101"


def test_a_path_through_a_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.task").write_text(TEXT)
    assert refusal(tmp_path / "a.task" / "b.task").code == "E0103"


def test_a_folder_is_reported_with_a_file_in_it(tmp_path: Path) -> None:
    assert refusal(tmp_path).code == "E0102"
    (tmp_path / "a.task").write_text(TEXT)
    assert refusal(tmp_path).message.endswith(f"like `{tmp_path / 'a.task'}`")


def test_a_file_that_may_not_be_read_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.task"
    path.write_text(TEXT)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    found = refusal(path)
    assert (found.code, "Permission denied" in found.message) == ("E0103", True)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.task")
    assert refusal(tmp_path / "a.task").code == "E0103"


def test_a_large_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.task"
    with path.open("wb") as file:
        file.truncate(50 << 20)

    def refuse(*_: object) -> None:
        raise AssertionError("the file was opened")

    monkeypatch.setattr("builtins.open", refuse)
    found = refusal(path)
    assert (found.code, "50.0 MiB" in found.message) == ("E0106", True)


def test_large_standard_input_is_refused() -> None:
    source, found = read_source("-", io.BytesIO(b"#" * (MAX_BYTES + 1)))
    assert (source, [diagnostic.code for diagnostic in found]) == (None, ["E0106"])
    assert read_source("-", io.BytesIO(b"#" * MAX_BYTES))[0] is not None


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"epochal 1\n\0", "offset 10 on line 2"),
        (b"a\xff\n\0", "offset 1 on line 1"),
        (b"\n\n\0\xff", "offset 2 on line 3"),
        ("abc\n".encode("utf-16"), "offset 0 on line 1"),
    ],
)
def test_a_file_that_is_no_text_is_reported_with_its_first_bad_byte(
    content: bytes, place: str
) -> None:
    source, (found,) = decode("a.task", content)
    assert source is None
    assert found.code == "E0104"
    assert place in found.message


@pytest.mark.parametrize("content", [b"", b"\n \t\r\n", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_reported(content: bytes) -> None:
    source, (found,) = decode("a.task", content)
    assert (source, found.code) == (None, "E0105")
    assert found.span is not None
    assert (found.span.line, found.span.column) == (1, 1)


@pytest.mark.parametrize("version", ["0", "2", "17", "123456789"])
def test_an_unknown_version_says_what_is_read_here(version: str) -> None:
    from epochal.dsl.parser import parse

    file, (found,) = parse(Source("x", f"epochal {version}\nanything at all ((\n"))
    assert (file, found.code) == (None, "E0108")
    assert "reads version 1" in found.message


@pytest.mark.parametrize(
    "first", ["Epochal 1", "epochal: 1", "epochal", "epochal 1.0", "epochal v1"]
)
def test_a_first_line_that_is_almost_right_is_mended(first: str) -> None:
    _, (found,) = parsed(f"{first}\ntask t:\n    inputs:\n        a\n")
    assert found.code == "E0107"
    assert [fix.replacement for fix in found.fixes] == ["epochal 1"]
    assert found.span is not None
    assert found.span.end == len(first)
