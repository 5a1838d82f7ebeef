"""What the tests of the front share."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import call

from epochal.driver import library

TRAIN = ("train", "rdm", "--updates", 60, "--units", 12, "--batch", 16)


@pytest.fixture
def rdm() -> str:
    """Text of a library task, to be spoilt."""
    return library()["rdm"].read_text()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory that the command line left."""
    folder = tmp_path_factory.mktemp("runs") / "rdm"
    ended = call(*TRAIN, "--out", folder)
    assert ended.status == 0, ended.said
    return folder
