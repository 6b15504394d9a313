# SPDX-License-Identifier: GPL-2.0-only
"""What pictures need of a run: accesses counted by page and time, lengths, the pool at the end."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zswapsim import ReplayConfig, Trace, replay
from zswapsim.json_text import json_text
from zswapsim.trace.synthetic import random_contents, zipf


def pictures(trace: Trace, **more: Any) -> dict[str, Any]:
    config = ReplayConfig(**{"carry_bytes": False, "engine": "interpreted", **more})
    return replay(trace, config, pictures=True).pictures


@settings(max_examples=40)
@given(order=st.lists(st.integers(0, 200), min_size=1, max_size=500))
def test_each_access_is_counted_in_its_field(order: list[int]) -> None:
    trace = Trace.from_arrays(order, [False] * len(order), contents=bytes(4096))
    told = pictures(trace, memory="400p")["heat_map"]
    expected = np.zeros((len(told["counts"]), len(told["counts"][0])), int)
    for at, page in enumerate(order):
        expected[page // told["pages_per_row"], at // told["accesses_per_column"]] += 1
    assert told["counts"] == expected.tolist()
    assert len(told["counts"]) <= 64
    assert len(told["counts"][0]) <= 120


def test_the_heat_map_is_the_same_in_both_engines() -> None:
    trace = zipf(9000, 300, 0.8, contents=random_contents(20))
    both = [pictures(trace, engine=engine) for engine in ("interpreted", "compiled")]
    assert both[0] == both[1]
    assert sum(map(sum, both[0]["heat_map"]["counts"])) == 9000


@pytest.mark.parametrize(
    ("settings_", "keys", "accept"),
    [
        ({"kernel": "5.4"}, {"pages_by_buddies", "pages_by_free_chunks"}, None),
        ({"kernel": "6.1", "zpool": "z3fold"}, {"headless_pages"}, 43),
        ({"kernel": "6.12"}, {"class_bytes", "obj_used", "obj_allocated"}, 43),
        ({"frontend": "zram"}, {"class_bytes", "obj_used", "obj_allocated"}, None),
        ({"frontend": "none"}, set(), None),
    ],
)
def test_the_pool_and_its_threshold_are_those_of_the_machine(
    settings_: dict[str, Any], keys: set[str], accept: int | None
) -> None:
    trace = zipf(9000, 500, 0.6, contents=random_contents(50))
    told = pictures(trace, memory="241p", **settings_)
    assert keys <= set(told["occupancy"])
    assert bool(told["occupancy"]) == bool(keys)
    assert told["accept_pages"] == accept  # 90 % of 20 % of 241 pages
    assert bool(told["length_histogram"]["steps_bytes"]) == bool(keys)


def test_all_contents_are_in_the_histogram() -> None:
    noise = np.random.default_rng(1).integers(0, 256, 5 * 4096, np.uint8).tobytes()
    trace = Trace.from_arrays(
        [0], [False], contents=bytes(4096) + noise, version_at=range(0), version_page=range(0)
    )
    told = pictures(trace, kernel="5.4", memory="9p")["length_histogram"]
    assert sum(told["contents"]) + told["incompressible"] == 6
    assert told["too_long"] == 5
    assert told["steps_bytes"][-1] == 4096 - 128 - 8  # zbud's longest less zswap's header


def test_json_has_lists_of_numbers_on_one_line_and_is_the_same_data() -> None:
    data = {
        "list": [1, -2, 3.5e-7, None, 10**20],
        "empty": [],
        "rows": [[1, 2], [], [3]],
        "words": ["1", "[\n  1\n]", "a"],
        "mixed": [1, "2"],
        "dicts": [{"a": [1]}],
    }
    text = json_text(data)
    assert json.loads(text) == data
    lines = text.splitlines()
    assert '  "list": [1, -2, 3.5e-07, null, 100000000000000000000],' in lines
    assert "    [1, 2]," in lines
    assert '      "a": [1]' in lines


@given(
    st.recursive(
        st.none() | st.integers() | st.floats(allow_nan=False) | st.text() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_text_is_lossless(data: Any) -> None:
    assert json.loads(json_text(data)) == data
