# SPDX-License-Identifier: GPL-2.0-only
"""From a result's counters to time: what the CPU spends, the device, and the program's waiting.

    faults        pgmajfault + swap_ra_hit              (the program met the page in swap)
    cpu           faults * trap_us + compressions * compress_us + decompressions * decompress_us
    device_reads  pswpin, of zram bd_reads; device_writes: pswpout, of zram bd_writes
    ahead         swap_ra_reads: reads in the same request as one that the program waits for
    device        (device_reads - ahead) * read_us + ahead * ahead_us + device_writes * write_us
    stall         trap + decompress + read + reclaim, of which
      trap        faults * trap_us
      decompress  (decompressions - writeback_decompressions) * decompress_us
      read        (device_reads - ahead) * read_us + ahead * ahead_us
      reclaim     reclaim_stall_percent / 100 * (compressions * compress_us
                  + writeback_decompressions * decompress_us + device_writes * write_us)

read_us is the latency of one read of 4 KiB, for which a program waits; write_us the device's time
for a page at the rate at which it writes many; ahead_us, of a page read along, the lesser of both.
The machine does not count requests: what is read ahead is taken to come with the fault's page.

reclaim_stall_percent: 100, the default, lets the program wait for all of reclaim, as the simulated
machine reclaims when a fault needs a page, and as a real one does at the limit of a memory cgroup
or when kswapd falls behind; at 0 kswapd does all of it in time. Of zram, what writes pages back is
no part of the stall: a program of the administrator asks for that, not reclaim.

Pages that are filled or copied cost the trap only: 4 KiB of memory take about 0.1 us. Queueing is
not modelled: a device has one request at a time. A fault "slow:x4" of the run makes all of the
device's times 4 times as long.

saved_pages: the pages that pools held beyond those that they took, so how much more memory the
machine seems to have: the mean over all faults since memory was first short; peak_saved_pages: the
most. What a swap file holds is not in memory and does not count.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from zswapsim.content.compressors import compressor
from zswapsim.errors import InvalidArgument, NoEntry
from zswapsim.experiment.faults import slowness


@dataclass(frozen=True, slots=True)
class Device:
    """Microseconds of a device for a page: of a read until it is there, of a write among many.

    ahead_us: of a page that is read along with another one; below 0 is the lesser of both.
    """

    name: str
    read_us: float
    write_us: float
    ahead_us: float = -1

    def __post_init__(self) -> None:
        """Settle what a page read along takes."""
        if self.ahead_us < 0:
            object.__setattr__(self, "ahead_us", min(self.read_us, self.write_us))

    def scaled(self, *, reads: float = 1, writes: float = 1) -> "Device":
        """Return a device whose reads and writes take so many times as long."""
        ahead_us = self.ahead_us * reads
        return Device(self.name, self.read_us * reads, self.write_us * writes, ahead_us)


DEVICES = {
    device.name: device
    for device in (
        # M.2 drive at queue depth 1: 13,815 reads/s (superuser.com/q/1108034) are 72 us, to which
        # the kernel's way there comes. 970 EVO Plus at depth 32: 354,973 writes/s are 3 us
        # (kitguru.net, its review); half of that once its fast cache is full.
        Device("nvme", 80, 5),
        # SATA drive, same source: 6,588 reads/s at depth 1, 152 us; 43,554 writes/s at 32, 23 us.
        Device("ssd", 150, 23),
        # eMMC 5.1: Samsung's first says 125 MB/s written (33 us a page) and 11,000 reads/s queued
        # (gadgetdetail.com); 4,000 to 7,000 reads/s in HS200, so 5,000 one at a time.
        Device("emmc", 200, 33),
        # SD, application performance class A1 (SD specification 5.1; admin-magazine.com 76/2023):
        # at least 1,500 random reads/s and 10 MB/s written.
        Device("sd", 667, 410),
        # 7,200/min: 8.2 ms of average seek (HGST Ultrastar 7K4000) + 4.2 ms of half a turn; a
        # batch of 32 pages, as reclaim writes them, shares that, and 111 MB/s are 37 us a page.
        Device("disk", 12_400, 425),
    )
}
DEFAULT_DEVICE = "nvme"

TRAP_US = 1.0
"""Fault, page table and a fresh page: median 1.0 us for a minor fault (Linux 6.6, i7 of 2021)."""

RECLAIM_STALL_PERCENT = 100
MAX_US = 1e9


@dataclass(frozen=True, slots=True)
class CpuCosts:
    """Microseconds of a compressor for a page, and where they come from."""

    compress_us: float
    decompress_us: float
    origin: str = "preset"


# Medians of `zswapsim ratio` over the bundled traces' contents, one core of a Xeon (Sapphire
# Rapids): the library called from Python. lz4-kernel is lz4 (what its own encoder takes longer is
# Python's call). lzo: our encoder less 2 us for that call; decompression in the proportion to lz4
# that reads of a kernel's zram have, 2,235 (lzo-rle) and 2,428 ns (lzo) to 1,708 (the figures of
# VenditatioDelendaEst, notes.xeome.dev/notes/Zram), as our decoder is not a kernel's.
PRESETS = {
    "lz4": CpuCosts(7.4, 2.1),
    "lz4-kernel": CpuCosts(7.4, 2.1),
    "lz4hc": CpuCosts(78, 1.9),
    "lzo-rle": CpuCosts(7.0, 2.8),
    "lzo": CpuCosts(7.0, 3.0),
    "deflate": CpuCosts(116, 17.6),
    "zstd:1": CpuCosts(16.4, 8.1),
    "zstd:2": CpuCosts(16.3, 8.0),
    "zstd": CpuCosts(18.2, 7.6),
    "zstd:4": CpuCosts(18.3, 7.7),
    "zstd:5": CpuCosts(28.1, 7.6),
    "zstd:6": CpuCosts(39.3, 7.2),
    "zstd:7": CpuCosts(41.7, 7.1),
    "zstd:8": CpuCosts(49.6, 7.2),
    "zstd:9": CpuCosts(50.1, 7.1),
}


def cost_key(spec: str) -> str:
    """Return the name under which a compressor's costs are kept: its settings unless default."""
    made = compressor(spec)
    set_ = {
        name: value for name, value in made.settings.items() if value != made.options[name].default
    }
    first = next(iter(made.options), "")
    words = [str(value) if name == first else f"{name}={value}" for name, value in set_.items()]
    return f"{made.name}:{','.join(words)}" if words else made.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """All values of the model. cpu: by cost_key, for compressors that differ from the presets."""

    device: Device = DEVICES[DEFAULT_DEVICE]
    cpu: Mapping[str, CpuCosts] = field(default_factory=dict)
    trap_us: float = TRAP_US
    reclaim_stall_percent: int = RECLAIM_STALL_PERCENT

    def cpu_of(self, spec: str) -> CpuCosts:
        """Return the costs of a compressor. NoEntry: it has none, so has to be measured."""
        key = cost_key(spec)
        found = self.cpu.get(key) or PRESETS.get(key)
        if found is None:
            raise NoEntry(
                f"compressor {spec!r} has no preset costs; measure them, or give your own"
            )
        return found

    def has_own(self, spec: str) -> bool:
        """Say whether a compressor has costs other than a preset."""
        return cost_key(spec) in self.cpu

    def knows(self, spec: str) -> bool:
        """Say whether a compressor has costs."""
        return self.has_own(spec) or cost_key(spec) in PRESETS

    def with_cpu(self, spec: str, cpu: CpuCosts) -> Self:
        """Return these costs with those of one compressor."""
        return self.replaced(cpu={**self.cpu, cost_key(spec): cpu})

    def with_own(
        self, compress_us: Mapping[str, float], decompress_us: Mapping[str, float]
    ) -> Self:
        """Return these costs with a person's own, by cost_key.

        NoEntry: only one of both is given for a compressor without a preset.
        """
        costs = self
        for key in dict.fromkeys((*compress_us, *decompress_us)):
            both = key in compress_us and key in decompress_us
            base = CpuCosts(0, 0) if both else self.cpu_of(key)
            there = compress_us.get(key, base.compress_us)
            back = decompress_us.get(key, base.decompress_us)
            costs = costs.with_cpu(key, CpuCosts(there, back, "given" if both else "partly given"))
        return costs

    def replaced(self, **values: Any) -> Self:
        """Return these costs with other values."""
        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return type(self)(**{**kept, **values})

    def scaled(self, *, device: float = 1, cpu: float = 1) -> Self:
        """Return costs with the device's times, and those of the CPU, so many times as long."""
        every = {**PRESETS, **self.cpu}
        return self.replaced(
            device=self.device.scaled(reads=device, writes=device),
            cpu={
                key: CpuCosts(one.compress_us * cpu, one.decompress_us * cpu, one.origin)
                for key, one in every.items()
            },
            trap_us=self.trap_us * cpu,
        )

    def to_dict(self, specs: "list[str] | None" = None) -> dict[str, Any]:
        """Return the values as JSON can hold them; specs: the compressors that matter."""
        return {
            "device": asdict(self.device),
            "cpu": {spec: asdict(self.cpu_of(spec)) for spec in specs or []},
            "trap_us": self.trap_us,
            "reclaim_stall_percent": self.reclaim_stall_percent,
        }


def cost_of(result: Mapping[str, Any], costs: Costs) -> dict[str, Any]:
    """Return what a result costs: seconds, device reads and writes, pages saved.

    result: the dictionary of a Result. `stall` holds the parts of stall_seconds. InvalidArgument: a
    result of a version that did not count decompressions. NoEntry: as Costs.cpu_of.
    """
    counts = counted(result)
    cpu = costs.cpu_of(result["config"]["compressor"]) if counts["coded"] else CpuCosts(0, 0)
    factor = slowness(result["config"].get("faults", ()))
    device, share = (
        costs.device.scaled(reads=factor, writes=factor),
        costs.reclaim_stall_percent / 100,
    )
    waited = counts["device_reads"] - counts["ahead"]
    read_us = waited * device.read_us + counts["ahead"] * device.ahead_us
    trap_us = counts["faults"] * costs.trap_us
    compress_us = counts["compressions"] * cpu.compress_us
    loads_us = counts["loads"] * cpu.decompress_us
    back_us = counts["writebacks"] * cpu.decompress_us
    reclaim_us = compress_us
    if result["config"]["frontend"] != "zram":
        reclaim_us += back_us + counts["device_writes"] * device.write_us
    stall_us = {
        "trap": trap_us,
        "decompress": loads_us,
        "read": read_us,
        "reclaim": share * reclaim_us,
    }
    return {
        "cpu_seconds": (trap_us + compress_us + loads_us + back_us) / 1e6,
        "device_seconds": (read_us + counts["device_writes"] * device.write_us) / 1e6,
        "stall_seconds": sum(stall_us.values()) / 1e6,
        "stall": {name: us / 1e6 for name, us in stall_us.items()},
        "device_reads": counts["device_reads"],
        "device_writes": counts["device_writes"],
        "saved_pages": round(result["memory"]["mean_saved_pages"]),
        "peak_saved_pages": result["memory"]["peak_saved_pages"],
    }


def counted(result: Mapping[str, Any]) -> dict[str, int]:
    """Return the counters that cost something, by what they are called in this module's sums."""
    memory, vmstat, compression = result["memory"], result["vmstat"], result["compression"]
    if "decompressions" not in compression or "mean_saved_pages" not in memory:
        raise InvalidArgument("result: an older version wrote it, which did not count what costs")
    zram = result["zram"] if result["config"]["frontend"] == "zram" else None
    writebacks: int = compression["writeback_decompressions"]
    return {
        "faults": vmstat["pgmajfault"] + memory["swap_ra_hit"],
        "compressions": compression["compressions"],
        "loads": compression["decompressions"] - writebacks,
        "writebacks": writebacks,
        "coded": compression["compressions"] + compression["decompressions"],
        "device_reads": vmstat["pswpin"] if zram is None else zram["bd_reads"],
        "device_writes": vmstat["pswpout"] if zram is None else zram["bd_writes"],
        "ahead": memory["swap_ra_reads"] if zram is None else 0,
    }


_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s)?")
_US = {"ns": 1e-3, "us": 1.0, "µs": 1.0, "ms": 1e3, "s": 1e6}


def parse_us(text: str) -> float:
    """Return the microseconds that "90us", "90", "0.1ms" mean. InvalidArgument says what may be."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise InvalidArgument(f"{text!r} is no time; allowed are 90us, 8ms, 250ns")
    us = float(match[1]) * _US[match[2] or "us"]
    if us > MAX_US:
        raise InvalidArgument(f"{text[:20]!r} is more than a quarter of an hour a page")
    return us


def parse_device(text: str) -> Device:
    """Return the device that "ssd", "ssd:read=90us" or "read=90us,write=20us" means.

    InvalidArgument or NoEntry says what is allowed.
    """
    name, colon, values = text.partition(":")
    if not colon and "=" in name:
        name, values = "", name
    name = name.strip()
    if name and name not in DEVICES:
        raise NoEntry(
            f"no device {name!r}; there are {', '.join(DEVICES)}, or read=90us,write=20us"
        )
    given = {}
    for word in values.split(",") if values or colon else []:
        key, equals, time = word.partition("=")
        if not equals or key.strip() not in ("read", "write") or key.strip() in given:
            raise InvalidArgument(f"{text!r}: allowed are read=TIME and write=TIME, once each")
        given[key.strip()] = parse_us(time)
    if not name and len(given) < len(("read", "write")):
        raise InvalidArgument(f"{text!r}: a device of your own has both, as read=90us,write=20us")
    base = DEVICES.get(name)
    return Device(
        name=f"{name}, changed" if name and given else name or "own device",
        read_us=given["read"] if base is None else given.get("read", base.read_us),
        write_us=given["write"] if base is None else given.get("write", base.write_us),
    )
