# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of a page that does not compress into a page, by kernel and compressor."""

import random
from typing import Any

import numpy as np
import pytest

from zswapsim import ReplayConfig, compressor, replay
from zswapsim.content.compressors.fit import (
    BOUNDED,
    Fit,
    deflate_fit,
    fit_of,
    lengths_key,
    lz4_fit,
    lzo_fit,
)
from zswapsim.errors import EINVAL, ENOSPC, NoEntry
from zswapsim.profiles import PROFILES, profile
from zswapsim.trace.synthetic import zipf

NOISE = random.Random(1).randbytes(4096)
KERNELS = list(PROFILES)
BUILT_IN = ["lz4", "lz4hc", "zstd", "deflate", "lz4-kernel", "lzo-rle", "lzo"]
UNBOUNDED_LZO = ["3.11", "5.4", "5.10"]
WRAPPED_LZO = ["6.6", "6.8"]


def test_the_longest_result_that_fits_is_a_length_and_one_byte_more_an_error() -> None:
    fit = Fit(4096, -ENOSPC)
    assert [fit.length(size) for size in (1, 4095, 4096, 4097, 9000)] == [
        *(1, 4095, 4096),
        *(-ENOSPC, -ENOSPC),
    ]


@pytest.mark.parametrize("kernel", KERNELS)
def test_lz4_looks_at_its_capacity_but_in_3_11(kernel: str) -> None:
    """Specification 7.2."""
    fit = lz4_fit(profile(kernel))
    assert fit.length(4096) == 4096
    assert fit.length(4128) == (4128 if kernel == "3.11" else -EINVAL)


@pytest.mark.parametrize("kernel", KERNELS)
def test_lzo_passes_on_refuses_in_the_wrapper_or_is_bounded(kernel: str) -> None:
    """Specification 7.2; 6.1 as its recordings show it."""
    fit = lzo_fit(profile(kernel))
    assert fit.length(4096) == 4096
    for size in (4097, 4421):
        if kernel in UNBOUNDED_LZO:
            assert fit.length(size) == size
        else:
            assert fit.length(size) == (-ENOSPC if kernel in WRAPPED_LZO else -EINVAL)


@pytest.mark.parametrize("kernel", KERNELS)
def test_deflate_refuses_with_another_error_in_6_18(kernel: str) -> None:
    fit = deflate_fit(profile(kernel))
    assert fit.length(4096) == 4096
    assert fit.length(4097) == (-ENOSPC if kernel == "6.18" else -EINVAL)


@pytest.mark.parametrize("kernel", [None, *KERNELS])
@pytest.mark.parametrize("name", BUILT_IN)
def test_a_page_of_noise_is_refused_by_whatever_looks_at_its_capacity(
    name: str, kernel: str | None
) -> None:
    made = compressor(name, kernel)
    size = len(made.compress(NOISE))
    assert size > 4096
    if name.startswith("lzo"):
        passed, wrapped = kernel in UNBOUNDED_LZO, kernel in WRAPPED_LZO
    else:
        passed = name.startswith("lz4") and kernel == "3.11"
        wrapped = name == "deflate" and kernel == "6.18"
    failed = -ENOSPC if wrapped else -EINVAL
    assert fit_of(made).length(size) == (size if passed else failed)


def test_a_compressor_that_says_nothing_is_bounded() -> None:
    class Plain:
        key = "plain-1"

    assert fit_of(Plain()) == BOUNDED  # type: ignore[arg-type]
    assert lengths_key(Plain()) == "plain-1"  # type: ignore[arg-type]


def test_keys_differ_where_lengths_may_and_only_there() -> None:
    keys = {
        name: [lengths_key(compressor(name, kernel)) for kernel in KERNELS] for name in BUILT_IN
    }
    for name in ("lz4", "lz4hc", "lz4-kernel"):
        assert keys[name][0] != keys[name][1]
        assert len(set(keys[name][1:])) == 1
    for name in ("lzo", "lzo-rle"):
        groups = [set(keys[name][:3]), {keys[name][3], *keys[name][6:]}, set(keys[name][4:6])]
        assert [len(group) for group in groups] == [1, 1, 1]
        assert len(set.union(*groups)) == 3
    assert len(set(keys["zstd"][:3])) == len(set(keys["zstd"][3:7])) == 1
    assert len(set(keys["zstd"])) == 3
    assert len(set(keys["deflate"][:7])) == 1
    assert keys["deflate"][7] != keys["deflate"][0]
    for name, made in keys.items():
        assert lengths_key(compressor(name)) == made[KERNELS.index("6.1")]
        assert not set("".join(made)) & set(" /,\n")


@pytest.mark.parametrize("name", ["lz4", "zstd:5", "deflate"])
def test_an_unknown_kernel_lists_the_kernels(name: str) -> None:
    with pytest.raises(NoEntry, match=r"no kernel profile '2\.6'; there are 3\.11, 5\.4"):
        compressor(name, kernel="2.6")


# What a replay makes of it


def noise_and_text(count: int) -> np.ndarray[Any, Any]:
    """Pages of which every second one does not compress."""
    generator = random.Random(5)
    pages = [
        generator.randbytes(4096) if number % 2 else (b"%d squared; " % number * 400)[:4096]
        for number in range(count)
    ]
    return np.frombuffer(b"".join(pages), np.uint8).reshape(count, 4096)


@pytest.mark.parametrize(
    ("spec", "kernel", "poor", "failed"),
    [
        ("lz4", "3.11", True, False),
        ("lz4", "5.4", False, False),
        ("lz4", "6.8", False, True),
        ("lzo", "5.4", True, False),
        ("lzo-rle", "6.6", False, False),
    ],
)
def test_what_is_passed_on_is_too_poor_for_zbud_and_what_is_refused_not(
    spec: str, kernel: str, poor: bool, failed: bool, engine: str
) -> None:
    trace = zipf(4000, 60, seed=2, contents=noise_and_text(60))
    config = ReplayConfig(compressor=spec, kernel=kernel, zpool="zbud", memory="50%", engine=engine)
    result = replay(trace, config)
    assert result.zswap["stored_pages"] > 0
    assert (result.zswap["reject_compress_poor"] > 0) == poor
    assert (result.zswap["reject_compress_fail"] > 0) == failed
    assert (result.compression["compress_errors"] > 0) == (not poor)
    assert result.compression["incompressible_contents"] == 30
    assert result.compression["mean_length_bytes"] < 4096
    assert result.bytes["checked_pages"] > 0
    assert result.compression["library"] == compressor(spec).version
