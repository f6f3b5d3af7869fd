"""Verbs about the server's store: fsck, gc."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from typing import Any

from motherlode.cli.out import Out, Verbs, add_verb, client_of, count, size
from motherlode.errors import NotVerified

__all__ = ["add_verbs"]


def add_verbs(verbs: Verbs) -> None:
    """fsck, gc."""
    verb = add_verb(verbs, "fsck", fsck, "hash what the project has in the server's store again")
    verb.add_argument("--sample", type=_number, metavar="N", help="only so many files, at random")
    verb = add_verb(verbs, "gc", gc, "remove from the server's store what nothing needs")
    verb.add_argument("--dry-run", action="store_true", help="only say how much it would be")
    verb.add_argument("--why", metavar="DIGEST", help="remove nothing; say who needs these bytes (md5 or sha-256)")


def _number(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise ArgumentTypeError(f"{text!r} is not a number of files")
    return int(text)


def fsck(arguments: Namespace, out: Out) -> None:
    """Wait for the job and name what is broken; exit code 3 where anything is."""
    with client_of(arguments) as client:
        job = client.post(f"projects/{client.project}/store/fsck", {"sample": arguments.sample}, repeatable=True)
        found: dict[str, Any] = client.wait(job, "The server hashes its store")["result"]
    out.answer(found)
    out.say(f"{count(found['files'], 'file')} of {size(found['bytes'])} hashed, {found['wrong']:,} broken.")
    for row in found["broken"]:
        out.say(f"{row['md5']}: {row['what']}")
        for name in row["needed_by"]:
            out.say(f"  {name}")
    if found["wrong"]:
        out.close()
        out.as_json = False
        raise NotVerified(f"{count(found['wrong'], 'file')} in the server's store not as stored", [])


def gc(arguments: Namespace, out: Out) -> None:
    """Wait for the job and say what went; or who needs a digest."""
    with client_of(arguments) as client:
        if arguments.why:
            told = client.get(f"projects/{client.project}/store/needs", digest=arguments.why)
        else:
            body = {"dry_run": arguments.dry_run}
            job = client.post(f"projects/{client.project}/store/gc", body, repeatable=True)
            told = client.wait(job, "The server looks through its store")["result"]
    out.answer(told)
    if arguments.why:
        out.table([(row["kind"], row["name"]) for row in told["needs"]], ("needed by", "name"))
        if told["more"]:
            out.say(f"and {told['more']:,} more")
        return
    verb = "Would remove" if arguments.dry_run else "Removed"
    out.say(f"{verb} {count(told['removed'], 'file')}, {size(told['bytes'])}, that nothing needs.")
    if told["recent"]:
        out.say(f"{count(told['recent'], 'file')} that nothing needs were sent lately, and are kept for a day.")
    if told["strays"]:
        left = told["strays"] - told["strays_removed"]
        out.say(f"Of bytes without a record {told['strays_removed']:,} went, {left:,} stay for a later time.")
    out.table([(why, number) for why, number in told["kept"].items() if number], ("kept for", "files"))
