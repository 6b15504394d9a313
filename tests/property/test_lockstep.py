# SPDX-License-Identifier: GPL-2.0-only
"""Long random runs of every kernel, frontend, pool and policy: both engines, laws at each step."""

import os
import time
from collections.abc import Sequence

import pytest
from lockstep import KINDS, POLICY_NAMES, Kind, lockstep
from lockstep_drivers import DRIVER_KINDS, DriverKind, driver_lockstep, sizes

SEED = int(os.environ.get("ZSWAPSIM_SEED", "1"))
OPERATIONS = int(os.environ.get("ZSWAPSIM_OPERATIONS", "1_000_000"))
"""Of the long run, over all kinds together."""

EACH = -(-OPERATIONS // (len(KINDS) + len(DRIVER_KINDS)))
RUN = 1000
"""Operations of one machine; the next one has other limits, contents and read-ahead."""

BLOCK = 250
"""Operations between two looks at everything."""

INTERPRETED = ("interpreted",)


@pytest.mark.parametrize("frontend", ["none", "zram", "zswap"])
def test_counters_reconcile_at_every_access_of_every_kind(frontend: str) -> None:
    for kind in KINDS:
        if kind.frontend == frontend:
            lockstep(kind, SEED, 40, 20, INTERPRETED)


def test_no_object_of_a_driver_alone_is_lost_or_shares_a_byte() -> None:
    for kind in DRIVER_KINDS:
        driver_lockstep(kind, SEED, 100, 50, INTERPRETED)


@pytest.mark.parametrize("kernel", ["3.11", "6.1", "6.8", "6.12"])
def test_both_engines_are_the_same_machine_in_lockstep(kernel: str) -> None:
    """With zbud alone, which is compiled for other tests as well."""
    lockstep(Kind(kernel, "zswap", "zbud", "lru"), SEED, 500, 100, pools=("zbud",))


@pytest.mark.long
@pytest.mark.parametrize("part", [*POLICY_NAMES, "drivers"])
def test_a_million_operations_of_all_kinds_in_lockstep(
    part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A million in all parts together. A part shares what is compiled: by policy, or driver."""
    begun = time.process_time()  # as others may use the cores as well
    done = 0
    kinds = kinds_of(part)
    for number, kind in enumerate(kinds, 1):
        for run, operations in enumerate(sizes(EACH, RUN)):
            seed = SEED * 1000 + run
            try:
                done += in_lockstep(kind, seed, operations)
            except Exception as fault:
                fault.add_note(f"{kind!r}, seed {seed}, {operations} operations, {BLOCK} a block")
                raise
        with capsys.disabled():
            seconds = time.process_time() - begun
            print(f"{part}: {number} kinds, {done:,} operations, {seconds:.0f} s of CPU")
    assert done >= len(kinds) * EACH


def kinds_of(part: str) -> Sequence[Kind | DriverKind]:
    if part == "drivers":
        return DRIVER_KINDS
    return [kind for kind in KINDS if kind.policy == part]


def in_lockstep(kind: Kind | DriverKind, seed: int, operations: int) -> int:
    if isinstance(kind, DriverKind):
        return driver_lockstep(kind, seed, operations, BLOCK)
    return lockstep(kind, seed, operations, BLOCK)
