# SPDX-License-Identifier: GPL-2.0-only
"""docs/speed.md has the figures that were kept, and benchmarks/check sees what has become worse."""

import pytest

from benchmarks import figures
from benchmarks.measure import Figure


def figure(reach: str, *ratios: float) -> Figure:
    return Figure("a / b", ratios, reach, "1 s against 2 s")


def test_the_table_is_that_of_the_kept_figures() -> None:
    between = figures.PAGE.read_text().partition(figures.MARKS[0])[2].partition(figures.MARKS[1])[0]
    assert between.strip() == figures.table(figures.kept())
    assert len(figures.kept()) > 20


@pytest.mark.parametrize(
    ("reach", "before", "now", "worse"),
    [
        ("<= 2", (1.0, 1.0, 1.0), (1.1, 1.2, 1.3), False),
        ("<= 2", (1.0, 1.0, 1.0), (1.16, 1.2, 1.3), True),
        (">= 2", (3.0, 3.0, 3.0), (2.0, 2.1, 2.65), False),
        (">= 2", (3.0, 3.0, 3.0), (2.0, 2.1, 2.6), True),
        ("none", (1.0,), (2.0,), True),
    ],
)
def test_worse_is_a_ratio_of_which_the_best_round_is_15_percent_off(
    reach: str,
    before: tuple[float, ...],
    now: tuple[float, ...],
    worse: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(figures, "kept", lambda: [figure(reach, *before)])
    assert figures.check([figure(reach, *now)]) == int(worse)
    assert ("worse: a / b" in capsys.readouterr().out) == worse
