# SPDX-License-Identifier: GPL-2.0-only
"""zram: a block device of compressed pages. Read device, writeback, compact; disk makes it swap."""
