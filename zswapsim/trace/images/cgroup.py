# SPDX-License-Identifier: GPL-2.0-only
"""The processes of a cgroup and of all cgroups below it: their cgroup.procs.

Source: Linux Documentation/admin-guide/cgroup-v2.rst. Version 1 has the same file, at other places.
"""

import errno
import os
from pathlib import Path

from zswapsim.errors import TraceError

ROOT = Path("/sys/fs/cgroup")
PROCS = "cgroup.procs"
_UNIFIED = "unified"
"""Where version 2 is mounted on machines that still have version 1."""


def cgroup_folder(path: str, root: Path = ROOT) -> Path:
    """Return the folder of a cgroup: an absolute path, or one below /sys/fs/cgroup.

    A path as /proc/PID/cgroup and systemctl print it, "/system.slice/a.service", is one below.
    TraceError if there is no such cgroup.
    """
    below = path.lstrip("/")
    folders = [root / below, root / _UNIFIED / below]
    if path.startswith("/"):
        folders.insert(0, Path(path))
    for folder in folders:
        if (folder / PROCS).is_file():
            return folder
    raise TraceError(f"there is no cgroup {path!r}: no {PROCS} in {' or '.join(map(str, folders))}")


def cgroup_pids(folder: Path) -> tuple[list[int], list[str]]:
    """Return the processes of a cgroup and below, ascending, and what could not be listed."""
    pids: set[int] = set()
    problems: list[str] = []
    for parent, _, files in os.walk(folder, onerror=lambda error: problems.append(_said(error))):
        if PROCS not in files:
            continue
        try:
            text = Path(parent, PROCS).read_text()
        except OSError as error:
            problems.append(_said(error))
        else:
            # 0 is a process of another PID namespace, which has no number here.
            listed = [int(word) for word in text.split() if word.isdigit()]
            pids.update(pid for pid in listed if pid)
            if 0 in listed:
                problems.append(f"{parent}: processes of another PID namespace")
    return sorted(pids), problems


def _said(error: OSError) -> str:
    if error.errno == errno.EOPNOTSUPP:
        return f"{error.filename}: is threaded; its processes are listed in the cgroup above it"
    return f"{error.filename}: {error.strerror}"
