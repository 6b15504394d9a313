# SPDX-License-Identifier: GPL-2.0-only
"""Lessons in a real browser: forward and back, by keyboard, asked and answered, quiet and alone."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lesson_results import every_lesson, question, zbud_lesson
from opened_pages import Browser, Opened, launched, needs_chromium, opening
from report_results import HOSTILE, hostile

from zswapsim.printable import printable
from zswapsim.report.lesson import lesson_html

pytestmark = needs_chromium
EVERY = every_lesson()
each = pytest.mark.parametrize("name", EVERY)
WIDE, PHONE, PROJECTOR = (1280, 900), (320, 740), (1920, 1080)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


class OpenedLesson(Opened):
    """A lesson that is played."""

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, selector: str) -> str:
        told: str = self.page.locator(selector).inner_text()
        return told

    @property
    def step(self) -> int:
        return int(self.see("document.documentElement.dataset.shown"))

    @property
    def is_open(self) -> bool:
        return bool(self.page.locator(".asking").count())

    @property
    def drawn(self) -> str:
        told: str = self.see("document.querySelector('main').innerHTML")
        return told


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Open a lesson; at the end see that the browser had nothing to say, and asked nothing."""
    path = tmp_path / "lesson.html"
    with opening(browser) as opener:

        def show(
            lesson: Any, link: str = "", size: tuple[int, int] = WIDE, dark: bool = False
        ) -> OpenedLesson:
            path.write_text(lesson_html(lesson))
            scheme = "dark" if dark else "light"
            opened: OpenedLesson = opener(
                path, link, OpenedLesson, size, color_scheme=scheme, reduced_motion="reduce"
            )
            return opened

        yield show


OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@each
@pytest.mark.parametrize("size", [WIDE, PHONE, PROJECTOR], ids=["wide", "phone", "projector"])
def test_each_step_is_the_same_forward_and_back_and_nothing_is_wider_than_the_page(
    name: str, size: tuple[int, int], show: Any
) -> None:
    opened = show(EVERY[name], size=size)
    count = len(EVERY[name]["steps"])
    forward = [opened.drawn]
    for number in range(1, count + 1):
        opened.press("ArrowRight")
        assert opened.step == number
        assert not opened.see(OVERFLOWS)
        forward.append(opened.drawn)
    assert len(set(forward)) == count + 1
    for number in reversed(range(count)):
        opened.press("ArrowLeft")
        assert opened.step == number
        assert opened.drawn == forward[number]
    opened.page.click("#text")
    opened.page.click("#text")
    opened.press("End")
    assert opened.step == count
    assert not opened.see(OVERFLOWS)


READ = """() => ({
  counters: Object.fromEntries([...document.querySelectorAll('.counters tr')].map(
    row => [row.dataset.counter, Number(row.cells[1].textContent.replaceAll(',', ''))])),
  changed: [...document.querySelectorAll('.counters .changed')].map(row => row.dataset.counter),
  pages: [...document.querySelectorAll('.page:not(.released)')].map(page => [
    page.querySelector('strong').textContent,
    [...page.querySelectorAll('.object:not(.gone)')].map(box => [
      box.querySelector('b').textContent,
      Math.round(parseFloat(box.style.left) * 1000), Math.round(parseFloat(box.style.width) * 1000)
    ])]),
  lists: Object.fromEntries([...document.querySelectorAll('#lists .row')].map(row => [
    row.querySelector('h3').textContent,
    [...row.querySelectorAll('li:not(.empty)')].map(chip => Number(chip.textContent))])),
  swap: [...document.querySelectorAll('#beside .row:first-child li:not(.empty)')].map(
    chip => Number(chip.textContent)),
  sentences: [...document.querySelectorAll('.events li')].map(line => line.textContent),
})"""


@each
def test_what_is_drawn_is_what_the_lesson_says(name: str, show: Any) -> None:
    lesson = EVERY[name]
    opened = show(lesson)
    before = lesson["start"]
    states = [before, *(told["state"] for told in lesson["steps"])]
    used = {key for key in before["counters"] if any(state["counters"][key] for state in states)}
    for told in lesson["steps"]:
        opened.press("PageDown")
        read, state = opened.see(READ), told["state"]
        assert read["counters"] == {key: state["counters"][key] for key in used}
        assert set(read["changed"]) == {
            key for key, value in state["counters"].items() if value != before["counters"][key]
        }
        pool = state["pool"]
        assert read["pages"] == [
            [
                f"{'zspage' if pool['driver'] == 'zsmalloc' else 'page'} {page['page']}",
                [
                    [
                        f"slot {one['slot']}",
                        pytest.approx(one["offset_bytes"] * 1e5 / page["capacity_bytes"], abs=2),
                        pytest.approx(one["size_bytes"] * 1e5 / page["capacity_bytes"], abs=2),
                    ]
                    for one in page["objects"]
                ],
            ]
            for page in pool["pages"]
        ]
        lists = {one["name"]: one["pages"] for one in pool["lists"]}
        shown = {key: pages for key, pages in read["lists"].items() if key in lists}
        assert {key: pages for key, pages in lists.items() if pages} == {
            key: pages for key, pages in shown.items() if pages
        }
        assert read["swap"] == state["swap_file"]
        assert read["sentences"] == [event["text"] for event in told["events"]]
        assert told["outcome"] in opened.text("#words")
        before = state


def test_a_released_page_and_what_was_written_back_are_seen_to_go(show: Any) -> None:
    opened = show(zbud_lesson(), "#step=5")
    assert "page 1" in opened.text(".page.released")
    assert "swap file" in opened.text(".page.released .object.gone")
    assert opened.page.locator(".page.released.named").count() == 1
    opened.press("ArrowRight")
    assert "page 2" in opened.text(".page.new")


def test_all_is_reached_by_the_keyboard(show: Any) -> None:
    opened = show(zbud_lesson())
    last = len(zbud_lesson()["steps"])
    for key, expected in [("End", last), ("Home", 0), (" ", 1), ("PageDown", 2), ("PageUp", 1)]:
        opened.press(key)
        assert opened.step == expected
    reached = []
    opened.see("document.activeElement.blur()")
    for _ in range(10):
        opened.press("Tab")
        reached.append(opened.see("document.activeElement.id || document.activeElement.tagName"))
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert opened.see(outline) != "none"
    buttons = ["asks", "text", "theme", "home", "back", "play", "next", "end", "slider"]
    assert reached[:9] == buttons
    assert reached[9] == "SUMMARY"
    opened.page.focus("#next")
    opened.press("Enter", " ")
    assert opened.step == 3
    opened.page.focus("#slider")
    opened.press("ArrowRight")
    assert opened.step == 4
    unnamed = """() => [...document.querySelectorAll('button, input')].filter(
      one => !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length))"""
    assert opened.see(f"({unnamed})().length") == 0
    assert opened.page.get_attribute("#words", "aria-live") == "polite"


def test_a_link_leads_to_a_step_and_the_address_follows(show: Any) -> None:
    opened = show(zbud_lesson(), "#step=3")
    assert opened.step == 3
    opened.press("ArrowRight")
    assert opened.page.url.endswith("#step=4")
    opened.see("location.hash = '#step=2'")
    opened.page.wait_for_selector("html[data-shown='2']")
    opened.page.click("summary")
    opened.page.click("#all li:nth-child(5) a")
    opened.page.wait_for_selector("html[data-shown='5']")
    for odd, expected in [("#step=999", 6), ("#step=-1", 0), ("#step=x", 0), ("#%", 0)]:
        opened.see(f"location.hash = '{odd}'")
        opened.page.wait_for_selector(f"html[data-shown='{expected}']")


def test_it_stops_before_each_decision_and_checks_the_answers(show: Any) -> None:
    opened = show(zbud_lesson(), "#step=0&questions")
    opened.press("End")
    assert (opened.step, opened.is_open) == (2, True)
    assert "page 1" not in opened.text("#pool")
    opened.page.fill("#typed", " 2 ")
    opened.press("Enter")
    assert "Right" in opened.text(".verdict.right")
    assert "45 chunks do not fit" in opened.text(".verdict .why")
    assert "page 1" in opened.text("#pool")
    assert opened.see("document.activeElement.id") == "next"
    opened.press("Enter")
    assert (opened.step, opened.is_open) == (3, True)
    opened.page.click(".page:nth-child(2) .bar")
    assert "you said 1; it is page 0" in opened.text(".verdict.wrong")
    assert opened.text("#score") == "1 of 2 right, 2 to come"
    opened.press("End")
    assert (opened.step, opened.is_open) == (5, True)
    opened.page.click("button.object[aria-label^='slot 4']")
    assert opened.page.locator(".verdict.right").count() == 1
    opened.press("ArrowRight", "ArrowRight")
    assert "stored" in opened.text(".verdict.shown")
    assert opened.text("#score") == "2 of 3 right, 1 shown, all done"
    opened.press("Home", "End")
    assert opened.step == 6
    opened.page.click("#asks")
    assert opened.page.locator("#question > *").count() == 0
    opened.page.click("#asks")
    assert opened.is_open


def test_a_page_that_is_not_there_yet_is_chosen_as_a_new_one(show: Any) -> None:
    lesson = zbud_lesson()
    for at, answer in ((1, "1"), (2, "0")):
        lesson["steps"][at]["question"] = question("Which page takes it?", "page", answer, "So.")
    opened = show(lesson, "#step=2&questions")
    opened.page.click(".answer >> text=a new page")
    assert "Right: 1, a new page" in opened.text(".verdict.right")
    opened.see("location.hash = '#step=3&questions'")
    opened.page.wait_for_selector("html[data-shown='3']")
    opened.page.click(".answer >> text=a new page")
    assert "you said a new page; it is 0" in opened.text(".verdict.wrong")


def test_a_victim_is_chosen_among_the_resident_pages(show: Any) -> None:
    lesson = every_lesson()["zsmalloc"]
    told = lesson["steps"][1]
    told["question"] = question("Which page does reclaim take?", "page", "2", "2 is the oldest.")
    told["events"] = [{"name": "victim", "values": {"page": 2}, "text": "2 is the oldest."}]
    opened = show(lesson, "#step=2&questions")
    assert opened.page.locator("#pool .page .pick").count() == 0
    assert opened.page.locator(".answer").count() == 0
    opened.page.click("#pool .row .pick >> text=2")
    assert opened.page.locator(".verdict.right").count() == 1


def test_questions_are_answered_by_the_keyboard_alone(show: Any) -> None:
    opened = show(zbud_lesson(), "#step=3&questions")
    for _ in range(40):
        opened.press("Tab")
        if opened.see("document.activeElement.matches('.pick')"):
            break
    assert opened.see("document.activeElement.textContent") == "page 0"
    opened.press("Enter")
    assert opened.page.locator(".verdict.right").count() == 1
    opened.press("ArrowRight", "ArrowRight")
    assert (opened.step, opened.is_open) == (5, True)
    opened.page.focus("button.object[aria-label^='slot 3']")
    opened.press(" ")
    assert opened.page.locator(".verdict.wrong").count() == 1
    opened.press("ArrowRight")
    opened.page.focus(".answer")
    opened.press("Enter")
    assert opened.text("#score") == "2 of 3 right, 1 to come"


def test_what_is_asked_is_not_told_before(show: Any) -> None:
    opened = show(zbud_lesson(), "#step=3&questions")
    opened.page.click("summary")
    visible = opened.see("document.querySelector('main').innerText")
    assert "as its LAST" not in visible
    assert "the oldest page of the LRU" not in visible.lower()
    assert "Which slot is written back first?" in visible
    assert "a new page, page 0" in visible


@pytest.mark.parametrize(
    ("answer", "given"),
    [("1,379", "1379"), ("1379", "1,379"), ("a new page", "New page"), ("page 0", "0"),
     ("0", "page 0"), ("-12", "-12"), ("stored.", "Stored")],
)  # fmt: skip
def test_an_answer_counts_however_it_is_written(answer: str, given: str, show: Any) -> None:
    lesson = zbud_lesson()
    lesson["steps"][0]["question"] = question("What?", "number", answer, "So.")
    opened = show(lesson, "#step=1&questions")
    opened.page.fill("#typed", given)
    opened.press("Enter")
    assert opened.page.locator(".verdict.right").count() == 1


def test_it_plays_by_itself_and_pauses_at_a_question(show: Any) -> None:
    opened = show(zbud_lesson(), "#step=0&questions")
    opened.page.clock.install()
    opened.page.click("#play")
    assert opened.text("#play") == "Pause"
    opened.page.clock.run_for(3100)
    assert (opened.step, opened.is_open) == (2, True)
    assert opened.text("#play") == "Play"
    opened.page.click("#asks")
    opened.page.click("#play")
    opened.page.clock.run_for(30_000)
    assert opened.step == 6
    assert opened.text("#play") == "Play"


@each
def test_texts_that_are_markup_are_shown_as_text(name: str, show: Any) -> None:
    lesson = hostile(copy.deepcopy(EVERY[name]))
    lesson["kind"], lesson["title"] = "lesson", HOSTILE
    opened = show(lesson, "#step=1&questions")
    assert opened.text("h1") == printable(HOSTILE)
    assert opened.see("document.querySelectorAll('script').length") == 5
    opened.press("ArrowRight", "ArrowRight")
    assert opened.see("document.querySelectorAll('main b b, h1 *, #words b').length") == 0


def test_the_button_and_the_system_turn_the_colours(show: Any) -> None:
    opened = show(zbud_lesson())
    ground = "getComputedStyle(document.body).backgroundColor"
    light = opened.see(ground)
    opened.page.click("#theme")
    dark = opened.see(ground)
    assert dark != light
    assert opened.page.get_attribute("#theme", "aria-pressed") == "true"
    opened.page.click("#theme")
    assert opened.see(ground) == light
    assert show(zbud_lesson(), dark=True).see(ground) == dark


CONTRASTS = """() => {
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (colour) => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => rgb(colour).slice(0, 3).map((part) => part / 255).map(
    (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  ).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    const used = element.closest('.object:not(.gone)')?.querySelector('.used');
    if (used) return getComputedStyle(used).backgroundColor;
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgb(colour)[3] === 255) return colour;
    }
    return 'white';
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest('script, [aria-disabled=true]')) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(ground(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) found.push([element.className, element.textContent, ratio]);
  }
  return found;
}"""  # noqa: E501


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_stand_out_from_what_is_behind_them(dark: bool, show: Any) -> None:
    opened = show(zbud_lesson(), "#step=2&questions", dark=dark)
    for _ in range(9):
        assert opened.see(CONTRASTS) == []
        opened.press("ArrowRight")
    assert opened.step == 6
    opened.see("location.hash = '#step=5'")
    opened.page.wait_for_selector("html[data-shown='5']")
    assert opened.see(CONTRASTS) == []


def test_on_paper_it_is_light_and_has_all_steps(show: Any) -> None:
    opened = show(zbud_lesson(), dark=True)
    opened.see("dispatchEvent(new Event('beforeprint'))")
    assert opened.see("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert opened.see("document.getElementById('steps').open") is True
    opened.see("dispatchEvent(new Event('afterprint'))")
    assert opened.see("document.getElementById('steps').open") is False
    assert opened.see("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert len(opened.page.pdf()) > 20_000
