# SPDX-License-Identifier: GPL-2.0-only
"""The command line: one file per command; each parses, calls and prints.

Exit codes: 0 done; 1 failed; 2 wrong usage; 4 an assertion does not hold; 130 stopped by
Ctrl-C, or by SIGTERM or SIGHUP, which undo what is half done as well. Commands are imported when
they are called, and click when anything but help is asked for, so that help is quick.
"""

import errno
import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ASSERTION_FAILED = 4
INTERRUPTED = 130
COMPLETION = "_ZSWAPSIM_COMPLETE"
COMMANDS = {
    "replay": "Replay a trace through a simulated compressed swap cache.",
    "compare": "Set zswap, zram and plain swap side by side, with what they cost.",
    "sweep": "Run a grid of settings over traces.",
    "recommend": "Find the settings that let a program wait least.",
    "host": "Explain a machine's own zswap and zram, and what helps.",
    "ratio": "Say what compressors and pools make of your memory.",
    "report": "Write results as one HTML file with pictures.",
    "step": "See a machine step by step: what it decides, and why.",
    "lesson": "Write a run as a page to step through, with questions.",
    "record": "Record a program's accesses and page contents as a trace.",
    "capture": "Take the contents of a live process, core file or memory image.",
    "trace": "Look at traces; cut, merge and convert them, or make one up.",
    "list": "List compressors, zpools, policies, formats, plugins or profiles.",
    "verify": "Compare with recordings of a real kernel, step by step.",
    "completion": "Print the script with which a shell completes words.",
}


def help_text() -> str:
    """Return the help of the whole program."""
    commands = "\n".join(f"  {name:<12}{summary}" for name, summary in COMMANDS.items())
    return f"""\
Usage: zswapsim [OPTIONS] COMMAND [ARGS]...

  Replay a program's memory traffic through a simulated Linux compressed swap
  cache. zswap, its pools and its counters behave as those of a real kernel,
  step by step.

Options:
  -V, --version  Show the version and exit.
  -h, --help     Show this message and exit.

Commands:
{commands}

Exit codes:
  0 done, 1 failed, 2 wrong usage, 4 an assertion does not hold, 130 stopped.

Try `zswapsim COMMAND --help` for the options of a command."""


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run a command and return the exit code.

    arguments: None for those of the program, which ends then.
    """
    try:
        return _main(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:  # while what a command needs was imported
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    finally:
        if arguments is None:
            import signal

            # Ctrl-C while Python takes itself down would show as a traceback.
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _main(words: "list[str]") -> int:
    # A closed stream is None; what is written to it then goes nowhere, as it should.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    if COMPLETION in os.environ:  # first: the shell gives no words
        from zswapsim.cli.completion import complete

        return complete()
    if words in ([], ["-h"], ["--help"]):
        return _help(asked=bool(words))
    from zswapsim.trace.interruptible import interruptible

    with interruptible():  # before what takes long to import
        return _run(words)


def _run(words: "list[str]") -> int:
    import click

    from zswapsim.cli.group import cli
    from zswapsim.errors import InvalidArgument, NoEntry, ZswapSimError
    from zswapsim.printable import printable

    try:
        outcome = cli.main(args=words, prog_name="zswapsim", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        click.echo(printable(text.getvalue(), keep="\n\t"), nl=False, err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone, for instance `| head`; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ZswapSimError, OSError, MemoryError, ImportError) as error:
        click.echo(printable(f"error: {_plain(error)}"), err=True)
        return 2 if isinstance(error, InvalidArgument | NoEntry) else 1
    return outcome if isinstance(outcome, int) else 0


def _help(*, asked: bool) -> int:
    """Print the help without importing click; on stderr, as an error, if it was not asked for."""
    try:
        print(help_text(), file=sys.stdout if asked else sys.stderr, flush=True)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            print(f"error: {_plain(error)}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0 if asked else 2


def _plain(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        import tempfile

        there = error.filename or f"where the output goes, or in TMPDIR ({tempfile.gettempdir()})"
        return f"{error.strerror}: {there}"
    if isinstance(error, MemoryError) or (
        isinstance(error, OSError) and error.errno == errno.ENOMEM
    ):
        return "not enough memory"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, ImportError):  # also what the linker says when there is no memory for it
        first = str(error).partition(". ")[0]
        return f"a library cannot be loaded, for want of memory or of its files: {first}"
    return str(error) or type(error).__name__
