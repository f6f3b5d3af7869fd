"""`lode`: the command line. Text goes to standard output, progress and errors to standard error.

With `--json` a verb prints one JSON document on standard output, also where it fails (`{"error", "code"}`). Exit
codes: 0 done, 1 refused or failed, 2 wrong usage, 3 bytes are not what was published, 4 not pulled, 5 stale, 6 yanked,
7 the lock is in the middle of a merge, 8 checks stop a publish.
"""

from __future__ import annotations

import gc
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from motherlode import __version__
from motherlode.cli.out import LOCK_CONFLICT, NOT_VERIFIED, Out, Parser
from motherlode.errors import MotherlodeError, NotVerified, Refused
from motherlode.lock import LockConflict

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = ["main", "parser"]

DONE, FAILED, INTERRUPTED = 0, 1, 130
OBJECTS = 20_000  # until cycles are looked for: what is read makes many objects and hardly a cycle

# The verbs of each module, in the order of the help. What a verb does not need is not imported for it.
ROOMS = {
    "server": ("login", "status"),
    "importing": ("import",),
    "converting": ("convert",),
    "metadata": ("metadata",),
    "people": ("invite",),
    "data": ("items", "publish", "versions", "diff"),
    "marking": ("alias", "yank"),
    "pins": ("pin", "pull", "verify"),
    "checks": ("check",),
    "storing": ("fsck", "gc"),
    "loop": ("runs", "predictions", "evaluations", "compare", "failures", "mine"),
}


def parser(verb: str = "") -> ArgumentParser:
    """The command line, or as much of it as one verb needs."""
    top = Parser(
        prog="lode",
        description="Items, labels, versions and runs of a Motherlode server.",
        epilog="Names of versions: dataset@v3, dataset@alias, dataset@latest, project/dataset@v3.",
        formatter_class=RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"lode {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="VERB")
    for room in [room for room, own in ROOMS.items() if verb in own] or ROOMS:
        import_module(f"motherlode.cli.{room}").add_verbs(verbs)
    return top


def _connect(*where: Any, **how: Any) -> Client:
    from motherlode.client import Client  # a verb that asks no server does not wait for its import

    return Client(*where, **how)


def main(argv: Sequence[str] | None = None, connect: Callable[..., Client] = _connect) -> int:
    """Run one verb; gives the exit code. `connect` makes the clients, with `Client`'s arguments."""
    if argv is None:
        gc.set_threshold(OBJECTS)
    words = sys.argv[1:] if argv is None else argv
    top = parser(words[0] if words else "")
    arguments = top.parse_args(words)
    if arguments.verb is None:
        top.print_help()
        return DONE
    arguments.connect = connect
    out = Out(arguments.json)
    try:
        code = arguments.do(arguments, out)
    except NotVerified as error:
        return out.fail(str(error), "not_verified", NOT_VERIFIED)
    except LockConflict as error:
        return out.fail(str(error), "lock_conflict", LOCK_CONFLICT)
    except Refused as error:
        return out.fail(str(error), error.code, FAILED)
    except MotherlodeError as error:
        return out.fail(str(error), "error", FAILED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: there is nobody to tell
        return FAILED
    except OSError as error:
        return out.fail(f"{error.filename or 'a file'}: {error.strerror or error}", "os_error", FAILED)
    except KeyboardInterrupt:
        return out.fail("interrupted; the same command goes on where it stopped", "interrupted", INTERRUPTED)
    out.close()
    return int(code or DONE)
