"""Options and fixtures that all tests share."""

import os
import tempfile

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the golden files with what is produced now",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Keep XLA's programs for all processes of this run, apart from those of the user."""
    folder = tempfile.TemporaryDirectory(prefix="epochal-xla-")
    os.environ["EPOCHAL_XLA_CACHE"] = folder.name
    config.add_cleanup(folder.cleanup)


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten instead of compared."""
    return bool(request.config.getoption("--update-golden"))
