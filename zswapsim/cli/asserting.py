# SPDX-License-Identifier: GPL-2.0-only
"""--assert: what has to hold of the numbers that a command finds, for scripts and CI.

`@assert_option()` gives a command `assertions`; `return check_assertions(assertions, told)` at its
end tells those that do not hold, and gives the exit code.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from zswapsim.cli import ASSERTION_FAILED
from zswapsim.cli.options import say
from zswapsim.cli.values import Items, Kind
from zswapsim.errors import InvalidArgument, ZswapSimError

if TYPE_CHECKING:
    from zswapsim.experiment.assertions import Assertion, Names

MOST_LINES = 40
"""Of assertions that do not hold; thousands of cells have the same trouble."""

F = TypeVar("F", bound=Callable[..., Any])


class AssertionKind(Kind):
    """An assertion about names that a command's numbers have."""

    name = "assertion"

    def __init__(self, names: "Callable[[], Names] | None" = None) -> None:
        """names: of the numbers, by section; those of a replay's result unless given."""
        self._names = names

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the assertions of a variable, which are parted by semicolons."""
        return [text for text in rv.split(";") if text.strip()]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the parsed assertion. BadParameter says what is wrong with it."""
        from zswapsim.experiment.assertions import Assertion, parse_assertion

        if isinstance(value, Assertion):
            return value
        try:
            return parse_assertion(value, self._known())
        except ZswapSimError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
        """Return the names that begin so."""
        names = [name for section in self._known().values() for name in section]
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]

    def _known(self) -> "Names":
        from zswapsim.experiment.assertions import RESULT_NAMES

        return RESULT_NAMES if self._names is None else self._names()


def assert_option(names: "Callable[[], Names] | None" = None) -> Callable[[F], F]:
    """Return the option --assert. names: as AssertionKind has it."""
    return click.option(
        "--assert",
        "assertions",
        type=AssertionKind(names),
        multiple=True,
        metavar="EXPRESSION",
        help="Exit with 4 if this does not hold: 'written_back_pages<1000', "
        "'zswpin/pgmajfault>=40%'. May be given several times.",
    )


def check_assertions(
    assertions: "Sequence[Assertion]", told: Iterable[tuple[str, Mapping[str, Any]]]
) -> int:
    """Say which assertions do not hold, a line each, and return the exit code.

    told: a label, "" where there is one only, and the numbers: a result's dictionary or a row.
    """
    if not assertions:
        return 0
    from zswapsim.experiment.assertions import failures

    lines = failures(assertions, told)
    sys.stdout.flush()  # the report goes first, where both streams are one
    for line in lines[:MOST_LINES]:
        say(f"assertion failed: {line}")
    if len(lines) > MOST_LINES:
        say(f"assertion failed: {len(lines) - MOST_LINES:,} more")
    return ASSERTION_FAILED if lines else 0


def check_frontend(assertions: "Sequence[Assertion]", frontend: str) -> None:
    """Refuse assertions about zram where there is none. InvalidArgument names the counter."""
    for assertion in assertions:
        for name in assertion.names:
            if name.section == "zram" and frontend != "zram":
                raise InvalidArgument(
                    f"{assertion}: {name} is of zram, and the frontend is {frontend}"
                )
