# SPDX-License-Identifier: GPL-2.0-only
"""Bars of what compressors and pools achieve."""

from zswapsim.report.html.document import Facts, Plot
from zswapsim.report.html.figure import BLUE, HEIGHT, SERIES, axis, bars, figure, label, labels


def ratio_plot(result: Facts) -> Plot | None:
    """Draw the compression ratio of each compressor."""
    told = [codec for codec in result["compressors"] if codec["ratio"]]
    if not told:
        return None
    values = [codec["ratio"] for codec in told]
    best = max(told, key=lambda codec: codec["ratio"])
    data = [bars(values, labels([codec["name"] for codec in told]), "ratio", BLUE)]
    data[0] |= {"orientation": "h", "text": [f"{value:.2f}" for value in values]}
    data[0] |= {
        "textposition": "auto",
        "cliponaxis": False,
        "hovertemplate": "%{y}: %{x:.2f}<extra></extra>",
    }
    drawn = figure(
        data,
        axis("bytes of pages for each byte they compress to", rangemode="tozero"),
        axis(autorange="reversed", type="category", showgrid=False),
        bargap=0.35,
        height=max(HEIGHT, 110 + 30 * len(told)),
    )
    says = f"{best['name']} compresses best, {best['ratio']:.2f} to 1; a pool's losses come on top."
    return Plot(title="Compression ratio", says=says, figures=[("", drawn)])


def holds_plot(result: Facts) -> Plot | None:
    """Draw what 1 GiB of pool holds, for each compressor and pool."""
    filled = [pool for pool in result["pools"] if pool["gib_holds"]]
    if not filled:
        return None
    names = list(dict.fromkeys(pool["compressor"] for pool in filled))
    data = []
    for at, zpool in enumerate(dict.fromkeys(pool["zpool"] for pool in filled)):
        held = {pool["compressor"]: pool["gib_holds"] for pool in filled if pool["zpool"] == zpool}
        values = [held.get(name) for name in names]
        drawn = bars(labels(names), values, label(zpool), SERIES[at % len(SERIES)])
        drawn["text"] = [f"{value:.2f}" if value else "" for value in values]
        drawn |= {"textposition": "auto", "hovertemplate": "%{x}: %{y:.2f} GiB"}
        data.append(drawn)
    best = max(filled, key=lambda pool: pool["gib_holds"])
    says = (
        f"Most: {best['gib_holds']:.2f} GiB of pages with {best['compressor']} in {best['zpool']}. "
        "The line is memory without compression."
    )
    rule = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1}
    shapes = [{**rule, "line": {"color": SERIES[6], "dash": "dash", "width": 1}}]
    drawn = figure(
        data,
        axis(type="category", showgrid=False),
        axis("GiB of pages", rangemode="tozero"),
        barmode="group",
        bargap=0.25,
        shapes=shapes,
    )
    return Plot(title="What 1 GiB of pool holds", says=says, figures=[("", drawn)])
