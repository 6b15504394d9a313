# SPDX-License-Identifier: GPL-2.0-only
"""Which files of the machine are changed, and which tests ought to notice."""

_UNIT, _PROPERTY = "tests/unit/test_", "tests/property/test_"


def _tests(unit: str, properties: str) -> tuple[str, ...]:
    return (
        *(f"{_UNIT}{name}.py" for name in unit.split()),
        *(f"{_PROPERTY}{name}.py" for name in properties.split()),
    )


_LISTS = _tests("list_head zbud reclaim", "zbud_machine")
_ZBUD = _tests("zbud", "zbud_machine")
_Z3FOLD = _tests("z3fold z3fold_reclaim", "z3fold_machine z3fold_lru")
_ZSMALLOC = _tests("zsmalloc zsmalloc_compact", "zsmalloc_machine")
_ZSWAP = _tests(
    "zswap_edge_cases zswap_folios zswap_pools zswap_functions", "zswap_machine lockstep"
)
_ZSWAP_LIMIT = _tests(
    "zswap_limit zswap_shrinker zswap_functions faults stops", "zswap_machine lockstep"
)
_ZRAM = _tests("zram zram_writeback zram_disk faults", "zram_machine")
_MEMORY = _tests("memory readahead swap_slots faults stops", "memory_machine faulty_machine")
_RECLAIM = _tests("reclaim two_list memory", "memory_machine")

_OF_FOLDER: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("pools", "zbud", _ZBUD),
    ("pools", "z3fold z3fold_page z3fold_lru z3fold_compact", _Z3FOLD),
    ("pools", "zsmalloc zsmalloc_zspage zsmalloc_compact", _ZSMALLOC),
    ("zswap", "store entry folio pools", _ZSWAP),
    ("zswap", "limit worker writeback shrinker", _ZSWAP_LIMIT),
    ("zram", "device compact disk writeback", _ZRAM),
    ("", "memory accesses swap_slots swap_disk swap_cache readahead faults", _MEMORY),
    ("", "journal", _MEMORY),
    ("", "events page_io", _ZSWAP),
    ("", "list_head", _LISTS),
    ("reclaim", "lru clock two_list", _RECLAIM),
)

TARGETS: dict[str, tuple[str, ...]] = {
    "/".join(filter(None, ("zswapsim/machine", folder, f"{name}.py"))): tests
    for folder, names, tests in _OF_FOLDER
    for name in names.split()
}
"""File -> tests."""
