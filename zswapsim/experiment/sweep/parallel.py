# SPDX-License-Identifier: GPL-2.0-only
"""Runs a function for many arguments: in this process, in several, or on a dask cluster.

Through joblib, which sends what all calls share to each worker once: as mapped memory to local
processes, by the scheduler to those of a cluster.
"""

import contextlib
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, TypeVar

from zswapsim.errors import InvalidArgument, ZswapSimError

S = TypeVar("S")
A = TypeVar("A")
R = TypeVar("R")

CONNECT_SECONDS = 20
MAPPED_BYTES = 1 << 16
"""Arrays larger than that are mapped by local processes, smaller ones sent with each call."""


def run_all(
    function: Callable[[S, A], R],
    shared: S,
    arguments: Sequence[A],
    *,
    jobs: int | None = None,
    dask: str | None = None,
) -> Generator[R]:
    """Yield function(shared, argument) for all arguments, as they get done.

    jobs: processes, None for one a core; dask: address of a scheduler, whose workers then do it.
    Calls under way are given up when the iterator is closed. InvalidArgument: no such scheduler.
    """
    import joblib

    if dask is None:
        processes = min(jobs or joblib.cpu_count(), max(1, len(arguments)))
        backend: Any = joblib.parallel_config(
            "loky", initializer=_end_with_parent, initargs=(os.getpid(),)
        )
    else:
        processes = -1
        backend = _cluster(dask, shared)
    with backend, warnings.catch_warnings():
        # A process that grew, as by compiling, is replaced by a new one; joblib warns of that.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        parallel = joblib.Parallel(
            n_jobs=processes, return_as="generator_unordered", max_nbytes=MAPPED_BYTES
        )
        calls = (joblib.delayed(function)(shared, argument) for argument in arguments)
        results = parallel(calls)
        try:
            yield from results
        except joblib.externals.loky.process_executor.BrokenProcessPool:
            raise ZswapSimError(
                "a process that ran cells was killed, perhaps for want of memory; "
                "fewer --jobs need less"
            ) from None
        finally:
            results.close()


def _end_with_parent(parent: int) -> None:
    """Let this process end when its parent is gone, as one that was killed ends nobody."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _cluster(address: str, shared: Any) -> Iterator[None]:
    """Let joblib use the workers of a dask scheduler, each of which gets `shared`."""
    import joblib

    try:
        from distributed import Client
    except ImportError:
        raise InvalidArgument(
            "dask is not installed; pip install 'zswapsim[dask]' installs it"
        ) from None
    client = _connected(address, Client)
    with client:
        if not client.ncores():
            raise ZswapSimError(f"the dask scheduler at {address!r} has no workers")
        with joblib.parallel_config(backend="dask", client=client, scatter=[shared]):
            yield


def _connected(address: str, client_class: Any) -> Any:
    """Return a client of a scheduler. InvalidArgument: nobody listens there."""
    from distributed.comm.addressing import get_address_host_port

    try:
        # A client tries for long, so ask first.
        with socket.create_connection(get_address_host_port(address), CONNECT_SECONDS):
            pass
        return client_class(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        why = str(error) or "it does not answer"
        raise InvalidArgument(f"no dask scheduler at {address!r}: {why}") from None
