"""The verb that sets fields of items: metadata."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from motherlode.cli.out import Out, Verbs, add_verb, client_of, count
from motherlode.errors import BadInput
from motherlode.metadata import KINDS, send_metadata

__all__ = ["add_verbs"]


def add_verbs(verbs: Verbs) -> None:
    """metadata."""
    verb = add_verb(verbs, "metadata", metadata, "set fields of items from a CSV or JSON Lines file, by path")
    verb.add_argument("file", metavar="FILE", help="a column, or key, called path, and one for each field")
    verb.add_argument("--path", default="path", metavar="COLUMN", help="what the column of the path is called")
    verb.add_argument("--prefix", default="", help="what stands before each path: scans/")
    verb.add_argument(
        "--kind", action="append", default=[], metavar="FIELD=KIND", help=f"of a new field: {', '.join(KINDS)}"
    )


def metadata(arguments: Namespace, out: Out) -> None:
    """Look at all of the file, then set what it says."""
    kinds = {}
    for text in arguments.kind:
        name, _sign, kind = text.partition("=")
        if kind not in KINDS:
            raise BadInput(f"--kind {text}: say FIELD=KIND, with one of {', '.join(KINDS)}")
        kinds[name] = kind
    with client_of(arguments) as client:
        sent = send_metadata(
            arguments.file, client=client, path_field=arguments.path, kinds=kinds, prefix=arguments.prefix
        )
    out.answer(asdict(sent))
    fields = ", ".join(f"{name} ({kind})" for name, kind in sent.kinds.items())
    out.say(f"{count(sent.changed, 'item')} changed, {sent.unchanged:,} already so. Fields: {fields or 'none'}")
