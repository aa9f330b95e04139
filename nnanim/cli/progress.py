"""A progress bar with the time left, on the error stream, for work that takes a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 2.0
"""Seconds of work without a progress bar."""

Progress = Callable[..., None]
"""Called with what is done, the total or None, and perhaps words for what is being done."""


@contextmanager
def progress_bar(label: str, unit: str = "frames", quiet: bool = False) -> Iterator[Progress]:
    """Show progress once the work takes longer than :data:`PATIENCE`; nothing with ``quiet``, or into a file or a pipe."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda done, total, what="": None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task(label, total=None)
    begun = time.monotonic()
    shown = False

    def progress(done: float, total: float | None, what: str = "") -> None:
        nonlocal shown
        if not shown and time.monotonic() - begun > PATIENCE:
            bar.start()
            shown = True
        bar.update(task, completed=round(done), total=total, description=f"{label}: {what}" if what else label)

    try:
        yield progress
    finally:
        if shown:
            bar.stop()
