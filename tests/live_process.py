# SPDX-License-Identifier: GPL-2.0-only
"""A child process of known memory, to be captured."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from zswapsim.units import PAGE_SHIFT, PAGE_SIZE

WRITTEN, UNTOUCHED, ONLY_READ, FILLED = range(300), range(300, 400), range(400, 440), (440, 441)
MAPPED = 500
"""Pages of the child's mapping, by what it did with them; those above FILLED, it did not touch."""

BECOME = """
import ctypes, os
prctl = ctypes.CDLL(None).prctl
def become(user):
    if user != os.geteuid():
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        prctl(4, 1, 0, 0, 0)  # dumpable, as it would be after an exec
"""
"""How Python becomes another user; it may be installed where that user cannot start it."""

_SCRIPT = """
import mmap, sys
file = open(sys.argv[1], "rb")
become(int(sys.argv[2]))
prctl(1, 9, 0, 0, 0)  # end with the test
prctl(15, b"known memory", 0, 0, 0)
def address(m):
    return ctypes.addressof(ctypes.c_char.from_buffer(m))
m = mmap.mmap(-1, 500 * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
m.madvise(mmap.MADV_NOHUGEPAGE)
for i in range(300):
    m[i * 4096 : (i + 1) * 4096] = (i + 1).to_bytes(8, "little") + b"p" * 4088
read = sum(m[i * 4096] for i in range(400, 440))
m[440 * 4096] = 1
m[440 * 4096] = 0
m[441 * 4096 : 442 * 4096] = b"F" * 4096
shared = mmap.mmap(-1, 10 * 4096)
shared[:] = b"s" * 40960
private = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
sum(private[i * 4096] for i in range(10))
private[3 * 4096 : 3 * 4096 + 7] = b"written"
sys.stdin.readline()  # so that nothing is set up after the addresses are told
print(*(address(x) for x in (m, shared, private)), flush=True)
sys.stdin.readline()
m.madvise(21)  # MADV_PAGEOUT
print("out", flush=True)
sys.stdin.read()
"""


class Child:
    """The child: pid, and the page numbers at which its three mappings begin."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.pid = process.pid
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("begin\n")
        process.stdin.flush()
        addresses = [int(word) >> PAGE_SHIFT for word in process.stdout.readline().split()]
        self.anonymous, self.shared, self.private = addresses
        deadline = time.monotonic() + 10
        while self.state() != "S" and time.monotonic() < deadline:
            time.sleep(0.001)

    def page_out(self) -> None:
        """Let the kernel swap out the anonymous mapping, if there is a swap space."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("page out\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "out\n"

    def state(self) -> str:
        """The letter of its state."""
        with open(f"/proc/{self.pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0]


def written_page(index: int) -> bytes:
    """What the child wrote to one of the pages WRITTEN."""
    return (index + 1).to_bytes(8, "little") + b"p" * (PAGE_SIZE - 8)


@contextmanager
def child(file: str, *, user: int | None = None) -> Iterator[Child]:
    """Run the child, which maps a file of 10 pages or more. user: run as, where root may."""
    process = subprocess.Popen(
        [sys.executable, "-c", BECOME + _SCRIPT, file, str(os.geteuid() if user is None else user)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield Child(process)
            process.kill()
    finally:
        process.kill()
