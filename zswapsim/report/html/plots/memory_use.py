# SPDX-License-Identifier: GPL-2.0-only
"""Where the memory of pools goes."""

from zswapsim.report.html.document import Facts, Plot
from zswapsim.report.html.figure import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    SKY,
    axis,
    bars,
    figure,
    labels,
)
from zswapsim.units import PAGE_SIZE

PARTS = (
    ("data", "compressed data", BLUE, ""),
    ("zswap_headers", "zswap's headers", SKY, "."),
    ("pool_headers", "headers and handles", GREEN, "/"),
    ("rounding", "rounding up", AMBER, "\\"),
    ("holes", "holes", ORANGE, ""),
    ("tails", "ends of zspages", PINK, "x"),
    ("unfilled", "zspages not full", GREY, "-"),
    ("other", "not told", GREY, "+"),
)


def memory_use_plot(result: Facts) -> Plot | None:
    """Draw the parts of each pool's memory, in percent of it."""
    pools = [pool for pool in result["pools"] if pool["pool_pages"]]
    if not pools:
        return None
    names = labels([f"{pool['compressor']} in {pool['zpool']}" for pool in pools])
    sizes = [pool["pool_pages"] * PAGE_SIZE for pool in pools]
    data = []
    for key, name, colour, pattern in PARTS:
        counts = [pool["bytes"].get(key, 0) for pool in pools]
        if not any(counts):
            continue
        shares = [100 * count / size for count, size in zip(counts, sizes, strict=True)]
        drawn = bars(shares, names, name, colour, orientation="h", customdata=counts)
        drawn["marker"]["pattern"] = {"shape": pattern, "size": 5, "solidity": 0.25}
        drawn["hovertemplate"] = "%{x:.1f} %, %{customdata:,} bytes"
        data.append(drawn)
    best = max(range(len(pools)), key=lambda at: data[0]["x"][at])
    best_pool = pools[best]
    says = (
        f"{best_pool['compressor']} in {best_pool['zpool']} uses its pages best: "
        f"{data[0]['x'][best]:.0f} % of them is compressed data."
    )
    drawn = figure(
        data,
        axis("% of the pool", range=[0, 100]),
        axis(autorange="reversed", type="category", showgrid=False),
        barmode="stack",
        bargap=0.25,
        height=150 + 26 * len(pools),
    )
    return Plot(title="Where a pool's memory goes", says=says, figures=[("", drawn)])
