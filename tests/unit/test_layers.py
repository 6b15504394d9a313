# SPDX-License-Identifier: GPL-2.0-only
"""The house rules that a machine can check: who imports whom, licence lines, sizes of files."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "zswapsim"
SOURCES = sorted(PACKAGE.rglob("*.py"))
EVERY_FILE = sorted(
    [
        *SOURCES,
        *ROOT.glob("tests/**/*.py"),
        *ROOT.glob("benchmarks/**/*.py"),
        *ROOT.glob("examples/**/*.py"),
    ]
)

COMMON = {
    *("errors", "files", "json_text", "printable", "progress", "units", "registry", "profiles")
}
MAY_IMPORT = {
    "printable": set(),
    "errors": {"printable"},
    "units": COMMON,
    "files": COMMON,
    "progress": set(),
    "json_text": set(),
    "registry": COMMON,
    "profiles": COMMON,
    "engine": COMMON,
    "trace": COMMON | {"engine"},
    "content": COMMON | {"engine"},
    "machine": COMMON | {"engine"},
    "experiment": COMMON | {"engine", "trace", "content", "machine"},
    "conformance": COMMON | {"experiment", "engine", "trace", "content", "machine"},
    "report": {"errors", "printable", "units"},
    "cli": COMMON | {"report", "experiment", "engine", "trace", "content", "machine"},
}
NUMBA_FILES = {
    "engine/code_cache.py",
    "engine/engines.py",
    "engine/compiled_byte_arrays.py",
    "engine/compiled_native.py",
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


RUN_WHAT_THEY_READ = {
    *("pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"),
    *("yaml", "ruamel", "jsonpickle", "runpy", "code", "codeop", "xmlrpc", "multiprocessing"),
}
"""Modules that make objects of any class, or run code, out of what they are given."""

MAY_IMPORT_RUNNERS = {
    ("experiment/sweep/parallel.py", "joblib"),
    ("engine/code_cache.py", "pickle"),
}
"""joblib sends calls to processes of its own; what it can load from files is among LOADERS.
The compiled code of the cache's folder is run anyway."""

RUNNERS = {"eval", "exec", "compile", "__import__"}
LOADERS = {
    *("numpy.load", "numpy.loads", "numpy.DataSource", "numpy.ctypeslib.load_library"),
    *(
        "joblib.load",
        "joblib.Memory",
        "os.system",
        "os.popen",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
    ),
}
MAY_RUN = {("engine/engines.py", "exec")}
"""numba wants functions with the parameters' own names; nothing of them is read from a file."""


def dotted(node: ast.expr) -> str:
    """The name that is called, with numpy spelled out."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".replace("np.", "numpy.", 1)
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_that_is_read_is_run(path: Path) -> None:
    here = str(path.relative_to(PACKAGE))
    imported = {(here, module.split(".")[0]) for module in imports(path)}
    assert {one for one in imported if one[1] in RUN_WHAT_THEY_READ} <= MAY_IMPORT_RUNNERS
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    run = {(here, dotted(call.func)) for call in calls if dotted(call.func) in RUNNERS | LOADERS}
    assert run <= MAY_RUN
    options = {
        (option.arg, ast.unparse(option.value)) for call in calls for option in call.keywords
    }
    assert not options & {("allow_pickle", "True"), ("shell", "True")}


@pytest.mark.parametrize(
    "source", ["import pickle", "from marshal import loads", "exec(text)", "np.load(path)",
               "np.frombuffer(np.load(x))", "run(x, shell=True)", "import a, yaml"],
)  # fmt: skip
def test_what_would_run_what_is_read_is_found(source: str, tmp_path: Path) -> None:
    package = tmp_path / "zswapsim"
    package.mkdir()
    (package / "x.py").write_text(source)
    with pytest.MonkeyPatch.context() as monkeypatch, pytest.raises(AssertionError):
        monkeypatch.setitem(globals(), "PACKAGE", package)
        test_nothing_that_is_read_is_run(package / "x.py")
