# SPDX-License-Identifier: GPL-2.0-only
"""What all tests share: the two engines, and how hard hypothesis tries."""

import os
import signal
from collections.abc import Iterator

import pytest
from by_hand_pages import Make
from hypothesis import HealthCheck, Phase, settings
from kernels import KERNELS
from machine_driver import SwapBench

from zswapsim import SwapFile, Zswap
from zswapsim.profiles import profile

# A shell that starts tests in the background has them ignore Ctrl-C, and so do all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("short", max_examples=50, stateful_step_count=30, deadline=None)
settings.register_profile("long", max_examples=1000, stateful_step_count=80, deadline=None)
# The same examples each time, and none made small: what asks only whether a test fails.
settings.register_profile(
    "still",
    max_examples=6,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
settings.load_profile(os.environ.get("ZSWAPSIM_HYPOTHESIS", "short"))


@pytest.fixture(params=["interpreted", "compiled"])
def engine(request: pytest.FixtureRequest) -> str:
    """Every test that asks for an engine runs with both."""
    name: str = request.param
    return name


@pytest.fixture(params=KERNELS)
def kernel(request: pytest.FixtureRequest) -> str:
    """Every test that asks for a kernel runs with all, unless it says which (for_kernels)."""
    name: str = request.param
    return name


@pytest.fixture
def zswap(engine: str, kernel: str) -> SwapBench:
    """zswap with a limit of 20 pages of zbud, in 6.18 of zsmalloc."""
    return SwapBench(engine, kernel=kernel, totalram_pages=100)


@pytest.fixture
def make(kernel: str) -> Iterator[Make]:
    """Make a Zswap of 64 slots, with zbud where the kernel has it, that is audited and closed."""
    made: list[Zswap] = []

    def make(**settings: object) -> Zswap:
        settings.setdefault("kernel", kernel)
        settings.setdefault("zpool", "zbud" if "zbud" in profile(kernel).zpools else "zsmalloc")
        settings.setdefault("swap", SwapFile(64))
        made.append(Zswap(**settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for zswap in made:
        zswap.check()
        zswap.close()
