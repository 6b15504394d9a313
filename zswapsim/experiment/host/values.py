# SPDX-License-Identifier: GPL-2.0-only
"""What those files say, as numbers and words; what is damaged is noted and passed over."""

import re
from dataclasses import dataclass, field
from typing import Any

from zswapsim.experiment.host.wanted import HostCopy
from zswapsim.machine.zram.device import BD_STAT, MM_STAT

MAX_DIGITS = 19
_SWAP = re.compile(r"(\S+)\s+(\S+)\s+(\d{1,19})\s+(\d{1,19})\s+(-?\d{1,9})", re.ASCII)
_CHOICE = re.compile(r"\[([^\]\s]{1,64})\]")


def integer(text: str) -> int | None:
    """Return a decimal number of at most 19 digits, None for anything else."""
    text = text.strip()
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS:
        return int(text)
    return None


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a copy. damaged: path -> what is wrong, filled as they are asked for."""

    copy: HostCopy
    damaged: dict[str, str] = field(default_factory=dict)

    def number(self, name: str) -> int | None:
        """Return the number that a file holds, None where there is none."""
        text = self.copy.texts.get(name)
        if text is None:
            return None
        value = integer(text)
        if value is None or value < 0:
            self._damage(name, f"{text.strip()[:40]!r} is no number")
            return None
        return value

    def flag(self, name: str) -> bool | None:
        """Return whether a file says Y or 1."""
        text = self.copy.texts.get(name)
        if text is None:
            return None
        if text.strip() not in ("Y", "N", "y", "n", "1", "0"):
            self._damage(name, f"{text.strip()[:40]!r} is neither Y nor N")
            return None
        return text.strip() in ("Y", "y", "1")

    def word(self, name: str) -> str | None:
        """Return the first word of a file."""
        words = self.copy.texts.get(name, "").split(maxsplit=1)
        return words[0][:64] if words else None

    def choice(self, name: str) -> tuple[str | None, list[str]]:
        """Return which word of a file is in brackets, and all of them."""
        text = self.copy.texts.get(name, "")
        found = _CHOICE.search(text)
        words = [word.strip("[]")[:64] for word in text.split()[:64]]
        if text.strip() and found is None:
            self._damage(name, "no word of it is in brackets")
        return (found[1] if found else None), words

    def algorithms_by_priority(self, name: str) -> dict[str, str]:
        """Return the algorithms of recomp_algorithm, "#1: lzo [zstd]", by their priority."""
        chosen = {}
        for line in self.copy.texts.get(name, "").splitlines()[:8]:
            number, colon, words = line.partition(":")
            found = _CHOICE.search(words)
            if colon and found and integer(number.strip().lstrip("#")) is not None:
                chosen[number.strip().lstrip("#")] = found[1]
        return chosen

    def table(self, name: str) -> dict[str, int]:
        """Return the lines "NAME VALUE" or "NAME: VALUE kB" of a file, the latter in bytes."""
        rows: dict[str, int] = {}
        wrong = 0
        for line in self.copy.texts.get(name, "").splitlines():
            words = line.split()
            value = integer(words[1]) if len(words) in (2, 3) else None
            if value is None or value < 0:
                wrong += bool(words)
                continue
            rows[words[0].rstrip(":")] = value << 10 if words[2:] == ["kB"] else value
        if wrong:
            self._damage(name, f"{wrong} of its lines are no name and number")
        return rows

    def columns(self, name: str, columns: tuple[str, ...]) -> dict[str, int]:
        """Return the numbers of a file of one line under names; fewer numbers give fewer names."""
        text = self.copy.texts.get(name)
        if text is None:
            return {}
        values = [integer(word) for word in text.split()[: len(columns)]]
        if not values or any(value is None or value < 0 for value in values):
            self._damage(name, "not a line of numbers")
            return {}
        told = zip(columns, values, strict=False)
        return {key: value for key, value in told if value is not None}

    def mm_stat(self, device: str) -> dict[str, int]:
        """Return the columns of a zram's mm_stat that its kernel has."""
        return self.columns(f"{device}/mm_stat", MM_STAT)

    def bd_stat(self, device: str) -> dict[str, int]:
        """Return the columns of bd_stat, in units of 4 KiB."""
        return self.columns(f"{device}/bd_stat", BD_STAT)

    def swaps(self) -> list[dict[str, Any]]:
        """Return the swap devices and files, those that are filled first in front."""
        name = "proc/swaps"
        lines = self.copy.texts.get(name, "").splitlines()[1:]
        rows = []
        for line in lines[:64]:
            found = _SWAP.fullmatch(line.strip())
            if found is None:
                self._damage(name, f"{line.strip()[:40]!r} is no swap device")
                continue
            path, kind, size, used, priority = found.groups()
            rows.append(
                {
                    "path": path[:200],
                    "type": kind[:20],
                    "size_bytes": int(size) << 10,
                    "used_bytes": int(used) << 10,
                    "priority": int(priority),
                    "zram": path.rpartition("/")[2] if re.search(r"/zram\d+$", path) else None,
                }
            )
        return sorted(rows, key=lambda row: -int(row["priority"]))

    def pressure(self) -> dict[str, dict[str, float]]:
        """Return what /proc/pressure/memory says: some and full, each avg10, avg60, avg300."""
        name = "proc/pressure/memory"
        told: dict[str, dict[str, float]] = {}
        for line in self.copy.texts.get(name, "").splitlines()[:4]:
            kind = line.partition(" ")[0]
            averages = dict(re.findall(r"(avg\d{2,3})=(\d{1,3}\.\d{1,4})(?=\s|$)", line, re.ASCII))
            if kind in ("some", "full") and averages:
                told[kind] = {key: float(value) for key, value in averages.items()}
            elif kind:
                self._damage(name, "not the averages of a pressure")
        return told

    def _damage(self, name: str, what: str) -> None:
        self.damaged.setdefault(name, what)
