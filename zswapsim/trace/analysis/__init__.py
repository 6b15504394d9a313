# SPDX-License-Identifier: GPL-2.0-only
"""What can be said of a trace before it is replayed. Nothing here knows of zswap or compressors.

Read reuse (faults at any memory size), shards (of a sample), curve, working_set, kinds,
content_mix, contents_at.
"""
