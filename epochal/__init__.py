"""Write cognitive tasks as text, compile them to NumPy, train networks on them.

>>> import epochal
>>> task = epochal.load("rdm")
>>> batch = task.batch(128, dt=20.0, seed=1)
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from epochal.driver import load
    from epochal.errors import CompileError
    from epochal.runtime.batch import Batch, Stream
    from epochal.runtime.psychrnn import export_psychrnn, import_psychrnn
    from epochal.runtime.simulate import simulate
    from epochal.runtime.task import Task

__all__ = [
    "Batch",
    "CompileError",
    "Stream",
    "Task",
    "export_psychrnn",
    "import_psychrnn",
    "load",
    "simulate",
]

_HOMES = {
    "Batch": "epochal.runtime.batch",
    "CompileError": "epochal.errors",
    "Stream": "epochal.runtime.batch",
    "Task": "epochal.runtime.task",
    "export_psychrnn": "epochal.runtime.psychrnn",
    "import_psychrnn": "epochal.runtime.psychrnn",
    "load": "epochal.driver",
    "simulate": "epochal.runtime.simulate",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `import epochal` costs nothing."""
    if name == "__version__":
        from epochal.compiler.version import VERSION

        return VERSION
    if name not in _HOMES:
        raise AttributeError(f"module 'epochal' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
