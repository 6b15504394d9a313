# SPDX-License-Identifier: GPL-2.0-only
"""Traces: which page a program touched, in which order, and what each page held then.

Imports nothing of the other rooms but the engine. Read in this order: trace (what a trace is),
counts, checks, contents, blocks, cut, merge, formats (what can be opened), unpack, file and
writer (the own format), recording, synthetic, analysis, reduce, recorder.
"""
