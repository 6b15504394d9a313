# SPDX-License-Identifier: GPL-2.0-only
"""The commands below `zswapsim trace`: one file each, imported when it is called."""
