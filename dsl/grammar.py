"""The built parser tables, kept between runs in the user's cache folder."""

import hashlib
import io
import marshal
import os
import pickle
import sys
import tempfile
from functools import lru_cache
from importlib import resources
from pathlib import Path

import platformdirs
from lark import Lark, __version__

_DIGEST_SIZE = 32


def grammar_text() -> str:
    """Read the grammar of the language, as Lark writes grammars."""
    return resources.files("epochal.grammars").joinpath("epochal.lark").read_text("utf-8")


@lru_cache(maxsize=1)
def load() -> Lark:
    """Give the parser, from the cache folder where it lies there, else built and put there."""
    grammar = grammar_text()
    path = cache_path(grammar)
    parser = _read(path)
    if parser is None:
        parser = build(grammar)
        _write(path, parser)
    return parser


def build(grammar: str, *, strict: bool = False) -> Lark:
    """Build the parser tables; ``strict`` makes any conflict an error (needs interegular)."""
    return Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        strict=strict,
        keep_all_tokens=True,
        maybe_placeholders=True,
    )


def cache_path(grammar: str) -> Path:
    """Name the file that holds the tables of this grammar, Lark and Python."""
    digest = hashlib.sha256(grammar.encode()).hexdigest()[:16]
    python = f"{sys.implementation.cache_tag}-{sys.version_info.micro}"
    folder = platformdirs.user_cache_path("epochal")
    return folder / f"grammar-{digest}-lark{__version__}-{python}.tables"


def _read(path: Path) -> Lark | None:
    """Load tables that a digest proves whole.  marshal holds data only, so nothing is run."""
    try:
        stored = path.read_bytes()
        digest, tables = stored[:_DIGEST_SIZE], stored[_DIGEST_SIZE:]
        if hashlib.sha256(tables).digest() != digest:
            return None
        # Lark loads the very dictionary that it saves; its types name only a file.
        return Lark.load(marshal.loads(tables))
    except Exception:  # whatever is wrong with a cache, the tables can be built
        return None


def _write(path: Path, parser: Lark) -> None:
    """Store tables whole or not at all; a folder that cannot be written is no error."""
    buffer = io.BytesIO()
    parser.save(buffer, exclude_options=("transformer", "postlex", "_plugins", "tree_class"))
    tables = marshal.dumps(pickle.loads(buffer.getvalue()))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(tables).digest() + tables)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
