# SPDX-License-Identifier: GPL-2.0-only
"""Traces: which page a program touched, in which order, and what each page held then.

Imports nothing of the other rooms but the engine. Read in this order: trace (what a trace is),
meta, counts, checks, contents, blocks, input and formats (what can be opened), unpack, file and
writer (the own format), spool and numbering (how others become a trace), readers, images,
synthetic, derive (traces made of traces), analysis, recorder, interruptible.
"""
