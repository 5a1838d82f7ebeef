"""Writing a profile as a .train file, every setting in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from epochal.experiments.settings import TEXTS, TIMES
from epochal.runtime.config import Profile, Training

_ELSEWHERE = ("dt",)


def train_text(name: str, task: str, pin: str, profile: Profile, seeds: tuple[int, ...]) -> str:
    """Write an experiment that trains ``task`` as a profile says.

    Parameters
    ----------
    name
        Of the experiment.
    task
        How the file names its task.
    pin
        The hash that the task must have.
    """
    training = profile.training
    lines = [
        "epochal 1",
        "",
        f"experiment {name}:",
        f'    task: "{task}"',
        f'    pin: "{pin}"',
        f"    dt: {_number(training.dt)} ms",
        f"    seeds: [{', '.join(map(str, seeds))}]",
        *_field("model", profile.model, "    "),
        "",
        "    train:",
    ]
    for field in msgspec.structs.fields(Training):
        if field.name not in _ELSEWHERE:
            lines += _field(field.name, getattr(training, field.name), "        ")
    return "\n".join(lines) + "\n"


def _field(name: str, value: Any, pad: str) -> list[str]:
    """Write one setting; a record with many fields gets a line for each."""
    short = f"{pad}{name}: {shown(value, name)}"
    if len(short) <= 88 or not isinstance(value, msgspec.Struct):
        return [short]
    inner = [f"{pad}    {one}," for one in _arguments(value)]
    return [f"{pad}{name}: {_called(value)}(", *inner, f"{pad})"]


def shown(value: Any, name: str) -> str:
    """Write a value of a record in the language."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if name in TEXTS else value
        case msgspec.Struct():
            return f"{_called(value)}({', '.join(_arguments(value))})"
        case tuple() | list():
            return f"[{', '.join(shown(item, name) for item in value)}]"
        case _:
            return _number(value) + (" ms" if name in TIMES else "")


def _arguments(record: msgspec.Struct) -> list[str]:
    fields = msgspec.structs.fields(type(record))
    return [f"{one.name} = {shown(getattr(record, one.name), one.name)}" for one in fields]


def _called(record: msgspec.Struct) -> str:
    tag = type(record).__struct_config__.tag
    return str(tag) if tag is not None else type(record).__name__.lower()


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(float(value)).removesuffix(".0")


def task_name(source: str) -> str:
    """Say how a .train file names the task that a command line named."""
    path = Path(source)
    return path.name if path.suffix == ".task" else f"epochal:{source}"
