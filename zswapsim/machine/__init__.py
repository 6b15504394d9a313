# SPDX-License-Identifier: GPL-2.0-only
"""The simulated kernel: integers only, written once, run interpreted or compiled.

Imports nothing of the other rooms. Read in this order: simulated, list_head, zpool, zbud,
journal, swap, zswap, reclaim, memory, run.
"""
