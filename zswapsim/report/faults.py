# SPDX-License-Identifier: GPL-2.0-only
"""What fault plans did, and what was lost by it. A result of a run without any has nothing here."""

from collections.abc import Mapping
from typing import Any

from zswapsim.printable import printable
from zswapsim.report.rows import Row
from zswapsim.units import format_share


def fault_rows(result: Mapping[str, Any]) -> list[Row]:
    """Return a row for each plan: how often it struck, and how often it might have."""
    faults = result.get("faults", {})
    rows = [_row(plan) for plan in faults.get("plans", [])]
    if rows and faults["lost_pages"]:
        rows.append(("pages lost by that", f"{faults['lost_pages']:,}", "lost_pages"))
    return rows


def _row(plan: Mapping[str, Any]) -> Row:
    text, asked, struck = printable(str(plan["plan"])), plan["asked"], plan["struck"]
    if plan["kind"] == "slow":
        return text, "", "in costs only"
    if plan["kind"] in ("bad-slots", "swap-full"):
        return text, f"{struck:,}", "slots that are not handed out"
    share = f", {format_share(struck, asked)}" if asked else ""
    return text, f"{struck:,}", f"of {asked:,} times{share}"


def lost_line(result: Mapping[str, Any]) -> list[str]:
    """Return the line that says what the simulated system lost, if it did."""
    faults = result.get("faults", {})
    lost = faults.get("lost_pages", 0)
    if not lost:
        return []
    slots = ", ".join(map(str, faults["lost_slots"]))
    more = ", ..." if lost > len(faults["lost_slots"]) else ""
    pages = "page was" if lost == 1 else "pages were"
    return [
        f"LOST: {lost:,} {pages} lost by the simulated system (read error on slot {slots}{more})"
    ]
