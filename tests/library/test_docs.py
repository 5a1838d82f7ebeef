"""The page of the library says what its files say."""

from write_docs import PAGE, page


def test_the_page_of_the_library_is_written_from_its_files() -> None:
    assert PAGE.read_text("utf-8") == page(), "the files have changed: run `make library`"
