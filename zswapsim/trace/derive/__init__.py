# SPDX-License-Identifier: GPL-2.0-only
"""Traces made of traces. Read in this order: cut, merge, join (what a trace lacks), reduce (one
pass that leaves out what LRU does not notice), reduced (that of a whole trace).
"""
