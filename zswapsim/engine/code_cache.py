# SPDX-License-Identifier: GPL-2.0-only
"""numba's compiled code on disk, one sealed file for each kind of arguments; knows numba.

numba itself numbers its files by an index, which processes that begin at once both write: the last
one wins, and a kind may find the code of another under its number. Nor does it notice a file that
was torn, or fails if it cannot write one. Here a file is named by its key and says which key it is
of, so there is no index. One that is missing, short or damaged, or that cannot be written, is as
good as none.

Layout: magic (16 bytes), SHA-256 of the rest (32), the pickled pair of key and code.
"""

import contextlib
import pickle
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core import serialize
from numba.core.caching import FunctionCache

from zswapsim.files import seal, unseal, whole_file

_MAGIC = b"zswapsim-code 1\n"


class CodeCache(FunctionCache):
    """What a dispatcher asks for the code of an entry loop, and gives it to."""

    def __init__(self, function: Any) -> None:
        """RuntimeError: there is no folder that can be written to."""
        super().__init__(function)
        files: Any = _SealedFiles(Path(self.cache_path), self._impl.filename_base)
        self._cache_file = files

    def _guard_against_spurious_io_errors(self) -> Any:
        return contextlib.suppress(OSError)


class _SealedFiles:
    """load, save, flush as numba's IndexDataCacheFile has them."""

    def __init__(self, folder: Path, base: str) -> None:
        self._folder = folder
        self._base = base

    def load(self, key: Any) -> Any:
        """Return the code of a key, or None if there is no sound file of it."""
        try:
            data = self._path(key).read_bytes()
        except OSError:
            return None
        pair = unseal(_MAGIC, data)
        if pair is None:
            return None
        known, code = pickle.loads(pair)
        return code if known == key else None

    def save(self, key: Any, code: Any) -> None:
        """Keep the code of a key. OSError as the file system says; then what was there stays."""
        pair = serialize.dumps((key, code))
        with whole_file(self._path(key), durable=False) as file:
            file.write(seal(_MAGIC, pair))

    def flush(self) -> None:
        """Forget all code of the function."""
        for path in self._folder.glob(f"{self._base}.*.code"):
            path.unlink(missing_ok=True)

    def _path(self, key: Any) -> Path:
        return self._folder / f"{self._base}.{sha256(repr(key).encode()).hexdigest()[:24]}.code"
