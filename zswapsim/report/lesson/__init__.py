# SPDX-License-Identifier: GPL-2.0-only
"""A lesson as one HTML page that plays a run step by step: opens offline, asks for nothing.

    lesson ──> shape ───────────────> differences ────────────> page ──> text of the file
               is it a lesson? plain,  of each state only what    template, style, data, and
               printable data of it    changed                    the scripts that draw states

The scripts in assets/: difference.js makes states of differences, draw.js turns a state into
elements, question.js asks and checks, player.js goes from step to step.
"""

from zswapsim.report.lesson.page import lesson_html

__all__ = ["lesson_html"]
