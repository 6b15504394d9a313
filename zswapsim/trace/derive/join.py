# SPDX-License-Identifier: GPL-2.0-only
"""Joins accesses and contents of different origins, and makes up what is missing.

A log of accesses knows no contents, a core file no accesses. What a trace got this way is said in
its meta, contents_from and accesses_from, and from there in every result.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from zswapsim.errors import InvalidArgument
from zswapsim.trace.counts import U32, Tally, content_counts
from zswapsim.trace.meta import OF_RECORDED_ACCESSES, OF_RECORDED_CONTENTS, without
from zswapsim.trace.synthetic.accesses import WRITE_PERCENT, synthetic_accesses
from zswapsim.trace.synthetic.contents import DEFAULT_MIX, MAX_CONTENTS, mix_contents, parse_mix
from zswapsim.trace.synthetic.random import random_state
from zswapsim.trace.trace import BLOCK_ACCESSES, Parts, Trace, first_contents

MIX = "mix"
DEFAULT_ACCESSES = "zipf:1.0"
ACCESSES_PER_PAGE = 20


def complete(
    trace: Trace,
    *,
    contents: Trace | str | None = None,
    accesses: str | None = None,
    seed: int = 0,
) -> Trace:
    """Return a trace that has accesses and contents, so that it can be replayed.

    contents: a trace or snapshot to take contents from; or "mix", or "mix:zero=10,text=90", to make
    them up; None keeps the trace's own, and makes up a default mix if it has none. accesses: how to
    make up accesses over the pages of a snapshot, as "zipf:1.0"; None keeps the trace's own, and
    makes up Zipf accesses if it has none. InvalidArgument if there is nothing to go by.
    """
    if accesses is not None or not trace.accesses:
        trace = with_made_up_accesses(trace, accesses or DEFAULT_ACCESSES, seed=seed)
    if contents is not None or not trace.has_contents:
        return with_contents(trace, contents or MIX, seed=seed)
    return trace


def with_contents(trace: Trace, contents: Trace | str, *, seed: int = 0) -> Trace:
    """Return the trace with other contents: those of a trace, or of a mix. See complete."""
    if isinstance(contents, Trace):
        return with_contents_of(trace, contents, seed=seed)
    return with_made_up_contents(trace, contents, seed=seed)


def with_contents_of(trace: Trace, snapshot: Trace, *, seed: int = 0) -> Trace:
    """Return the trace with each page's content taken from a snapshot, at all times the same.

    A page whose number is in the snapshot takes that page's content; the others draw pages of the
    snapshot, each as often as any other. Of a snapshot that is a trace, a page's first content
    counts.
    """
    held_page, held = first_contents(snapshot)
    if not len(held):
        raise InvalidArgument(f"{snapshot.name!r} has no page contents to take")
    random = random_state(seed)
    content = np.empty(trace.pages, np.uint32)
    drawn = np.ones(trace.pages, np.bool_)
    if trace.page_numbers is not None and snapshot.page_numbers is not None:
        numbers = snapshot.page_numbers[held_page]
        order = np.argsort(numbers)
        place = np.searchsorted(numbers[order], trace.page_numbers)
        found = order[np.minimum(place, len(order) - 1)]
        same = numbers[found] == trace.page_numbers
        content[same] = held[found[same]]
        drawn = ~same
    wanted = int(np.count_nonzero(drawn))
    rounds = -(-wanted // len(held))
    picks = [random.permutation(len(held)) for _ in range(rounds)]
    if picks:
        content[drawn] = held[np.concatenate(picks)[:wanted]]
    said = f"{snapshot.name}: {len(held):,} pages"
    if wanted < trace.pages:
        said += f", {trace.pages - wanted:,} by their page numbers"
    if wanted:
        said += f", drawn for {wanted:,} pages with seed {seed}"
    return _joined(trace, content, snapshot, said)


def with_made_up_contents(trace: Trace, mix: str = MIX, *, seed: int = 0) -> Trace:
    """Return the trace with synthetic contents, at all times the same for a page.

    mix: "mix", or "mix:zero=10,same=5,text=40,pointers=35,random=10", in percent.
    """
    name, _, shares = mix.partition(":")
    if name != MIX:
        raise InvalidArgument(f"contents {mix!r}: allowed is a file, or mix[:KIND=PERCENT,...]")
    shares = shares or DEFAULT_MIX
    count = min(trace.pages, MAX_CONTENTS)
    pages = mix_contents(count, parse_mix(shares), seed)
    made_up = Trace.from_arrays([], [], [0] * count, range(count), range(count), pages)
    joined = with_contents_of(trace, made_up, seed=seed)
    joined.meta["contents_from"] = f"made up: {shares}, seed {seed}"
    return joined


def with_made_up_accesses(
    snapshot: Trace,
    spec: str = DEFAULT_ACCESSES,
    *,
    accesses: int | None = None,
    write_percent: float = WRITE_PERCENT,
    seed: int = 0,
) -> Trace:
    """Return the snapshot with synthetic accesses to its pages; contents do not change.

    spec: kind and parameter, as "zipf:1.0"; accesses: None for 20 a page. Of a snapshot that is a
    trace, a page's first content counts, and what is known of its own accesses is left out.
    """
    if not snapshot.pages:
        raise InvalidArgument(f"{snapshot.name!r} has no pages to access")
    count = ACCESSES_PER_PAGE * snapshot.pages if accesses is None else accesses

    def blocks(block_accesses: int) -> Iterator[U32]:
        return synthetic_accesses(spec, count, snapshot.pages, seed, write_percent, block_accesses)

    tally = Tally(snapshot.pages)
    for block in blocks(BLOCK_ACCESSES):
        tally.add(block)
    page, content = first_contents(snapshot)
    versions = (np.zeros(len(page), np.uint64), page, content)
    counts = tally.counts(
        versions=len(page),
        freed=0,
        **content_counts(snapshot.counts),
    )
    meta = without(snapshot.meta, OF_RECORDED_ACCESSES) | {
        "accesses_from": f"made up: {spec}, {count:,} accesses, {write_percent:g} % writes, "
        f"seed {seed}"
    }
    parts = Parts(blocks, versions, snapshot.contents_bytes, snapshot.page_numbers)
    return Trace(counts, meta, parts)


def contents_source(text: str, *, seed: int = 0) -> Trace | str:
    """Return what a person means by contents: a mix, as it is, or the trace of a file's name.

    The file may be a memory image, or raw pages; of a large one a sample is drawn by the seed.
    """
    from zswapsim.trace.images.snapshot import open_contents
    from zswapsim.trace.input import Input, InputOptions

    if text.partition(":")[0] == MIX and not Path(text).exists():
        return text
    return open_contents(Input(text, InputOptions(seed=seed)))


def _joined(trace: Trace, content: U32, snapshot: Trace, said: str) -> Trace:
    page = np.arange(trace.pages, dtype=np.uint32)
    versions = (np.zeros(trace.pages, np.uint64), page, content)
    counts = replace(trace.counts, versions=trace.pages, freed=0, **content_counts(snapshot.counts))
    meta = without(trace.meta, OF_RECORDED_CONTENTS) | {"contents_from": said}
    return Trace(
        counts, meta, Parts(trace.blocks, versions, snapshot.contents_bytes, trace.page_numbers)
    )
