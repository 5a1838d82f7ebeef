"""Arrays by name in an .npz file: the same arrays give the same bytes, and none is a pickle."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from epochal.runtime.errors import RunError
from epochal.runtime.files import replace_file

AnyArray: TypeAlias = NDArray[Any]


def write_npz(path: Path, arrays: Mapping[str, AnyArray]) -> None:
    """Write arrays for ``numpy.load``; numbers, booleans and texts.

    Raises
    ------
    RunError
        The file cannot be written; the old one is as it was.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED, allowZip64=True) as file:
        for name, array in arrays.items():
            # A ZipInfo has no date but that which is given: 1980.
            with file.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)
    try:
        replace_file(path, content.getvalue())
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        raise RunError(message) from None
