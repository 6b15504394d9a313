# SPDX-License-Identifier: GPL-2.0-only
"""What a result costs: the sums by hand, the values, and what a person writes for them."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswapsim import ReplayConfig, Trace, replay
from zswapsim.content.compressors import COMPRESSORS, compressor
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.experiment.costs import (
    DEVICES,
    PRESETS,
    Costs,
    CpuCosts,
    Device,
    cost_key,
    cost_of,
    parse_device,
    parse_us,
)
from zswapsim.experiment.measured_costs import with_measured
from zswapsim.trace.synthetic import random_contents, zipf
from zswapsim.units import PAGE_SIZE

DEVICE = Device("own", read_us=1000, write_us=100, ahead_us=10)
COSTS = Costs(device=DEVICE, cpu={"lz4": CpuCosts(7, 3)}, trap_us=2, reclaim_stall_percent=50)


def result(frontend: str = "zswap", **changes: Any) -> dict[str, Any]:
    """The parts of a result that cost; each number is a prime, so that no two sums are alike."""
    told: dict[str, Any] = {
        "config": {"frontend": frontend, "compressor": "lz4"},
        "vmstat": {"pgmajfault": 211, "pswpin": 97, "pswpout": 61, "zswpin": 89},
        "zram": {"bd_reads": 5, "bd_writes": 19} if frontend == "zram" else {},
        "memory": {
            "swap_ra_hit": 13,
            "swap_ra_reads": 17,
            "mean_saved_pages": 41.6,
            "peak_saved_pages": 53,
        },
        "compression": {
            "compressions": 131,
            "decompressions": 113,
            "writeback_decompressions": 29,
        },
    }
    for section, values in changes.items():
        told[section].update(values)
    return told


def test_the_sums_of_zswap_by_hand() -> None:
    cost = cost_of(result(), COSTS)
    trap_us = (211 + 13) * 2
    waits_us = (97 - 17) * 1000 + 17 * 10
    reclaim_us = 131 * 7 + 29 * 3 + 61 * 100
    assert cost["cpu_seconds"] * 1e6 == pytest.approx(trap_us + 131 * 7 + 113 * 3)
    assert cost["device_seconds"] * 1e6 == pytest.approx(waits_us + 61 * 100)
    assert {name: round(s * 1e6) for name, s in cost["stall"].items()} == {
        "trap": trap_us,
        "decompress": (113 - 29) * 3,
        "read": waits_us,
        "reclaim": reclaim_us // 2,
    }
    assert cost["stall_seconds"] == pytest.approx(sum(cost["stall"].values()))
    assert (cost["device_reads"], cost["device_writes"]) == (97, 61)
    assert (cost["saved_pages"], cost["peak_saved_pages"]) == (42, 53)


def test_the_sums_of_zram_by_hand() -> None:
    """What a program of the administrator writes back is device and CPU time, but no stall."""
    cost = cost_of(result("zram"), COSTS)
    assert (cost["device_reads"], cost["device_writes"]) == (5, 19)
    assert cost["cpu_seconds"] * 1e6 == pytest.approx(224 * 2 + 131 * 7 + 113 * 3)
    assert cost["device_seconds"] * 1e6 == pytest.approx(5 * 1000 + 19 * 100)
    stall_us = 224 * 2 + 84 * 3 + 5 * 1000 + 131 * 7 / 2
    assert cost["stall_seconds"] * 1e6 == pytest.approx(stall_us)


def test_plain_swap_needs_no_costs_of_a_compressor() -> None:
    nothing = {"compressions": 0, "decompressions": 0, "writeback_decompressions": 0}
    told = result("none", compression=nothing, config={"compressor": "zstd:17"})
    assert cost_of(told, COSTS)["cpu_seconds"] * 1e6 == pytest.approx(224 * 2)
    with pytest.raises(NoEntry, match="'zstd:17' has no preset costs"):
        cost_of(result(config={"compressor": "zstd:17"}), COSTS)


@given(st.integers(0, 100))
def test_only_reclaim_is_scaled_by_the_share_that_is_waited_for(percent: int) -> None:
    none = cost_of(result(), COSTS.replaced(reclaim_stall_percent=0))
    all_ = cost_of(result(), COSTS.replaced(reclaim_stall_percent=100))
    some = cost_of(result(), COSTS.replaced(reclaim_stall_percent=percent))
    assert none["stall"]["reclaim"] == 0
    more = (all_["stall_seconds"] - none["stall_seconds"]) * percent / 100
    assert some["stall_seconds"] == pytest.approx(none["stall_seconds"] + more)
    assert some["cpu_seconds"] == all_["cpu_seconds"] == none["cpu_seconds"]


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_scaled_costs_scale_their_seconds_alone(device: float, cpu: float) -> None:
    base, scaled = (cost_of(result(), c) for c in (COSTS, COSTS.scaled(device=device, cpu=cpu)))
    assert scaled["device_seconds"] == pytest.approx(device * base["device_seconds"])
    assert scaled["cpu_seconds"] == pytest.approx(cpu * base["cpu_seconds"])


def test_a_result_that_did_not_count_is_refused() -> None:
    told = result()
    del told["compression"]["decompressions"]
    with pytest.raises(InvalidArgument, match="an older version wrote it"):
        cost_of(told, COSTS)


@pytest.mark.parametrize(
    ("kernel", "frontend", "settings"),
    [
        ("5.4", "zswap", {}),
        ("6.12", "zswap", {}),
        ("6.12", "zswap", {"page_cluster": 3, "zpool": "zbud"}),
        ("6.18", "zswap", {"max_pool_percent": 60}),
        ("6.1", "zram", {"zram_writeback": "idle:1500"}),
        ("6.1", "zram", {"zram_limit": "20%"}),
        ("6.12", "none", {"page_cluster": 3}),
    ],
)
def test_counted_are_the_calls_of_the_compressor(
    kernel: str, frontend: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the pages that the bytes plane really decompresses, for loads or for writebacks."""
    calls = {"decompress": 0}
    made = compressor("zstd")
    original = type(made).decompress

    def counting(self: Any, data: Any) -> bytes:
        calls["decompress"] += 1
        return original(self, data)

    trace = zipf(6000, 200, 0.7, contents=random_contents(200))
    monkeypatch.setattr(type(made), "decompress", counting)
    config = ReplayConfig(
        frontend=frontend,
        kernel=kernel,
        compressor="zstd",
        memory="40%",
        engine="interpreted",
        **settings,
    )
    told = replay(trace, config).to_dict()
    compression, vmstat, memory = told["compression"], told["vmstat"], told["memory"]
    assert compression["decompressions"] == calls["decompress"]
    assert (compression["decompressions"] > 0) == (frontend != "none")
    if frontend == "zswap":
        offered = vmstat["zswpout"] + vmstat["pswpout"]
        assert compression["compress_errors"] < compression["compressions"] <= offered
    if frontend == "zram":
        assert compression["compressions"] <= vmstat["pswpout"] + memory["write_errors"]
        assert compression["writeback_decompressions"] <= told["zram"]["bd_writes"]
    if settings.get("page_cluster"):
        assert 0 < memory["swap_ra_reads"] <= min(memory["swap_ra"], vmstat["pswpin"])


@pytest.mark.parametrize("frontend", ["zswap", "zram", "none"])
def test_saved_is_what_pools_hold_beyond_what_they_take(frontend: str, engine: str) -> None:
    """Same-filled pages take none: 30 new pages in memory of 10 save 0 at the first, then 1 to 20.

    The mean is over the faults since memory was short, of which the first found 1 page gone.
    """
    filled = b"".join(bytes([number]) * PAGE_SIZE for number in range(1, 31))
    trace = Trace.from_arrays(
        range(30), [True] * 30, range(30), range(30), range(30), contents=filled
    )
    settings = ReplayConfig(frontend=frontend, kernel="6.1", memory="10p", engine=engine)
    told = replay(trace, settings).to_dict()
    cost = cost_of(told, Costs())
    held = frontend != "none"
    assert cost["peak_saved_pages"] == 20 * held
    assert told["memory"]["mean_saved_pages"] == 10.5 * held
    assert told["compression"]["compressions"] == told["compression"]["decompressions"] == 0


def test_every_preset_is_of_a_compressor_and_in_order() -> None:
    for key, cpu in PRESETS.items():
        assert cost_key(key) == key
        assert 0 < cpu.decompress_us < cpu.compress_us
    assert {key.partition(":")[0] for key in PRESETS} == set(COMPRESSORS.names())
    reads = [device.read_us for device in DEVICES.values()]
    assert list(DEVICES) == ["nvme", "ssd", "emmc", "sd", "disk"]
    assert reads == sorted(reads)
    assert all(device.ahead_us <= device.read_us for device in DEVICES.values())


def test_equal_settings_have_one_key() -> None:
    assert cost_key("zstd:3") == cost_key("zstd:level=3") == cost_key("zstd") == "zstd"
    assert cost_key("zstd:level=5") == "zstd:5"
    assert cost_key("lz4:acceleration=4") == "lz4:4"


def test_own_values_come_before_presets_and_stay() -> None:
    own = Costs().with_own({"zstd:3": 50.0}, {})
    assert own.cpu_of("zstd") == CpuCosts(50.0, PRESETS["zstd"].decompress_us, "partly given")
    assert own.cpu_of("lz4") == PRESETS["lz4"]
    both = Costs().with_own({"zstd:19": 900.0}, {"zstd:19": 9.0})
    assert both.cpu_of("zstd:19") == CpuCosts(900.0, 9.0, "given")
    with pytest.raises(NoEntry, match="'zstd:19' has no preset"):
        Costs().with_own({"zstd:19": 900.0}, {})


def test_what_has_no_preset_is_measured_with_the_trace_s_pages() -> None:
    trace = zipf(300, 100, 1.0, contents=random_contents(50))
    costs = with_measured(Costs(), ["zstd:11", "lz4"], trace, "6.12")
    for spec in ("zstd:11", "lz4"):
        assert costs.cpu_of(spec).compress_us > 0
        assert re.fullmatch(r"measured here, \d\d pages", costs.cpu_of(spec).origin)
    assert with_measured(COSTS, [], trace, "6.12") is COSTS


def test_a_trace_of_filled_pages_measures_nothing() -> None:
    trace = Trace.from_arrays([0], [True], [0], [0], [0], contents=b"7" * PAGE_SIZE)
    with pytest.raises(InvalidArgument, match="no page to measure compressors with"):
        with_measured(Costs(), ["zstd:11"], trace, "6.12")


@pytest.mark.parametrize(
    ("text", "us"),
    [("90us", 90), ("90", 90), (" 0.5 ms ", 500), ("250ns", 0.25), ("2s", 2e6), ("8µs", 8)],
)
def test_times_are_microseconds(text: str, us: float) -> None:
    assert parse_us(text) == pytest.approx(us)


@pytest.mark.parametrize("text", ["", "-1", "us", "1h", "1e3", "nan", "9999999999s", "1 2"])
def test_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_us(text)


def test_devices_by_name_changed_or_of_one_s_own() -> None:
    assert parse_device("ssd") == DEVICES["ssd"]
    assert parse_device("ssd:read=90us") == Device("ssd, changed", 90, DEVICES["ssd"].write_us)
    assert parse_device("read=1ms,write=20us") == Device("own device", 1000, 20)
    assert parse_device("write=20,read=90").read_us == 90


@pytest.mark.parametrize(
    "text",
    ["", "floppy", "ssd:", "ssd:read", "ssd:seek=1", "read=1", "ssd:read=1,read=2", "a=1,read=2"],
)
def test_no_device_is_refused_in_one_line(text: str) -> None:
    with pytest.raises((InvalidArgument, NoEntry)) as error:
        parse_device(text)
    assert "\n" not in str(error.value)
