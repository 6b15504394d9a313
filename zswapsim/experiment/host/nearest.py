# SPDX-License-Identifier: GPL-2.0-only
"""Which kernel profile is nearest to a kernel's release."""

import re

from zswapsim.profiles import PROFILES

_RELEASES_OF = {3: 20, 4: 21, 5: 20, 6: 20}
"""Major version -> how many releases it had, from 3.0 on."""

_VERSION = re.compile(r"(?:Linux version )?(\d{1,2})\.(\d{1,3})(?=\D|$)", re.ASCII)


def version_of(text: str) -> str | None:
    """Return "6.1" of "6.1.0-18-amd64" or of a text as /proc/version; None where none is in it."""
    found = _VERSION.match(text.strip())
    return f"{int(found[1])}.{int(found[2])}" if found else None


def nearest_profile(version: str) -> tuple[str, int]:
    """Return the kernel whose profile is fewest releases away, the older of two, and how many.

    Negative: the profile is older than the version.
    """
    here = release_number(version)
    distances = {kernel: release_number(kernel) - here for kernel in PROFILES}
    kernel = min(distances, key=lambda kernel: (abs(distances[kernel]), distances[kernel]))
    return kernel, distances[kernel]


def release_number(version: str) -> int:
    """Return how many releases there were before this one, "6.1", counted from 3.0."""
    major, minor = map(int, version.split("."))
    if major < 3:
        return -1
    return minor + sum(_RELEASES_OF.get(before, 20) for before in range(3, major))
