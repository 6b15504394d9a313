# SPDX-License-Identifier: GPL-2.0-only
"""Reports in a real browser: drawn, quiet, alone, and with the numbers of their results."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opened_pages import Browser, Opened, launched, needs_chromium, opening
from report_results import HOSTILE, RESULTS, every_result, hostile, replay_result, sweep_result

from zswapsim.printable import printable
from zswapsim.report.html import report_html
from zswapsim.report.html.kinds import chapters
from zswapsim.report.html.page import shown

pytestmark = needs_chromium
ON_A_PHONE = ("ratio", "compare", "sweep")
"""Kinds that between them have every form of plot and table."""
WIDE, PHONE = (1280, 900), (360, 740)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


class OpenedReport(Opened):
    """A report whose plots are drawn."""

    def __init__(self, page: Any, address: str) -> None:
        super().__init__(page, address)
        self.drawn()

    def drawn(self) -> None:
        """Wait until all plots are drawn."""
        self.page.wait_for_selector("html[data-drawn]", timeout=60_000)


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Open results in the browser; at the end see that it had nothing to say, and asked nothing."""
    path = tmp_path / "report.html"
    with opening(browser) as opener:

        def show(
            *results: Any, dark: bool = False, size: tuple[int, int] = WIDE, **more: Any
        ) -> OpenedReport:
            path.write_text(report_html(results, **more))
            scheme = "dark" if dark else "light"
            opened: OpenedReport = opener(path, "", OpenedReport, size, color_scheme=scheme)
            return opened

        yield show


MARKS = """() => [...document.querySelectorAll('.canvas')].map(box => ({
  marks: box.querySelectorAll(
    '.points path, .point path, .scatterlayer path, .heatmaplayer image').length,
  width: box.querySelector('.main-svg').getBoundingClientRect().width,
  room: box.getBoundingClientRect().width,
  label: document.getElementById(box.getAttribute('aria-labelledby')).textContent,
  says: document.getElementById(box.getAttribute('aria-describedby')).textContent,
}))"""


def expected_plots(result: Any) -> int:
    return sum(len(part.plots) for told in chapters(result) for part in told.parts)


@pytest.mark.parametrize(
    ("name", "size"),
    [*((name, WIDE) for name in RESULTS), *((name, PHONE) for name in ON_A_PHONE)],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]}",
)
def test_plots_are_drawn_numbers_are_there_and_nothing_is_wider_than_the_page(
    name: str, size: tuple[int, int], show: Any
) -> None:
    opened = show(RESULTS[name](), size=size, dark=size is PHONE)
    plots = opened.see(MARKS)
    assert len(plots) == expected_plots(RESULTS[name]())
    for plot in plots:
        assert plot["marks"] > 0, plot
        assert plot["says"]
        assert abs(plot["width"] - plot["room"]) <= 1, plot
    assert opened.see("document.documentElement.scrollWidth") <= size[0]
    assert opened.see(READ) == expected_tables(RESULTS[name]())


READ = """() => [...document.querySelectorAll('table')].map(table => [
  table.caption.textContent,
  [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent))])"""


def expected_tables(result: Any) -> list[Any]:
    tables = [table for told in chapters(result) for part in told.parts for table in part.tables]
    return [[it.caption, [[shown(cell) for cell in row] for row in it.rows]] for it in tables]


def test_the_button_and_the_system_turn_the_colours_of_page_and_plots(show: Any) -> None:
    opened = show(replay_result())
    page = opened.page

    def colours() -> list[str]:
        found: list[str] = opened.see(
            """() => [getComputedStyle(document.body).backgroundColor,
              getComputedStyle(document.querySelector('.canvas .xtick text')).fill]"""
        )
        return found

    light = colours()
    page.keyboard.press("Tab")
    assert opened.see("document.activeElement.id") == "theme"
    page.keyboard.press("Enter")
    opened.drawn()
    dark = colours()
    assert all(one != other for one, other in zip(light, dark, strict=True))
    assert page.get_attribute("#theme", "aria-pressed") == "true"
    page.click("#theme")
    opened.drawn()
    assert colours() == light
    other = show(replay_result(), dark=True)
    assert other.see("getComputedStyle(document.body).backgroundColor") == dark[0]
    other.page.emulate_media(color_scheme="light")
    other.page.wait_for_function("() => document.getElementById('theme').textContent === 'Dark'")
    assert other.see("getComputedStyle(document.body).backgroundColor") == light[0]


def test_names_that_are_markup_are_shown_as_text(show: Any) -> None:
    opened = show(*map(hostile, every_result().values()), sources=[HOSTILE] * len(RESULTS))
    assert printable(HOSTILE) in opened.see("document.querySelector('main').textContent")
    assert opened.see("document.querySelectorAll('script').length") == 3
    assert opened.see("document.querySelectorAll('main b, main a:not([href^=\"#\"])').length") == 0


def test_a_plot_shows_a_name_that_is_markup_as_it_is(show: Any) -> None:
    data = sweep_result()
    for row in data["rows"]:
        row["zpool"] = f"{row['zpool'][:2]} <script>alert(1)</script>"
    opened = show(data)
    legend = opened.see(
        "() => [...document.querySelectorAll('.legendtext')].map(t => t.textContent)"
    )
    assert "zb <script>alert(1)</script>" in legend


def test_a_choice_changes_its_plot(show: Any) -> None:
    opened = show(sweep_result())
    title = "() => document.querySelector('#plot-1 .ytitle').textContent"
    before = opened.see(title)
    opened.page.select_option("#plot-1-choice", label="major faults")
    opened.page.wait_for_function(f"() => ({title})() === 'major faults'")
    assert before == "seconds that the program waits"


def test_a_heading_sorts_its_table_up_and_down(show: Any) -> None:
    opened = show(sweep_result())
    heading = opened.page.locator("table.sortable thead button", has_text="pgmajfault").first

    def column() -> list[int]:
        at = heading.evaluate("button => button.parentElement.cellIndex")
        cells = opened.see(
            f"""() => [...document.querySelector('table.sortable').tBodies[0].rows]
              .map(row => row.cells[{at}].textContent)"""
        )
        return [int(cell.replace(",", "")) for cell in cells]

    everything = column()
    heading.click()
    assert column() == sorted(everything)
    assert heading.evaluate("b => b.parentElement.getAttribute('aria-sort')") == "ascending"
    heading.focus()
    opened.page.keyboard.press("Enter")
    assert column() == sorted(everything, reverse=True)


def test_a_turned_phone_gets_plots_as_wide_as_it_is(show: Any) -> None:
    opened = show(replay_result(), size=PHONE)
    opened.page.set_viewport_size({"width": 740, "height": 360})
    opened.page.wait_for_function(
        """() => [...document.querySelectorAll('.canvas')].every(box => Math.abs(
          box.querySelector('.main-svg').getBoundingClientRect().width
          - box.getBoundingClientRect().width) <= 1)"""
    )


def test_several_results_make_one_page_that_can_be_walked_through(show: Any) -> None:
    opened = show(*every_result().values(), sources=[f"{name}.json" for name in RESULTS])
    links = opened.see("() => [...document.querySelectorAll('nav a')].map(a => a.hash)")
    count = sum(len(chapters(result)) for result in every_result().values())
    assert links == [f"#result-{at + 1}" for at in range(count)]
    assert opened.see("() => [...document.querySelectorAll('nav a')].every("
                      "a => document.querySelector(a.hash))")  # fmt: skip
    assert all(plot["marks"] for plot in opened.see(MARKS))
    names = opened.see("() => [...document.querySelectorAll('[id]')].map(e => e.id)")
    ours = [name for name in names if re.match(r"plot-|result-|theme|figures", name)]
    assert len(ours) == len(set(ours))


def test_it_prints_in_light_colours(show: Any, tmp_path: Path) -> None:
    opened = show(replay_result(), dark=True)
    dark = opened.see("getComputedStyle(document.body).backgroundColor")
    opened.see("dispatchEvent(new Event('beforeprint'))")
    assert opened.see("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    opened.see("dispatchEvent(new Event('afterprint'))")
    opened.drawn()
    assert opened.see("getComputedStyle(document.body).backgroundColor") == dark
    assert len(opened.page.pdf()) > 20_000
