# SPDX-License-Identifier: GPL-2.0-only
"""A small workload for whole replays, in which every page that comes back is compared."""

from functools import cache
from random import Random
from typing import Any

from zswapsim.conformance.law import raising_breaks, require
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.replay import replay
from zswapsim.trace.trace import Trace
from zswapsim.units import PAGE_SIZE

PAGES, ACCESSES, CONTENTS = 96, 3000, 160


@cache
def small_trace() -> Trace:
    """Return a trace of 96 pages, whose contents compress to a few bytes, or not at all."""
    random = Random(7)
    page = [min(int(random.expovariate(1 / 24)), PAGES - 1) for _ in range(ACCESSES)]
    write = [random.random() < 0.4 for _ in range(ACCESSES)]
    at = sorted(random.sample(range(ACCESSES), CONTENTS - PAGES))
    at = [0] * PAGES + at
    changed = list(range(PAGES)) + [page[when] for when in at[PAGES:]]
    contents = b"".join(
        random.randbytes(length := random.randrange(0, PAGE_SIZE)) + bytes(PAGE_SIZE - length)
        for _ in range(CONTENTS)
    )
    meta = {"name": "conformance", "contents_from": "drawn"}
    return Trace.from_arrays(page, write, at, changed, range(CONTENTS), contents, meta)


def check_replay(law: str, **settings: Any) -> None:
    """Replay it, interpreted. Broken: a page came back wrong, or the replay does not end well."""
    config = {"memory": "40%", "max_pool_percent": 35, "engine": "interpreted", **settings}
    told = ", ".join(f"{key} {value}" for key, value in settings.items())
    with raising_breaks(law, f"a replay with {told}"):
        result = replay(small_trace(), ReplayConfig(**config))
    checked = result.bytes["checked_pages"]
    require(checked > 0, law, f"in a replay with {told} no page came back")
