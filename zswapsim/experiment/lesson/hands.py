# SPDX-License-Identifier: GPL-2.0-only
"""What runs the operations of a script: zswap or zram by hand, or a machine with memory."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from zswapsim.content.swap_file import SwapFile
from zswapsim.experiment.by_hand import Outcome, Zswap
from zswapsim.experiment.config import ReplayConfig
from zswapsim.experiment.lesson.contents import page_of_kind, page_of_size
from zswapsim.experiment.lesson.script import DEFAULT_SLOTS, Content, Operation, Script
from zswapsim.experiment.lesson.state import State, zram_state, zswap_state
from zswapsim.experiment.zram_by_hand import Zram
from zswapsim.profiles import Profile, profile

DEFAULT_LIMIT_PAGES = 1024

Told = list[tuple[str, dict[str, Any]]]
"""What tracepoints told of a step: names, and values by name."""


class Hands(Protocol):
    """Runs operations. settings: as a lesson shows them; row: of the kernel; policy: of reclaim;

    silent: tracepoints that say nothing here; moved: whether something ran between two operations,
    which then is for the reader to set back.
    """

    settings: dict[str, Any]
    row: Profile
    policy: str
    silent: tuple[str, ...]
    moved: bool

    def operations(self) -> Iterator[Operation]:
        """Yield what is to be run, one by one."""

    def run(self, operation: Operation) -> Outcome | int | None:
        """Run one operation; return what it answered."""

    def state(self) -> State:
        """Return the state now."""

    def check(self) -> None:
        """Audit everything; InvariantError names what is wrong."""

    def close(self) -> None:
        """Give all memory back."""


class Pages:
    """The pages that a script asks for, and those that it asked for before."""

    def __init__(self, compressor: str, kernel: str, seed: int) -> None:
        self._compressor = compressor
        self._kernel = kernel
        self._seed = seed
        self._newest: dict[int, bytes] = {}

    def page(self, number: int, content: Content) -> bytes:
        """Return the page that a slot, or a page of the program, gets."""
        if content.kind == "like":
            page = self._newest.get(content.value) or page_of_kind(
                "mixed", self._seed, content.value
            )
        elif content.kind == "size":
            page = page_of_size(self._compressor, self._kernel, content.value, self._seed, number)
        else:
            page = page_of_kind(content.kind, self._seed, number)
        self._newest[number] = page
        return page


def config_of(script: Script) -> ReplayConfig:
    """Return the settings of a script as a replay takes them."""
    settings = script.settings
    names = set(ReplayConfig.__dataclass_fields__) - {"memory"}
    given = {name: value for name, value in settings.items() if name in names}
    if script.memory_pages:
        given["memory"] = f"{script.memory_pages}p"
        if "slots" in settings:
            given["swap_size"] = f"{settings['slots']}p"
    return ReplayConfig(**given)


def settings_of(script: Script, config: ReplayConfig, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a lesson shows of its settings, the kernel's own ones spelled out."""
    row = profile(config.kernel)
    told: dict[str, Any] = {
        "frontend": config.frontend,
        "kernel": config.kernel,
        "zpool": config.driver.type,
        "compressor": config.compressor,
    }
    if config.frontend == "zswap" and row.hysteresis:
        asked = config.accept_threshold_percent
        told["accept"] = row.accept_threshold_percent if asked is None else asked
    told["seed"] = int(script.settings.get("seed", 0))
    return {**told, **more}


class _ByHand:
    """What zswap and zram by hand have in common: a script's operations, on pages that it makes."""

    policy = ""
    silent: tuple[str, ...] = ()
    moved = False

    def __init__(self, script: Script, config: ReplayConfig) -> None:
        self.row = profile(config.kernel)
        self._operations = script.operations
        self._pages = Pages(config.compressor, config.kernel, int(script.settings.get("seed", 0)))

    def operations(self) -> Iterator[Operation]:
        return iter(self._operations)

    def _page(self, operation: Operation) -> bytes:
        """Return the page that a store or write is given."""
        assert operation.content is not None
        return self._pages.page(operation.number, operation.content)


class ZswapHands(_ByHand):
    """zswap by hand."""

    def __init__(self, script: Script) -> None:
        config = config_of(script)
        super().__init__(script, config)
        slots = int(script.settings.get("slots", DEFAULT_SLOTS))
        limit = int(script.settings.get("limit", DEFAULT_LIMIT_PAGES))
        self._driver = config.driver.type
        self._swap_file = SwapFile(slots + 1)
        self.zswap = Zswap(
            config.compressor,
            self._driver,
            limit,
            self._swap_file,
            config.kernel,
            accept_threshold_percent=config.accept_threshold_percent,
            same_filled_pages_enabled=config.same_filled_pages_enabled,
            exclusive_loads=config.exclusive_loads,
        )
        self.settings = settings_of(script, config, {"limit": limit, "slots": slots})

    def run(self, operation: Operation) -> Outcome | int | None:
        zswap, slot = self.zswap, operation.number
        if operation.name == "store":
            return zswap.store(slot, self._page(operation))
        if operation.name == "load":
            return 0 if zswap.load(slot) is not None else None
        if operation.name == "invalidate":
            zswap.invalidate(slot)
        elif operation.name == "limit":
            zswap.set_max_pool_pages(operation.number)
        elif operation.name == "shrink":
            return zswap.shrink()
        else:
            zswap.swap_cache(slot, present=operation.name == "busy")
        return 0

    def state(self) -> State:
        return zswap_state(self.zswap.swap, self.row, self._driver)

    def check(self) -> None:
        self.zswap.check()

    def close(self) -> None:
        self.zswap.close()
        self._swap_file.close()


class ZramHands(_ByHand):
    """zram by hand."""

    def __init__(self, script: Script) -> None:
        config = config_of(script)
        super().__init__(script, config)
        slots = int(script.settings.get("slots", DEFAULT_SLOTS))
        limit = int(script.settings.get("limit", 0))
        self.zram = Zram(config.compressor, slots + 1, limit, kernel=config.kernel)
        self.settings = settings_of(script, config, {"limit": limit or None, "slots": slots})

    def run(self, operation: Operation) -> Outcome | int | None:
        zram, slot = self.zram, operation.number
        if operation.name == "store":
            return zram.write(slot, self._page(operation))
        if operation.name == "load":
            zram.read(slot)
        elif operation.name == "invalidate":
            zram.discard(slot)
        elif operation.name == "limit":
            zram.set_mem_limit_pages(operation.number)
        else:
            return zram.compact()
        return 0

    def state(self) -> State:
        return zram_state(*self.zram.device, {**self.zram.mm_stat, **self.zram.bd_stat})

    def check(self) -> None:
        self.zram.check()

    def close(self) -> None:
        self.zram.close()
