"""What checks find: of a dataset that is about to be published, and of a version that was."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from motherlode.cli.out import GATE_CLOSED, Out, client_of, count
from motherlode.errors import NotFound
from motherlode.versions import Name, dataset_path, parse_name

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = ["look", "run_of", "say_run"]

ALL = "all"
SHOWN = 3


def look(arguments: Namespace, out: Out) -> int:
    """Have checks look at what a dataset holds, wait, and say what they found; `GATE_CLOSED` where they would stop a
    publish."""
    name = parse_name(arguments.dataset)
    names = [one.strip() for one in (arguments.checks or "").split(",") if one.strip()]
    chosen: list[str] | None = [] if names == [ALL] else names or None  # none of them: as the dataset says
    with client_of(arguments, name.project) as client:
        path = dataset_path(client, name)
        client.wait(client.post(f"{path}/checks", {"checks": chosen}), f"Checking {name.dataset}")
        run = client.get(f"{path}/checks")["run"]
    out.answer(run)
    say_run(out, run)
    return GATE_CLOSED if run["closed"] else 0


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
