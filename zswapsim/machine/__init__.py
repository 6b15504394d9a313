# SPDX-License-Identifier: GPL-2.0-only
"""The simulated kernel: integers only, written once, run interpreted or compiled.

Imports only the engine's room. Read in this order: list_head, pools, journal, swap, zswap, page_io,
zram, reclaim, memory, accesses.
"""
