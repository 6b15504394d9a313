# SPDX-License-Identifier: GPL-2.0-only
"""Damage to files for the fuzz campaign: of bytes, of text, and of what JSON, ZIP and tar hold.

Everything is drawn from a random.Random, so that an input is its seed. Inputs are below MOST_BYTES,
before they are packed.
"""

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import zstandard

MOST_BYTES = 1 << 20

BOUNDARIES = (
    *(0, 1, 2, 127, 128, 255, 256, 4095, 4096, 4097, 65_535, 65_536, 1 << 20, 1 << 24, 1 << 28),
    *(
        (1 << 31) - 1,
        1 << 31,
        (1 << 32) - 1,
        1 << 32,
        1 << 40,
        (1 << 63) - 1,
        1 << 63,
        (1 << 64) - 1,
    ),
)
DIGITS = (
    *(b"0", b"1", b"-1", b"-0", b"00", b"2147483647", b"2147483648", b"4294967295", b"4294967296"),
    *(b"9223372036854775807", b"9223372036854775808", b"18446744073709551615", b"1" * 40),
    *(b"9" * 400, b"7" * 5000, b"1e308", b"1e309", b"-1e400", b"nan", b"NaN", b"inf", b"-Infinity"),
    *(b"0x7fffffffffffffff", b"ffffffffffffffff", b"1_000", b"\xd9\xa3", b"0.1", b"1e-400", b""),
)
JUNK = (
    *(b"\0", b"\0" * 64, b"\xff", b"\xfe\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"),
    *(b"\n", b"\r", b"\r\n", b"\x0c", b"\x1b[31m", b"\xe2\x80\xae", b"\xe2\x80\xa8", b'"', b"'"),
    *(b",", b";", b"\t", b"#", b"=", b"[", b"]", b"{", b"}", b"\\", b"\\ud800", b"\xef\xbb\xbf"),
)
OPENINGS = (b"[", b'{"a":', b"[[", b"{", b'{"a":[', b"(", b"a.", b"'''", b'"""')
SCALARS: tuple[Any, ...] = (
    *(None, True, False, "", "x", " ", "\0", "\x1b[31m\n\r", "\ud800", "\u202e", "x" * 3000, "-1"),
    *("nan", "9" * 5000, " " * 200_000, "../../etc/passwd", "[red]x[/red]", "</script>", "1e999"),
    *(
        0,
        1,
        -1,
        0.5,
        -0.0,
        1e308,
    ),
    *(1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, -(1 << 63), 1 << 64, 10**30, 10**300),
    *([], {}, [[]], [{}], {"a": []}, [None], [0] * 300, ["x"] * 300),
    *(float("nan"), float("inf"), float("-inf")),
)


def mutated(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return one file of the corpus after some steps of damage."""
    data = bytearray(random.choice(corpus))
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5, 9))):
        random.choice(STEPS)(random, data, corpus)
        del data[MOST_BYTES:]
    return bytes(data)


def _place(random: Random, data: bytearray) -> int:
    """Return a place: near the beginning, near the end, or anywhere."""
    near = min(len(data), random.choice((16, 128, 1024)))
    kind = random.random()
    if kind < 0.35:
        return random.randint(0, near)
    return len(data) - random.randint(0, near) if kind < 0.5 else random.randint(0, len(data))


def _flip(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    for _ in range(random.choice((1, 1, 4, 40))):
        at = _place(random, data)
        data[at : at + 1] = bytes(byte ^ 1 << random.randrange(8) for byte in data[at : at + 1])


def _truncate(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    del data[_place(random, data) :]


def _delete(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    at = _place(random, data)
    del data[at : at + random.choice((1, 2, 4, 8, 64, 512, 4096))]


def _splice(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    other = random.choice(corpus)
    start = random.randint(0, len(other))
    data[_place(random, data) :] = other[start : start + MOST_BYTES]


def _boundary(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    size = random.choice((1, 2, 4, 8))
    number = random.choice(BOUNDARIES) + random.choice((0, 0, 0, -1, 1))
    order: Any = random.choice(("little", "little", "little", "big"))
    at = _place(random, data)
    at -= at % random.choice((1, size))
    data[at : at + size] = (number % (1 << 8 * size)).to_bytes(size, order)


def _duplicate(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    at = _place(random, data)
    block = data[at : at + random.choice((1, 8, 64, 512, 4096))]
    data[at:at] = (block * random.choice((1, 1, 2, 50, 3000)))[:MOST_BYTES]


def _lines(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    """Repeat, move or drop a line: in JSON and TOML, a key that is there twice."""
    lines = bytes(data).split(b"\n")
    at, to = random.randrange(len(lines)), random.randrange(len(lines))
    line = lines[at] if random.random() < 0.7 else lines.pop(at)
    lines.insert(to, line)
    data[:] = b"\n".join(lines)


def _nest(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    at = _place(random, data)
    deep = random.choice(OPENINGS) * random.choice((3, 60, 990, 5000, 100_000))
    data[at:at] = deep[:MOST_BYTES]


def _digits(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    found = list(re.finditer(rb"[0-9]+", bytes(data[:20_000])))
    if found:
        number = random.choice(found)
        data[number.start() : number.end()] = random.choice(DIGITS)


def _junk(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    at = _place(random, data)
    end = at + random.choice((0, 1, 4))
    data[at:end] = random.choice(JUNK) * random.choice((1, 1, 1, 20, 70_000))


def _long(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    """Make one word, or one line, huge."""
    at = _place(random, data)
    data[at:at] = random.choice((b"a", b"9", b" ", b"0,", b"\xc3\xa9", b"\n")) * 200_000


STEPS: tuple[Callable[[Random, bytearray, Sequence[bytes]], None], ...] = (
    *(_flip, _flip, _truncate, _delete, _splice, _boundary, _boundary, _boundary),
    *(_duplicate, _lines, _nest, _digits, _digits, _digits, _junk, _junk, _long),
)


def mutated_json(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return a document of the corpus with other values in some places, or damaged as text."""
    if random.random() < 0.3:
        return mutated(random, corpus)
    document = json.loads(random.choice(corpus))
    for _ in range(random.choice((1, 1, 2, 4))):
        document = with_other_value(random, document)
    text = json.dumps(document)
    if random.random() < 0.1:
        text = text.replace('"', f'"{random.choice(("a", "kind"))}": 1, "', 1)
    return text.encode()


def with_other_value(random: Random, document: Any) -> Any:
    """Return a document of JSON of which one value, anywhere, is another, gone, or there twice."""
    whole = document
    for _ in range(40):
        keys = _keys(whole)
        if not keys:
            break
        key = random.choice(keys)
        if random.random() < 0.3 or not _keys(whole[key]):
            _change(random, whole, key)
            return document
        whole = whole[key]
    return random.choice(SCALARS)


def _keys(whole: Any) -> list[Any]:
    if isinstance(whole, dict):
        return list(whole)
    return list(range(len(whole))) if isinstance(whole, list) else []


def _change(random: Random, whole: Any, key: Any) -> None:
    kind = random.random()
    if kind < 0.15:
        del whole[key]
    elif kind < 0.25 and isinstance(whole, list):
        whole[key:key] = [whole[key]] * random.choice((1, 3, 400))
    elif kind < 0.35 and type(whole[key]) in (int, float):
        whole[key] = random.choice((-whole[key], whole[key] + 1, whole[key] - 1, float(whole[key])))
    elif kind < 0.4:
        deep: Any = whole[key]
        for _ in range(random.choice((2, 60, 400))):
            deep = [deep] if random.random() < 0.5 else {"a": deep}
        whole[key] = deep
    else:
        whole[key] = random.choice(SCALARS)


def mutated_ztrace(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return a trace file damaged as it is, or in a member, whose checksums are then right."""
    if random.random() < 0.3:
        return mutated(random, corpus)
    with zipfile.ZipFile(io.BytesIO(random.choice(corpus))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice([*members, "meta.json"])
    if name == "meta.json":
        members[name] = mutated_json(random, [members[name]])
    else:
        wrong = mutated(random, [zstandard.decompress(members[name])])
        members[name] = zstandard.compress(wrong, random.choice((1, 3)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as changed:
        for member, content in members.items():
            changed.writestr(member, content)
    return out.getvalue()


def mutated_recording(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return a kernel's recording, zstd-compressed JSON, damaged inside or as it is."""
    if random.random() < 0.05:
        return mutated(random, [zstandard.compress(each) for each in corpus])
    return zstandard.compress(mutated_json(random, corpus), 1)


def mutated_tar(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return an archive with a damaged header whose checksum is right, or one that is damaged."""
    if random.random() < 0.3:
        return mutated(random, corpus)
    data = bytearray(random.choice(corpus))
    at = 512 * random.randrange(max(1, len(data) // 512))
    if data[at + 257 : at + 262] == b"ustar":
        field, size = random.choice(
            ((0, 100), (100, 8), (124, 12), (136, 12), (156, 1), (157, 100))
        )
        new = random.choice(
            (*DIGITS, *JUNK, b"5", b"1", b"2", b"x", b"L", b"S", b"g", b"\xff" * 12)
        )
        data[at + field : at + field + size] = new[:size].ljust(size, b"\0")
        data[at + 148 : at + 156] = b"        "
        data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    else:
        block = mutated(random, [bytes(data[at : at + 512])])[:512].ljust(512, b"\0")
        data[at : at + 512] = block
    return bytes(data)


def frame_counts(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return a stream of the recorder's tool with other numbers in a header, or damaged."""
    if random.random() < 0.5:
        return mutated(random, corpus)
    data = bytearray(random.choice(corpus))
    starts = [found.start() for found in re.finditer(rb"PZT1", bytes(data))]
    at = random.choice(starts) + 4 * random.randrange(1, 10)
    struct.pack_into("<I", data, at, random.choice(BOUNDARIES) % (1 << 32))
    return bytes(data)


def mutated_json_lines(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return lines of JSON of which one has another value, or damaged as text."""
    if random.random() < 0.5:
        return mutated(random, corpus)
    lines = random.choice(corpus).splitlines()
    at = random.randrange(len(lines))
    lines[at] = mutated_json(random, [lines[at]])
    return b"\n".join(lines) + b"\n"


def mutated_script(random: Random, corpus: Sequence[bytes]) -> bytes:
    """Return a script with a word changed for one of another script, or with other damage."""
    lines = random.choice(corpus).split(b"\n")
    for _ in range(random.choice((0, 1, 3))):
        others = b" ".join(corpus).split()
        at = random.randrange(len(lines))
        words = lines[at].split() or [b"store"]
        words[random.randrange(len(words))] = random.choice((*others, *DIGITS[:12]))
        lines[at] = b" ".join(words)
    text = b"\n".join(lines)
    return text if random.random() < 0.6 else mutated(random, [text])
