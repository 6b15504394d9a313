# SPDX-License-Identifier: GPL-2.0-only
"""What `import zswapsim` gives, and what it costs."""

import subprocess
import sys

import pytest

import zswapsim

NAMES = {
    "Outcome",
    "Pool",
    "ReplayConfig",
    "Result",
    "SwapFile",
    "Trace",
    "Zram",
    "Zswap",
    "ZswapSimError",
    "complete",
    "compressor",
    "replay",
    "verify",
    "zpool",
}


def test_the_public_names_are_these() -> None:
    assert set(zswapsim.__all__) == NAMES
    for name in NAMES:
        assert getattr(zswapsim, name) is not None


def test_functions_are_functions_and_zpool_is_a_module() -> None:
    # replay, verify and compressor are also names of modules, which must not take their place.
    import zswapsim.experiment.replay
    import zswapsim.experiment.verify

    assert callable(zswapsim.replay)
    assert callable(zswapsim.verify)
    assert callable(zswapsim.compressor)
    assert callable(zswapsim.zpool.register)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'zswapsim' has no attribute 'Zcache'"):
        _ = zswapsim.Zcache
    with pytest.raises(ImportError):
        from zswapsim import Zcache  # noqa: F401


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, zswapsim, zswapsim.cli\n"
        "print([m for m in ('click', 'rich', 'numpy', 'numba', 'lz4', 'zstandard')"
        " if m in sys.modules])"
    )
    assert run(code).strip() == "[]"


def test_a_run_by_hand_needs_no_numba() -> None:
    code = (
        "import sys, zswapsim\n"
        "with zswapsim.Zswap(swap=zswapsim.SwapFile(8)) as zswap:\n"
        "    zswap.store(1, bytes(4096))\n"
        "print('numba' in sys.modules)"
    )
    assert run(code).strip() == "False"


def test_star_import_gives_the_public_names() -> None:
    code = "from zswapsim import *; print(sorted(n for n in dir() if n[0] != '_'))"
    assert run(code).strip() == str(sorted(NAMES))


def test_every_error_is_a_zswapsim_error_and_no_os_error() -> None:
    from zswapsim import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert len(kinds) >= 11
    for kind in kinds:
        assert issubclass(kind, zswapsim.ZswapSimError)
        assert not issubclass(kind, OSError)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (-22, "InvalidArgument"),
        (-28, "NoSpace"),
        (-12, "OutOfMemory"),
        (-11, "TryAgain"),
        (-16, "Busy"),
        (-2, "NoEntry"),
        (-17, "AlreadyExists"),
        (-19, "NoDevice"),
        (-5, "DeviceError"),
    ],
)
def test_an_errno_becomes_its_error(status: int, name: str) -> None:
    from zswapsim import errors

    with pytest.raises(getattr(errors, name), match="why") as caught:
        errors.raise_errno(status, "why")
    assert caught.value.errno == -status


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert (
        run("from zswapsim.cli import main; main(['--version'])")
        .strip()
        .endswith(version("zswapsim"))
    )
