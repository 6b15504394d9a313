# SPDX-License-Identifier: GPL-2.0-only
"""The pool, the faults and the writes of a replay over its accesses."""

from collections.abc import Sequence
from typing import Any

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
    figure,
    level,
    line,
    percent,
)
from zswapsim.units import PAGE_SIZE

ACCESSES = axis("accesses", rangemode="tozero", tickformat="~s", hoverformat=",", showgrid=False)

FAULTS = (
    ("zswpin", "from zswap", BLUE),
    ("pswpin", "from the swap file", ORANGE),
    ("swpin_zero", "zeros, made anew", SKY),
    ("minor", "minor, no page read", GREY),
)


def pages_axis(title: str) -> Facts:
    """Return a y axis of counts from 0 on."""
    return axis(title, rangemode="tozero", tickformat=",~r")


def pool_plot(result: Facts) -> Plot | None:
    """Draw pages in the pool, the limit, and the pages that are stored in them."""
    frontend, series = result["config"]["frontend"], result["series"]
    if frontend == "none":
        return None
    access, pool = series["access"], pool_pages(result)
    stored, limit = stored_pages(result), limit_pages(result)
    accept = result["pictures"]["accept_pages"]
    name = "memory of zram" if frontend == "zram" else "pool"
    data = [
        line(access, stored, "pages stored", GREEN, dash="dot"),
        line(access, pool, name, BLUE, fill="tozeroy"),
    ]
    peak = result["memory"]["peak_pool_pages"]
    says = f"At most {max(stored):,} pages were stored, and the {name} took {peak:,} pages"
    if limit is not None:
        data.append(level(access, limit, "limit", ORANGE, "dash"))
        says += f" of {limit:,} allowed"
    if accept is not None:
        data.append(level(access, accept, "accept threshold", AMBER, "longdashdot"))
        says += f", and a full pool accepts again below {accept:,}"
    return Plot(
        title="The pool, and what it holds",
        says=f"{says}. The dotted line above the area is memory gained.",
        figures=[("", figure(data, ACCESSES, pages_axis("pages"), hovermode="x unified"))],
    )


def faults_plot(result: Facts) -> Plot:
    """Draw where faults got their pages, between two samples each."""
    series = result["series"]
    access = series["access"]
    columns = fault_columns(result)
    data = [
        _layer(access, _steps(columns[key]), name, colour)
        for key, name, colour in named_faults(result)
        if any(columns[key])
    ]
    majors, faults = series["pgmajfault"][-1], series["pgfault"][-1]
    says = (
        f"{faults:,} faults, {majors:,} of them major ({percent(majors, faults)}): pages that had "
        "been swapped out. Each step is a 240th of the run."
    )
    drawn = figure(data, ACCESSES, pages_axis("pages"), hovermode="x unified")
    return Plot(title="Faults, by where the page came from", says=says, figures=[("", drawn)])


def writes_plot(result: Facts) -> Plot | None:
    """Draw pages that went out, and the writes to a disk that these became."""
    series, frontend = result["series"], result["config"]["frontend"]
    if frontend == "none":
        return None
    access = series["access"]
    written = series["bd_writes"] if frontend == "zram" else series["pswpout"]
    out = gone_out(result)
    back = "written_back_pages" if frontend == "zswap" else "bd_writes"
    disk = "backing device" if frontend == "zram" else "swap file"
    data = [
        line(access, out, "pages that went out", GREEN, fill="tozeroy"),
        line(access, written, f"written to the {disk}", ORANGE, fill="tozeroy", dash="solid"),
    ]
    if frontend == "zswap" and any(series[back]):
        data.append(line(access, series[back], "of these written back", PINK, dash="dot"))
    spared = out[-1] - written[-1]
    says = (
        f"{out[-1]:,} pages went out and {written[-1]:,} were written to the {disk}: {spared:,} "
        f"writes saved ({percent(spared, out[-1])}), the area between the lines."
    )
    drawn = figure(data, ACCESSES, pages_axis("pages, so far"), hovermode="x unified")
    return Plot(title="Writes that were saved", says=says, figures=[("", drawn)])


def pool_pages(result: Facts) -> list[int]:
    """Return the pool's pages over time."""
    series: Facts = result["series"]
    return list(series["pool_pages"])


def stored_pages(result: Facts) -> list[int]:
    """Return the pages stored over time, by zswap or zram."""
    series = result["series"]
    if result["config"]["frontend"] == "zram":
        return [size // PAGE_SIZE for size in series["orig_data_size"]]
    return list(series["stored_pages"])


def limit_pages(result: Facts) -> int | None:
    """Return the pool's limit, None if there is none."""
    if result["config"]["frontend"] == "zram":
        return result["zram"]["mem_limit"] // PAGE_SIZE or None
    return int(result["memory"]["max_pool_pages"])


def gone_out(result: Facts) -> list[int]:
    """Return pages that went out of memory so far: what plain swap would have written."""
    series = result["series"]
    if result["config"]["frontend"] == "zram":
        return list(series["pswpout"])
    both = zip(series["zswpout"], series["pswpout"], series["written_back_pages"], strict=True)
    return [stored + written - back for stored, written, back in both]


def fault_columns(result: Facts) -> dict[str, list[int]]:
    """Return pages that came in, by where from, over time; minor: faults that read none."""
    series = result["series"]
    both = zip(series["pgfault"], series["pgmajfault"], strict=True)
    minor = [faults - majors for faults, majors in both]
    return {key: list(series[key]) if key != "minor" else minor for key, _, _ in FAULTS}


def named_faults(result: Facts) -> Sequence[tuple[str, str, str]]:
    """Return the sources of faults: column, name, colour."""
    if result["config"]["frontend"] != "zram":
        return FAULTS
    return [(key, "from zram" if key == "pswpin" else name, c) for key, name, c in FAULTS]


def _layer(access: Sequence[int], added: Sequence[int], name: str, colour: str) -> dict[str, Any]:
    """Return a layer of a stack, which is as high between two samples as what was added there."""
    shape = {"width": 0, "color": colour, "shape": "vh"}
    return line(access, added, name, colour, line=shape, stackgroup="faults", fillcolor=colour)


def _steps(column: Sequence[int]) -> list[int]:
    """Return what was added between two samples."""
    before = [0, *column]
    return [value - earlier for value, earlier in zip(column, before, strict=False)]
