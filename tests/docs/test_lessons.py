# SPDX-License-Identifier: GPL-2.0-only
"""What docs/lessons shows is what happens: scripts and sessions are run, answers are computed.

A ```text block right after a ```python block is what that prints. A line `...` in a session stands
for lines that the page leaves out.
"""

import re
import shutil
from pathlib import Path

import pytest
from pages import ROOT, Page, lines, skip_with_other_libraries

from zswapsim.experiment.lesson.lesson import run_script
from zswapsim.experiment.lesson.script import read_script

pytestmark = pytest.mark.usefixtures("compiled_machines")
FOLDER = ROOT / "docs" / "lessons"
PAGES = sorted(FOLDER.glob("[0-9][0-9]-*.md"))
SCRIPTS = sorted(FOLDER.glob("*.zswap"))
README = FOLDER / "README.md"
MOST_STEPS = 40
MOST_LINES = 150

ANSWER = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)
NEW_FILE = re.compile(r"^```text\n(title .*?)^```\n\nSaved as `(.*?)`", re.M | re.S)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
PART = re.compile(r"^## (.*)$", re.M)
BY_RELEASE = ("06-same-filled.md", "09-compressor-and-device.md")
"""Pages that tell what a compressor makes of a page; the others ask for a size."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the lessons as the folder that one is in, with zswapsim to be run."""
    lessons = tmp_path / "docs" / "lessons"
    shutil.copytree(FOLDER, lessons)
    (tmp_path / "traces").symlink_to(ROOT / "traces")
    monkeypatch.chdir(lessons)
    return lessons


def page_of(path: Path) -> Page:
    """Return a page whose numbers hold with the libraries that there are."""
    if path.name in BY_RELEASE:
        skip_with_other_libraries()
    return Page(str(path.relative_to(ROOT)), columns=100)


def prints(printed: list[str], shown: list[str]) -> bool:
    """Say whether lines are those shown, of which `...` stands for any number of lines."""
    text = "".join(f"\n{line}" for line in printed) + "\n"
    parts = "".join(f"\n{line}" for line in shown) + "\n"
    first, *others = parts.split("\n...\n")
    if not others:
        return text == parts
    at = len(first)
    if not text.startswith(first):
        return False
    for part in others[:-1]:
        found = text.find(f"\n{part}\n", at)
        if found < 0:
            return False
        at = found + len(part) + 1
    return text.endswith(f"\n{others[-1]}") and len(text) - len(others[-1]) > at


def test_left_out_lines_are_any_and_others_are_those_shown() -> None:
    printed = ["a", "b", "c", "d"]
    for shown in (
        "a b c d",
        "... d",
        "a ...",
        "a ... d",
        "... b ...",
        "a ... c ...",
        "... b c ...",
    ):
        assert prints(printed, shown.split()), shown
    for shown in ("a b c", "...  a b c", "... c b ...", "b ... d", "a ... b d", "a ... x ..."):
        assert not prints(printed, shown.split()), shown


@pytest.mark.parametrize("path", [*PAGES, README], ids=lambda path: path.name)
def test_the_sessions_of_a_page_print_what_is_shown(path: Path, folder: Path) -> None:
    page = page_of(path)
    for script, name in NEW_FILE.findall(page.text):
        (folder / name).write_text(script)
    assert page.sessions()
    for command, shown in page.sessions():
        printed = page.printed(command, folder)
        assert prints(lines(printed), lines(shown)), f"$ {command}\n{printed}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_answers_of_a_page_are_computed(
    path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = page_of(path)
    answers = ANSWER.findall(page.text)
    assert len(answers) == len(page.blocks("python")) > 0
    for code, shown in answers:
        exec(compile(code, page.name, "exec"), {})
        assert shown
        assert lines(capsys.readouterr().out) == lines(shown)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_short_and_asks_what_its_steps_answer(script: Path) -> None:
    lesson = run_script(read_script(script))
    assert lesson["title"]
    assert lesson["goals"]
    assert 5 <= len(lesson["steps"]) <= MOST_STEPS
    questions = [step["question"] for step in lesson["steps"] if step["question"]]
    assert len(questions) >= 1
    assert all(question["answer"] for question in questions)


def test_there_is_a_page_for_every_script_and_a_script_for_every_page() -> None:
    assert len(PAGES) >= 8
    assert [page.stem for page in PAGES] == [script.stem for script in SCRIPTS]
    assert [int(page.name[:2]) for page in PAGES] == list(range(1, len(PAGES) + 1))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_its_parts_a_drawing_and_its_scripts_name(page: Path) -> None:
    text = page.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    assert PART.findall(text) == ["Do it", "What to see", "Exercises", "Answers"]
    assert text.startswith(f"# {int(page.name[:2])}. ")
    assert "```text\n" in text.partition("\n## Exercises\n")[0]
    assert f"zswapsim step {page.stem}.zswap -c" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_exercise_has_an_answer(page: Path) -> None:
    exercises, answers = page.read_text().partition("\n## Exercises\n")[2].split("\n## Answers\n")
    asked = set(re.findall(r"^(\d)\. ", exercises, re.M))
    answered: set[str] = set()
    for line in re.findall(r"^(\d(?:(?:, | and )\d)*)\\?\.\s", answers, re.M):
        answered |= set(re.findall(r"\d", line))
    assert asked == answered
    assert len(asked) >= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_links_those_before_and_after_it(page: Path) -> None:
    links = LINK.findall(page.read_text())
    at = PAGES.index(page)
    neighbours = [PAGES[other].name for other in (at - 1, at + 1) if 0 <= other < len(PAGES)]
    assert {"README.md", *neighbours} <= set(links)


def test_the_list_of_lessons_links_every_page_and_names_every_script() -> None:
    text = README.read_text()
    assert [link for link in LINK.findall(text) if link in {page.name for page in PAGES}] == [
        page.name for page in PAGES
    ]
    assert all(f"`{script.name}`" in text for script in SCRIPTS)


@pytest.mark.parametrize("page", [*PAGES, README], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        assert (FOLDER / link).exists(), link
