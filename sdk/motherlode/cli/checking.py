"""The verb checks, and what is said of checks where a version is published."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from motherlode.cli.out import Out, Verbs, add_verb, client_of, count
from motherlode.errors import NotFound
from motherlode.versions import Name, dataset_path, parse_name

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = ["CLOSED", "add_verbs", "run_of", "say_run"]

CLOSED = 4
"""The exit code where checks stop a publish."""
SHOWN = 3


def add_verbs(verbs: Verbs) -> None:
    """checks."""
    verb = add_verb(verbs, "checks", checks, "have checks look at what a dataset holds, without publishing it")
    verb.add_argument("dataset", help="its name: cells")
    some = verb.add_mutually_exclusive_group()
    some.add_argument("--only", metavar="NAMES", help="these checks alone, also such as are off: region_degenerate")
    some.add_argument("--all", action="store_true", help="every check, also those that are off")


def checks(arguments: Namespace, out: Out) -> int:
    """Ask for them, wait, and say what they found; 4 where they would stop a publish."""
    name = parse_name(arguments.dataset)
    with client_of(arguments, name.project) as client:
        path = dataset_path(client, name)
        names = [one.strip() for one in (arguments.only or "").split(",") if one.strip()]
        asked = {"checks": names if names or arguments.all else None}
        client.wait(client.post(f"{path}/checks", asked), f"Checking {name.dataset}")
        run = client.get(f"{path}/checks")["run"]
    out.answer(run)
    say_run(out, run)
    return CLOSED if run["closed"] else 0


def run_of(client: Client, name: Name, version: int | None = None) -> dict[str, Any] | None:
    """What checks found of a version, or last; None where the server kept no such thing."""
    path = dataset_path(client, name)
    try:
        answer = client.get(f"{path}/versions/{version}/checks" if version else f"{path}/checks")
    except NotFound:  # an older server
        return None
    found: dict[str, Any] | None = answer["run"]
    return found


def say_run(out: Out, run: Mapping[str, Any] | None) -> None:
    """A line for each check that found something, with first items; then those that found nothing or did not look."""
    if run is None:
        return
    found = [row for row in run["results"] if row["count"]]
    for row in sorted(found, key=lambda row: ("error", "warning", "note").index(row["severity"])):
        out.say(f"  {row['severity']:<8} {row['title']}: {row['count']:,}{_waived(row['waiver'])}")
        for item in row["items"][:SHOWN]:
            out.say(f"           {item['path']}{'  ' + item['note'] if item['note'] else ''}")
        if row["left_out"]:
            out.say(f"           {row['left_out']}")
    quiet = [row["title"] for row in run["results"] if not row["count"]]
    if quiet:
        out.say(f"  nothing found in {count(run['items'], 'item')}: {', '.join(quiet).lower()}")
    if run["not_looked"]:
        out.say(f"  not looked at: {', '.join(run['not_looked'])}")


def _waived(waiver: Mapping[str, Any] | None) -> str:
    if waiver is None:
        return ""
    return f", waived by {waiver['given_by']} until {waiver['until']}: {waiver['reason']}"
