"""Programs that were once compiled wrongly; each says in a comment what is right."""

from pathlib import Path

import pytest
from agreement import hold
from held import accepted, printed

PATHS = sorted((Path(__file__).parent / "regressions").glob("*.task"))


@pytest.mark.parametrize("dt", [1.0, 7.0, 20.0])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_was_wrong_once_equals_the_reference(path: Path, dt: float) -> None:
    text = path.read_text("utf-8")
    checked = accepted(text)
    hold(checked.task, printed(checked, text), dt, 6, 3, noise=True)
