# SPDX-License-Identifier: GPL-2.0-only
"""A plugin for pytest that runs everything interpreted: python -m pytest -p tests.interpreted.

For tools that look at Python, as coverage does, which sees nothing of compiled code. numba cannot
be imported, and what asks for it is skipped.
"""

import sys
from collections.abc import Generator

import pytest

sys.modules["numba"] = None  # type: ignore[assignment]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what says that it is for the compiled engine."""
    compiled = [item for item in items if "compiled" in item.nodeid.lower()]
    config.hook.pytest_deselected(items=compiled)
    items[:] = [item for item in items if item not in compiled]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Skip a test that would compile, itself or in its fixtures."""
    try:
        yield
    except BaseException as error:
        _skip_without_numba(error)
        raise


pytest_runtest_setup = pytest_runtest_call


def _skip_without_numba(error: BaseException) -> None:
    """Skip where numba is what is missing, even if that is told by another error in turn."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            _skip_without_numba(one)
    absent = isinstance(error, ModuleNotFoundError) and (error.name or "").startswith("numba")
    if absent or "import of numba halted" in str(error):
        pytest.skip("this test compiles")
    for earlier in (error.__cause__, error.__context__):
        if earlier is not None:
            _skip_without_numba(earlier)
