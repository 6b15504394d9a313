# SPDX-License-Identifier: GPL-2.0-only
"""A small C program to record, which does what its arguments say, and what its pages then hold."""

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from zswapsim import Trace
from zswapsim.trace.trace import WRITE
from zswapsim.units import FREED, PAGE_SIZE

PAGES = 48
"""Pages of the program's array."""

SOURCE = r"""
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#define PAGES 48
static uint64_t array[PAGES][512] __attribute__((aligned(4096)));

static void fill(uint64_t *page, uint64_t number, uint64_t round)
{
    for (uint64_t at = 0; at < 512; at++)
        page[at] = (round << 32 | number << 16 | at) * 0x9E3779B97F4A7C15u;
}

int main(int count, char **words)
{
    const char *what = words[1];
    unsigned rounds = count > 2 ? atoi(words[2]) : 1;
    printf("%lu\n", (unsigned long)array >> 12);
    fflush(stdout);
    if (!strcmp(what, "cycle"))
        for (unsigned round = 0; round < rounds; round++)
            for (unsigned page = 0; page < PAGES; page++)
                fill(array[page], page, round);
    if (!strcmp(what, "cross"))
        for (unsigned page = 0; page + 1 < PAGES; page += 2)
            *(volatile uint64_t *)((char *)array[page] + 4092) = page;
    if (!strcmp(what, "read")) {
        int file = open(words[2], O_RDONLY);
        if (read(file, array, 3 * 4096) != 3 * 4096)
            return 9;
    }
    if (!strcmp(what, "reread")) {
        for (unsigned page = 0; page < PAGES; page++)
            fill(array[page], page, 0);
        int file = open(words[2], O_RDONLY);
        if (read(file, array, sizeof array) != sizeof array)
            return 9;
        for (unsigned page = 0; page < PAGES; page++)
            fill(array[page], page, 2);
    }
    if (!strcmp(what, "free")) {
        uint64_t (*mapped)[512] = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        printf("%lu\n", (unsigned long)mapped >> 12);
        for (unsigned page = 0; page < 3; page++)
            fill(mapped[page], page, 1);
        madvise(mapped[1], 4096, MADV_DONTNEED);
        fill(mapped[1], 1, 2);
        munmap(mapped, 3 * 4096);
        uint64_t *top = sbrk(8192);
        fill((uint64_t *)(((uintptr_t)top + 4095) & ~4095ul), 7, 7);
        printf("%lu\n", ((unsigned long)top + 4095) >> 12);
        sbrk(-8192);
    }
    if (!strcmp(what, "many"))
        memset(mmap(0, rounds * 4096ul, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
               1, rounds * 4096ul);
    if (!strcmp(what, "copy")) {
        char data[64];
        for (ssize_t bytes; (bytes = read(0, data, sizeof data)) > 0;)
            if (write(1, data, bytes) != bytes)
                return 9;
    }
    if (!strcmp(what, "fork")) {
        if (fork() == 0) {
            for (unsigned page = 0; page < PAGES; page++)
                fill(array[page], page, 1);
            _exit(0);
        }
        wait(0);
        fill(array[0], 0, 3);
    }
    if (!strcmp(what, "exec")) {
        fill(array[0], 0, 3);
        execl(words[2], words[2], (char *)0);
    }
    if (!strcmp(what, "killed")) {
        for (unsigned round = 0; round < rounds; round++)
            for (unsigned page = 0; page < PAGES; page++)
                fill(array[page], page, round);
        if (fork() == 0) { /* valgrind sees a kill of oneself coming */
            kill(getppid(), SIGKILL);
            _exit(0);
        }
        pause();
    }
    if (!strcmp(what, "abort")) {
        fill(array[0], 0, 3);
        abort();
    }
    if (!strcmp(what, "wait")) {
        fill(array[0], 0, 3);
        puts("ready");
        fflush(stdout);
        pause();
    }
    return !strcmp(what, "fail") ? 3 : 0;
}
"""

needs_valgrind = pytest.mark.skipif(
    shutil.which("valgrind") is None or shutil.which("gcc") is None,
    reason="needs valgrind and gcc: apt install valgrind gcc libc6-dev",
)


def compile_program(folder: Path) -> str:
    """Compile the program into a folder; return its path. Linked statically, it starts quickly."""
    source, program = folder / "recorded.c", folder / "recorded"
    source.write_text(SOURCE)
    command = ["gcc", "-O1", "-static", "-o", str(program), str(source)]
    subprocess.run(command, check=True)
    return str(program)


def filled(number: int, round_: int) -> bytes:
    """What the program's fill leaves in a page."""
    words = np.arange(512, dtype=np.uint64) | np.uint64(round_ << 32 | number << 16)
    return (words * np.uint64(0x9E3779B97F4A7C15)).tobytes()


class Recorded:
    """A recording by addresses: numbers are address >> 12."""

    def __init__(self, trace: Trace) -> None:
        assert trace.page_numbers is not None
        numbers = trace.page_numbers.tolist()
        blocks = list(trace.blocks(1 << 20))
        encoded = np.concatenate([np.zeros(0, np.uint32), *blocks]).tolist()
        self.accesses = [(numbers[access % WRITE], access >= WRITE) for access in encoded]
        self.versions: dict[int, list[tuple[int, bytes | None]]] = defaultdict(list)
        for at, page, content in zip(*(column.tolist() for column in trace.versions), strict=True):
            start = content * PAGE_SIZE
            held = None if content == FREED else trace.contents_bytes[start : start + PAGE_SIZE]
            self.versions[numbers[page]].append((at, held))

    def of(self, first: int, count: int) -> list[tuple[int, bool]]:
        """The accesses to some pages, numbered from the first of them; consecutive ones as one."""
        found: list[tuple[int, bool]] = []
        for number, write in self.accesses:
            page = number - first
            if 0 <= page < count:
                if found and found[-1][0] == page:
                    found[-1] = (page, found[-1][1] or write)
                else:
                    found.append((page, write))
        return found

    def content(self, number: int, at: int) -> bytes | None:
        """What a page holds before an access, by the rule of trace.py."""
        before = [held for place, held in self.versions[number] if place <= at]
        later = [held for _, held in self.versions[number] if held is not None]
        return before[-1] if before else later[0]
