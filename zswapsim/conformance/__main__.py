# SPDX-License-Identifier: GPL-2.0-only
"""python -m zswapsim.conformance KIND NAME: try the laws of an installed part.

Exit codes: 0 all laws hold; 1 one does not; 2 wrong usage.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from zswapsim.conformance import (
    Conformance,
    check_compressor,
    check_driver,
    check_format,
    check_policy,
)
from zswapsim.errors import InvalidArgument, LawBroken, NoEntry
from zswapsim.printable import printable


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the parts that are named; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m zswapsim.conformance",
        description="Try the laws that every part of a kind has to keep to.",
    )
    parser.add_argument("kind", choices=["driver", "compressor", "policy", "format"])
    parser.add_argument("name", help="of the part; zswapsim list plugins tells them")
    parser.add_argument("samples", nargs="*", type=Path, help="files of a trace format")
    asked = parser.parse_args(arguments)
    if asked.samples and asked.kind != "format":
        parser.error("files are for a format")
    try:
        print(_check(asked.kind, asked.name, asked.samples))
    except LawBroken as fault:
        print(printable(str(fault), keep="\n"), file=sys.stderr)
        return 1
    except (NoEntry, InvalidArgument) as error:
        print(printable(f"error: {error}"), file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1
    except OSError as error:
        print(printable(f"error: {error.filename}: {error.strerror}"), file=sys.stderr)
        return 2
    return 0


def _check(kind: str, name: str, samples: Sequence[Path]) -> Conformance:
    if kind == "driver":
        return check_driver(name)
    if kind == "compressor":
        return check_compressor(name)
    if kind == "policy":
        return check_policy(name)
    return check_format(name, samples)


if __name__ == "__main__":
    sys.exit(main())
