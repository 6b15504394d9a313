# SPDX-License-Identifier: GPL-2.0-only
"""Parts of other packages on the command line: they work as built-in ones do, or are one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_folder import ROOT, environment, install

from zswapsim.trace.trace import Trace

EXAMPLE = ROOT / "examples" / "zswapsim-firstfit"
BROKEN = """
[project]
name = "acme"
version = "2.0"

[project.entry-points."zswapsim.drivers"]
absent = "acme_absent:DRIVER"
zbud = "acme:DRIVER"
unlike = "acme:NUMBER"
misnamed = "acme:MISNAMED"
unmade = "acme:UNMADE"

[project.entry-points."zswapsim.policies"]
exits = "acme_raises:POLICY"

[project.entry-points."zswapsim.compressors"]
instance = "acme:NUMBER"

[project.entry-points."zswapsim.formats"]
shouts = "acme:SHOUTS"
"""
MODULE = """
from zswapsim.machine.pools.plain import PlainPool, driver_of
NUMBER = 5
MISNAMED = driver_of(PlainPool, name="other", summary="")

def fail(max_pages):
    raise KeyError("two\\nlines \\x1b[31m")

UNMADE = driver_of(fail, name="unmade", summary="cannot be made")

class Shouts:
    name, summary = "shouts", "raises"
    def recognises(self, path, head):
        raise RuntimeError("loud")
    def open(self, source):
        raise RuntimeError("loud")

SHOUTS = Shouts()
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traces") / "small.ztrace"
    pages = [page * page % 37 for page in range(600)]
    contents = b"".join((f"page {page} " * 200).encode()[:4096].ljust(4096) for page in range(37))
    numbers = range(37)
    Trace.from_arrays(
        pages, [True] * 600, [0] * 37, numbers, numbers, contents, {"name": "small"}
    ).save(path)
    return path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders with the example and a package that is broken in many ways."""
    folder = tmp_path_factory.mktemp("site")
    project = folder / "acme"
    project.mkdir()
    (project / "pyproject.toml").write_text(BROKEN)
    (project / "acme.py").write_text(MODULE)
    (project / "acme_raises.py").write_text("raise OSError('no such device')\n")
    install(project, folder)
    install(EXAMPLE, folder)
    return [folder, project, EXAMPLE]


def run(site: list[Path], *words: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "zswapsim", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(*site, COLUMNS="200"),
    )
    assert done.returncode == expect, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_every_part_of_another_package_is_listed_once_and_whether_it_loads(
    site: list[Path],
) -> None:
    lines = run(site, "list", "plugins").stdout.splitlines()
    told = {line[16:].split()[0]: line for line in lines[1:]}
    assert len(lines) == 1 + 11
    assert "zswapsim-firstfit 0.1.0" in told["firstfit"]
    assert told["firstfit"].rstrip().endswith("yes, in both engines")
    assert told["fifo"].rstrip().endswith("yes, interpreted")
    assert "no: ModuleNotFoundError: No module named 'acme_absent'" in told["absent"]
    assert "no: the name is taken, by a built-in part" in told["zbud"]
    assert "no: it is a int, not a ZpoolDriver" in told["unlike"]
    assert "no: its type is 'other'" in told["misnamed"]
    assert "cannot make a pool: KeyError" in told["unmade"]
    assert "no: OSError: no such device" in told["exits"]
    assert "no: it is a int, not a class" in told["instance"]
    assert "acme 2.0" in told["shouts"]


@pytest.mark.parametrize("parts", ["compressors", "zpools", "policies", "formats"])
def test_a_broken_part_is_a_line_of_its_list(site: list[Path], parts: str) -> None:
    out = run(site, "list", parts).stdout
    assert ("unavailable: " in out) == (parts != "formats")
    assert "acme 2.0" in out


def test_no_plugin_is_said_in_a_sentence() -> None:
    assert run([], "list", "plugins").stdout == "No package has brought a part.\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--zpool", "absent"], "zpool driver 'absent' from acme 2.0 does not load"),
        (["--zpool", "unmade"], "zpool 'unmade' cannot make a pool: KeyError"),
        (["--reclaim", "exits"], "reclaim policy 'exits' from acme 2.0 does not load: OSError"),
        (["--compressor", "instance"], "compressor 'instance' from acme 2.0 does not load"),
    ],
)
def test_a_broken_part_is_an_error_where_it_is_asked_for(
    site: list[Path], small: Path, words: list[str], why: str
) -> None:
    done = run(site, "replay", small, *words, expect=2)
    assert why in done.stderr
    assert "\x1b" not in done.stderr


def test_broken_parts_keep_nothing_else_from_working(site: list[Path], small: Path) -> None:
    assert "came back and were checked" in run(site, "replay", small, "--memory", "40%").stdout
    text = small.with_name("unknown.log")
    text.write_text("nothing that is known\n" * 50)
    done = run(site, "trace", "info", text, expect=1)
    assert "no known trace format" in done.stderr


def test_a_plain_class_replays_and_is_not_compiled(site: list[Path], small: Path) -> None:
    asked = ("--memory", "40%", "--json", "--kernel", "6.1")
    results = {
        name: json.loads(run(site, "replay", small, *asked, "--zpool", name, *more).stdout)
        for name, *more in (
            ("firstfit-plain", "--engine", "auto"),
            ("firstfit", "--engine", "interpreted"),
        )
    }
    plain, simulated = results["firstfit-plain"], results["firstfit"]
    assert plain["config"]["engine"] == "interpreted"
    assert plain["bytes"]["checked_pages"] > 0
    assert plain["zswap"] == simulated["zswap"]
    for option in (("--zpool", "firstfit-plain"), ("--reclaim", "fifo")):
        done = run(site, "replay", small, *option, "--engine", "compiled", expect=2)
        assert done.stderr.count("\n") == 1
        assert "is a plain Python class, which runs interpreted only" in done.stderr


@pytest.mark.long
def test_a_part_in_the_machines_style_runs_compiled_and_gives_the_same(
    site: list[Path], small: Path
) -> None:
    results = [
        json.loads(
            run(
                site,
                *("replay", small, "--memory", "40%", "--json", "--zpool", "firstfit"),
                *("--engine", engine),
            ).stdout
        )
        for engine in ("interpreted", "compiled")
    ]
    assert [result["config"]["engine"] for result in results] == ["interpreted", "compiled"]
    assert results[0]["zswap"] == results[1]["zswap"]
    assert results[0]["vmstat"] == results[1]["vmstat"]


def test_a_sweep_has_parts_of_all_kinds_in_several_processes(site: list[Path], small: Path) -> None:
    grid = ("--zpool", "zbud,firstfit,firstfit-plain", "--reclaim", "lru,fifo", "--memory", "40%")
    done = run(site, "sweep", small, *grid, "--json", "--jobs", 2)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 6
    assert not any(row["error"] for row in rows)
    asked = ("--zpool", "firstfit-plain", "--json", "--engine=compiled")
    compiled = run(site, "sweep", small, *asked, expect=1)
    assert "runs interpreted only" in json.loads(compiled.stdout)["error"]


def test_compare_and_ratio_take_them_too(site: list[Path], small: Path) -> None:
    told = run(site, "compare", small, "--memory", "40%", "zswap,zpool=firstfit-plain", "zswap")
    assert "firstfit-plain" in told.stdout
    assert "firstfit" in run(site, "ratio", small, "--no-time", "--zpool", "zbud,firstfit").stdout


def test_resume_runs_the_cells_of_an_edited_part_anew(
    site: list[Path], small: Path, tmp_path: Path
) -> None:
    project, rows = tmp_path / "own", tmp_path / "rows.jsonl"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "own"\nversion = "1"\n'
        '[project.entry-points."zswapsim.policies"]\nown = "own_fifo:POLICY"\n'
    )
    source = (EXAMPLE / "zswapsim_firstfit" / "fifo.py").read_text().replace('"fifo"', '"own"')
    (project / "own_fifo.py").write_text(source)
    install(project, tmp_path / "site")
    folders = [tmp_path / "site", project]
    asked = ("sweep", small, "--reclaim", "lru,own", "--memory", "40%", "-o", rows)
    counts = []
    for more in ((), ("--resume",), ("--resume",)):
        run(folders, *asked, *more)
        counts.append(len(rows.read_text().splitlines()))
        if len(counts) == 2:
            (project / "own_fifo.py").write_text(source + "# edited\n")
    assert counts == [2, 2, 3]
