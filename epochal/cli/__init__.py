"""The command line, one file a command; a command is imported when it is called."""

import atexit
import gc
import os
import sys
import traceback
from importlib import import_module

import click

COMMANDS = {
    "check": "Look for mistakes in .task and .train files.",
    "describe": "Tell in plain English what a task is.",
    "preview": "Draw a few trials of a task.",
    "build": "Compile a task to a NumPy module.",
    "train": "Train a network on a task.",
    "evaluate": "Measure how well a trained network does.",
    "figure": "Draw how a network learnt, and what was measured of it.",
    "simulate": "Run a trained network on trials and keep what it did.",
    "list": "Show the task library.",
    "new": "Begin a task file.",
}

MANY_OBJECTS = 100_000
"""New objects before Python looks for garbage: most that a command makes stay."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and the number of the signal."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports them one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands, in the order of work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"epochal.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, or name the nearest one."""
        from epochal.dsl.nearest import nearest

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = nearest(args[0], COMMANDS)
            hint = f" Did you mean `{close}`?" if close else ""
            raise click.UsageError(f"There is no command `{args[0]}`.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; that the reader of its output has gone is its right, and no error.

        Trials that cannot be made are a mistake of the task.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            with open(os.devnull, "wb") as nowhere:  # for what is still to be flushed
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
            raise click.exceptions.Exit(0) from None
        except ValueError as error:
            from epochal.cli.common import fail
            from epochal.runtime.errors import TrialError

            if isinstance(error, TrialError):
                fail(str(error))
            raise


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from epochal.compiler.version import VERSION

        click.echo(f"epochal {VERSION}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 fine, 1 the file or the run has errors, 2 the command was misused, "
    "130 interrupted. `epochal COMMAND --help` shows a command's options.",
)
@click.option(
    "--version",
    is_flag=True,
    callback=_version,
    expose_value=False,
    is_eager=True,
    help="Show the version and exit.",
)
def cli() -> None:
    """Write cognitive tasks as text; check them, compile them, train networks on them.

    TASK is a file, FILE:NAME for one of several tasks in it, the name of a library task
    (`epochal list`), or - for standard input.

    \b
    A first session:
      epochal describe rdm
      epochal train rdm
      epochal evaluate runs/rdm --by coh
    """  # noqa: D301 - a backspace tells click to leave the next paragraph as it is


def main() -> None:
    """Run the command line; only a mistake in Epochal itself is a traceback."""
    gc.set_threshold(MANY_OBJECTS)
    atexit.register(gc.freeze)  # the end of the process frees all memory faster than Python
    try:
        sys.exit(cli.main(prog_name="epochal", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except MemoryError:
        click.echo("error: there is not enough memory: use fewer trials or a longer dt", err=True)
        sys.exit(1)
    except Exception:
        traceback.print_exc()
        click.echo("this is a mistake in Epochal: please report it with the lines above", err=True)
        sys.exit(1)
