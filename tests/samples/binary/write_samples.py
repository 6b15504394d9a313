# SPDX-License-Identifier: GPL-2.0-only
"""Wrote the samples of oracleGeneral, lcs and champsim; see README.md. Knows no reader of ours.

python tests/samples/binary/write_samples.py LACKEY, the output of valgrind's lackey
"""

import itertools
import lzma
import struct
import sys
from pathlib import Path

import zstandard

from zswapsim.trace.trace import Trace

HERE = Path(__file__).parent
REQUESTS = 3000
MAGIC = 0x123456789ABCDEF0
OP_READ, OP_WRITE, OP_SET, OP_DELETE = 12, 13, 3, 9


def requests() -> list[tuple[int, int, int, int]]:
    """Return (time, object, next request or -1, written) of the first accesses of sqlite.ztrace."""
    trace = Trace.open(HERE.parents[2] / "traces" / "sqlite.ztrace")
    block = next(trace.blocks(REQUESTS)).tolist()
    pages = [access & 0x7FFFFFFF for access in block]
    following: dict[int, int] = {}
    rows = []
    for at in reversed(range(REQUESTS)):
        name = pages[at] * 0x9E3779B97F4A7C15 % 2**64
        rows.append((at // 100, name, following.get(name, -1), block[at] >> 31))
        following[name] = at
    return rows[::-1]


def oracle_general() -> bytes:
    """Every 50th request is for nothing, which libCacheSim leaves out."""
    rows = enumerate(requests())
    return b"".join(
        struct.pack("<IQIq", time, name, 0 if at % 50 == 49 else 4096, following)
        for at, (time, name, following, _) in rows
    )


def lcs(version: int) -> bytes:
    """Write header and requests as lcs.h has them."""
    rows = requests()
    objects = len({name for _, name, _, _ in rows})
    stat = struct.pack(
        "<10q", 1, len(rows), objects, 4096 * len(rows), 4096 * objects, 0, 30, 0, 0, 0
    )
    header = struct.pack("<QQ8000s168sQ", MAGIC, version, stat, b"", MAGIC)
    body = []
    for at, (time, name, following, written) in enumerate(rows):
        op = (
            OP_DELETE if at % 97 == 96 else (OP_SET if at % 2 else OP_WRITE) if written else OP_READ
        )
        op_and_tenant = op | (at % 7) << 8
        if version == 1:
            body.append(struct.pack("<IQIq", time, name, 4096, following))
        elif version == 2:
            body.append(struct.pack("<IQIIq", time, name, 4096, op_and_tenant, following))
        else:
            features = {3: 0, 4: 1, 5: 2, 6: 4, 7: 8, 8: 16}[version]
            body.append(struct.pack("<IQqIIq", time, name, 4096, op_and_tenant, 60, following))
            body.append(struct.pack(f"<{features}I", *range(features)))
    return header + b"".join(body)


def champsim(lackey: Path) -> bytes:
    """Turn instructions and their operands, as lackey saw them, into records."""
    instructions: list[tuple[int, int, list[int], list[int]]] = []
    for line in lackey.read_text().splitlines():
        kind, address, size = line[:3].strip(), *line[3:].partition(",")[::2]
        if kind not in ("I", "L", "S", "M"):
            continue
        if kind == "I":
            instructions.append((int(address, 16), int(size), [], []))
        elif instructions:
            if kind in "LM":
                instructions[-1][2].append(int(address, 16))
            if kind in "SM":
                instructions[-1][3].append(int(address, 16))
    body = []
    for (ip, size, read, written), (then, *_) in itertools.pairwise(instructions):
        branch = int(then not in (ip, ip + size))
        head = struct.pack("<QBB2B4B", ip, branch, branch, 0, 0, 26 * branch, 0, 0, 0)
        addresses = [*written, 0, 0][:2] + [*read, 0, 0, 0, 0][:4]
        body.append(head + struct.pack("<6Q", *addresses))
    return b"".join(body)


def write(name: str, data: bytes) -> None:
    """Write a sample, packed as its name says."""
    packed = lzma.compress(data) if name.endswith(".xz") else zstandard.compress(data, 19)
    (HERE / name).write_bytes(packed)


if __name__ == "__main__":
    write("sqlite.oracleGeneral.zst", oracle_general())
    write("truncated.oracleGeneral.zst", oracle_general()[:-7])
    for number in (1, 2, 3, 8):
        write(f"sqlite-v{number}.lcs.zst", lcs(number))
    write("wrong-version.lcs.zst", lcs(1)[:8] + struct.pack("<Q", 9) + lcs(1)[16:])
    instructions = champsim(Path(sys.argv[1]))
    write("true.champsimtrace.xz", instructions)
    write(
        "wrong-flag.champsimtrace.xz",
        instructions[: 64 * 99 + 9] + b"\7" + instructions[64 * 99 + 10 :],
    )
