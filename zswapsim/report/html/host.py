# SPDX-License-Identifier: GPL-2.0-only
"""The chapter of a machine's own zswap and zram: the terminal's lines as tables."""

from zswapsim.report.host import UNREAD, about, sections
from zswapsim.report.html.document import Chapter, Facts, Part, Snippet, Table


def host_chapters(result: Facts) -> list[Chapter]:
    """Return the chapter of a machine."""
    numbers = [
        Table(caption=title, header=(), rows=rows, texts=(2,)) for title, rows in sections(result)
    ]
    unread = [
        Table(caption=title, header=(), rows=list(result[key].items()), texts=(1,), wide=True)
        for title, key in UNREAD.items()
        if result[key]
    ]
    go_on = Snippet(
        title="Go on with",
        text="\n".join(map(str, result["commands"])),
        note="TRACE being of such a workload (zswapsim record)",
    )
    return [
        Chapter(
            title=f"zswap and zram of {result['from']}",
            kind="host",
            about=[about(result)],
            answers=[f"{result['answer']}."],
            parts=[
                Part(title="What stands out", tables=_findings(result)),
                Part(title="Numbers", tables=[*numbers, *unread]),
                Part(title="Next", snippets=[go_on]),
            ],
        )
    ]


def _findings(result: Facts) -> list[Table]:
    rows = [
        [str(one["about"]), str(one["level"]), str(one["says"]), str(one["helps"] or "")]
        for one in result["findings"]
    ]
    header = ["about", "", "finding", "what helps"]
    table = Table(caption="Findings", header=header, rows=rows, texts=(1, 2, 3), wide=True)
    return [table] if rows else []
