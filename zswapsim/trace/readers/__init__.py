# SPDX-License-Identifier: GPL-2.0-only
"""Readers of what other tools write: one file each, all on foreign.py; text on lines.py."""
