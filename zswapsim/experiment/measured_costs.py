# SPDX-License-Identifier: GPL-2.0-only
"""What compressors cost on this machine, with the contents of the trace at hand."""

from collections.abc import Mapping, Sequence

from zswapsim.content.compressors import compressor
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.costs import Costs, CpuCosts
from zswapsim.experiment.ratio.pages import pages_of_trace
from zswapsim.experiment.ratio.speeds import TIMED_PAGES, affordable_pages, measure_speeds
from zswapsim.progress import Progress
from zswapsim.trace.trace import Trace


def with_measured(
    costs: Costs,
    specs: Sequence[str],
    trace: Trace,
    kernel: str,
    progress: Progress | None = None,
) -> Costs:
    """Return the costs with those of compressors as measured over pages of the trace.

    progress: told of the stage "time". InvalidArgument if all pages of it are same-filled.
    """
    if not specs:
        return costs
    drawn = pages_of_trace(trace, sample_pages=TIMED_PAGES)
    pages = [drawn.page(number) for number in range(drawn.distinct) if not drawn.kinds[number]]
    if not pages:
        raise InvalidArgument(f"{trace.name}: no page to measure compressors with, all same-filled")
    codecs = [compressor(spec, kernel) for spec in specs]
    timed = affordable_pages(codecs, pages)
    origin = f"measured here, {len(timed)} pages"
    for spec, speed in zip(specs, measure_speeds(codecs, timed, progress=progress), strict=True):
        there, back = (speed[way]["median_us"] for way in ("compress", "decompress"))
        costs = costs.with_cpu(spec, CpuCosts(round(there, 2), round(back, 2), origin))
    return costs


def settled(
    costs: Costs,
    kernel_of: Mapping[str, str],
    trace: Trace,
    progress: Progress | None = None,
    *,
    measure: bool = False,
) -> Costs:
    """Return the costs with those of every compressor, measured where asked for or needed.

    kernel_of: the compressors, each with a kernel that has it; measure: all of them, but what a
    person gave stays.
    """
    wanted = [
        spec for spec in kernel_of if not costs.has_own(spec) and (measure or not costs.knows(spec))
    ]
    for kernel in dict.fromkeys(kernel_of[spec] for spec in wanted):
        of_kernel = [spec for spec in wanted if kernel_of[spec] == kernel]
        costs = with_measured(costs, of_kernel, trace, kernel, progress)
    return costs
