# SPDX-License-Identifier: GPL-2.0-only
"""A machine's settings as those of a replay, and the commands that start from them."""

import shlex
from collections.abc import Mapping
from typing import Any

from zswapsim.content.compressors import COMPRESSORS
from zswapsim.profiles import PROFILES
from zswapsim.units import MAX_PERCENT

EARLIEST_ZRAM = "5.4"
"""The first kernel whose zram is simulated."""

MAX_PAGE_CLUSTER = 5
"""More is not simulated."""


def settings_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of ReplayConfig that are this machine's; what cannot be is left out.

    The size of memory is that of the machine, which a trace of a small program does not fill; so it
    is left to whoever replays.
    """
    zswap, kernel = facts["zswap"], facts["kernel"]["profile"]
    device = _first_zram(facts)
    settings: dict[str, Any] = {"kernel": kernel}
    if device is not None:
        settings["frontend"] = "zram"
        if "zsmalloc" not in PROFILES[kernel].zpools:
            settings["kernel"] = EARLIEST_ZRAM
        settings["compressor"] = _compressor(device["algorithm"])
        return settings
    cluster = facts["vm"].get("page_cluster")
    if cluster is not None:
        settings["page_cluster"] = min(max(cluster, 0), MAX_PAGE_CLUSTER)
    if not zswap["present"] or not zswap["enabled"]:
        return settings | {"frontend": "none"}
    settings |= {"frontend": "zswap", "compressor": _compressor(zswap["compressor"])}
    row = PROFILES[kernel]
    if zswap["zpool"] in row.zpools:
        settings["zpool"] = zswap["zpool"]
    if zswap["max_pool_percent"] is not None:
        settings["max_pool_percent"] = min(zswap["max_pool_percent"], MAX_PERCENT)
    if row.hysteresis and zswap["accept_threshold_percent"]:
        threshold = min(zswap["accept_threshold_percent"], MAX_PERCENT)
        settings["accept_threshold_percent"] = threshold
    if row.shrinker and zswap["shrinker_enabled"]:
        settings["shrinker_enabled"] = True
    return settings


def compressor_known(name: str | None) -> bool:
    """Say whether a kernel's compressor is one of ours."""
    return name in COMPRESSORS.names()


def replay_words(settings: Mapping[str, Any]) -> list[str]:
    """Return settings as options of `zswapsim replay`."""
    words = []
    for name, value in settings.items():
        option = {"shrinker_enabled": "shrinker"}.get(name, name).replace("_", "-")
        words += [f"--{option}"] if value is True else [f"--{option}", str(value)]
    return words


def commands(facts: Mapping[str, Any]) -> list[str]:
    """Return command lines that start from the machine's settings, to be pasted."""
    settings = facts["settings"]
    told = [shlex.join(["zswapsim", "replay", "TRACE", *replay_words(settings)])]
    told.append(f"zswapsim recommend TRACE --memory 50% --kernel {settings['kernel']}")
    return told


def _first_zram(facts: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the zram that is filled before any other swap device, if one is."""
    if not facts["swaps"] or facts["swaps"][0]["zram"] is None:
        return None
    name = facts["swaps"][0]["zram"]
    return next((device for device in facts["zram"] if device["name"] == name), None)


def _compressor(name: str | None) -> str:
    """Return the compressor of that name, or the one that is nearest to those that are not ours."""
    return str(name) if compressor_known(name) else "lzo-rle"
