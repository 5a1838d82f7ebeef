"""Nothing searches for garbage while a file is parsed, and everything is as before afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from epochal.dsl import parser
from epochal.dsl.build import build
from epochal.dsl.garbage import garbage_put_off
from epochal.dsl.span import Source


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


@pytest.mark.parametrize("before", [True, False])
def test_the_search_for_garbage_is_put_off_and_left_as_it_was(*, before: bool) -> None:
    (gc.enable if before else gc.disable)()
    with garbage_put_off():
        assert not gc.isenabled()
    assert gc.isenabled() is before


def test_it_goes_on_after_an_error() -> None:
    with pytest.raises(KeyError), garbage_put_off():
        raise KeyError
    assert gc.isenabled()


def test_parsing_puts_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def watched(*given: object) -> object:
        seen.append(gc.isenabled())
        return build(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("epochal.dsl.parser.build", watched)
    parser.parse(Source("mine.task", "epochal 1\n\ntask mine:\n    inputs:\n        x\n"))
    assert seen
    assert not any(seen)
    assert gc.isenabled()
