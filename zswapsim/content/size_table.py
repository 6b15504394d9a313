# SPDX-License-Identifier: GPL-2.0-only
"""Compressed lengths on disk, so that a set of pages is compressed once per compressor.

One file for each digest of contents and key of a compressor, in sizes/ of $ZSWAPSIM_CACHE_DIR,
or else of zswapsim/ in $XDG_CACHE_HOME or ~/.cache. It is only a cache: a file that is missing,
short, damaged or for something else is as good as none, and one that cannot be written is not.

Layout: magic (16 bytes), SHA-256 of the rest (32), "digest\\nkey\\ncount\\n", lengths as int32 LE.
"""

import contextlib
import os
import re
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zswapsim.files import seal, unseal, whole_file

_MAGIC = b"zswapsim-sizes 1"


def folder() -> Path | None:
    """Return the folder of the files, which need not exist; None if there is no home."""
    if cache := os.environ.get("ZSWAPSIM_CACHE_DIR"):
        return Path(cache) / "sizes"
    cache = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification says to ignore a relative one.
    if Path(cache).is_absolute():
        return Path(cache) / "zswapsim" / "sizes"
    try:
        return Path.home() / ".cache" / "zswapsim" / "sizes"
    except RuntimeError:
        return None


def file_path(digest: str, key: str) -> Path | None:
    """Return where the lengths of contents digest with compressor key are kept."""
    there = folder()
    if there is None:
        return None
    # A third party's key may hold anything; what the words lose, the hash tells apart.
    words = re.sub(r"[^A-Za-z0-9._=+-]", "_", key)[:100]
    which = sha256(f"{digest}\n{key}".encode()).hexdigest()[:24]
    return there / f"{words}-{which}"


def load(digest: str, key: str, count: int) -> NDArray[np.int32] | None:
    """Return the lengths, int32, shape (count,), or None if there is no sound file of them."""
    path = file_path(digest, key)
    if path is None:
        return None
    try:
        data = path.read_bytes()
    except OSError:
        return None
    head = _head(digest, key, count)
    body = unseal(_MAGIC, data)
    if body is None or not body.startswith(head) or len(body) != len(head) + 4 * count:
        return None
    return np.frombuffer(body, "<i4", count, len(head)).astype(np.int32)


def save(digest: str, key: str, lengths: NDArray[np.int32]) -> None:
    """Keep the lengths. A reader sees the whole file or none; one that cannot be made is left."""
    path = file_path(digest, key)
    if path is None:
        return
    body = _head(digest, key, len(lengths)) + lengths.astype("<i4").tobytes()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, 0o600, durable=False) as file:
            file.write(seal(_MAGIC, body))


def _head(digest: str, key: str, count: int) -> bytes:
    return f"{digest}\n{key}\n{count}\n".encode()
