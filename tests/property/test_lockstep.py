# SPDX-License-Identifier: GPL-2.0-only
"""Long random runs of every kernel, frontend, pool and policy: both engines, laws at each step."""

import os
import time

import pytest
from lockstep import KINDS, Kind, lockstep
from lockstep_drivers import DRIVER_KINDS, DriverKind, driver_lockstep

SEED = int(os.environ.get("ZSWAPSIM_SEED", "1"))
OPERATIONS = int(os.environ.get("ZSWAPSIM_OPERATIONS", "1_000_000"))
"""Of the long run, over all kinds together."""

EACH = -(-OPERATIONS // (len(KINDS) + len(DRIVER_KINDS)))
INTERPRETED = ("interpreted",)


@pytest.mark.parametrize("frontend", ["none", "zram", "zswap"])
def test_counters_reconcile_at_every_access_of_every_kind(frontend: str) -> None:
    for kind in KINDS:
        if kind.frontend == frontend:
            lockstep(kind, SEED, 40, 20, INTERPRETED)


@pytest.mark.parametrize("kernel", ["3.11", "6.1", "6.8", "6.12"])
def test_both_engines_are_the_same_machine_in_lockstep(kernel: str) -> None:
    """With zbud alone, which is compiled for other tests as well."""
    lockstep(Kind(kernel, "zswap", "zbud", "lru"), SEED, 500, 100, pools=("zbud",))


@pytest.mark.long
def test_a_million_operations_of_all_kinds_in_lockstep(capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.monotonic()
    done = 0
    for number, kind in enumerate((*KINDS, *DRIVER_KINDS)):
        try:
            if isinstance(kind, DriverKind):
                done += driver_lockstep(kind, SEED, EACH, 250)
            else:
                done += lockstep(kind, SEED, EACH, 250)
        except Exception as fault:
            fault.add_note(f"kind {kind}, ZSWAPSIM_SEED={SEED}, {EACH} operations")
            raise
        with capsys.disabled():
            print(f"{number + 1} kinds, {done:,} operations, {time.monotonic() - begun:.0f} s")
    assert done >= OPERATIONS
