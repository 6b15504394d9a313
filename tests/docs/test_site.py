# SPDX-License-Identifier: GPL-2.0-only
"""The site: every page is in a table of contents, every link leads somewhere."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
from click.testing import CliRunner

import zswapsim
from docs.pictures.draw import OWN_COLOURS
from docs.pictures.drawn import PICTURES
from docs.site import commands, docstrings, offline
from zswapsim.cli import COMMANDS
from zswapsim.cli.group import cli
from zswapsim.cli.trace_command import SUBCOMMANDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    {
        *ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        ROOT / "traces" / "README.md",
        ROOT / "benchmarks" / "README.md",
    }
)
TREES = re.findall(r"^```\{toctree\}\n(.*?)^```$", (DOCS / "index.md").read_text(), re.M | re.S)
LISTED = [
    line.rpartition("<")[2].rstrip(">")
    for tree in TREES
    for line in tree.splitlines()
    if line and not line.startswith(":")
]
TERMS = ["store", "load", "invalidate", "writeback", "shrinker", "same-filled", "hysteresis"]
TERMS += ["slot", "handle", "chunk", "buddy", "zspage", "under_reclaim", "zpool", "zbud", "z3fold"]
TERMS += ["zsmalloc", "zram", "LRU", "read-ahead", "page-cluster", "stall", "footprint"]
TERMS += ["swap entry", "size class", "fullness group", "pool limit", "accept threshold"]
TERMS += ["swap cache", "major fault", "minor fault", "working set", "backing device", "huge page"]


def of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """Return what GitHub calls a page's headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=of)
def test_every_page_is_in_a_table_of_contents(page: Path) -> None:
    name = f"/{page.relative_to(ROOT).with_suffix('')}"
    wanted = [one if one.startswith("/") else f"/docs/{one}" for one in LISTED]
    assert name == "/docs/index" or any(fnmatch(name, pattern) for pattern in wanted)


@pytest.mark.parametrize("page", PAGES, ids=of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_listed_page_exists() -> None:
    for name in LISTED:
        if "*" not in name:
            folder = ROOT if name.startswith("/") else DOCS
            assert (folder / f"{name.lstrip('/')}.md").exists(), name


def test_every_public_name_is_in_the_library_page() -> None:
    text = (DOCS / "api.md").read_text()
    shown = re.findall(r"^\.\. auto\w+:: zswapsim\.(?:[\w.]*\.)?(\w+)$", text, re.M)
    assert set(zswapsim.__all__) <= set(shown)


def test_the_commands_page_says_what_help_says() -> None:
    made = commands.markdown()
    plain = re.sub(r"\\(.)", r"\1", made)
    groups = {"": COMMANDS, "trace ": SUBCOMMANDS}
    for name in (prefix + name for prefix, names in groups.items() for name in names):
        assert f"# zswapsim {name}\n" in made
        shown = CliRunner().invoke(cli, [*name.split(), "--help"], prog_name="zswapsim").output
        section = plain.partition(f"# zswapsim {name}\n")[2].partition("# zswapsim")[0]
        for option in re.findall(r"^  (--?[a-z][\w-]*)", shown, re.M):
            assert re.search(rf"^`[^`]*{option}\b", section, re.M), (name, option)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_drawn_and_shown_with_words(name: str) -> None:
    svg = (DOCS / "pictures" / f"{name}.svg").read_text()
    assert svg == PICTURES[name](), "python -m docs.pictures draws it anew"
    assert svg.count(OWN_COLOURS) == 1
    text = "".join(page.read_text() for page in DOCS.glob("*.md"))
    assert re.search(rf"!\[[^\]]{{30,}}\]\(pictures/{name}\.svg\)", text)


@pytest.mark.parametrize("term", TERMS)
def test_the_glossary_has_the_terms_of_the_field(term: str) -> None:
    assert re.search(rf"^### {term}$", (DOCS / "glossary.md").read_text(), re.M | re.I)


@pytest.mark.parametrize(
    ("text", "fetched"),
    [
        ('<script src="https://cdn.example/x.js">', 1),
        ('<link rel="stylesheet" href="//cdn.example/x.css">', 1),
        ("@font-face { src: url(https://fonts.example/a.woff2) }", 1),
        ('@import "https://cdn.example/x.css";', 1),
        ('<link rel="stylesheet" href="../_static/site.css"><script src="a.js">', 0),
        ('<a href="https://example.org">elsewhere</a>', 0),
    ],
)
def test_what_a_page_would_fetch_is_found(text: str, fetched: int) -> None:
    assert len(offline.loads(text)) == fetched


def test_a_docstring_is_shown_as_it_stands() -> None:
    lines = ["Do a*b of `x_`.", "", "    name_  a | b", "    rest", "", "After."]
    assert list(docstrings.markup(lines)) == [
        "Do a\\*b of `x_`.",
        "",
        "::",
        "",
        "    name_  a | b",
        "    rest",
        "",
        "After.",
    ]
