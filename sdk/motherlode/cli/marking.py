"""Verbs about what is said of versions after they are published: alias, yank."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict, replace

from motherlode import yanking
from motherlode.aliasing import Move, alias_path, history, set_alias
from motherlode.cli.out import Out, Verbs, add_verb, client_of
from motherlode.errors import BadInput
from motherlode.versions import dataset_path, parse_name, version_row

__all__ = ["add_verbs"]


def add_verbs(verbs: Verbs) -> None:
    """alias, yank."""
    verb = add_verb(verbs, "alias", alias, "point an alias at a version, or show aliases and their history")
    verb.add_argument("version", help="cells@v3; cells alone shows its aliases, or the history of the one named")
    verb.add_argument("alias", nargs="?", help="production")
    verb.add_argument("--message", "-m", default="", help="why it moves")
    either = verb.add_mutually_exclusive_group()
    either.add_argument("--protect", action="store_true", help="let only owners move it from now on; an owner's act")
    either.add_argument("--unprotect", action="store_true", help="let engineers move it, too; an owner's act")
    verb = add_verb(verbs, "yank", yank, "take a version back: it warns those who pinned it, and latest passes over it")
    verb.add_argument("version", help="cells@v3")
    verb.add_argument("--message", "-m", default="", help="why; those who pinned it read it")
    verb.add_argument("--undo", action="store_true", help="let it count again")


def alias(arguments: Namespace, out: Out) -> None:
    """Move, protect, or show."""
    name = parse_name(arguments.version)
    protects = arguments.protect or arguments.unprotect
    if arguments.alias is None:
        if name.version or protects or arguments.message:
            raise BadInput(f"say which alias: lode alias {name} production")
        return _list(arguments, out)
    if arguments.message and not name.version:
        raise BadInput(f"say which version {arguments.alias!r} should name: lode alias {name}@v3 {arguments.alias}")
    if not name.version and not protects:
        return _history(arguments, out)
    with client_of(arguments, name.project) as client:
        path = alias_path(client, name, arguments.alias)
        known = client.get(f"{dataset_path(client, name)}/aliases")["results"]
        before = next((row["version"] for row in known if row["name"] == arguments.alias), None)
        if name.version:
            set_alias(arguments.version, arguments.alias, arguments.message, client=client)
        if protects:
            client.request("PUT" if arguments.protect else "DELETE", f"{path}/protection", repeatable=True)
        row = client.get(path)
    out.answer(row)
    head = f"{name.dataset}@{arguments.alias}"
    if name.version and before == row["version"]:
        out.say(f"{head} is v{row['version']} already.")
    elif name.version:
        out.say(f"{head} is v{row['version']} now{f', was v{before}' if before else ''}.")
    if protects:
        out.say(f"{head} is protected: only owners move it." if row["protected"] else f"{head} is not protected.")
    return None


def _list(arguments: Namespace, out: Out) -> None:
    name = parse_name(arguments.version)
    with client_of(arguments, name.project) as client:
        rows = client.get(f"{dataset_path(client, name)}/aliases")["results"]
    out.answer(rows)
    if not rows:
        out.say(f"{name.dataset} has no alias yet: lode alias {name}@v1 production -m why")
    lines = [
        (row["name"], f"v{row['version']}", "protected" if row["protected"] else "", *_when(Move.from_json("", row)))
        for row in rows
    ]
    out.table(lines, ("alias", "names", "", "since", "by", "why"))


def _history(arguments: Namespace, out: Out) -> None:
    name = parse_name(arguments.version)
    with client_of(arguments, name.project) as client:
        moves = list(history(arguments.version, arguments.alias, client=client))
    out.answer([{**asdict(move), "set_at": move.set_at.isoformat()} for move in moves])
    out.table(
        [(f"v{move.before}" if move.before else "", f"v{move.version}", *_when(move)) for move in moves],
        ("from", "to", "moved", "by", "why"),
    )


def _when(move: Move) -> tuple[str, str, str]:
    return move.set_at.isoformat()[:16].replace("T", " "), move.set_by, move.message


def yank(arguments: Namespace, out: Out) -> None:
    """Take it back, or undo that; say who still needs it and what latest means now."""
    name = parse_name(arguments.version)
    with client_of(arguments, name.project) as client:
        if name.version == "latest":  # which is another one afterwards
            name = replace(name, version=f"v{version_row(client, name)['version']}")
        needed = [] if arguments.undo else yanking.yank(str(name), arguments.message, client=client)
        if arguments.undo:
            yanking.unyank(str(name), client=client)
        row = version_row(client, name)
        latest = client.get(dataset_path(client, name))["latest"]
    out.answer({**row, "needed_by": needed})
    out.say(f"{row['name']} counts again." if arguments.undo else f"{row['name']} is yanked: {row['yanked']['reason']}")
    for line in needed:
        out.say(f"  {line}")
    out.say(f"{row['dataset']}@latest is v{latest}." if latest else f"{row['dataset']} has no version that counts.")
