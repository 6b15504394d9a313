# SPDX-License-Identifier: GPL-2.0-only
"""Coverage-guided fuzzing of one kind of file: python -m fuzz_guided KIND [OPTIONS OF LIBFUZZER].

It needs atheris (PyPI), which no test does. Damage is the campaign's or libFuzzer's, by turns; what
leads to code that was not reached before is kept and damaged again. -max_total_time=60 ends it.
"""

import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["zswapsim.trace", "zswapsim.experiment"]):
    import fuzz_campaign as campaign
    from fuzz_targets import TARGETS, Refused

from zswapsim.errors import ZswapSimError


def main() -> None:
    """Fuzz until libFuzzer ends, or an input is neither read nor refused."""
    kind, *options = sys.argv[1:]
    target = TARGETS[kind]

    def read(data: bytes) -> None:
        with TemporaryDirectory(dir="/dev/shm") as folder:
            try:
                target.read(Path(folder), data, Random(data[:64]))
            except (ZswapSimError, Refused) as error:
                problem = campaign._problem_of_message(error)
                assert problem is None, problem

    def mutate(data: bytes, most_bytes: int, seed: int) -> bytes:
        if seed % 2 or not data:
            return bytes(atheris.Mutate(data, most_bytes))
        corpus = [data, *target.corpus()]
        try:
            return target.mutate(Random(seed), corpus)[:most_bytes]
        except Exception:  # this damaged file is not one whose parts can be damaged
            return target.mutate(Random(seed), corpus[1:])[:most_bytes]

    with TemporaryDirectory() as seeds:
        for number, data in enumerate(target.corpus()):
            Path(seeds, str(number)).write_bytes(data)
        words = [sys.argv[0], "-max_len=200000", *options, seeds]
        atheris.Setup(words, read, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
