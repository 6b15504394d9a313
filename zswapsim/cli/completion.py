# SPDX-License-Identifier: GPL-2.0-only
"""What a shell is told when somebody presses TAB: by click, with words as they were typed.

A shell runs the program with the variable set to what it wants. bash parts words at "=" and ":",
which click takes for words of their own; zsh replaces a whole word, click tells the value only.
"""

import os

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
)

from zswapsim.cli import COMPLETION

SHELLS = ("bash", "zsh", "fish")
GLUE = ("=", ":")
PROGRAM = "zswapsim"


@add_completion_class
class BashWords(BashComplete):
    """bash, with the words put together again that it parted."""

    name = "bash"

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one at the cursor, and that one."""
        args, incomplete = super().get_completion_args()
        words = glued([*args, incomplete])
        self._before = words[-1].removesuffix("" if incomplete in GLUE else incomplete)
        self._before = self._before.removeprefix(option_before(self._before))
        return words[:-1], words[-1]

    def format_completion(self, item: "CompletionItem[str]") -> str:
        """Return what to put in the place of the part of the word that bash sees."""
        return f"{item.type},{item.value.removeprefix(self._before)}"


@add_completion_class
class ZshWords(ZshComplete):
    """zsh, with the option before a value in the same word."""

    name = "zsh"
    source_template = ZshComplete.source_template.replace(
        "_path_files -f",
        "() { local PREFIX=$PREFIX IPREFIX=$IPREFIX; compset -P '--*='; _path_files -f }",
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one at the cursor, and that one."""
        args, incomplete = super().get_completion_args()
        self._before = option_before(incomplete)
        return args, incomplete

    def format_completion(self, item: "CompletionItem[str]") -> str:
        """Return what to put in the place of the whole word."""
        if item.type == "plain" and self._before:
            item = CompletionItem(self._before + item.value, help=item.help)
        return super().format_completion(item)


@add_completion_class
class FishWords(FishComplete):
    """fish, where values and help may have commas in them."""

    name = "fish"
    source_template = """\
function %(complete_func)s
    set -l told (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) \\
        COMP_CWORD=(commandline -t) %(prog_name)s)
    for line in $told
        set -l part (string split \\t -- $line)
        if test $part[1] = file
            for path in (__fish_complete_path $part[3])
                echo $part[2]$path
            end
        else
            echo $part[2]$part[3]\\t$part[4]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one at the cursor, and that one."""
        args, incomplete = super().get_completion_args()
        self._before = option_before(incomplete)
        return args, incomplete

    def format_completion(self, item: "CompletionItem[str]") -> str:
        """Return kind, what is before the value in its word, the value and what it is."""
        before = self._before if not item.value.startswith("-") else ""
        return "\t".join((item.type, before, item.value, (item.help or "").replace("\n", " ")))


def option_before(word: str) -> str:
    """Return "--option=" of a word that has more behind it, else nothing."""
    option, equals, _ = word.partition("=")
    return option + equals if option.startswith("-") and equals else ""


def glued(words: list[str]) -> list[str]:
    """Return words in which "a", "=", "b" is one again; the last is never dropped."""
    whole: list[str] = []
    joins = False
    for word in words:
        if whole and (word in GLUE or joins):
            whole[-1] += word
        else:
            whole.append(word)
        joins = word in GLUE
    return whole


def script(shell: str) -> str:
    """Return what a shell has to read to complete words."""
    from zswapsim.cli.group import cli

    kind = get_completion_class(shell)
    assert kind is not None, shell
    return kind(cli, {}, PROGRAM, COMPLETION).source()


def complete() -> int:
    """Print what the shell asks for, nothing if it cannot be found out: nobody reads an error."""
    from zswapsim.cli.group import cli
    from zswapsim.errors import ZswapSimError

    shell, _, instruction = os.environ[COMPLETION].partition("_")
    kind = get_completion_class(shell)
    if kind is None or instruction not in ("source", "complete"):
        return 1
    asked = kind(cli, {}, PROGRAM, COMPLETION)
    try:
        click.echo(asked.source() if instruction == "source" else asked.complete())
    except (click.ClickException, ZswapSimError, ImportError, OSError, KeyError, IndexError):
        return 1
    return 0
