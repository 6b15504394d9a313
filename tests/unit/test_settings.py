# SPDX-License-Identifier: GPL-2.0-only
"""Files of settings: values with their lines, the kernel's spellings, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from zswapsim.errors import InvalidArgument
from zswapsim.experiment.settings import (
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_LINES,
    as_bool,
    load_settings,
    read_settings,
)

EVERYTHING = """\
# what every command takes
kernel = 5.10
max-pool-percent = 30  # a dash is an underscore
"accept_threshold_percent" = 80

[sweep]
compressor = [
  "lz4",  # with a remark
  'zstd:3',
]
note = \"\"\"
[replay]
max_pool_percent = 99
\"\"\"

[ratio]
sample = "1M"
[empty]
"""


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(text: str | bytes) -> Path:
        path = tmp_path / "settings.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def test_flat_settings_and_tables_are_told_apart(written: Any) -> None:
    loaded = load_settings(written(EVERYTHING))
    assert loaded == {
        "kernel": 5.1,
        "max_pool_percent": 30,
        "accept_threshold_percent": 80,
        "sweep": {
            "compressor": ["lz4", "zstd:3"],
            "note": "[replay]\nmax_pool_percent = 99\n",
        },
        "ratio": {"sample": "1M"},
        "empty": {},
    }


def test_a_number_with_a_point_is_known_as_it_was_written(written: Any) -> None:
    assert str(load_settings(written("kernel = 5.10"))["kernel"]) == "5.10"
    assert [str(each) for each in load_settings(written("kernel = [6.10, 6.1]"))["kernel"]] == [
        "6.10",
        "6.1",
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_setting_knows_its_line(end: str, written: Any) -> None:
    file = read_settings(written(EVERYTHING.replace("\n", end)))
    assert {name: said.line for name, said in file.shared.items()} == {
        "kernel": 2,
        "max_pool_percent": 3,
        "accept_threshold_percent": 4,
    }
    assert {name: said.line for name, said in file.own["sweep"].items()} == {
        "compressor": 7,
        "note": 11,
    }
    assert file.tables == {"sweep": 6, "ratio": 16, "empty": 18}
    assert file.where(file.own["ratio"]["sample"]) == f"{file.path}:17"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("zswap.max_pool_percent = 30", {"max_pool_percent": 30}),
        ("[zswap]\nmax_pool_percent = 30", {"max_pool_percent": 30}),
        ("zswap = { max_pool_percent = 30 }", {"max_pool_percent": 30}),
        ("zswap.enabled = true", {"frontend": "zswap"}),
        ("zswap.enabled = 'N'", {"frontend": "none"}),
        ("zswap.shrinker_enabled = 'Y'", {"shrinker_enabled": "Y"}),
        ("vm.page-cluster = 3", {"page_cluster": 3}),
        ("[vm]\npage_cluster = 3", {"page_cluster": 3}),
        (
            "[zram]\ncomp_algorithm = 'zstd'\nmem_limit = '64M'\ndisksize = '1G'",
            {
                "compressor": "zstd",
                "zram_limit": "64M",
                "swap_size": "1G",
                "frontend": "zram",
            },
        ),
        ("frontend = 'zswap'\nzram.mem_limit = '64M'", {"frontend": "zswap", "zram_limit": "64M"}),
        (
            "zram.mem_limit = '64M'\nzswap.zpool = 'zbud'",
            {"zram_limit": "64M", "zpool": "zbud"},
        ),
        ("", {}),
        ("# nothing\n\n", {}),
    ],
)
def test_the_kernels_spellings_are_ours(text: str, meant: dict[str, Any], written: Any) -> None:
    assert load_settings(written(text)) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n\na = \n", ":3:5: not TOML: Invalid value"),
        ("a = [1,\n2", ":2: not TOML: "),
        ("a = 1\na = 2\n", ":2:6: not TOML: Cannot overwrite a value"),
        ("[x\n", ":1:3: not TOML: "),
        (b"a = 1\nb = '\xff'", ":2: not TOML: no UTF-8 text"),
        ("[[sweep]]\nx = 1", ":1: [[...]] is for lists of tables; allowed is [TABLE]"),
        ("x = 1\na.b.c = 1", ":2: a.b.c: no setting is so deep"),
        (
            "zswap.max_pool_precent = 1",
            ":1: no setting 'zswap.max_pool_precent'; did you mean zswap.max_pool_percent?",
        ),
        ("\nvm.swappiness = 60", ":2: no setting 'vm.swappiness'"),
        ("zswap.zpool.x = 60", ":1: no setting 'zswap.zpool.x'"),
        ("zswap.enabled = 3", ":1: zswap.enabled: allowed are true and false, not 3"),
        (
            "zswap.compressor = 'lz4'\n[zram]\ncomp_algorithm = 'lz4'",
            ":3: zram.comp_algorithm: is said already, as zswap.compressor in line 1",
        ),
        ("a-b = 1\na_b = 1", ":2: a_b: is said already, as a-b in line 1"),
        ("a = " + "[" * 2000, ": not TOML: too deep"),
        (".".join("a" * 2000) + " = 1", ": not TOML: too deep"),
        ("\na = '" + "x" * MAX_COLUMNS + "'", f":2: longer than {MAX_COLUMNS} columns"),
        ("a = [\n" + "1,\n" * MAX_LINES + "]", f":1: a value of more than {MAX_LINES} lines"),
        ("#" + "\n" * MAX_BYTES, ": larger than a file of settings can be"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str | bytes, said: str, written: Any) -> None:
    path = written(text)
    with pytest.raises(InvalidArgument) as error:
        load_settings(path)
    assert str(error.value).startswith(f"{path}{said}")
    assert str(error.value).isprintable()


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_settings(tmp_path / "none.toml")
    with pytest.raises(IsADirectoryError):
        load_settings(tmp_path)


@pytest.mark.parametrize("value", [True, 1, "Y", "y", "1", "true"])
def test_sysfs_says_yes_in_several_ways(value: Any) -> None:
    assert as_bool(value) is True


@pytest.mark.parametrize("value", [2, 1.0, "", "maybe", None, []])
def test_what_is_neither_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        as_bool(value)


NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True).filter(lambda name: name not in ("vm",))
VALUES = st.one_of(
    st.integers(-(1 << 60), 1 << 60),
    st.booleans(),
    st.text(max_size=30),
    st.lists(st.integers(0, 99), max_size=40),
    st.lists(st.text(max_size=5), max_size=5),
)


@given(
    flat=st.dictionaries(NAMES, VALUES, max_size=5),
    table=st.dictionaries(NAMES, VALUES, max_size=5),
    multiline=st.booleans(),
)
def test_what_is_written_is_read_and_lines_are_those_of_the_names(
    flat: dict[str, Any],
    table: dict[str, Any],
    multiline: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("settings") / "s.toml"
    text = tomli_w.dumps({**flat, "-": table}, multiline_strings=multiline)
    path.write_text(text, newline="")
    assert load_settings(path) == {**flat, "-": table}
    file = read_settings(path)
    lines = text.split("\n")
    for settings in (file.shared, file.own.get("-", {})):
        for name, said in settings.items():
            assert lines[said.line - 1].startswith(f"{name} = ")
