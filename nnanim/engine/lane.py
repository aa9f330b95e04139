"""A thread beside the scene's process, for work that holds no lock of Python's: encoding."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Lane:
    """A thread that does pieces of work in their order; after one that fails, the others are left out."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._under_way: deque[Future[None]] = deque()
        self._failure: BaseException | None = None

    def do(self, work: Callable[..., Any], *arguments: Any) -> Future[None]:
        """Have a piece of work done when those before it are; what is returned can be waited for."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "nnanim-encoder")
        while self._under_way and self._under_way[0].done():
            self._under_way.popleft()
        self._under_way.append(self._thread.submit(self._work, work, *arguments))
        return self._under_way[-1]

    def _work(self, work: Callable[..., Any], *arguments: Any) -> None:
        if self._failure is None:
            try:
                work(*arguments)
            except BaseException as failure:
                self._failure = failure

    def wait(self, until: Future[None] | None = None) -> None:
        """Wait until everything is done, or a certain piece of work; raises what a piece of work has raised."""
        while self._under_way and not (until is not None and until.done()):
            self._under_way.popleft().result()
        if self._failure is not None:
            raise self._failure

    def rest(self) -> None:
        """End the thread, once everything is done: a process must not be forked while one is at work."""
        self.wait()
        self.end()

    def end(self) -> None:
        """End the thread, whatever its work has come to."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
        self._under_way.clear()
