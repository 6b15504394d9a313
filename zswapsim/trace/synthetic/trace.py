# SPDX-License-Identifier: GPL-2.0-only
"""A made-up trace of any length, whose accesses are made when they are used and never kept."""

from collections.abc import Iterator, Mapping

import numpy as np

from zswapsim.progress import Progress
from zswapsim.trace.contents import Contents, ContentsBuilder
from zswapsim.trace.counts import U32, Tally, tally_contents
from zswapsim.trace.spool import NO_VERSIONS
from zswapsim.trace.synthetic.accesses import (
    GENERATED_ACCESSES,
    WRITE_PERCENT,
    AccessKind,
    parse_accesses,
    synthetic_accesses,
)
from zswapsim.trace.synthetic.contents import MAX_CONTENTS, mix_pages
from zswapsim.trace.trace import Parts, Trace, Versions


def synthetic_trace(
    spec: str | AccessKind,
    accesses: int,
    pages: int,
    *,
    seed: int = 0,
    write_percent: float = WRITE_PERCENT,
    mix: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Trace:
    """Make a trace of synthetic_accesses over pages 0 .. pages - 1.

    mix: percents of contents by kind, see parse_mix, or None for a trace without contents. Page p
    holds content p modulo MAX_CONTENTS from the start, and a write leaves it as it is: what changes
    with the writes would grow with the accesses. progress: told (stage, done, total). Accesses are
    made once to be counted, and again when they are used. InvalidArgument names what is wrong.
    """
    kind = parse_accesses(spec) if isinstance(spec, str) else spec

    def make_blocks(block_accesses: int) -> Iterator[U32]:
        return synthetic_accesses(kind, accesses, pages, seed, write_percent, block_accesses)

    blocks = make_blocks(GENERATED_ACCESSES)  # refuses what is wrong before contents are made
    versions, contents = (NO_VERSIONS, b"") if mix is None else _contents(pages, mix, seed)
    tally = Tally(pages)
    for block in blocks:
        tally.add(block)
        if progress is not None:
            progress("make", tally.accesses, accesses)
    counts = tally.counts(versions=len(versions[0]), freed=0, **tally_contents(contents))
    meta = {
        "name": str(kind).replace(":", "-"),
        "program": "none",
        "what": f"synthetic: {kind} over {pages} pages, {write_percent:g} % writes",
        "accesses_from": f"made up: {kind}, seed {seed}",
    }
    if mix is not None:
        shares = ", ".join(f"{name} {percent:g} %" for name, percent in mix.items() if percent)
        meta["contents_from"] = f"made up: {shares}, seed {seed}; a write does not change them"
    return Trace(counts, meta, Parts(make_blocks, versions, contents))


def _contents(pages: int, mix: Mapping[str, float], seed: int) -> tuple[Versions, Contents]:
    builder = ContentsBuilder()
    number_of = np.array(
        [builder.add(page) for page in mix_pages(min(pages, MAX_CONTENTS), mix, seed)], np.uint32
    )
    page = np.arange(pages, dtype=np.uint32)
    return (np.zeros(pages, np.uint64), page, number_of[page % len(number_of)]), builder.finish()
