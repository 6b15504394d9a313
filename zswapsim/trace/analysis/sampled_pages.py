# SPDX-License-Identifier: GPL-2.0-only
"""Some of the pages of a trace, drawn by their numbers alone: every access of a page, or none.

shuffled_page is a permutation of the numbers that have as many bits as pages have, another one for
each seed. The sample is the pages that get a number below the threshold, so these numbers are small
and need no table; and a threshold that falls leaves a part of the sample, whose pages have been in
it from the start.
"""

from typing import NamedTuple

import numpy as np

from zswapsim.engine.simulated import Ints, Zeros, simulated

PAGE_MASK = 0x7FFFFFFF
MASK, SHIFT, THRESHOLD, MOST_LIVE = 0, 1, 2, 3
"""Members of rule: the bits to mix, by how many, the threshold, and most pages in the sample."""
KEYS = 4
"""Member of rule: the first of three keys, which the seed gives."""
SELECTED, LIVE = 0, 1
"""Members of counts: accesses in numbers, and pages of the sample that were accessed so far."""
MIX_1, MIX_2, MIX_3 = 0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35
"""Odd, and below 2**32: times a page, which is below 2**31, they fit a signed word."""


class SampleState(NamedTuple):
    """rule: see MASK. seen: 1 for numbers that were accessed; numbers: what was selected.

    rule: (KEYS + 3,); seen: (first threshold,); numbers: (most accesses at a time,); counts: see
    SELECTED.
    """

    rule: Ints
    seen: Ints
    numbers: Ints
    counts: Ints


def numbers_of(pages: int) -> int:
    """Return how many numbers shuffled_page gives to so many pages, less than twice as many."""
    return 1 << max(1, (pages - 1).bit_length())


def make_sample(
    pages: int, threshold: int, most_live: int, seed: int, at_a_time: int, zeros: Zeros
) -> SampleState:
    """Return the state before the first access. threshold: of numbers_of, how many are drawn."""
    state = SampleState(zeros(KEYS + 3), zeros(threshold), zeros(at_a_time), zeros(2))
    mask = numbers_of(pages) - 1
    keys = np.random.RandomState(seed).randint(0, 1 << 31, 3, np.int64) & mask
    shift = (mask.bit_length() + 1) // 2
    for member, value in enumerate((mask, shift, threshold, most_live, *keys.tolist())):
        state.rule[member] = value
    return state


@simulated
def shuffled_page(rule: Ints, page: int) -> int:
    """Return the number of a page. No two have the same: each step can be undone."""
    mask, shift = rule[MASK], rule[SHIFT]
    number = ((page ^ rule[KEYS]) * MIX_1) & mask
    number ^= number >> shift
    number = ((number ^ rule[KEYS + 1]) * MIX_2) & mask
    number ^= number >> shift
    number = ((number ^ rule[KEYS + 2]) * MIX_3) & mask
    return number ^ (number >> shift)


def select_pages(state: SampleState, accesses: Ints) -> int:
    """Put the accesses of the sample's pages into numbers, by their number in the sample.

    Return how many accesses were looked at: it stops before one that would make the sample larger
    than MOST_LIVE.
    """
    threshold = state.rule[THRESHOLD]
    selected = 0
    done = 0
    for i in range(len(accesses)):
        number = shuffled_page(state.rule, accesses[i] & PAGE_MASK)
        if number < threshold:
            if state.seen[number] == 0:
                if state.counts[LIVE] == state.rule[MOST_LIVE]:
                    break
                state.seen[number] = 1
                state.counts[LIVE] += 1
            state.numbers[selected] = number
            selected += 1
        elif number < len(state.seen):
            state.seen[number] = 1  # tells how many pages an earlier threshold had
        done = i + 1
    state.counts[SELECTED] = selected
    return done


def lower_threshold(state: SampleState, threshold: int) -> int:
    """Leave the pages out whose number is not below the threshold; return how many are left."""
    live = 0
    for number in range(threshold):
        live += state.seen[number]
    state.rule[THRESHOLD] = threshold
    state.counts[LIVE] = live
    return live
