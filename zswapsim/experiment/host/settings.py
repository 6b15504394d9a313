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

HERE = "this machine"
SHARED = ("kernel", "frontend", "page_cluster")
"""Settings that a comparison does not have in each configuration."""

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


def comparison(facts: Mapping[str, Any]) -> list[str]:
    """Return this machine's settings and others to set beside them, as `compare` takes them.

    What all of them share is left out, as is what would be the same as the machine's.
    """
    own = facts["settings"]
    kernel, frontend = own["kernel"], own["frontend"]
    mine = {name: value for name, value in own.items() if name not in SHARED}
    others = ("lz4", "lzo") if kernel == "3.11" else ("zstd", "lz4")
    other = next(name for name in others if name != own.get("compressor"))
    zpools = PROFILES[kernel].zpools
    told = [_config(HERE, frontend, mine)]
    if frontend != "none":
        told.append("plain swap: none")
        told.append(_config(f"{frontend} {other}", frontend, {**mine, "compressor": other}))
    if frontend == "zswap":
        if "max_pool_percent" in mine and mine["max_pool_percent"] <= MAX_PERCENT // 2:
            twice = 2 * mine["max_pool_percent"] or 20
            told.append(_config("larger pool", frontend, {**mine, "max_pool_percent": twice}))
    else:
        told.append(_config("zswap", "zswap", {"compressor": other}))
    if frontend != "zram" and "zsmalloc" in zpools:
        told.append(_config("zram", "zram", {"compressor": own.get("compressor", other)}))
    return told


def commands(facts: Mapping[str, Any]) -> list[str]:
    """Return command lines that start from the machine's settings, to be pasted."""
    settings = facts["settings"]
    kernel = settings["kernel"]
    shared = {name: settings[name] for name in ("kernel", "page_cluster") if name in settings}
    return [
        shlex.join(["zswapsim", "replay", "TRACE", *replay_words(settings)]),
        shlex.join(["zswapsim", "compare", "TRACE", *replay_words(shared), *comparison(facts)]),
        f"zswapsim recommend TRACE --memory 50% --kernel {kernel}",
    ]


def _config(name: str, frontend: str, settings: Mapping[str, Any]) -> str:
    words = [f"{key}={'on' if value is True else value}" for key, value in settings.items()]
    return f"{name}: {','.join([frontend, *words])}"


def _first_zram(facts: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the zram that is filled before any other swap device, if one is."""
    if not facts["swaps"] or facts["swaps"][0]["zram"] is None:
        return None
    name = facts["swaps"][0]["zram"]
    return next((device for device in facts["zram"] if device["name"] == name), None)


def _compressor(name: str | None) -> str:
    """Return the compressor of that name, or the one that is nearest to those that are not ours."""
    return str(name) if compressor_known(name) else "lzo-rle"
