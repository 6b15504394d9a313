# SPDX-License-Identifier: GPL-2.0-only
"""The house rules that a machine can check: who imports whom, licence lines, sizes of files."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "zswapsim"
SOURCES = sorted(PACKAGE.rglob("*.py"))
EVERY_FILE = sorted([*SOURCES, *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py")])

COMMON = {"errors", "files", "printable", "units", "registry", "profiles"}
MAY_IMPORT = {
    "printable": set(),
    "errors": {"printable"},
    "units": COMMON,
    "files": COMMON,
    "registry": COMMON,
    "profiles": COMMON,
    "engine": COMMON,
    "trace": COMMON | {"engine"},
    "content": COMMON | {"engine"},
    "machine": COMMON | {"engine"},
    "experiment": COMMON | {"engine", "trace", "content", "machine"},
    "report": {"errors", "printable", "units"},
    "cli": COMMON | {"report", "experiment", "engine", "trace", "content", "machine"},
}
NUMBA_FILES = {
    "engine/engines.py",
    "engine/compiled_byte_arrays.py",
    "engine/compiled_arrays.py",
}


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a file imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    """The folder below the package, or the module's own name."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_imports_point_down_only(path: Path) -> None:
    here = room(path)
    if here in ("__init__", "__main__"):  # the face of the package shows what it likes
        return
    assert here in MAY_IMPORT, f"a new room {here}: which ones may it import?"
    for imported in imports(path):
        package, *rest = imported.split(".")
        if package == "zswapsim" and rest:
            assert rest[0] == here or rest[0] in MAY_IMPORT[here], f"{here} imports {imported}"


def test_nothing_imports_the_command_line() -> None:
    importers = {
        name(path)
        for path in SOURCES
        if room(path) not in ("cli", "__main__")
        and any(imported.startswith("zswapsim.cli") for imported in imports(path))
    }
    assert importers == set()


def test_numba_is_imported_where_it_is_at_home() -> None:
    importers = {
        str(path.relative_to(PACKAGE))
        for path in SOURCES
        if any(imported.split(".")[0] == "numba" for imported in imports(path))
    }
    assert importers == NUMBA_FILES


@pytest.mark.parametrize("path", EVERY_FILE, ids=name)
def test_files_say_their_licence_and_stay_short(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0] == "# SPDX-License-Identifier: GPL-2.0-only"
    assert len(lines) <= 500
