# SPDX-License-Identifier: GPL-2.0-only
"""Being ended as an exception, where something has to be undone: a process let go on, or ended."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into KeyboardInterrupt while the block runs.

    What is ignored stays so, as SIGHUP under nohup. Does nothing outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with ExitStack() as undone:
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                undone.callback(signal.signal, number, signal.signal(number, interrupt))
        yield
