# SPDX-License-Identifier: GPL-2.0-only
"""Results as JSON and back."""

import dataclasses
import json

import pytest

from zswapsim import Result
from zswapsim.errors import InvalidArgument

RESULT = Result(
    zswap={"stored_pages": 7, "pool_total_size": 1 << 60},
    zram={},
    vmstat={"zswpin": 0},
    memory={"limit_pages": 2**53 + 1},
    compression={"ratio": 0.1 + 0.2, "mean_length_bytes": None},
    bytes={"carried": True, "checked_pages": 3},
    seconds={"total": 1 / 3},
    config={"memory": "50%", "swap_file": None, "compressor": "ä\n"},
    trace={"name": "τ"},
    complete=False,
)


def test_json_is_lossless() -> None:
    assert Result.from_json(RESULT.to_json()) == RESULT
    assert Result.from_json(RESULT.to_json()).to_json() == RESULT.to_json()


def test_json_has_every_field_and_sorted_keys() -> None:
    data = json.loads(RESULT.to_json())
    assert list(data) == sorted(field.name for field in dataclasses.fields(Result))
    assert list(data["zswap"]) == ["pool_total_size", "stored_pages"]


def test_a_result_does_not_change_with_its_dictionary() -> None:
    RESULT.to_dict()["zswap"]["stored_pages"] = 0
    assert RESULT.zswap["stored_pages"] == 7


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", "{}", '{"zswap": {}}', "\0"])
def test_what_is_no_result_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="not a result"):
        Result.from_json(text)


def test_a_result_with_one_key_more_is_refused() -> None:
    data = RESULT.to_dict() | {"more": 1}
    with pytest.raises(InvalidArgument, match="not a result: it has to have bytes, complete"):
        Result.from_json(json.dumps(data))


def test_series_and_pictures_come_back_and_may_be_missing() -> None:
    drawn = dataclasses.replace(
        RESULT, series={"access": [1, 2]}, pictures={"heat_map": {"counts": [[1, 0], [2, 3]]}}
    )
    assert Result.from_json(drawn.to_json()) == drawn
    assert '"access": [1, 2]' in drawn.to_json()
    older = {key: value for key, value in RESULT.to_dict().items() if key != "series"}
    del older["pictures"]
    assert Result.from_json(json.dumps(older)) == RESULT
