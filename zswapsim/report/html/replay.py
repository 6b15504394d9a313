# SPDX-License-Identifier: GPL-2.0-only
"""The chapter of a replay: the lines of the terminal's report, and pictures."""

from zswapsim.report.html.document import Chapter, Facts, Part, Table
from zswapsim.report.html.figure import percent
from zswapsim.report.html.plots import plots_of
from zswapsim.report.rows import Row
from zswapsim.report.table import footer, headline, loads, origins, sections, stopped, warnings
from zswapsim.units import format_bytes, format_pages

NO_PICTURES = (
    "No pictures: this result was kept without what they need. `zswapsim replay` with --html or "
    "--json keeps it."
)


def replay_chapters(result: Facts) -> list[Chapter]:
    """Return the chapter of the result of one replay."""
    trace, about = result["trace"], headline(result).plain.splitlines()
    tables = [numbers_table(title, rows) for title, rows in sections(result)]
    drawn = plots_of("replay", result) if result.get("pictures") else {}
    told = Chapter(
        title=f"{trace['name']}: {name_of(result)}",
        kind="replay",
        about=about,
        answers=answers(result),
        warnings=[line for line in (stopped(result), *warnings(result)) if line],
        notes=[*origins(result), *([] if drawn else [NO_PICTURES])],
        parts=[
            *(Part(title=heading, plots=plots) for heading, plots in drawn.items()),
            Part(title="Numbers", tables=tables),
        ],
        footer=footer(result),
    )
    return [told]


def name_of(result: Facts) -> str:
    """Return in a few words what was simulated."""
    config = result["config"]
    if config["frontend"] == "none":
        return f"plain swap of Linux {config['kernel']}, memory {config['memory']}"
    parts = [f"{config['frontend']} of Linux {config['kernel']}", config["compressor"]]
    if config["frontend"] == "zswap":
        parts.append(f"{config['zpool']} at {config['max_pool_percent']} %")
    return ", ".join([*parts, f"memory {config['memory']}"])


def numbers_table(title: str, rows: list[Row]) -> Table:
    """Return lines of the terminal's report as a table."""
    return Table(caption=title, header=(), rows=rows, texts=(2,))


def answers(result: Facts) -> list[str]:
    """Return what came of it, in two sentences."""
    vmstat, came_in = result["vmstat"], loads(result)
    if not came_in and not vmstat["pswpout"] and not vmstat["zswpout"]:
        return ["Nothing was swapped: all of it fitted into memory."]
    frontend = result["config"]["frontend"]
    if frontend == "none":
        limit = format_pages(result["memory"]["limit_pages"])
        return [
            f"With {limit} of memory, {vmstat['pswpout']:,} pages were written to the swap file "
            f"and {vmstat['pswpin']:,} read back."
        ]
    return _zram_answers(result) if frontend == "zram" else _zswap_answers(result)


def _zswap_answers(result: Facts) -> list[str]:
    vmstat, zswap, came_in = result["vmstat"], result["zswap"], loads(result)
    gone_out = vmstat["zswpout"] + vmstat["pswpout"] - zswap["written_back_pages"]
    spared = gone_out - vmstat["pswpout"]
    said = (
        f"zswap served {vmstat['zswpin']:,} of the {came_in:,} pages that came back from swap "
        f"({percent(vmstat['zswpin'], came_in)}), and spared the swap file {spared:,} of "
        f"{gone_out:,} writes ({percent(spared, gone_out)})."
    )
    pool = format_bytes(zswap["pool_total_size"])
    return [said, f"At the end {zswap['stored_pages']:,} pages lay in a pool of {pool}."]


def _zram_answers(result: Facts) -> list[str]:
    vmstat, zram = result["vmstat"], result["zram"]
    stored, used = zram["orig_data_size"], zram["mem_used_total"]
    said = (
        f"zram took {vmstat['pswpout']:,} pages and gave {vmstat['pswpin']:,} back; its disk was "
        f"read {zram['bd_reads']:,} and written {zram['bd_writes']:,} times."
    )
    return [said, f"At the end {format_bytes(stored)} of pages took {format_bytes(used)}."]
