# SPDX-License-Identifier: GPL-2.0-only
"""Meta that stops being true when a trace is made of another one, and who wrote it.

accesses_from, contents_from   one sentence each, if made up, joined, converted or captured
raw_accesses                   before consecutive ones were joined, or before a reduction
raw_data_accesses              loads and stores of the recorded program
reduction_k                    pages of reduce.py
recorder_*, exact_for          of recordings: for which memory they are exact
bad_lines                      passed over by a reader
"""

from typing import Any

OF_ALL_ACCESSES = ("lru_faults", "raw_data_accesses", "raw_accesses", "bad_lines")
"""Counts over all accesses, wrong for some of them."""

OF_RECORDED_CONTENTS = (
    "recorder_lag_mean",
    "recorder_lag_max",
    "recorder_inexact_percent",
    "exact_for",
)
"""How exactly contents go with accesses, wrong if either comes from elsewhere."""

OF_RECORDED_ACCESSES = (
    *OF_ALL_ACCESSES,
    *OF_RECORDED_CONTENTS,
    *("recorder_resident_pages", "reduction_k", "sweep_accesses"),
    *("complete", "exit_status", "cut_start", "cut_from_accesses"),
)
"""All that describes a recording's accesses, wrong for others in their place."""


def without(meta: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Return a copy of meta that lacks some keys."""
    return {key: value for key, value in meta.items() if key not in keys}
