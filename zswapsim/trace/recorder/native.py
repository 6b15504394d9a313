# SPDX-License-Identifier: GPL-2.0-only
"""The time that a program takes by itself, to say how much slower recording was."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Sequence

from zswapsim.errors import InvalidArgument


def native_seconds(program: Sequence[str]) -> float:
    """Run a program once, its output thrown away, and return its wall time.

    What it read from a file on standard input is there again afterwards. InvalidArgument if
    standard input is a pipe, which can be read only once.
    """
    position = None
    if sys.stdin is not None:
        descriptor = sys.stdin.fileno()
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            raise InvalidArgument(
                "the slow-down is measured by running the program twice, and its input is a pipe"
            )
        if stat.S_ISREG(mode):
            position = os.lseek(descriptor, 0, os.SEEK_CUR)
    began = time.perf_counter()
    subprocess.run(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    seconds = time.perf_counter() - began
    if position is not None:
        os.lseek(descriptor, position, os.SEEK_SET)
    return seconds
