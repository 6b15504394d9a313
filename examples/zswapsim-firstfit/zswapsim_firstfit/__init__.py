# SPDX-License-Identifier: GPL-2.0-only
"""A first-fit allocator, twice, and a FIFO reclaim policy. Read plain, then simulated."""
