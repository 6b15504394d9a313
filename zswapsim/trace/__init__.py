# SPDX-License-Identifier: GPL-2.0-only
"""Traces: which page a program touched, in which order, and what each page held then.

Imports the engine and nothing else of the other rooms. Read in this order: trace (what a trace is), counts, checks,
contents, cut, formats (what can be opened), unpack, file and writer (the own format), recording,
synthetic.
"""
