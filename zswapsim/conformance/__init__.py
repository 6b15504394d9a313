# SPDX-License-Identifier: GPL-2.0-only
"""What every allocator, policy, compressor and trace format has to keep to, tried on one of them.

    from zswapsim.conformance import check_driver
    check_driver("firstfit")

Each function takes a part, or the name of one that is installed. It returns a Conformance, which
lists the laws that were tried, or raises LawBroken with the law that does not hold and the shortest
sequence of operations that was found to break it. Nothing is drawn by chance: the same part gives
the same answer. `python -m zswapsim.conformance KIND NAME` does so for a command line. The tests of
this package use it for all built-in parts. It needs nothing that is not installed anyway.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from zswapsim.conformance.compressors import check_compressor
    from zswapsim.conformance.drivers import check_driver
    from zswapsim.conformance.formats import check_format
    from zswapsim.conformance.law import Conformance
    from zswapsim.conformance.policies import check_policy
    from zswapsim.errors import LawBroken

_HOME = {
    "Conformance": "zswapsim.conformance.law",
    "LawBroken": "zswapsim.errors",
    "check_compressor": "zswapsim.conformance.compressors",
    "check_driver": "zswapsim.conformance.drivers",
    "check_format": "zswapsim.conformance.formats",
    "check_policy": "zswapsim.conformance.policies",
}

__all__ = [
    "Conformance",
    "LawBroken",
    "check_compressor",
    "check_driver",
    "check_format",
    "check_policy",
]


def __getattr__(name: str) -> "Any":
    """Import a check when it is first used: tapes and strict arrays need no numpy."""
    if name not in _HOME:
        raise AttributeError(f"module 'zswapsim.conformance' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
