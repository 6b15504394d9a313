# SPDX-License-Identifier: GPL-2.0-only
"""check_driver: an allocator through sequences of operations, in both engines and in a replay."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random

from zswapsim import profiles
from zswapsim.conformance import tape
from zswapsim.conformance.driver_laws import LAWS
from zswapsim.conformance.driver_run import DriverRun, Setting, Step
from zswapsim.conformance.law import (
    Broken,
    Conformance,
    broken,
    check_steps,
    raising_breaks,
    require,
)
from zswapsim.conformance.replays import check_replay
from zswapsim.conformance.strict import flatten, strict_zeros, zeros_of
from zswapsim.engine import engines
from zswapsim.engine.simulated import missing
from zswapsim.errors import NoEntry
from zswapsim.machine.pools import zpool

KIND = "zpool driver"
STEPS = 120
SIZES = (1, 31, 32, 33, 63, 64, 65, 128, 1000, 1365, 2000, 2048, 2049, 3000, 3904, 3968, 4095, 4096)
IMPOSSIBLE = (0, -1, -4096, 4097, 5000, 9000)
OBJECTS = (1, 5, 24)
TIGHT_PAGES = 3


def check_driver(
    driver: zpool.ZpoolDriver | str, *, runs: int = 4, seed: int = 1, machine: bool = True
) -> Conformance:
    """Try the laws of an allocator, or of the one of that name. LawBroken: one does not hold.

    runs: sequences for each size of pool and each way that kernels differ in; seed: of the first;
    machine: whether to make whole replays too.
    """
    driver = zpool.get_driver(driver) if isinstance(driver, str) else driver
    try:
        is_simulated = _check_complete(driver)
        for setting in settings_of(driver):
            for at in range(runs):
                steps = list(_steps(Random(seed * 1000 + at), setting.objects or max(OBJECTS)))
                _check_steps(driver, setting, steps, compiled=is_simulated and at == 0)
    except Broken as fault:
        broken(KIND, driver.type, LAWS, fault)
    if machine:
        _check_machine(driver)
    laws = [
        text
        for name, text in LAWS.items()
        if (is_simulated or name not in ("strict", "compiled")) and (machine or name != "machine")
    ]
    ways = ("interpreted", "compiled") if is_simulated else ("interpreted",)
    notes = () if driver.evictable else ("eviction: the driver says that it has none",)
    return Conformance(KIND, driver.type, tuple(laws), ways, notes)


def kernels_of(driver: zpool.ZpoolDriver) -> list[str]:
    """Return the kernels that may have a driver."""
    kernels = []
    for kernel, row in profiles.PROFILES.items():
        try:
            profiles.check_zpool(row, driver.type)
        except NoEntry:
            continue
        kernels.append(kernel)
    return kernels


def settings_of(driver: zpool.ZpoolDriver) -> Iterator[Setting]:
    """Yield pools of several sizes, for each way that kernels make the driver different."""
    seen: list[dict[str, int]] = []
    for kernel in kernels_of(driver):
        with raising_breaks("complete", "options"):
            options = dict(driver.options(profiles.profile(kernel)))
        for each in (options, {**options, "deferred_work": 1}) if driver.moves else (options,):
            if each in seen:
                continue
            seen.append(each)
            for objects in OBJECTS:
                with raising_breaks("complete", "room_for"):
                    room = dict(driver.room_for(objects, **each))
                yield Setting(room, each, objects)
            yield Setting({"max_pages": TIGHT_PAGES}, each, 0)


def _check_complete(driver: zpool.ZpoolDriver) -> bool:
    """Check that a driver has all it needs; return whether it is in the machine's style."""
    setting = next(settings_of(driver))
    with raising_breaks("complete", "create"):
        pool = setting.create(driver, strict_zeros)
    lacking = missing(pool, zpool.OPERATIONS)
    require(not lacking, "complete", f"a {type(pool).__name__} has no {', '.join(lacking)}")
    if type(pool) not in zpool.zpool_malloc.table:
        return False
    with raising_breaks("compiled", "compiling"), engines.uninterrupted():
        tape.play(setting.create(driver, zeros_of("compiled")), [], "compiled")
    return True


def _steps(random: Random, objects: int) -> Iterator[Step]:
    """Draw operations that fill a pool of so many objects, empty it a little, and fill it again."""
    live: list[int] = []
    for number in range(STEPS):
        kind = random.random()
        if kind < 0.55 and len(live) <= objects:
            size = random.choice(SIZES) if random.random() < 0.5 else random.randint(1, 4096)
            if random.random() < 0.05:
                size = random.choice(IMPOSSIBLE)
            live.append(number)
            yield Step("malloc", number, size)
        elif kind < 0.85 and live:
            yield Step("free", live.pop(random.randrange(len(live))))
        elif kind < 0.9:
            yield Step("foreign", random.randrange(5))
        elif kind < 0.94:
            yield Step("shrink", size=random.randrange(4))
        elif kind < 0.97:
            yield Step("refused", size=random.randrange(4))
        else:
            yield Step("work")


def _check_steps(
    driver: zpool.ZpoolDriver, setting: Setting, steps: Sequence[Step], *, compiled: bool
) -> None:
    """Run steps, and where a law is broken, find fewer that break it. LawBroken tells them."""

    def attempt(some: Sequence[Step]) -> tuple[Broken | None, list[str]]:
        run = None
        try:
            run = DriverRun(driver, setting)
            run.run(some)
            _check_again(driver, setting, run)
            if compiled:
                _check_compiled(driver, setting, run)
        except Broken as fault:
            return fault, [] if run is None else run.lines
        return None, []

    found = check_steps(steps, attempt, _smaller)
    if found is None:
        return
    fault, lines = found
    room = ", ".join(f"{key}={value}" for key, value in {**setting.room, **setting.options}.items())
    broken(KIND, driver.type, LAWS, fault, [f"create({room})", *lines])


def _smaller(steps: list[Step], breaks: Callable[[Sequence[Step]], bool]) -> list[Step]:
    """Return the steps with sizes as simple as they may be."""
    for at, step in enumerate(steps):
        for size in (1, 100, 1000, 2000, 4096):
            fewer = [*steps[:at], step._replace(size=size), *steps[at + 1 :]]
            if step.what == "malloc" and step.size > 0 and breaks(fewer):
                steps = fewer
                break
    return steps


def _check_again(driver: zpool.ZpoolDriver, setting: Setting, run: DriverRun) -> None:
    with raising_breaks("again", "the same operations on a new pool"):
        results, _ = tape.play(setting.create(driver, strict_zeros), run.calls, "interpreted")
    _compare("again", run, results, "a new pool")


def _check_compiled(driver: zpool.ZpoolDriver, setting: Setting, run: DriverRun) -> None:
    pool = setting.create(driver, zeros_of("compiled"))
    results, asked = tape.play(pool, run.calls, "compiled")
    _compare("compiled", run, results, "compiled")
    require(asked == run.asked, "compiled", "other objects are asked for in a shrink")
    same = flatten(pool) == flatten(run.pool)
    require(same, "compiled", "all results are the same, and the states differ")


def _compare(law: str, run: DriverRun, results: list[int], other: str) -> None:
    for (operation, argument, _), ours, theirs in zip(run.calls, run.results, results, strict=True):
        what = tape.NAMES[operation]
        require(ours == theirs, law, f"{what}({argument}) returns {ours}, {other} {theirs}")


def _check_machine(driver: zpool.ZpoolDriver) -> None:
    with registered(driver):
        kernels = kernels_of(driver)
        for kernel in dict.fromkeys((kernels[0], kernels[len(kernels) // 2], kernels[-1])):
            try:
                check_replay("machine", kernel=kernel, zpool=driver.type)
            except Broken as fault:
                broken(KIND, driver.type, LAWS, fault)


@contextmanager
def registered(driver: zpool.ZpoolDriver) -> Iterator[None]:
    """Make a driver the one of its type for as long as the block runs."""
    zpool.register(driver)
    try:
        yield
    finally:
        zpool.unregister(driver)
