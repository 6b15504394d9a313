# SPDX-License-Identifier: GPL-2.0-only
"""What long work tells of itself, to whoever wants to show it."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""progress(stage, done, total), called now and then; a total of 0 is unknown."""
