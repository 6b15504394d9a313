# SPDX-License-Identifier: GPL-2.0-only
"""The process that is recorded: nothing of its stream is lost, and it does not outlive us."""

import os
import signal
import sys
from collections.abc import Callable

import pytest

from zswapsim.trace.interruptible import interruptible
from zswapsim.trace.recorder.running import Running


def test_what_comes_right_before_the_end_is_read() -> None:
    """Between the last look at the stream and the look at the process, it may write and end."""
    ours, theirs = os.pipe()
    with Running([sys.executable, "-c", ""], os.environ, ours, [os.dup(theirs)]) as running:
        running.wait()
        process = running._process
        before = process.poll
        last = [b"the last frame"]

        def poll() -> int | None:
            if last:
                os.write(theirs, last.pop())
            return before()

        process.poll = poll  # type: ignore[method-assign]
        assert running.read(100) == b"the last frame"
        assert running.read(100) == b""
    os.close(theirs)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_who_is_told_to_end_leaves_no_program(number: signal.Signals) -> None:
    ours, theirs = os.pipe()
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    before = signal.getsignal(number)
    with (
        pytest.raises(KeyboardInterrupt),
        interruptible(),
        Running(sleep, os.environ, ours, [theirs]) as running,
    ):
        signal.raise_signal(number)
    assert running.wait() == -signal.SIGKILL
    assert signal.getsignal(number) is before


def test_what_is_ignored_stays_ignored() -> None:
    before: Callable[..., object] | int | None = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)  # type: ignore[arg-type]
