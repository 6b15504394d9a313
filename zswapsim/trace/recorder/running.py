# SPDX-License-Identifier: GPL-2.0-only
"""The program that is recorded, as a process: started, waited for, asked to end, ended.

Its standard streams are ours. What it writes of the recording comes through one descriptor.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType

Stop = Callable[[], bool]

_POLL_SECONDS = 0.1
_ASKING = ((0.5, signal.SIGINT), (2.0, signal.SIGTERM), (5.0, signal.SIGKILL))
"""Seconds after the wish to stop, and how it is told. A terminal tells the program of Ctrl-C too,
and so there is a moment of doing nothing."""


class Running:
    """A program that runs under Valgrind; leaving the block kills it if it still runs.

    stopped: whether it was asked to end. seconds: since the start.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        read_from: int,
        pass_on: Sequence[int],
        stop: Stop | None = None,
    ) -> None:
        """Start a command. OSError if it cannot be started.

        read_from: our end, closed when the block is left. pass_on: descriptors that only the
        command is to have. stop: asked often; True ends the program.
        """
        self.stopped = False
        self.descriptor = read_from
        self._stop = stop
        self._asked_at: float | None = None
        self._asked = 0
        self._began = time.monotonic()
        try:
            self._process = subprocess.Popen(command, env=environment, pass_fds=pass_on)
        except BaseException:
            os.close(read_from)
            raise
        finally:
            for descriptor in pass_on:
                os.close(descriptor)

    def __enter__(self) -> "Running":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self.descriptor)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.monotonic() - self._began

    def read(self, most_bytes: int) -> bytes:
        """Return what has come, waiting for it; nothing at the end of the stream.

        It is also at its end when nothing comes any more and the process has ended: children that
        live on may hold the other end open.
        """
        while not self._has_come(_POLL_SECONDS):
            self._ask()
            # It may have written its last words since the look at the stream.
            if self._process.poll() is not None and not self._has_come(0):
                return b""
        self._ask()
        return os.read(self.descriptor, most_bytes)

    def _has_come(self, wait_seconds: float) -> bool:
        return bool(select.select([self.descriptor], [], [], wait_seconds)[0])

    def wait(self) -> int:
        """Wait for the end of the program; return its exit status, or -signal."""
        while True:
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(_POLL_SECONDS)
            self._ask()

    def end(self) -> None:
        """End the program now: everything that is wanted of it has come."""
        self.stopped = True
        self._process.kill()

    def _ask(self) -> None:
        """Ask the program to end if that is wished, ever more clearly."""
        if self._stop is None or not self._stop():
            return
        self.stopped = True
        if self._asked_at is None:
            self._asked_at = time.monotonic()
        asked_for = time.monotonic() - self._asked_at
        if self._asked < len(_ASKING) and asked_for >= _ASKING[self._asked][0]:
            self._process.send_signal(_ASKING[self._asked][1])
            self._asked += 1


def exit_text(status: int) -> str:
    """Say how a program ended: "exit status 1", "ended by SIGINT"."""
    if status >= 0:
        return f"exit status {status}"
    with suppress(ValueError):
        return f"ended by {signal.Signals(-status).name}"
    return f"ended by signal {-status}"
