"""``python -m benchmarks`` takes measurements, keeps them as JSON and fills the documentation."""

from __future__ import annotations

import platform
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

import benchmarks.__main__ as command
from benchmarks import report, results
from benchmarks.plan import Plan
from benchmarks.rows import Curve, Row, Target, missing

CURVES: dict[str, Curve] = {
    "Epochal": ((1.0, 2.0), (10.0, 15.0), (100.0, 170.0)),
    "Other": ((1.0, 20.0), (10.0, 100.0), (100.0, 900.0)),
}
ROWS = (
    Row(name="a batch", against="a peer", values=(1.0, 2.0, 3.0), target=Target(2.0)),
    missing(Row(name="another", against="nobody"), "nobody is not installed"),
    Row(name="growth: a batch", unit="exponent", values=(0.9,), axis="trials", curves=CURVES),
)


def measure(plan: Plan) -> Iterator[Row]:
    plan.versions["peer"] = "1.2"
    yield from ROWS


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    dummies = {"generation": measure, "update": measure}
    monkeypatch.setattr(command, "MEASUREMENTS", dummies)
    return tmp_path / "results" / "found.json"


def test_unknown_measurements_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["speed"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("no measurement `speed`: there are generation, update, whole")


def test_rows_are_printed_and_kept_with_machine_versions_and_load(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["update", "--quick", "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "a batch, against a peer" in told
    assert "not measured: nobody is not installed" in told
    found = results.read(out)
    taken = found.measurements["update"]
    assert taken.rows == ROWS
    assert taken.quick
    assert taken.versions["peer"] == "1.2"
    assert "numpy" in taken.versions
    assert found.machine == results.machine()
    assert found.machine.cores >= 1


def test_the_name_of_the_machine_is_not_kept(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "node", lambda: "its-own-name")
    monkeypatch.setattr(socket, "gethostname", lambda: "its-own-name")
    command.main(["update", "--out", str(out)])
    assert "its-own-name" not in out.read_text()
    kept = results.read(out).machine
    assert set(kept.__struct_fields__) == {"cpu", "cores", "memory_gib", "system", "python"}


def test_measurements_of_one_machine_gather_in_one_file(out: Path) -> None:
    command.main(["update", "--out", str(out)])
    command.main(["generation", "--out", str(out)])
    assert list(results.read(out).measurements) == ["update", "generation"]


def test_measurements_of_another_machine_are_not_mixed_in(out: Path) -> None:
    command.main(["update", "--out", str(out)])
    text = out.read_text().replace('"cores": ', '"cores": 9')
    out.write_text(text)
    command.main(["generation", "--out", str(out)])
    assert list(results.read(out).measurements) == ["generation"]


def test_a_file_of_something_else_is_never_overwritten(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out.parent.mkdir()
    out.write_text("{}")
    assert command.main(["update", "--out", str(out)]) == 2
    assert "holds no results of benchmarks" in capsys.readouterr().err
    assert out.read_text() == "{}"


def test_a_busy_machine_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(results, "load", lambda: 50.0)
    command.main(["update", "--out", str(out)])
    assert "the machine is busy (load 50.0 on" in capsys.readouterr().err
    monkeypatch.setattr(results, "load", lambda: 0.1)
    command.main(["update", "--out", str(out)])
    assert capsys.readouterr().err == ""


def test_the_page_has_a_table_for_every_measurement() -> None:
    marked = re.findall(r"<!-- table: (\w+) -->", report.PAGE.read_text("utf-8"))
    assert sorted(marked) == sorted([*command.MEASUREMENTS, "machine", "figure"])


def test_the_tables_of_the_page_are_what_the_kept_results_say() -> None:
    page = report.PAGE.read_text("utf-8")
    if report.KEPT.exists():
        found = results.read(report.KEPT)
        assert report.filled(page, found) == page
        assert not any(taken.quick for taken in found.measurements.values())
    else:
        tables = re.findall(r"<!-- table: (\w+) -->\n(.*?)<!-- end -->", page, re.S)
        assert all(text == report.NOTHING for name, text in tables if name != "figure")


def test_reporting_fills_the_tables_and_leaves_the_words_alone(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = report.PAGE.read_text("utf-8")
    page, figure = tmp_path / "page.md", tmp_path / "growth.svg"
    page.write_text(words, "utf-8")
    for name, path in (("PAGE", page), ("FIGURE", figure), ("KEPT", tmp_path / "kept.json")):
        monkeypatch.setattr(report, name, path)
    command.main(["generation", "--out", str(out)])
    for _ in range(2):  # the second time finds what the first one wrote
        assert command.main(["report", str(out)]) == 0
        text = page.read_text("utf-8")
        line = "| a batch | a peer | 2.00 times (1.00 to 3.00) | at most 2.00 | reached |  |"
        assert line in text
        assert "| another | nobody | not measured: nobody is not installed |  |  |  |" in text
        assert "Epochal: 2.00 ms at 1, 170 ms at 100; Other: 20.0 ms at 1" in text
        assert "![How costs grow](growth.svg)" in text
        assert _words(text) == _words(words)
    assert results.read(tmp_path / "kept.json") == results.read(out)
    root = ElementTree.fromstring(figure.read_text("utf-8"))
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}polyline")) == len(CURVES)
    assert len(root.findall(f"{space}circle")) == 6


def test_reporting_what_is_no_file_of_results_fails_with_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["report", str(tmp_path / "none.json")]) == 1
    assert "cannot read" in capsys.readouterr().err
    assert command.main(["report"]) == 2


def _words(page: str) -> str:
    return re.sub(r"(<!-- table: \w+ -->).*?(<!-- end -->)", r"\1\2", page, flags=re.S)
