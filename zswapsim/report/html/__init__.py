# SPDX-License-Identifier: GPL-2.0-only
"""Results as one HTML file: opens offline, asks for nothing, the same bytes for the same results.

    result ──> kinds ──> a chapter (document.py) ──> page ──> text of the file
               what it is    answers, tables, plots      template, CSS, script, plotly.js

A plot is one file in plots/ and one line in its list there.
"""

from zswapsim.report.html.page import report_html

__all__ = ["report_html"]
