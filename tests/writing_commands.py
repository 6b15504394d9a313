# SPDX-License-Identifier: GPL-2.0-only
"""Every command that writes a file, as words, over small inputs of all kinds."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host_copies import COPIES, write_folder

from zswapsim import ReplayConfig, Trace, replay
from zswapsim.trace.synthetic import random_contents, zipf

Words = list[str]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the commands read: a trace, a result as JSON, a memory image, a copy of a host."""

    trace: Path
    result: Path
    image: Path
    host: Path


def make_inputs(folder: Path, trace_name: str = "small") -> Inputs:
    """Write the inputs into a folder."""
    inputs = Inputs(
        folder / f"{trace_name}.ztrace",
        folder / f"{trace_name}.json",
        folder / f"{trace_name}.raw",
        folder / "host",
    )
    contents = random_contents(100, seed=4)
    zipf(3000, 100, 0.8, seed=3, contents=contents).save(inputs.trace)
    config = ReplayConfig(memory="50%", engine="interpreted")
    told = replay(Trace.open(inputs.trace), config, pictures=True)
    inputs.result.write_text(json.dumps(told.to_dict()))
    inputs.image.write_bytes(bytes(contents))
    write_folder(inputs.host, next(iter(COPIES.values())))
    return inputs


QUICK = ("--engine", "interpreted")
RATIO = ("--no-time", "--compressor", "lz4")
SEARCH = ("--copies", "1", "--compressor", "lz4", "--frontend", "zswap", "--jobs", "1")
SWEEP = (*QUICK, "--memory", "20%:80%:10%", "--max-pool-percent", "5,20", "--jobs", "1")

COMMANDS: dict[str, tuple[str, Callable[[Inputs], Words]]] = {
    "replay --html": ("x.html", lambda of: ["replay", str(of.trace), *QUICK, "--html"]),
    "replay --series": ("x.csv", lambda of: ["replay", str(of.trace), *QUICK, "--series"]),
    "replay --swap-file": ("x.swap", lambda of: ["replay", str(of.trace), *QUICK, "--swap-file"]),
    "sweep jsonl": ("x.jsonl", lambda of: ["sweep", str(of.trace), *SWEEP, "-o"]),
    "sweep csv": ("x.csv", lambda of: ["sweep", str(of.trace), *SWEEP, "-o"]),
    "sweep parquet": ("x.parquet", lambda of: ["sweep", str(of.trace), *SWEEP, "-o"]),
    "sweep --html": ("x.html", lambda of: ["sweep", str(of.trace), *SWEEP, "--html"]),
    "compare --html": (
        "x.html",
        lambda of: ["compare", str(of.trace), "--memory", "50%", *QUICK, "--html"],
    ),
    "compare --csv": (
        "x.csv",
        lambda of: ["compare", str(of.trace), "--memory", "50%", *QUICK, "--csv"],
    ),
    "recommend": ("x.html", lambda of: ["recommend", str(of.trace), *SEARCH, "--html"]),
    "ratio --html": ("x.html", lambda of: ["ratio", str(of.trace), *RATIO, "--html"]),
    "ratio --csv": ("x.csv", lambda of: ["ratio", str(of.trace), *RATIO, "--csv"]),
    "host --save": ("x.tar", lambda of: ["host", str(of.host), "--save"]),
    "host --html": ("x.html", lambda of: ["host", str(of.host), "--html"]),
    "report": ("x.html", lambda of: ["report", str(of.result), "-o"]),
    "lesson": ("x.html", lambda of: ["lesson", str(of.trace), "--steps", "3", "-o"]),
    "capture": ("x.ztrace", lambda of: ["capture", str(of.image), "-o"]),
    "trace convert": ("x.ztrace", lambda of: ["trace", "convert", str(of.trace), "-o"]),
    "trace gen": (
        "x.ztrace",
        lambda of: ["trace", "gen", "zipf", "--accesses", "3000", "--pages", "200", "-o"],
    ),
    "trace cut": (
        "x.ztrace",
        lambda of: ["trace", "cut", str(of.trace), "--from", "100", "--to", "2000", "-o"],
    ),
    "trace merge": ("x.ztrace", lambda of: ["trace", "merge", *(2 * [str(of.trace)]), "-o"]),
}
