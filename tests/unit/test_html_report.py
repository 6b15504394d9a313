# SPDX-License-Identifier: GPL-2.0-only
"""Results as HTML: the same bytes each time, nothing unescaped, and clear words for what is not."""

import copy
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from report_results import (
    FRONTENDS,
    HOSTILE,
    RESULTS,
    compare_result,
    every_result,
    hostile,
    ratio_result,
    replay_result,
    sweep_result,
)

from zswapsim.errors import InvalidArgument
from zswapsim.report.html import report_html
from zswapsim.report.html.document import Plot, Table
from zswapsim.report.html.figure import DARK, labels
from zswapsim.report.html.kinds import KINDS, chapters, kind_of
from zswapsim.report.html.page import shown
from zswapsim.report.html.plots import PLOTS
from zswapsim.report.offline import embedded_json
from zswapsim.report.table import sections

each = pytest.mark.parametrize("name", RESULTS)


class Elements(HTMLParser):
    """What elements a page has, and the text of its cells and headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))


def plots(result: Any) -> list[Plot]:
    return [plot for told in chapters(result) for part in told.parts for plot in part.plots]


def tables(result: Any) -> list[Table]:
    return [table for told in chapters(result) for part in told.parts for table in part.tables]


def texts(value: Any) -> Iterator[str]:
    """Yield all texts in a figure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


@each
def test_the_same_result_gives_the_same_bytes(name: str) -> None:
    first = report_html([RESULTS[name]()], ["result.json"])
    assert report_html([json.loads(json.dumps(RESULTS[name]()))], ["result.json"]) == first


@each
def test_figures_are_figures_of_plotly(name: str) -> None:
    from plotly.graph_objects import Figure

    drawn = plots(RESULTS[name]())
    assert bool(drawn) == (name != "host")
    for plot in drawn:
        for _, figure in plot.figures:
            assert Figure(figure).data
            assert figure["layout"]["height"] == plot.height or len(plot.figures) > 1


@each
def test_every_plot_says_what_it_shows(name: str) -> None:
    for plot in plots(RESULTS[name]()):
        assert plot.says.endswith(".")
        assert len(plot.says.split()) > 5
        assert plot.title not in plot.says
        assert (len(plot.figures) > 1) == bool(plot.choose)


@each
def test_colours_have_a_twin_for_dark_pages(name: str) -> None:
    for plot in plots(RESULTS[name]()):
        found = re.findall(r"#[0-9a-f]{6}\b", json.dumps([figure for _, figure in plot.figures]))
        assert set(found) <= set(DARK)


@pytest.mark.parametrize("kind", PLOTS)
def test_each_plot_that_is_registered_is_drawn_of_some_result(kind: str) -> None:
    wanted = {target for targets in PLOTS[kind].values() for target in targets}
    drawn = [len(plots(result)) for result in every_result().values() if kind_of(result) == kind]
    inputs = 3 if kind == "ratio" else 1
    assert max(drawn) == len(wanted) * inputs


@pytest.mark.parametrize("name", FRONTENDS)
def test_the_numbers_are_those_of_the_terminal(name: str) -> None:
    told = {(table.caption, tuple(row)) for table in tables(RESULTS[name]()) for row in table.rows}
    expected = {(title, row) for title, rows in sections(RESULTS[name]()) for row in rows}
    assert told == expected


@each
def test_nothing_is_asked_of_a_network(name: str) -> None:
    page = Elements(report_html([RESULTS[name]()]))
    for tag, attributes in page.attributes:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form", "video")
        for key in ("src", "href", "action", "srcset", "data", "poster"):
            assert (attributes.get(key) or "#").startswith("#")
        assert not any(key.startswith("on") for key in attributes)
    (policy,) = [
        attributes["content"]
        for _, attributes in page.attributes
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy
    assert "unsafe-eval" not in policy


@each
def test_names_never_become_elements(name: str) -> None:
    bad = hostile(RESULTS[name]())
    text = report_html([bad], [HOSTILE])
    assert "<script>alert" not in text
    assert "\u2028" not in text
    assert "\x1b" not in text
    text.encode()  # no lone surrogates
    plain = Elements(report_html([RESULTS[name]()], ["result.json"]))
    page = Elements(text)
    assert page.tags.count("script") == plain.tags.count("script") == (2 if name == "host" else 3)
    assert set(page.tags) == set(plain.tags)
    figures = re.search(r'id="figures">(.*?)</script>', text, re.S)
    assert figures is not None
    json.loads(figures[1])
    for plot in plots(bad):
        for _, figure in plot.figures:
            for shown_text in texts(figure):
                assert not re.search(r"<(?!br>|extra>|/extra>)", shown_text), shown_text


def test_json_in_a_script_is_what_it_was() -> None:
    data = {"a": HOSTILE.replace("\udc80", ""), "b": [1.5, None, True]}
    text = embedded_json(data)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == data
    with pytest.raises(InvalidArgument, match="no number"):
        embedded_json([float("nan")])


def test_every_kind_has_results_here() -> None:
    assert {kind_of(result) for result in every_result().values()} == set(KINDS)


def test_several_results_have_contents_and_their_files() -> None:
    text = report_html([replay_result(), sweep_result()], ["a.json", "b.jsonl"])
    assert text.count('<section class="chapter"') == 2
    for said in ('href="#result-1"', 'href="#result-2"', "replay, a.json", "sweep, b.jsonl"):
        assert said in text
    assert "<nav" not in report_html([replay_result()])


def test_headings_go_down_step_by_step() -> None:
    for results in ([replay_result()], [replay_result(), ratio_result()]):
        tags = Elements(report_html(results)).tags
        levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h\d", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(below <= above + 1 for above, below in pairwise(levels))


def test_a_result_without_pictures_has_its_numbers_and_says_so() -> None:
    bare = replay_result() | {"series": {}, "pictures": {}}
    text = report_html([bare])
    assert "No pictures" in text
    assert "pgmajfault" in text
    assert "plotly.js" not in text
    assert len(text) < 100_000
    del bare["series"], bare["pictures"]
    assert report_html([bare]) == text


@pytest.mark.parametrize(
    "data", [None, [], {}, 7, "x", {"kind": "cake"}, {"kind": ["sweep"]}, [[]]]
)
def test_what_is_no_result_is_refused_by_name(data: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"^x\.json: no result of zswapsim; allowed are"):
        report_html([data], ["x.json"])


@each
def test_a_damaged_result_is_refused_in_one_line(name: str) -> None:
    """Take each part away, and put what is no part in its place."""
    whole = RESULTS[name]()
    for key in whole:
        for damaged in ({k: v for k, v in whole.items() if k != key}, {**whole, key: 7}):
            try:
                report_html([damaged], ["x.json"])
            except InvalidArgument as error:
                assert str(error).startswith("x.json: ")
                assert "\n" not in str(error)


@pytest.mark.parametrize("path", [("trace", "accesses"), ("vmstat", "zswpin"), ("memory",)])
def test_what_is_missing_is_named(path: tuple[str, ...]) -> None:
    data = replay_result()
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    with pytest.raises(InvalidArgument, match=r"^a\.json: "):
        report_html([data], ["a.json"])


def test_a_run_in_which_nothing_happened_has_a_report() -> None:
    data = replay_result()
    for section in ("zswap", "vmstat"):
        data[section] = dict.fromkeys(data[section], 0)
    data["series"] = {name: [0] * len(column) for name, column in data["series"].items()}
    data["pictures"]["heat_map"]["counts"] = [[0, 0], [0, 0]]
    data["pictures"]["occupancy"] = {}
    text = report_html([data])
    assert "Nothing was swapped" in text
    assert "nan" not in re.sub(r"<script>.*?</script>", "", text, flags=re.S).lower()


def test_warnings_are_above_the_numbers() -> None:
    data = replay_result()
    data["memory"]["swap_full"] = 1234
    data["complete"] = False
    text = report_html([data])
    assert text.index("SWAP FULL: 1,234 times") < text.index("<h2")
    assert text.index("stopped after 6,000 of 6,000") < text.index("<h2")


def test_a_sweep_has_a_chapter_for_each_trace() -> None:
    data = sweep_result()
    more = copy.deepcopy(data["rows"])
    for row in more:
        row["trace"] = "other"
    told = chapters({"kind": "sweep", "rows": data["rows"] + more})
    assert [chapter.title.split(":")[0] for chapter in told][1] == "other"


def test_failed_cells_are_listed_with_their_error() -> None:
    (failed,) = [table for table in tables(sweep_result()) if "failed" in table.caption]
    assert [row[-1] for row in failed.rows] == ["no zpool '<b>zbad'"]


def test_a_sweep_of_failures_or_of_one_cell_has_a_report() -> None:
    rows = sweep_result()["rows"]
    assert "No cell ran" in report_html([{"kind": "sweep", "rows": rows[-1:]}])
    assert "The program waits" in report_html([{"kind": "sweep", "rows": rows[:1]}])


def test_a_compared_configuration_of_each_kind_is_a_row() -> None:
    for table in tables(compare_result()):
        assert table.header == ["", "plain swap", "zbud", "zram"]
        assert all(len(row) == 4 for row in table.rows)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (1234567, "1,234,567"),
        (0.03064, "0.0306"),
        (12.345, "12.35"),
        (54321.9, "54,322"),
        (None, "-"),
        (True, "yes"),
        ("  part", "part"),
        ("", ""),
    ],
)
def test_cells_are_written_for_people(cell: Any, text: str) -> None:
    assert shown(cell) == text


def test_long_labels_are_cut_and_stay_apart() -> None:
    long = ["x" * 100 + end for end in "abc"]
    drawn = labels([*long, "short", "<b>", long[0]])
    assert drawn[3:5] == ["short", "&lt;b&gt;"]
    assert drawn[0] == drawn[5]
    assert len(set(drawn[:3])) == 3
    assert max(map(len, drawn)) < 40


def test_a_value_that_no_cell_or_figure_can_have_is_refused_by_name() -> None:
    """What a chapter is made of may be anything; that shows only when the page is written."""
    told = ratio_result()
    told["inputs"][1]["compressors"][0]["name"] = [[]]
    with pytest.raises(InvalidArgument, match=r"^a\.json: damaged: it cannot be shown \(Attribute"):
        report_html([told], ["a.json"])
    replayed = replay_result()
    replayed["series"] = {
        name: [float("nan") for _ in values] for name, values in replayed["series"].items()
    }
    with pytest.raises(InvalidArgument, match=r"^b\.json: damaged: "):
        report_html([replay_result(), replayed], ["a.json", "b.json"])
