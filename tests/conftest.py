# SPDX-License-Identifier: GPL-2.0-only
"""What all tests share: the two engines, and how hard hypothesis tries."""

import os

import machine_driver  # noqa: F401  # before the first compilation: its functions are in the cache's key
import pytest
from hypothesis import settings

settings.register_profile("short", max_examples=25, stateful_step_count=30, deadline=None)
settings.register_profile("long", max_examples=1000, stateful_step_count=80, deadline=None)
settings.load_profile(os.environ.get("ZSWAPSIM_HYPOTHESIS", "short"))


@pytest.fixture(params=["interpreted", "compiled"])
def engine(request: pytest.FixtureRequest) -> str:
    """Every test that asks for an engine runs with both."""
    name: str = request.param
    return name
