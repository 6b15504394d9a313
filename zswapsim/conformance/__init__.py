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

from zswapsim.conformance.compressors import check_compressor
from zswapsim.conformance.drivers import check_driver
from zswapsim.conformance.formats import check_format
from zswapsim.conformance.law import Conformance
from zswapsim.conformance.policies import check_policy
from zswapsim.errors import LawBroken

__all__ = [
    "Conformance",
    "LawBroken",
    "check_compressor",
    "check_driver",
    "check_format",
    "check_policy",
]
