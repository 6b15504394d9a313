# SPDX-License-Identifier: GPL-2.0-only
"""Many settings, one trace: a grid of cells, each a run of its own, and a row a cell."""
