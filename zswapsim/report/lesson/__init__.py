# SPDX-License-Identifier: GPL-2.0-only
"""A lesson as one HTML page that plays a run step by step: opens offline, asks for nothing.

    lesson ──> shape ──────────────> page ──────────────────> text of the file
               is it a lesson?       texts made printable      template, style, data, and the
               a plain error if not  and escaped               scripts that draw a state

What a lesson is, is said in shape.py. The scripts in assets/: draw.js turns a state into elements,
question.js asks and checks, player.js goes from step to step.
"""

from zswapsim.report.lesson.page import lesson_html

__all__ = ["lesson_html"]
