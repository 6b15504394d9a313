# SPDX-License-Identifier: GPL-2.0-only
"""Files of machines of several kernels, as their formats are: path -> text."""

from pathlib import Path

Files = dict[str, str]

PARAMETERS = "sys/module/zswap/parameters/"
DEBUGFS = "sys/kernel/debug/zswap/"


def table(**rows: int) -> str:
    return "".join(f"{name} {value}\n" for name, value in rows.items())


def meminfo(**kib: int) -> str:
    rows = "".join(f"{f'{name}:':<16}{value:>8} kB\n" for name, value in kib.items())
    return f"{rows}HugePages_Total:       0\n"


def swaps(*lines: tuple[str, str, int, int, int]) -> str:
    head = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
    return head + "".join(f"{path:<40}{kind}\t{size}\t\t{used}\t\t{priority}\n"
                          for path, kind, size, used, priority in lines)  # fmt: skip


def zswap(counters: dict[str, int] | None = None, **parameters: object) -> Files:
    files = {f"{PARAMETERS}{name}": f"{value}\n" for name, value in parameters.items()}
    return files | {f"{DEBUGFS}{name}": f"{value}\n" for name, value in (counters or {}).items()}


def zram(number: int, **texts: str) -> Files:
    return {f"sys/block/zram{number}/{name}": f"{text}\n" for name, text in texts.items()}


def machine(release: str, **kernel_files: str) -> Files:
    return {
        "proc/sys/kernel/osrelease": f"{release}\n",
        "proc/version": f"Linux version {release} (build@host) (gcc) #1 SMP\n",
        "proc/cmdline": "BOOT_IMAGE=/vmlinuz root=UUID=0b5d-secret ro quiet zswap.enabled=1\n",
        "proc/sys/vm/swappiness": "60\n",
        "proc/sys/vm/page-cluster": "3\n",
        **kernel_files,
    }


FOCAL_5_4 = machine(
    "5.4.0-182-generic",
    **{
        "proc/meminfo": meminfo(
            MemTotal=8_038_840, MemFree=310_000, MemAvailable=2_800_000, Buffers=100_000,
            Cached=2_000_000, SwapCached=40_000, SwapTotal=2_097_148, SwapFree=1_500_000,
        ),
        "proc/vmstat": table(nr_file_pages=535_000, pswpin=181_220, pswpout=402_118),
        "proc/swaps": swaps(("/swapfile", "file", 2_097_148, 597_148, -2)),
    },
) | zswap(
    {
        "duplicate_entry": 0, "pool_limit_hit": 0, "pool_total_size": 402_653_184,
        "reject_alloc_fail": 0, "reject_compress_poor": 61_002, "reject_kmemcache_fail": 0,
        "reject_reclaim_fail": 0, "same_filled_pages": 20_480, "stored_pages": 196_608,
        "written_back_pages": 0,
    },
    enabled="Y", compressor="lz4", zpool="zbud", max_pool_percent=20, same_filled_pages_enabled="Y",
)  # fmt: skip
"""zbud that is a quarter full, and does without what later kernels count."""

BOOKWORM_6_1 = machine(
    "6.1.0-27-amd64",
    **{
        "proc/meminfo": meminfo(
            MemTotal=16_262_400, MemFree=412_388, MemAvailable=1_804_112, Buffers=1_200,
            Cached=1_630_444, SwapCached=310_500, SwapTotal=16_777_212, SwapFree=9_961_468,
            Zswap=3_171_168, Zswapped=5_390_984,
        ),
        "proc/vmstat": table(
            nr_file_pages=485_536, pswpin=1_904_377, pswpout=2_640_119, pgmajfault=3_018_244,
            swap_ra=1_012_344, swap_ra_hit=310_871, zswpin=1_240_883, zswpout=2_977_230,
        ),
        "proc/swaps": swaps(("/dev/nvme0n1p3", "partition", 16_777_212, 6_815_744, -2)),
        "proc/pressure/memory": "some avg10=2.11 avg60=4.03 avg300=9.87 total=81233711\n"
        "full avg10=1.04 avg60=2.88 avg300=6.12 total=51002912\n",
    },
) | zswap(
    {
        "duplicate_entry": 0, "pool_limit_hit": 41_220, "pool_total_size": 3_247_276_032,
        "reject_alloc_fail": 118, "reject_compress_poor": 203_448, "reject_kmemcache_fail": 0,
        "reject_reclaim_fail": 9_114, "same_filled_pages": 70_208, "stored_pages": 1_347_746,
        "written_back_pages": 60_331,
    },
    enabled="Y", compressor="lz4", zpool="zbud", max_pool_percent=20, accept_threshold_percent=90,
    same_filled_pages_enabled="Y", non_same_filled_pages_enabled="Y",
)  # fmt: skip
"""A pool at its limit, above the accept threshold: most of what is swapped out goes to the disk."""

NOBLE_6_8 = machine(
    "6.8.0-41-generic",
    **{
        "proc/meminfo": meminfo(
            MemTotal=32_600_000, MemFree=9_000_000, SwapTotal=8_388_604, SwapFree=6_000_000,
            Zswap=800_000, Zswapped=2_300_000,
        ),
        "proc/vmstat": table(pswpin=3_100, pswpout=90_000, zswpin=240_000, zswpout=820_000,
                             zswpwb=40, swap_ra=400, swap_ra_hit=100),
        "proc/swaps": swaps(("/swap.img", "file", 8_388_604, 2_388_604, -2)),
    },
) | zswap(
    enabled="Y", compressor="zstd", zpool="zsmalloc", max_pool_percent=20,
    accept_threshold_percent=90, same_filled_pages_enabled="Y",
    non_same_filled_pages_enabled="Y", exclusive_loads="N", shrinker_enabled="N",
)  # fmt: skip
"""Read by a user who is not root: no debugfs, but meminfo has the pool's size."""

BOTH_6_12 = machine(
    "6.12.38+deb13-amd64",
    **{
        "proc/meminfo": meminfo(MemTotal=4_000_000, SwapTotal=12_000_000, SwapFree=600_000,
                                Zswap=90_000, Zswapped=150_000),
        "proc/vmstat": table(pswpin=900_000, pswpout=1_400_000, zswpin=50_000, zswpout=300_000,
                             zswpwb=200_000),
        "proc/swaps": swaps(
            ("/dev/sda2", "partition", 4_000_000, 3_900_000, 100),
            ("/dev/zram0", "partition", 8_000_000, 7_500_000, 100),
        ),
    },
) | zswap(
    enabled="Y", compressor="lzo", zpool="zbud", max_pool_percent=20, accept_threshold_percent=90,
    shrinker_enabled="N",
) | zram(
    0, disksize="8192000000", initstate="1", comp_algorithm="lzo-rle lzo [lz4] zstd",
    mm_stat="7680000000 2900000000 3700000000 4000000000 3800000000 12000 0 600000 700000",
    bd_stat="0 0 0", io_stat="       0        0        0        0", backing_dev="none",
)  # fmt: skip
"""zram and zswap in front of it, a disk by turns with it, and nearly all of swap in use."""

FEDORA_6_6_ZRAM = machine(
    "6.6.8-200.fc39.x86_64",
    **{
        "proc/meminfo": meminfo(MemTotal=16_000_000, SwapTotal=8_388_604, SwapFree=6_200_000),
        "proc/vmstat": table(pswpin=310_000, pswpout=900_000, zswpin=0, zswpout=0),
        "proc/swaps": swaps(("/dev/zram0", "partition", 8_388_604, 2_188_604, 100)),
    },
) | zswap(
    enabled="N", compressor="lzo", zpool="zbud", max_pool_percent=20, accept_threshold_percent=90,
    same_filled_pages_enabled="Y", non_same_filled_pages_enabled="Y", exclusive_loads="N",
) | zram(
    0, disksize="8589934592", initstate="1", comp_algorithm="lzo [lzo-rle] lz4 lz4hc 842 zstd",
    recomp_algorithm="#1: lzo lzo-rle lz4 lz4hc 842 [zstd] \n#2: [lz4hc] zstd",
    mm_stat="2241130496 611004416 640000000 0 700000000 31000 120 4100 9000",
    bd_stat="12000 300 14000", backing_dev="/dev/loop3", writeback_limit="0",
    writeback_limit_enable="0", io_stat="       0        0        0        0",
) | zram(
    1, disksize="0", initstate="0", comp_algorithm="lzo [lzo-rle] lz4 lz4hc 842 zstd",
    mm_stat="0 0 0 0 0 0 0 0 0",
)  # fmt: skip
"""zram as swap with recompression and a backing device; zswap is off; a second zram is unused."""

ROLLING_6_18 = machine(
    "6.18.2-arch1-1",
    **{
        "proc/meminfo": meminfo(MemTotal=32_000_000, SwapTotal=16_000_000, SwapFree=12_000_000,
                                Zswap=1_200_000, Zswapped=3_900_000),
        "proc/vmstat": table(pswpin=20_000, pswpout=70_000, swpin_zero=400, swpout_zero=9_000,
                             zswpin=410_000, zswpout=1_500_000, zswpwb=11_000),
        "proc/swaps": swaps(("/swap/swapfile", "file", 16_000_000, 4_000_000, -1)),
    },
) | zswap(
    {
        "decompress_fail": 0, "pool_limit_hit": 0, "pool_total_size": 1_228_800_000,
        "reject_alloc_fail": 0, "reject_compress_fail": 12, "reject_compress_poor": 0,
        "reject_kmemcache_fail": 0, "reject_reclaim_fail": 0, "stored_incompressible_pages": 31_000,
        "stored_pages": 975_000, "written_back_pages": 11_000,
    },
    enabled="Y", compressor="zstd", max_pool_percent=20, accept_threshold_percent=90,
    shrinker_enabled="Y",
)  # fmt: skip
"""Without a parameter zpool: zsmalloc is all there is."""

SAVANNA_3_11 = machine(
    "3.11.0-26-generic", **{"proc/meminfo": meminfo(MemTotal=2_000_000),
                            "proc/vmstat": table(pswpin=10, pswpout=20), "proc/swaps": swaps()},
) | zswap(
    {"pool_pages": 100, "stored_pages": 150, "pool_limit_hit": 0}, enabled="Y", compressor="lzo",
    max_pool_percent=20,
)  # fmt: skip
"""The pool counted in pages, and no swap device in use."""

DAMAGED = machine(
    "six.one",
    **{
        "proc/version": "\x1b[2Jnot Linux\n",
        "proc/meminfo": "MemTotal: many kB\n\nMemFree 5\n\x00\x01\n" + "MemFree: " + "9" * 500,
        "proc/vmstat": "pswpin\npswpout -4\nzswpin 1 2 3 4\n",
        "proc/swaps": "Filename\n/dev/\x1b]0;x partition one two three\n",
        "proc/pressure/memory": "full avg10=nan avg60=inf\nbad\n\n",
        "proc/sys/vm/page-cluster": "3" * 30 + "\n",
    },
) | zswap(
    {"stored_pages": 3, "pool_total_size": 0}, enabled="maybe", compressor="", zpool="z" * 90,
    max_pool_percent="-", accept_threshold_percent="9" * 40,
) | zram(
    3, disksize="-1", comp_algorithm="lz4 zstd", mm_stat="1 2 x", bd_stat="", recomp_algorithm="#",
)  # fmt: skip
"""Nothing of it is what it should be."""

COPIES = {
    "5.4": FOCAL_5_4,
    "6.1": BOOKWORM_6_1,
    "6.8": NOBLE_6_8,
    "6.12": BOTH_6_12,
    "6.6": FEDORA_6_6_ZRAM,
    "6.18": ROLLING_6_18,
    "3.11": SAVANNA_3_11,
    "damaged": DAMAGED,
    "empty": {},
}


def write_folder(folder: Path, files: Files) -> Path:
    """Write a copy into a folder, with the paths kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
