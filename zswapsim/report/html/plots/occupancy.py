# SPDX-License-Identifier: GPL-2.0-only
"""How full the pages of a pool are at the end of a replay."""

from typing import Any

from zswapsim.report.html.document import Facts, Figure, Plot
from zswapsim.report.html.figure import BLUE, CLEAR, GREEN, axis, bars, figure, percent

TITLE = "How full the pool is, at the end"


def occupancy_plot(result: Facts) -> Plot | None:
    """Draw classes by objects (zsmalloc), or pages by buddies and free chunks (zbud, z3fold)."""
    told = result["pictures"]["occupancy"]
    if told.get("class_bytes"):
        return _classes(told, result["config"]["zpool"])
    if "pages_by_buddies" in told and _pages(told):
        return _buddies(told, result["config"]["zpool"])
    return None


def _classes(told: Facts, zpool: str) -> Plot:
    sizes = [f"{size}" for size in told["class_bytes"]]
    both = list(zip(told["obj_used"], told["obj_allocated"], strict=True))
    used, room = sum(told["obj_used"]), sum(told["obj_allocated"])
    hover = "class of %{x} bytes: %{customdata[0]:,} of %{customdata[1]:,} objects in use"
    hover += ", %{customdata[2]:,} pages"
    facts = [[*pair, pages] for pair, pages in zip(both, told["pages"], strict=True)]
    more: dict[str, Any] = {"customdata": facts, "hovertemplate": f"{hover}<extra></extra>"}
    data = [
        bars(sizes, told["obj_allocated"], "room for objects", CLEAR, **more),
        bars(sizes, told["obj_used"], "objects in use", BLUE, **more),
    ]
    data[0]["marker"] = {"color": CLEAR, "line": {"color": GREEN, "width": 1.5}}
    drawn = figure(
        data,
        axis("class size, bytes", type="category", showgrid=False, nticks=14),
        axis("objects", tickformat=",~r"),
        barmode="overlay",
    )
    pages = sum(told["pages"])
    says = (
        f"{used:,} objects in {len(sizes)} size classes of {zpool}, which has room for {room:,} "
        f"({percent(used, room)} in use) in {pages:,} pages."
    )
    return Plot(title=TITLE, says=says, figures=[("", drawn)])


def _buddies(told: Facts, zpool: str) -> Plot:
    counts, free = told["pages_by_buddies"], told["pages_by_free_chunks"]
    headless = sum(told.get("headless_pages", ()))
    names = [f"{count} {'buddy' if count == 1 else 'buddies'}" for count in range(len(counts))]
    rows = [(name, count) for name, count in zip(names, counts, strict=True) if count]
    if headless:
        rows.append(("headless", headless))
    pages = _pages(told)
    parts = ", ".join(f"{count:,} with {name}" for name, count in rows if name != "headless")
    says = f"{pages:,} pages of {zpool}: {parts}"
    if headless:
        says += f", {headless:,} of one object alone"
    mean = sum(at * count for at, count in enumerate(free)) / max(1, sum(free))
    says += f". {mean:.1f} chunks of {len(free) - 1} are free in a page, on average."
    drawn = _free_chunks(free)
    return Plot(
        title=TITLE,
        says=says,
        choose="Pages by",
        figures=[("free chunks", drawn), ("objects in them", _by_objects(rows))],
    )


def _free_chunks(free: list[int]) -> Figure:
    data = [bars(list(range(len(free))), free, "pages", BLUE)]
    data[0]["hovertemplate"] = "%{y:,} pages with %{x} free chunks<extra></extra>"
    x = axis("free chunks of 64 bytes", showgrid=False, range=[-0.7, len(free) - 0.3])
    return figure(data, x, axis("pages", tickformat=",~r", rangemode="tozero"), bargap=0.1)


def _by_objects(rows: list[tuple[str, int]]) -> Figure:
    data = [bars([name for name, _ in rows], [count for _, count in rows], "pages", BLUE)]
    data[0]["hovertemplate"] = "%{x}: %{y:,} pages<extra></extra>"
    y = axis("pages", tickformat=",~r", rangemode="tozero")
    return figure(data, axis(showgrid=False, type="category"), y, bargap=0.5)


def _pages(told: Facts) -> int:
    return sum(told["pages_by_buddies"]) + sum(told.get("headless_pages", ()))
