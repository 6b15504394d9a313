# SPDX-License-Identifier: GPL-2.0-only
"""Which small files of a machine tell how its swapped-out memory is kept, and a copy of them."""

import re
from dataclasses import dataclass, field

FILE_BYTES = 1 << 16
"""More of a file is not read; /proc/vmstat, the longest, has some 6 KiB."""

CONFIG = "proc/config"
"""Lines of the kernel's configuration; of /proc/config.gz or /boot/config-RELEASE."""
CONFIG_BYTES = 1 << 20

PARAMETERS = "sys/module/zswap/parameters"
DEBUGFS = "sys/kernel/debug/zswap"
BLOCK = "sys/block"

ZRAM_FILES = (
    *("disksize", "initstate", "comp_algorithm", "recomp_algorithm", "mm_stat", "bd_stat"),
    *("io_stat", "mem_limit", "backing_dev", "writeback_limit", "writeback_limit_enable"),
)
SINGLE_FILES = (
    *("proc/version", "proc/sys/kernel/osrelease", "proc/cmdline", CONFIG),
    *("proc/meminfo", "proc/swaps", "proc/vmstat", "proc/pressure/memory"),
    *("proc/sys/vm/swappiness", "proc/sys/vm/page-cluster", "proc/sys/vm/watermark_scale_factor"),
    *("sys/kernel/mm/swap/vma_ra_enabled", "sys/kernel/mm/lru_gen/enabled"),
    *("sys/kernel/mm/transparent_hugepage/enabled", "etc/systemd/zram-generator.conf"),
)
NEEDED = ("proc/meminfo", "proc/swaps", "proc/vmstat", "proc/sys/vm/page-cluster")
"""Files that every kernel has and everybody may read; their absence is worth a word."""

_NAME = r"\w[\w.-]{0,63}"
ZRAM_NAME = re.compile(r"zram\d{1,4}", re.ASCII)
_WANTED = re.compile(
    f"{PARAMETERS}/{_NAME}|{DEBUGFS}/{_NAME}"
    rf"|{BLOCK}/zram\d{{1,4}}/(?:{'|'.join(ZRAM_FILES)})"
    f"|{'|'.join(map(re.escape, SINGLE_FILES))}",
    re.ASCII,
)
_CONFIG_LINE = re.compile(
    r"^(?:# )?CONFIG_(?:ZSWAP|ZRAM|ZSMALLOC|ZBUD|Z3FOLD|ZPOOL|LRU_GEN"
    r"|CRYPTO_(?:LZ|ZSTD|842|DEFL))\w*"
    r"(?:=.*| is not set)$",
    re.M | re.ASCII,
)
_SWAP_WORD = re.compile(r"(?:zswap|zram|systemd\.zram|psi|mem|transparent_hugepage)[.=].*")


def is_wanted(name: str) -> bool:
    """Say whether a path, without the slash in front, is one of those files."""
    return _WANTED.fullmatch(name) is not None


def reduced(name: str, text: str) -> str:
    """Return what of a file is kept: of command line and configuration, the words about swap.

    A command line may hold what is nobody's business, and is to be sent to others.
    """
    if name == "proc/cmdline":
        return " ".join(word for word in text.split() if _SWAP_WORD.fullmatch(word)) + "\n"
    if name == CONFIG:
        return "".join(f"{line}\n" for line in _CONFIG_LINE.findall(text))
    return text


@dataclass(frozen=True, slots=True)
class HostCopy:
    """The files of one machine. where: "this machine", or what was opened.

    is_live: it is the machine that this runs on. texts: path -> text; missing: path of a file or
    folder -> why it could not be read.
    """

    where: str
    is_live: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str, data: bytes) -> None:
        """Keep the text of a file, as far as it is wanted."""
        self.texts[name] = reduced(name, data.decode("utf-8", "backslashreplace"))

    def in_folder(self, folder: str) -> dict[str, str]:
        """Return the texts of the files in a folder by their bare names."""
        start = f"{folder}/"
        return {
            name.removeprefix(start): text
            for name, text in self.texts.items()
            if name.startswith(start) and "/" not in name.removeprefix(start)
        }

    def zram_names(self) -> list[str]:
        """Return the zram devices there are, by their number."""
        found = {
            name.split("/")[2]
            for name in self.texts
            if name.startswith(f"{BLOCK}/zram") and name.count("/") == 3
        }
        return sorted(found, key=lambda name: int(name.removeprefix("zram")))
