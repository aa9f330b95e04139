"""The command line: ``nnanim COMMAND …``. Each command is a file here and is imported only when it runs."""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import importlib
import io
import os
import sys
import threading
from typing import NoReturn

import rich_click as click

import nnanim
from nnanim.wording import one_line

COMMANDS = ("list", "params", "new", "render", "manim", "numbers", "trace", "sheet", "still", "recipe", "audit", "cache", "models", "data", "voices")


class LazyGroup(click.RichGroup):
    """Commands by name, each imported when it is asked for; none of them imports manim or torch before it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the file of a command."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"nnanim.cli.commands.{name}").command
        return command


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(nnanim.__version__, prog_name="nnanim")
def app() -> None:
    """Animated lectures on neural networks in which every number is real: manim draws it, torch computes it."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; wrong input is one line and exit code 2, never a traceback.

    Without ``arguments`` it is the whole program: those of the process are read, and the process ends with it.
    """
    if arguments is None:
        # Loading manim makes two hundred thousand objects that stay; Python would look through them again and again.
        gc.set_threshold(50_000, 20, 100)
        for stream in (sys.stdout, sys.stderr):  # what the terminal's encoding lacks is shown as "?"
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        leave(_run(None))
    sys.exit(_run(arguments))


def leave(code: int) -> NoReturn:
    """End the process without taking apart what manim and torch have loaded, which takes a quarter of a second."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _run(arguments: list[str] | None) -> int:
    """The exit code."""
    try:
        code = app.main(args=arguments, prog_name="nnanim", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        _say("stopped")
        return 130
    except click.ClickException as error:
        where = f"{error.ctx.info_name}: " if getattr(error, "ctx", None) and error.ctx.parent else ""  # type: ignore[attr-defined]
        _say(f"{where}{error.format_message()}")
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        _say(_explain(error))
        return 2
    except ModuleNotFoundError as error:
        from nnanim.cli.options import missing_library

        if not (missing := missing_library(error)):
            raise
        _say(missing)
        return 2
    return code if isinstance(code, int) else 0


def _explain(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"{place}the disk is full; nothing was left half-written (free some space, or choose another --out)"
    return f"{place}{error.strerror or error}"


def _say(message: str) -> None:
    click.echo(f"nnanim: {one_line(message)}", err=True)
