# SPDX-License-Identifier: GPL-2.0-only
"""What tests of pages share."""

import pytest

from zswapsim import ReplayConfig, replay
from zswapsim.engine import engines
from zswapsim.trace.synthetic import random_contents, zipf

MACHINES = (
    *({"zpool": "zbud", "reclaim": reclaim} for reclaim in ("lru", "clock", "two-list")),
    {"zpool": "z3fold", "kernel": "6.1"},
    {"zpool": "zsmalloc", "kernel": "6.1"},
    {"frontend": "zram", "kernel": "6.1"},
)


@pytest.fixture(scope="session")
def compiled_machines() -> None:
    """Have the kinds of machine at hand, compiled, on which pages replay millions of accesses.

    Other tests need each of them as well; interpreted, a session takes three times as long.
    """
    trace = zipf(100, 20, 0.8, contents=random_contents(20))
    for settings in MACHINES:
        config = ReplayConfig(memory="50%", engine="compiled", **settings)  # type: ignore[arg-type]
        replay(trace, config)
        engines.mark_warm(config.warm_key)  # also where another kind of test compiled it
