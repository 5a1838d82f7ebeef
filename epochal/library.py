"""The names by which the tasks of a package are found, in the library and in packages of others.

A file has its full name, the path below the folder of its package: ``classic/rdm`` for
``classic/rdm.task``, ``classic/shaping.train`` for an experiment.  What stands behind the last
slash is enough where no other file of the package has it.  A file whose name begins with ``_`` is
part of others: it has a full name alone, and is not listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from importlib import resources
from pathlib import Path

from msgspec import Struct

from epochal.dsl.nearest import nearest

PACKAGE = "epochal.tasks"
SOURCES = "sources.toml"
"""The file that says of each folder of the library where its tasks come from."""


class Shelf(Struct, frozen=True, dict=True):
    """The tasks and experiments of one package, by full name, folder by folder."""

    files: Mapping[str, Path]

    @cached_property
    def listed(self) -> dict[str, Path]:
        """Leave out the files that only others use."""
        return {name: path for name, path in self.files.items() if not path.name.startswith("_")}

    @cached_property
    def tasks(self) -> dict[str, Path]:
        """Leave out the experiments, too."""
        return {name: path for name, path in self.listed.items() if path.suffix == ".task"}

    @cached_property
    def _bare(self) -> Counter[str]:
        return Counter(map(bare, self.listed))

    def meant(self, name: str) -> tuple[str, ...]:
        """List the full names that a name may mean: none, one, or several with the same end."""
        if name in self.files:
            return (name,)
        if name not in self._bare:
            return ()
        return tuple(full for full in self.listed if bare(full) == name)

    def short(self, full: str) -> str:
        """Give the shortest name that means one file alone."""
        return bare(full) if self._bare[bare(full)] == 1 else full

    def near(self, name: str) -> str | None:
        """Find the name that a misspelled one probably means."""
        close = nearest(name, self._bare)
        if close is None:
            return nearest(name, self.listed)
        return close if self._bare[close] == 1 else self.meant(close)[0]

    def has_folder(self, name: str) -> bool:
        """Whether a name begins with a folder of the package."""
        folder, slash, _ = name.partition("/")
        return bool(slash) and any(full.startswith(f"{folder}/") for full in self.files)


def bare(full: str) -> str:
    """Give what stands behind the last slash of a full name."""
    return full.rpartition("/")[2]


def source_of(full: str) -> str:
    """Give the folder of a full name."""
    return full.rpartition("/")[0]


def shelf_of(folder: Path) -> Shelf:
    """Find the tasks and experiments below a folder."""
    found = {}
    for path in sorted(folder.rglob("*.t*")):
        place = path.relative_to(folder)
        if path.suffix == ".task":
            found[place.with_suffix("").as_posix()] = path
        elif path.suffix == ".train":
            found[place.as_posix()] = path
    return Shelf(found)


def library() -> Shelf:
    """Find the tasks and experiments of the library."""
    return shelf_of(Path(str(resources.files(PACKAGE))))


def told(names: tuple[str, ...]) -> str:
    """Write several names one after the other."""
    quoted = [f"`{name}`" for name in names]
    return " or ".join((", ".join(quoted[:-1]), quoted[-1]))
