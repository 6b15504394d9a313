# SPDX-License-Identifier: GPL-2.0-only
"""The language of lessons: what it means, and one line with its number for what is wrong."""

from pathlib import Path

import pytest

from zswapsim.content.compressors import compressor
from zswapsim.errors import InvalidArgument
from zswapsim.experiment.lesson.contents import KINDS, page_of_kind, page_of_size
from zswapsim.experiment.lesson.script import MAX_LINES, Content, parse_script, read_script
from zswapsim.profiles import PROFILES

WRONG = {
    "fly 3": "1: there is no command 'fly'; allowed are title, goal, note, ask, kernel,",
    "kernel 9.9": "1: no kernel profile '9.9'",
    "kernel": "1: kernel takes one value; allowed is kernel VERSION",
    "kernel 5.4 6.1": "1: kernel takes one value; allowed is kernel VERSION",
    "kernel 5.4\nkernel 5.4": "2: kernel is said already, in line 1; allowed is once",
    "zpool zblob\nstore 1 zero": "1: no zpool 'zblob'",
    "zpool zbud\nkernel 6.18\nstore 1 zero": "1: kernel 6.18 has no zpool 'zbud'",
    "compressor best\nstore 1 zero": "1: no compressor 'best'",
    "frontend swap\nstore 1 zero": "1: frontend 'swap'",
    "frontend zram\nzpool zbud\nstore 1 zero": "2: zpool 'zbud'",
    "accept 90\nkernel 5.4\nstore 1 zero": "1: kernel 5.4 has no accept_threshold_percent",
    "accept 101\nstore 1 zero": "1: accept '101'; allowed is a whole number, 0 to 100",
    "same-filled yes": "1: 'yes'; allowed are on and off",
    "exclusive-loads on\nkernel 5.4\nstore 1 zero": "1: kernel 5.4 has no exclusive_loads",
    "limit -1": "1: limit '-1'; allowed is a whole number, 0 to ",
    "seed 1e3": "1: seed '1e3'; allowed is a whole number",
    "slots 9999": "1: slots '9999'; allowed is a whole number, 1 to 4096",
    "memory 1": "1: memory '1'; allowed is a whole number, 2 to 4096",
    "reclaim best": "1: no reclaim policy 'best'",
    "reclaim lru\nstore 1 zero": "1: reclaim goes with memory PAGES",
    "store 1 zero\nkernel 5.4": "2: kernel comes after the first operation, line 1",
    "store 3": "1: store says too little; allowed is store SLOT CONTENT",
    "store x zero": "1: slot 'x'; allowed is a whole number, 1 to 256",
    "store 0 zero": "1: slot '0'; allowed is a whole number, 1 to 256",
    "slots 8\nstore 9 zero": "2: slot '9'; allowed is a whole number, 1 to 8",
    "store 3 fluff": "1: content 'fluff'; allowed is zero, same, text, pointers, random, mixed,",
    "store 3 zero zero": "1: content 'zero zero'; allowed is",
    "store 3 size=0": "1: size '0'; allowed is a whole number, 1 to 4096",
    "store 3 size=5000": "1: size '5000'; allowed is a whole number, 1 to 4096",
    "store 3 like 2": "1: like 2: slot 2 was not stored; allowed is one that was",
    "load": "1: load takes one slot; allowed is load SLOT",
    "load 1 2": "1: load takes one slot; allowed is load SLOT",
    "shrink 1": "1: shrink takes nothing; allowed is shrink",
    "access 1": "1: access goes with memory PAGES before the first operation",
    "memory 4\nstore 1 zero": "2: store goes with a script without memory",
    "memory 4\nbusy 1": "2: busy goes with zswap in a script without memory",
    "memory 4\naccess 1 read": "2: access '1 read'; allowed is access PAGE [write [CONTENT]]",
    "memory 4\naccess 4096": "2: page '4096'; allowed is a whole number, 0 to 4095",
    "frontend zram\nshrink": "2: shrink goes with zswap in a script without memory",
    "compact": "1: compact goes with frontend zram in a script without memory",
    "store 1 zero\nlimit": "2: limit takes one value; allowed is limit PAGES",
    "title": "1: title says nothing; allowed is title TEXT",
    "title A\ntitle B": "2: the title is said already; allowed is one",
    "ask Why?\nask Which?": "2: line 1 asks already; allowed is one question an operation",
    "store 1 zero\nask Why?": "2: no operation follows; allowed is a question before one",
    "": "1: there is no operation; allowed are store, load, invalidate,",
    "title A\n# b\n": "3: there is no operation",
    "store 1 zero\n\x1b[2J": "2: there is no command '\\x1b[2J'",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_line_is_one_message_with_its_number(text: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_script(text, "x.zswap")
    message = str(caught.value)
    assert message.startswith(f"x.zswap:{WRONG[text]}")
    assert message.isprintable()


def test_a_script_of_too_many_lines_or_bytes_is_refused() -> None:
    lines = ["store 1 zero"] * MAX_LINES
    assert len(parse_script("\n".join([*lines, ""])).operations) == MAX_LINES
    with pytest.raises(InvalidArgument, match=f"script:{MAX_LINES + 1}: this is line"):
        parse_script("\n".join([*lines, "load 1"]))
    with pytest.raises(InvalidArgument, match="script:1: the script is too long"):
        parse_script("#" + "x" * (1 << 19))


def test_what_is_no_text_is_refused_in_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.zswap"
    path.write_bytes(b"store 1 zero\n\xff\n")
    with pytest.raises(InvalidArgument, match=r"x\.zswap:2: this is no UTF-8"):
        read_script(path)


def test_everything_that_a_script_can_say_is_read() -> None:
    script = parse_script(
        """
        title 'Pairs # and more'   # a comment
        goal Say it.
        goal\tSay zbud's limit.
        kernel 6.6\r
        zpool zbud
        limit 3
        slots 20
        note "Before."
        ask Why?
        store 3 size=1379 # here
        note After#1.
        note And more.
        store 4 like 3
        limit 2
        """
    )
    assert script.title == "'Pairs"
    assert script.goals == ["Say it.", "Say zbud's limit."]
    assert script.notes == ["Before."]
    assert script.settings == {"kernel": "6.6", "zpool": "zbud", "limit": 3, "slots": 20}
    store, again, limit = script.operations
    assert (store.line, store.command, store.number) == (11, "store 3 size=1379", 3)
    assert store.content == Content("size", 1379)
    assert store.question is not None
    assert (store.question.line, store.question.text) == (10, "Why?")
    assert store.notes == ["After#1.", "And more."]
    assert again.content == Content("like", 3)
    assert (limit.name, limit.number) == ("limit", 2)


def test_other_settings_may_be_said_instead_if_they_go_with_the_rest() -> None:
    script = parse_script("kernel 5.4\nzpool zbud\nstore 1 zero", "x.zswap")
    changed = script.instead({"kernel": "6.6"})
    assert (changed.settings["kernel"], script.settings["kernel"]) == ("6.6", "5.4")
    assert (changed.is_changed, script.is_changed) == (True, False)
    with pytest.raises(InvalidArgument, match="reclaim goes with memory PAGES"):
        script.instead({"reclaim": "clock"})
    with pytest.raises(LookupError, match=r"kernel 6\.18 has no zpool 'zbud'"):
        script.instead({"kernel": "6.18"})


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_the_same_for_the_same_seed_and_slot(kind: str) -> None:
    page = page_of_kind(kind, 1, 2)
    assert len(page) == 4096
    page_of_kind.cache_clear()
    assert page_of_kind(kind, 1, 2) == page
    assert kind == "zero" or page_of_kind(kind, 1, 3) != page or kind == "mixed"


@pytest.mark.parametrize("spec", ["lz4", "zstd", "lzo-rle", "lz4-kernel"])
@pytest.mark.parametrize("length", [200, 1379, 2048, 3000, 3968])
def test_a_page_of_a_size_compresses_to_it(spec: str, length: int) -> None:
    codec = compressor(spec, "5.4")
    page = page_of_size(spec, "5.4", length, 0, 3)
    assert abs(len(codec.compress(page)) - length) <= 2
    assert page_of_size(spec, "5.4", length, 0, 4) != page


def test_lz4_makes_exactly_the_sizes_that_were_asked_for() -> None:
    codec = compressor("lz4", "6.1")
    lengths = range(100, 4097, 97)
    made = [len(codec.compress(page_of_size("lz4", "6.1", length, 0, 1))) for length in lengths]
    assert made == list(lengths)


def test_a_size_that_cannot_be_is_the_nearest() -> None:
    codec = compressor("lz4", "6.1")
    smallest = len(codec.compress(page_of_size("lz4", "6.1", 1, 0, 1)))
    assert 1 < smallest < 64


@pytest.mark.parametrize("kernel", PROFILES)
def test_every_kernel_runs_a_script_with_its_own_pool(kernel: str) -> None:
    from zswapsim.experiment.lesson.lesson import run_script

    script = parse_script(f"kernel {kernel}\nlimit 2\nstore 1 text\nload 1\nshrink\ninvalidate 1")
    told = run_script(script, ask_all=True)
    assert told["settings"]["kernel"] == kernel
    assert told["steps"][0]["outcome"].startswith("stored")
    assert told["steps"][1]["outcome"] == "loaded from zswap"
