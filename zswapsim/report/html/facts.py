# SPDX-License-Identifier: GPL-2.0-only
"""The chapter of a result that has no pictures of its own: its answer, and all it holds as tables.

A mapping is a table of names and values, a list of mappings a table with a row for each; what is
further down has its names joined by dots.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zswapsim.report.html.document import Cell, Chapter, Facts, Part, Snippet, Table

SAID = ("kind", "answer", "answers", "findings", "commands", "name")
"""What is told elsewhere than in the tables."""

MOST_COLUMNS = 12
LONG = 24
"""Letters above which a value is set as text is."""
LEVELS = {"warning": "warning", "note": "note", "good": "good"}


def facts_chapters(result: Facts) -> list[Chapter]:
    """Return the chapter of such a result."""
    said = result.get("answers", result.get("answer", []))
    findings = _findings(result.get("findings", []))
    commands = _commands(result.get("commands", []))
    more = Part(title="Numbers", tables=list(_tables(result)))
    return [
        Chapter(
            title=_title(result),
            kind=str(result["kind"]),
            answers=_sentences([said] if isinstance(said, str) else said),
            parts=[
                *([Part(title="What stands out", tables=[findings])] if findings else []),
                *([Part(title="Go on with", snippets=[commands])] if commands else []),
                *([more] if more.tables else []),
            ],
        )
    ]


def _title(result: Facts) -> str:
    trace = result.get("trace")
    about = trace.get("name") if isinstance(trace, Mapping) else result.get("from")
    kind = str(result["kind"])
    return f"{about}: {kind}" if about else kind


def _sentences(said: Sequence[Any]) -> list[str]:
    return [line if line.endswith((".", "!", "?")) else f"{line}." for line in map(str, said)]


def _findings(findings: Sequence[Facts]) -> Table | None:
    if not findings:
        return None
    rows = [
        [str(one["about"]), LEVELS[one["level"]], str(one["says"]), str(one.get("helps") or "")]
        for one in findings
    ]
    header = ["about", "", "finding", "what helps"]
    return Table(caption="Findings", header=header, rows=rows, texts=(1, 2, 3), wide=True)


def _commands(commands: Sequence[Any]) -> Snippet | None:
    if not commands:
        return None
    return Snippet(title="Commands", text="\n".join(map(str, commands)))


def _tables(result: Facts) -> Iterator[Table]:
    plain: list[tuple[str, Cell]] = []
    for key, value in result.items():
        if key in SAID:
            continue
        if isinstance(value, Mapping):
            if rows := list(_flat(value)):
                yield _lines(_words(key), rows)
        elif _is_rows(value):
            yield _rows_table(key, value)
        elif value not in (None, [], ""):
            plain.append((_words(key), _cell(value)))
    if plain:
        yield _lines("About", plain)


def _lines(caption: str, rows: Sequence[tuple[str, Cell]]) -> Table:
    is_long = any(isinstance(value, str) and len(value) > LONG for _, value in rows)
    return Table(caption=caption, header=(), rows=rows, texts=(1,) if is_long else ())


def _rows_table(key: str, rows: Sequence[Facts]) -> Table:
    flat = [dict(_flat(row)) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))[:MOST_COLUMNS]
    texts = [at for at, name in enumerate(names) if any(isinstance(r.get(name), str) for r in flat)]
    return Table(
        caption=_words(key),
        header=names,
        rows=[[row.get(name) for name in names] for row in flat],
        texts=texts,
        sortable=True,
    )


def _flat(value: Facts, prefix: str = "") -> Iterator[tuple[str, Cell]]:
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, Mapping):
            yield from _flat(inner, f"{name}.")
        elif not _is_rows(inner):
            yield name, _cell(inner)


def _is_rows(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)
    )


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _words(key: str) -> str:
    words = key.replace("_", " ")
    return words[:1].upper() + words[1:]
