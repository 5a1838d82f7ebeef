"""What commands share: options, and how diagnostics reach the user."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn, TypeVar

import click

from epochal.driver import Session
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.render import render

Command = TypeVar("Command", bound=Callable[..., None])


def _parse_settings(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    settings = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not _is_param(name.strip()) or not text.strip():
            raise click.BadParameter(f"`{value}` is not NAME=VALUE, like viewing='500 ms'")
        if name.strip() in settings:
            raise click.BadParameter(f"`{name.strip()}` is set twice")
        settings[name.strip()] = text.strip()
    return settings


def _is_param(name: str) -> bool:
    """Whether this may name a parameter, NAME, or one of a member of a set, MEMBER.NAME."""
    parts = name.split(".")
    return len(parts) <= 2 and all(part.isidentifier() for part in parts)


def with_settings(command: Command) -> Command:
    """Add ``--set NAME=VALUE``."""
    option = click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_parse_settings,
        help="Rebind a parameter, in the language: --set viewing='500 ms'. Repeatable.",
    )
    return option(command)


def _parse_modules(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> frozenset[str]:
    for value in values:
        if not all(part.isidentifier() for part in value.split(".")):
            raise click.BadParameter(f"`{value}` is not the name of a module, like mylab.stim")
    return frozenset(values)


def with_externs(command: Command) -> Command:
    """Add ``--allow-extern MODULE``."""
    option = click.option(
        "--allow-extern",
        "allowed",
        multiple=True,
        metavar="MODULE",
        callback=_parse_modules,
        help="Let tasks call Python functions of this module, which you trust. Repeatable.",
    )
    return option(command)


def _positive_time(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0.001 <= value <= 10_000:
        raise click.BadParameter(f"{value:g} is not between 0.001 and 10000 ms")
    if value is not None and round(value * 1000) != value * 1000:
        raise click.BadParameter(f"{value:g} ms is no whole number of microseconds")
    return value


def with_dt(help_text: str) -> Callable[[Command], Command]:
    """Add ``--dt``."""
    return click.option("--dt", type=float, callback=_positive_time, metavar="MS", help=help_text)


seed_type = click.IntRange(0, 2**64 - 1)


def show(diagnostics: Iterable[Diagnostic], session: Session) -> None:
    """Print diagnostics to the error stream, in colour where that is a terminal."""
    color = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    text = render(diagnostics, session.sources, color)
    if text:
        click.echo(text, err=True, color=color)


def give_up(session: Session) -> NoReturn:
    """Show what was found and end with status 1."""
    show(session.diagnostics, session)
    errors = sum(one.is_error for one in dict.fromkeys(session.diagnostics))
    click.echo(f"{errors} {'error' if errors == 1 else 'errors'}", err=True)
    sys.exit(1)


def need_training(what: str) -> None:
    """End with status 1 where the packages that run networks are not installed."""
    need_packages(what, ("tensorflow", "safetensors", "rich"))


def need_packages(what: str, names: Iterable[str]) -> None:
    """End with status 1 where one of these packages is not installed."""
    from importlib.util import find_spec

    missing = [name for name in names if find_spec(name) is None]
    if missing:
        extras = sorted({"figures" if name == "matplotlib" else "train" for name in missing})
        fail(f"{what} needs {', '.join(missing)}: pip install 'epochal[{','.join(extras)}]'")


def fail(message: str) -> NoReturn:
    """Print one error and end with status 1."""
    color = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    head = click.style("error", fg="red", bold=True) if color else "error"
    click.echo(f"{head}: {message}", err=True, color=color)
    sys.exit(1)
