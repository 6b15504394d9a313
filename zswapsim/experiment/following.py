# SPDX-License-Identifier: GPL-2.0-only
"""How the bytes follow the machine: after it, or beside it in a thread.

The compiled machine and the compiled plane both work without the interpreter's lock. So a machine
has two journals: the plane follows one of them while the machine writes the other.
"""

import os
from concurrent.futures import Future, ThreadPoolExecutor

from zswapsim.engine import engines
from zswapsim.experiment.bytes_plane import BytesPlane
from zswapsim.files import Closing
from zswapsim.machine import journal as j
from zswapsim.machine import memory as m


class Follower(Closing):
    """machine: the one to run next. Use: follow, wait; end: close, or with."""

    def __init__(self, machine: m.Machine, plane: BytesPlane | None, engine: str) -> None:
        """plane: None if there are no bytes."""
        self.machine = machine
        self._plane = plane
        self._other = machine
        self._thread: ThreadPoolExecutor | None = None
        self._following: Future[None] | None = None
        if plane is not None and engine == "compiled" and len(os.sched_getaffinity(0)) > 1:
            self._thread = ThreadPoolExecutor(1)
            journal = machine.swap.journal
            another = j.make_journal(
                len(journal.event), journal.counts[j.WANTED], engines.zeros(engine)
            )
            self._other = machine._replace(swap=machine.swap._replace(journal=another))

    def give_versions(self, versions: m.Versions) -> None:
        """Give the machine the versions of the accesses that come next, in place of those before.

        It must have applied all of them.
        """
        self.machine = self.machine._replace(versions=versions)
        self._other = self._other._replace(versions=versions)
        self.machine.memory.stat[m.NEXT_VERSION] = 0

    def make_ready(self) -> None:
        """Follow a journal that is empty, so that the plane is compiled."""
        if self._plane is not None:
            self._plane.follow(self.machine.swap.journal)

    def follow(self) -> None:
        """Let the plane take what is in the journal, now or soon. DataMismatch: now or later."""
        journal = self.machine.swap.journal
        if self._plane is None or journal.counts[j.LENGTH] == 0:
            return
        if self._thread is None:
            self._plane.follow(journal)
            return
        self.wait()
        self._following = self._thread.submit(self._plane.follow, journal)
        self.machine, self._other = self._other, self.machine

    def wait(self) -> None:
        """Return when the plane has followed everything. DataMismatch: a page came back wrong."""
        following, self._following = self._following, None
        if following is not None:
            following.result()

    def close(self) -> None:
        """Wait for the thread, whatever becomes of its work."""
        if self._thread is not None:
            self._thread.shutdown()
