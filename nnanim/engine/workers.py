"""Forked worker processes: each holds an exact copy of the scene as it stood at the fork, and draws from there.
Nothing is pickled on the way in; on the way out come a few bytes of progress and a short report."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gc
import json
import os
import random
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

STARTED, FRAME, REPORT = b"s", b"f", b"r"
PROGRESS_SECONDS = 0.1
# What says that the disk is at fault, not the scene.
CANNOT_WRITE = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EACCES, errno.EROFS})

# Gets its order (a path, say) and a function to call with the number of frames just drawn; returns a report
# that JSON can carry.
Task = Callable[[str, Callable[[int], None]], dict[str, Any]]
_PR_SET_PDEATHSIG = 1
_ENDING = {signal.SIGINT, signal.SIGTERM}


def can_fork() -> bool:
    """Whether this system can make workers; macOS can, but its frameworks crash in forked children."""
    return hasattr(os, "fork") and sys.platform == "linux"


class WorkerDied(BaseException):
    """A worker ended without a report; not an Exception, so that a scene's own code does not catch it."""

    def __init__(self, label: str, status: int) -> None:
        self.label = label
        self.reason = (
            f"was killed by signal {signal.Signals(os.WTERMSIG(status)).name}"
            if os.WIFSIGNALED(status)
            else f"ended with exit code {os.waitstatus_to_exitcode(status)}"
        )
        super().__init__(f"the worker for {label} {self.reason}")


class WorkerFailed(BaseException):
    """A worker met an exception; ``report`` says which and where."""

    def __init__(self, label: str, report: dict[str, Any]) -> None:
        self.label = label
        self.report = report
        super().__init__(report["error"])


@dataclass
class Worker:
    """One forked process, seen from its parent."""

    label: str
    pid: int
    status: int
    orders: int
    started: bool = False
    data: bytearray = field(default_factory=bytearray)
    report: dict[str, Any] | None = None


class WorkerPool:
    """Keeps at most ``size`` workers drawing and a few more forked ahead, waiting for their turn.

    Turns are bytes in a pipe that the workers share: one takes a byte to draw and puts it back at its end,
    so that the next starts at once even while the parent is busy with the scene.

    Parameters
    ----------
    size
        Number of workers that draw at the same time.
    ahead
        How many more may stand forked and waiting.
    on_frames
        Called with the number of frames that have been drawn since the last call.
    """

    def __init__(self, size: int, ahead: int, on_frames: Callable[[int], None]) -> None:
        self.size = size
        self.limit = size + ahead
        self.on_frames = on_frames
        self.alive: dict[int, Worker] = {}
        self._take, self._give = os.pipe()
        os.write(self._give, b"t" * size)

    def start(self, label: str, task: Task) -> Worker:
        """Fork a worker for ``task``; it stands still until :meth:`go` or :meth:`dismiss`."""
        while len(self.alive) >= self.limit:
            self.poll(block=True)
        status_read, status_write = os.pipe()
        orders_read, orders_write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        # Frozen objects are left alone by the child's garbage collector, so their pages stay shared.
        gc.freeze()
        parent = os.getpid()
        # Python reseeds its generator in a forked child, where the scene's own sequence must go on.
        numbers = random.getstate()
        # Python drops what a signal handler raises while it runs its own hooks around a fork.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        pid = os.fork()
        if pid == 0:
            random.setstate(numbers)
            # With the parent's ends open in the child, their closing would never be seen.
            os.close(status_read)
            os.close(orders_write)
            self._be_worker(parent, task, status_write, orders_read)
        worker = Worker(label, pid, status_read, orders_write)
        self.alive[status_read] = worker
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        gc.unfreeze()
        os.close(status_write)
        os.close(orders_read)
        return worker

    def go(self, worker: Worker, order: str) -> None:
        """Let a waiting worker draw as soon as it is its turn."""
        with contextlib.suppress(BrokenPipeError):
            os.write(worker.orders, order.encode())
        os.close(worker.orders)
        worker.orders = -1

    def dismiss(self, worker: Worker) -> None:
        """Send a waiting worker home: what it would draw exists already."""
        os.close(worker.orders)
        worker.orders = -1
        self._forget(worker)
        os.waitpid(worker.pid, 0)

    def poll(self, block: bool) -> None:
        """Take in what the workers have said; with ``block``, wait until one of them says something."""
        if not self.alive:
            return
        ready, _, _ = select.select(list(self.alive), [], [], 1.0 if block else 0)
        for descriptor in ready:
            self._hear(self.alive[descriptor])
        if block and not ready:
            self._replace_lost_turns()

    def finish(self) -> None:
        """Wait for all workers."""
        while self.alive:
            self.poll(block=True)

    def abandon(self) -> None:
        """Kill every worker and wait until it is gone."""
        for worker in list(self.alive.values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
            self._forget(worker)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(worker.pid, 0)

    def close(self) -> None:
        """Kill what still runs and close the pipes."""
        self.abandon()
        os.close(self._take)
        os.close(self._give)

    def _hear(self, worker: Worker) -> None:
        data = os.read(worker.status, 65536)
        worker.data += data
        while worker.data and worker.report is None:
            kind = bytes(worker.data[:1])
            if kind == STARTED:
                worker.started = True
                del worker.data[:1]
            elif kind == FRAME:
                frames = len(worker.data) - len(worker.data.lstrip(FRAME))
                del worker.data[:frames]
                self.on_frames(frames)
            else:
                break
        if data:
            return
        self._forget(worker)
        _, status = os.waitpid(worker.pid, 0)
        if not worker.data.startswith(REPORT):
            if worker.started:
                os.write(self._give, b"t")
            raise WorkerDied(worker.label, status)
        worker.report = json.loads(worker.data[1:])
        assert worker.report is not None
        if "error" in worker.report:
            raise WorkerFailed(worker.label, worker.report)

    def _forget(self, worker: Worker) -> None:
        self.alive.pop(worker.status, None)
        os.close(worker.status)
        if worker.orders >= 0:
            os.close(worker.orders)
            worker.orders = -1

    def _replace_lost_turns(self) -> None:
        """A worker that is killed between taking its turn and saying so takes the turn with it."""
        if any(worker.started for worker in self.alive.values()):
            return
        if not select.select([self._take], [], [], 0)[0]:
            os.write(self._give, b"t" * self.size)

    def _be_worker(
        self,
        parent: int,
        task: Task,
        status: int,
        orders: int,
    ) -> NoReturn:
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
            _die_with(parent)
            for worker in self.alive.values():
                os.close(worker.status)
                if worker.orders >= 0:
                    os.close(worker.orders)
            order = _read_all(orders).decode()
            if order:
                os.read(self._take, 1)
                os.write(status, STARTED)
                progress = _Progress(status)
                try:
                    report = task(order, progress.count)
                except BaseException as error:
                    report = {
                        "error": f"{type(error).__name__}: {error}",
                        "lines": [
                            (entry.filename, entry.lineno)
                            for entry in traceback.extract_tb(error.__traceback__)
                        ],
                        "errno": getattr(error, "errno", None),
                    }
                os.write(self._give, b"t")
                progress.tell()
                _tell(status, REPORT + json.dumps(report).encode())
            code = 0
        finally:
            os._exit(code)


class _Progress:
    """Tells the parent about finished frames, a few at a time: each message wakes it."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.frames = 0
        self.told = time.monotonic()

    def count(self, frames: int) -> None:
        self.frames += frames
        if time.monotonic() - self.told >= PROGRESS_SECONDS:
            self.tell()

    def tell(self) -> None:
        _tell(self.status, FRAME * self.frames)
        self.frames, self.told = 0, time.monotonic()


def _read_all(descriptor: int) -> bytes:
    data = b""
    while part := os.read(descriptor, 4096):
        data += part
    return data


def _tell(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _die_with(parent: int) -> None:
    """Ask the kernel to end this process when its parent ends, however the parent ends."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
