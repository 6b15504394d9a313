# SPDX-License-Identifier: GPL-2.0-only
"""A machine's own zswap and zram: its files read, or a saved copy of them, and explained."""

from pathlib import Path

from zswapsim.experiment.host.facts import host_facts
from zswapsim.experiment.host.reading import (
    read_archive,
    read_folder,
    read_machine,
    write_archive,
)
from zswapsim.experiment.host.settings import comparison
from zswapsim.experiment.host.wanted import HostCopy

__all__ = ["HostCopy", "comparison", "host_facts", "read_host", "write_archive"]


def read_host(path: Path | None = None) -> HostCopy:
    """Return the files of this machine, or of a folder or archive. TraceError: it is neither."""
    if path is None:
        return read_machine()
    return read_folder(path) if path.is_dir() else read_archive(path)
