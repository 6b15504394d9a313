# SPDX-License-Identifier: GPL-2.0-only
"""zswap: compressed swap pages in pools of memory, with a limit, in front of the swap file.

Models mm/zswap.c of Linux 3.11 to 6.18 (specification section 5); what differs between them is in
the profile's switches. The compressor is not here: a store is told the length that it produced, or
-errno where it failed. Read in this order: state, pools, entry, writeback, limit, worker, store.

Deviations: one CPU, no reference counts (entries are freed when removed), one memory cgroup without
a limit of its own, one list of entries where 6.6 and 6.8 spread them over 32 sub-pools; queued
shrink work runs right after the store that queued it and its device write.
"""
