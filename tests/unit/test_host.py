# SPDX-License-Identifier: GPL-2.0-only
"""Files of machines: what is read of them, what it means, and what becomes of damaged ones."""

import gzip
import io
import json
import os
import re
import shlex
import tarfile
from pathlib import Path
from typing import Any

import pytest
from host_copies import BOOKWORM_6_1 as FULL
from host_copies import COPIES, DEBUGFS, PARAMETERS, machine, swaps, write_folder, zram, zswap
from host_copies import FEDORA_6_6_ZRAM as ZRAM
from host_copies import meminfo as meminfo_text
from hypothesis import given
from hypothesis import strategies as st

from zswapsim import ReplayConfig
from zswapsim.errors import TraceError
from zswapsim.experiment.comparison import parse_configs
from zswapsim.experiment.host import (
    HostCopy,
    comparison,
    host_facts,
    read_host,
    reading,
    write_archive,
)
from zswapsim.experiment.host.nearest import nearest_profile, version_of
from zswapsim.experiment.host.wanted import CONFIG, FILE_BYTES
from zswapsim.report.host import host_lines

Files = dict[str, str]


def facts_of(files: Files) -> dict[str, Any]:
    copy = HostCopy("test")
    for name, text in files.items():
        copy.keep(name, text.encode())
    facts = host_facts(copy)
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    return facts


def said(facts: dict[str, Any], level: str | None = None) -> str:
    return "\n".join(
        f"{told['says']} -> {told['helps']}"
        for told in facts["findings"]
        if level in (None, told["level"])
    )


@pytest.mark.parametrize("name", COPIES)
def test_folder_archive_and_what_was_saved_of_them_tell_the_same(name: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "copy", COPIES[name])
    copy = read_host(folder)
    for suffix in ("tar", "tar.gz", "tgz"):
        path = tmp_path / f"saved.{suffix}"
        write_archive(copy, path)
        again = read_host(path)
        assert again.texts == copy.texts
        assert again.missing == copy.missing
    assert set(copy.texts) == set(COPIES[name])


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("width", [30, 60, 100])
def test_every_copy_is_told_in_lines_that_fit(name: str, width: int) -> None:
    lines = host_lines(facts_of(COPIES[name]), width)
    assert all(fits(line, width) for line in lines)
    assert all(line.isprintable() for line in lines)


def fits(line: str, width: int) -> bool:
    """Only a single word that is to be pasted may be longer."""
    return len(line) <= width or re.fullmatch(r"  +('[^']*'|\S+)( \\)?", line) is not None


@pytest.mark.parametrize("name", COPIES)
def test_commands_to_paste_are_the_same_whole_and_in_lines(name: str) -> None:
    facts = facts_of(COPIES[name])
    text = "\n".join(host_lines(facts, 60))
    pasted = text.partition("zswapsim record`)\n")[2] or text.partition("record`)\n")[2]
    lines = re.sub(r"\\\n", " ", pasted).splitlines()
    assert [shlex.split(line) for line in lines] == [shlex.split(one) for one in facts["commands"]]


@pytest.mark.parametrize("name", COPIES)
def test_the_machine_is_compared_with_others(name: str) -> None:
    facts = facts_of(COPIES[name])
    told = comparison(facts)
    settings = facts["settings"]
    shared = {"kernel": settings["kernel"], "page_cluster": settings.get("page_cluster", 0)}
    named = parse_configs(told, shared)
    assert named[0].name == "this machine"
    assert named[0].config == ReplayConfig(**settings)
    assert len({one.config for one in named}) == len(named) >= 3
    words = shlex.split(facts["commands"][1])
    assert words[:3] == ["zswapsim", "compare", "TRACE"]
    assert words[-len(told) :] == told


@pytest.mark.parametrize("name", COPIES)
def test_settings_are_those_of_a_replay_and_the_command_line_too(name: str) -> None:
    from click.testing import CliRunner

    from zswapsim.cli.replay_command import command

    facts = facts_of(COPIES[name])
    config = ReplayConfig(**facts["settings"])
    words = facts["commands"][0].split()
    assert words[:3] == ["zswapsim", "replay", "TRACE"]
    context = command.make_context("replay", [__file__, *words[3:]])
    asked = {key: context.params[key] for key in ("kernel", "frontend", "compressor")}
    assert asked == {key: getattr(config, key) for key in asked}
    assert context.params["max_pool_percent"] == config.max_pool_percent
    assert CliRunner().invoke(command, ["--help"]).exit_code == 0


def test_a_full_pool_is_told_with_what_helps() -> None:
    facts = facts_of(FULL)
    zswap_facts = facts["zswap"]
    most = 16_262_400 // 4 * 20 // 100
    assert zswap_facts["max_pool_bytes"] == most * 4096
    assert zswap_facts["accept_bytes"] == most * 90 // 100 * 4096
    assert zswap_facts["full_percent"] == round(100 * 3_247_276_032 / (most * 4096), 1)
    stored = 1_347_746 - 70_208
    assert zswap_facts["density"] == round(stored * 4096 / 3_247_276_032, 2)
    warnings = said(facts, "warning")
    assert "above the accept threshold" in warnings
    assert "served 39 % of the 3,145,260 pages" in warnings
    assert "stood still for memory 6 %" in warnings
    notes = said(facts, "note")
    assert "zbud can reach 2 at most" in notes
    assert "9,114 times attempts to write pages back failed" in notes
    assert "31 % of 1,012,344 pages read ahead" in notes
    assert [told["level"] for told in facts["findings"]] == sorted(
        (told["level"] for told in facts["findings"]), key=["warning", "note", "good"].index
    )


def test_without_debugfs_the_pool_is_that_of_meminfo() -> None:
    facts = facts_of(COPIES["6.8"])
    assert facts["zswap"]["counters"] is None
    assert facts["zswap"]["pool_bytes"] == 800_000 << 10
    assert facts["zswap"]["density"] == round(2_300_000 / 800_000, 2)
    assert facts["answer"] == (
        "zswap is on, zstd in zsmalloc; its pool is 12 % full, and it served 99 % of what came "
        "back from swap"
    )


def test_zram_behind_zswap_is_warned_of_and_a_disk_beside_it() -> None:
    warnings = said(facts_of(COPIES["6.12"]), "warning")
    assert "LRU inversion" in warnings
    assert "/dev/sda2 has priority 100 and is filled by turns with zram0" in warnings
    assert "32 % of its pages hardly compress" in warnings
    assert "92 % of its mem_limit" in warnings
    assert "95 % of swap is in use" in warnings


def test_zram_alone_is_not_warned_of() -> None:
    facts = facts_of(ZRAM)
    assert said(facts, "warning") == ""
    (used, unused) = facts["zram"]
    assert used["ratio"] == round(2241130496 / 611004416, 2)
    assert used["effective_ratio"] == round(2241130496 / 640000000, 2)
    assert used["recompression"] == {"1": "zstd", "2": "lz4hc"}
    assert used["swap"]["priority"] == 100
    assert unused["disksize_bytes"] == 0
    assert "vm.page-cluster is 3" in said(facts)
    assert facts["settings"] == {"kernel": "6.6", "frontend": "zram", "compressor": "lzo-rle"}
    old = facts_of(ZRAM | machine("4.4.0"))
    assert old["kernel"]["profile"] == "3.11"
    assert ReplayConfig(**old["settings"]).kernel == "5.4"
    assert "vm.page-cluster" not in said(facts_of(ZRAM | {"proc/sys/vm/page-cluster": "0\n"}))


@pytest.mark.parametrize(("priority", "order"), [(100, "by turns"), (200, "before"), (5, None)])
def test_a_disk_filled_before_zram_is_warned_of(priority: int, order: str | None) -> None:
    told = swaps(("/dev/sda2", "partition", 4_000_000, 0, priority),
                 ("/dev/zram0", "partition", 4_000_000, 0, 100))  # fmt: skip
    warnings = said(facts_of(ZRAM | {"proc/swaps": told}), "warning")
    assert ("sda2" in warnings) == (order is not None)
    assert order is None or order in warnings


@pytest.mark.parametrize(
    ("release", "warned"), [("6.1.0", True), ("5.4.2", True), ("6.2.1", False), ("6.12.1", False)]
)
def test_zsmalloc_that_cannot_shrink_is_warned_of(release: str, warned: bool) -> None:
    files = machine(release) | zswap(enabled="Y", compressor="lz4", zpool="zsmalloc")
    assert ("cannot be made smaller" in said(facts_of(files), "warning")) == warned


def test_zswap_without_the_parameter_zpool_has_zsmalloc() -> None:
    facts = facts_of(COPIES["6.18"])
    assert facts["zswap"]["zpool"] == "zsmalloc"
    assert facts["settings"]["shrinker_enabled"] is True


def test_counters_of_pages_of_another_size_are_understood() -> None:
    vmstat = "nr_file_pages 100000\npswpin 5\n"
    memory = meminfo_text(MemTotal=8_000_000, Buffers=0, Cached=1_600_000, Zswapped=160_000)
    facts = facts_of(machine("6.12.1") | {"proc/vmstat": vmstat, "proc/meminfo": memory}
                     | zswap(enabled="Y", zpool="zsmalloc", max_pool_percent=20))  # fmt: skip
    assert facts["memory"]["page_bytes"] == 16384
    assert facts["zswap"]["stored_pages"] == 10_000
    assert "pages have 16.0 KiB" in said(facts, "warning")


@pytest.mark.parametrize(
    ("version", "nearest"),
    [
        ("3.11", ("3.11", 0)), ("2.6", ("3.11", 12)), ("4.19", ("5.4", 6)), ("5.15", ("5.10", -5)),
        ("6.2", ("6.1", -1)), ("6.7", ("6.6", -1)), ("6.14", ("6.12", -2)), ("6.16", ("6.18", 2)),
        ("7.1", ("6.18", -3)), ("99.999", None),
    ],
)  # fmt: skip
def test_the_nearest_profile_is_fewest_releases_away(
    version: str, nearest: tuple[str, int] | None
) -> None:
    if nearest is None:
        assert nearest_profile(version)[0] == "6.18"
    else:
        assert nearest_profile(version) == nearest


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("6.1.0-27-amd64\n", "6.1"), ("Linux version 6.18.44-x (a@b)", "6.18"), ("6.06", "6.6"),
        ("5.15.153.1-microsoft-standard-WSL2", "5.15"), ("six", None), ("", None), ("6", None),
        ("6.1234", None),
    ],
)  # fmt: skip
def test_the_version_is_the_first_two_numbers(text: str, version: str | None) -> None:
    assert version_of(text) == version


def test_of_the_command_line_only_words_about_swap_are_kept(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, FULL)
    write_archive(read_host(folder), tmp_path / "saved.tar")
    assert b"secret" not in (tmp_path / "saved.tar").read_bytes()
    assert host_facts(read_host(folder))["command_line"] == ["zswap.enabled=1"]


def test_the_kernels_configuration_is_read_packed_or_from_boot(tmp_path: Path) -> None:
    text = "CONFIG_ZSWAP=y\nCONFIG_SECRET=1\n# CONFIG_CRYPTO_LZ4 is not set\nCONFIG_ZRAM=m\n"
    packed = write_folder(tmp_path / "packed", machine("6.1.0"))
    (packed / "proc/config.gz").write_bytes(gzip.compress(text.encode()))
    booted = write_folder(tmp_path / "boot", machine("6.1.0") | {"boot/config-6.1.0": text})
    for folder in (packed, booted):
        copy = read_host(folder)
        assert "SECRET" not in copy.texts[CONFIG]
        assert host_facts(copy)["config"] == {"ZSWAP": "y", "ZRAM": "m"}
    (packed / "proc/config.gz").write_bytes(b"\x1f\x8bnonsense")
    assert host_facts(read_host(packed))["config"] == {}


def test_a_folder_around_the_copy_is_found(tmp_path: Path) -> None:
    write_folder(tmp_path / "around" / "host", FULL)
    assert read_host(tmp_path / "around").texts == read_host(tmp_path / "around/host").texts != {}


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    secret = write_folder(tmp_path / "elsewhere", FULL)
    folder = write_folder(tmp_path / "copy", machine("6.1.0"))
    (folder / "proc/meminfo").symlink_to(secret / "proc/meminfo")
    (folder / "sys").symlink_to(secret / "sys")
    os.mkfifo(folder / "proc/vmstat")
    (folder / "proc/pressure").mkdir()
    (folder / "proc/pressure/memory").symlink_to("memory")
    assert set(read_host(folder).texts) == set(machine("6.1.0"))


def test_the_live_files_may_be_links(tmp_path: Path) -> None:
    where = write_folder(tmp_path / "devices", {"zram0/disksize": "4096\n"})
    root = write_folder(tmp_path / "root", machine("6.1.0") | zswap(enabled="N"))
    (root / "sys/block").mkdir()
    (root / "sys/block/zram0").symlink_to(where / "zram0")
    copy = reading.read_machine(root)
    assert copy.is_live
    assert copy.zram_names() == ["zram0"]
    assert "sys/kernel/debug/zswap" in copy.missing


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as made:
        for member, content in members:
            made.addfile(member, io.BytesIO(content))
    return data.getvalue()


def member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, to: str = "") -> Any:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, to
    return info


def test_hostile_members_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "evil.tar"
    path.write_bytes(
        archive(
            (member("../../proc/meminfo", 3), b"bad"),
            (member("proc/meminfo", 0, tarfile.SYMTYPE, "/etc/passwd"), b""),
            (member("proc/swaps", 0, tarfile.LNKTYPE, "/etc/passwd"), b""),
            (member("proc/vmstat", 0, tarfile.FIFOTYPE), b""),
            (member("proc/version", 0, tarfile.CHRTYPE), b""),
            (member("etc/shadow", 3), b"bad"),
            (member("sys/module/zswap/parameters/../../x", 3), b"bad"),
            (member("./copied/sys/module/zswap/parameters/enabled", 2), b"Y\n"),
            (member("/sys/module/zswap/parameters/enabled", 2), b"N\n"),
            (member("proc/cmdline", 3 * FILE_BYTES), b"zswap.x " * (3 * FILE_BYTES // 8)),
        )
    )
    copy = read_host(path)
    assert set(copy.texts) == {"sys/module/zswap/parameters/enabled", "proc/cmdline"}
    assert copy.texts["sys/module/zswap/parameters/enabled"] == "Y\n"
    assert len(copy.texts["proc/cmdline"]) <= FILE_BYTES
    assert sorted(tmp_path.iterdir()) == [path]


def test_what_is_no_archive_or_far_too_large_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    for data in (b"", b"no tar" * 200, gzip.compress(bytes(1 << 25)), archive()[:700]):
        path.write_bytes(data)
        try:
            assert read_host(path).texts == {}
        except TraceError as error:
            assert str(path) in str(error)
    path.write_bytes(gzip.compress(bytes(1 << 25)))
    with pytest.raises(TraceError, match="more than 16,777,216 bytes"):
        read_host(path)
    many = archive(*[(member(f"proc/{at}"), b"") for at in range(reading.MOST_FILES + 1)])
    path.write_bytes(many)
    with pytest.raises(TraceError, match="more than 4,096 files"):
        read_host(path)


@given(
    st.dictionaries(
        st.sampled_from(sorted({name for files in COPIES.values() for name in files})),
        st.one_of(st.text(max_size=80), st.binary(max_size=40).map(lambda b: b.decode("latin-1")),
                  st.from_regex(r"[A-Za-z_]{1,9}:? +[0-9]{1,25}( kB)?\n", fullmatch=True),
                  st.integers(-5, 1 << 70).map(str)),
        max_size=12,
    ),
    st.sampled_from(sorted(COPIES)),
)  # fmt: skip
def test_whatever_files_hold_they_are_told(wrong: Files, name: str) -> None:
    facts = facts_of(COPIES[name] | wrong)
    lines = host_lines(facts, 80)
    assert all(fits(line, 80) for line in lines)
    assert all(line.isprintable() for line in lines)
    ReplayConfig(**facts["settings"])
    parse_configs(comparison(facts), {"kernel": facts["settings"]["kernel"]})


@given(st.data())
def test_whatever_bytes_an_archive_has_it_is_told_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("host") / "x.tar"
    copy = HostCopy("test")
    for name, text in data.draw(st.sampled_from([FULL, ZRAM])).items():
        copy.keep(name, text.encode())
    write_archive(copy, path)
    wrong = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(wrong) - 1))
        wrong[at : at + 4] = data.draw(st.binary(min_size=1, max_size=8))
    path.write_bytes(wrong)
    try:
        host_facts(read_host(path))
    except TraceError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 1000


def test_the_samples_of_the_documentation_are_these(tmp_path: Path) -> None:
    samples = Path(__file__).parents[1] / "samples" / "host"
    for name, key in {"full-pool": "6.1", "both": "6.12", "zram": "6.6"}.items():
        copy = read_host(write_folder(tmp_path / name, COPIES[key]))
        assert read_host(samples / f"{name}.tar.gz").texts == copy.texts


def test_zram_without_a_swap_and_parameters_alone_are_understood() -> None:
    facts = facts_of(zram(0, disksize="1073741824", comp_algorithm="[lz4] zstd", mm_stat="1 2 3"))
    assert "no swap device" in said(facts)
    assert facts["zram"][0]["mm_stat"] == {
        "orig_data_size": 1, "compr_data_size": 2, "mem_used_total": 3,
    }  # fmt: skip
    alone = facts_of({f"{PARAMETERS}enabled": "Y\n", f"{DEBUGFS}stored_pages": "5\n"})
    assert alone["zswap"]["stored_pages"] == 5


@pytest.mark.parametrize("release", ["6.1\0.0", "6.1.0/../../x", "..", "6" * 5000, "\x1b[2J", ""])
def test_a_release_that_is_no_part_of_a_file_name_names_no_configuration(
    release: str, tmp_path: Path
) -> None:
    folder = write_folder(
        tmp_path / "copy", {**machine("6.1.0"), "proc/sys/kernel/osrelease": f"{release}\n"}
    )
    assert CONFIG not in read_host(folder).texts
