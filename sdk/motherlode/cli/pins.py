"""Verbs about versions on this machine: pin, pull, verify."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motherlode.cache import Cache
from motherlode.cli.out import STALE, Out, Verbs, add_verb, client_of, count
from motherlode.errors import BadInput, Mismatch, NotConfigured, NotVerified
from motherlode.files import place
from motherlode.lock import LOCK_FILE, Pin, find_lock, read_lock, write_lock
from motherlode.manifest import ITEMS
from motherlode.snapshots import Snapshot
from motherlode.updating import in_words, tell, update_pins
from motherlode.versions import Name, alias_in, dataset_path, locked_pins, parse_name, pin_of, resolve, version_row
from motherlode.yanking import hear, heard, warn, warn_of

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = ["add_verbs"]


def add_verbs(verbs: Verbs) -> None:
    """pin, pull, verify."""
    verb = add_verb(verbs, "pin", pin, f"write a version into {LOCK_FILE}")
    verb.add_argument(
        "version",
        nargs="?",
        help="cells@v1 or cells@production; cells alone means the latest; with --update: which pin",
    )
    verb.add_argument("--as", dest="table", help="the pin's name (default: the dataset's)")
    verb.add_argument(
        "--update",
        action="store_true",
        help="pin what the pinned aliases name now, or the newest versions; of all pins",
    )
    either = verb.add_mutually_exclusive_group()
    either.add_argument("--dry-run", action="store_true", help="only say what would change")
    either.add_argument("--frozen", action="store_true", help="write nothing, and fail where the lock would change")
    _lock_option(verb)
    verb = add_verb(verbs, "pull", pull, "fetch the pinned versions, or the one named, and verify them")
    verb.add_argument("version", nargs="?", help="default: all that the lock pins")
    verb.add_argument("--split", help="only this split")
    verb.add_argument("--to", type=Path, help="make the files in this folder, too")
    verb.add_argument("--repair", action="store_true", help="fetch again what was changed on this machine")
    _lock_option(verb)
    verb = add_verb(
        verbs, "verify", verify, "hash the pinned versions, or the one named, again: here and on the server"
    )
    verb.add_argument("version", nargs="?", help="default: all that the lock pins")
    verb.add_argument("--split", help="only this split")
    verb.add_argument("--local", action="store_true", help="only this machine's cache")
    _lock_option(verb)


def _lock_option(verb: Any) -> None:
    verb.add_argument("--lock", type=Path, help=f"the lock file (default: the nearest {LOCK_FILE})")


def pin(arguments: Namespace, out: Out) -> int:
    """Ask the server for the version and write it down."""
    if arguments.update:
        return _update(arguments, out)
    if not arguments.version:
        raise BadInput("say which version: lode pin cells@v1; lode pin --update moves the pins that are there")
    name = parse_name(arguments.version)
    path = _lock(arguments)
    with client_of(arguments, name.project) as client:
        row = version_row(client, name)
        new = replace(pin_of(client, row), alias=alias_in(name))
        pins = read_lock(path)
        table = arguments.table or new.dataset
        before = pins.get(table)
        if _writes(arguments):
            write_lock(path, {**pins, table: new})
            tell(client, new)
    out.answer({**_pin_json(new), "name": table, "lock": str(path), "before": before.name if before else None})
    change = f" (was {before.name})" if before and before != new else ""
    verb = "Pinned" if _writes(arguments) else "Would pin"
    out.say(f"{verb} {new.name}{change} in {path}")
    out.say(f"  digest  {new.digest}")
    out.say(f"  splits  {', '.join(f'{split} {items:,}' for split, items in new.splits.items())}")
    warn(new, hear(new, Cache(), row))
    return _thawed(arguments, out, path) if before != new else 0


def _lock(arguments: Namespace) -> Path:
    given: Path | None = arguments.lock
    return given or find_lock() or Path.cwd() / LOCK_FILE


def _writes(arguments: Namespace) -> bool:
    return not arguments.dry_run and not arguments.frozen


def _thawed(arguments: Namespace, out: Out, path: Path) -> int:
    """The exit code where the lock changed, or would: with --frozen that is a failure."""
    if not arguments.frozen:
        return 0
    out.warn(f"lode: {path} would change, and --frozen lets nothing change it")
    return STALE


def _update(arguments: Namespace, out: Out) -> int:
    """Move the pins on; say in words what differs."""
    if arguments.table:
        raise BadInput("--as names a pin that is made; --update takes the name of one: lode pin --update cells")
    path = _lock(arguments)
    found = update_pins(
        arguments.version or "",
        lock=path,
        dry_run=not _writes(arguments),
        client=lambda pin: arguments.connect(pin.server, project=pin.project),
    )
    moved = [one for one in found if one.moves]
    out.answer(
        {
            "lock": str(path),
            "written": bool(moved) and _writes(arguments),
            "pins": [
                {
                    **_pin_json(one.after),
                    "name": one.table,
                    "before": one.before.name,
                    "moves": one.moves,
                    "changes": one.changes,
                    "words": in_words(one) if one.moves else [],
                }
                for one in found
            ],
        }
    )
    for one in found:
        named = f"{one.before.dataset}@{one.before.alias or 'latest'}"
        if one.moves:
            out.say(f"{one.before.name} -> v{one.after.version} ({named})")
            if one.yanked:
                out.say(f"  {one.before.name} is yanked: {one.yanked}")
            for line in in_words(one):
                out.say(f"  {line}")
        else:
            out.say(f"{one.before.name} is what {named} names.")
        warn(one.after, heard(one.after, Cache()))
    if moved:
        out.say(f"{'Updated' if _writes(arguments) else 'Would update'} {count(len(moved), 'pin')} in {path}")
    return _thawed(arguments, out, path) if moved else 0


def _pin_json(pin: Pin) -> dict[str, Any]:
    return {
        "version": pin.name,
        "project": pin.project,
        "digest": pin.digest,
        "index": pin.index,
        "dir": pin.dir,
        "commit": pin.commit,
        "alias": pin.alias,
        "schema": pin.schema,
        "splits": dict(pin.splits),
        "server": pin.server,
    }


def _meant(arguments: Namespace) -> list[Snapshot]:
    """The snapshots that a verb is about: the one named, or all pinned ones."""
    if arguments.version:
        name = parse_name(arguments.version)
        client = client_of(arguments, name.project) if name.version else None
        cache = Cache()
        found = resolve(arguments.version, client, arguments.lock, lambda pin, row: hear(pin, cache, row))
        return [_snapshot(arguments, found)]
    pins = locked_pins(arguments.lock)
    if not pins:
        raise NotConfigured(f"no {LOCK_FILE} pins anything here: run `lode pin DATASET@v1`, or name a version")
    return [_snapshot(arguments, found) for found in pins.values()]


def _snapshot(arguments: Namespace, pin: Pin) -> Snapshot:
    """A pin's snapshot; the server is spoken to only where something must be fetched."""

    @cache
    def client() -> Client:
        made: Client = arguments.connect(pin.server, project=pin.project)
        return made

    return Snapshot(pin, Cache(), client)


def pull(arguments: Namespace, out: Out) -> None:
    """Fetch, verify, and say where it lies."""
    answers = []
    snapshots = _meant(arguments)
    if arguments.to and len(snapshots) > 1:
        raise BadInput("--to takes one version: name it")
    for snapshot in snapshots:
        tree = snapshot.fetch(arguments.split, repair=arguments.repair)
        warn_of(snapshot, always=True)
        paths = snapshot.paths(arguments.split)
        folder = _copy_out(snapshot, tree, arguments.to, paths) if arguments.to else tree
        answers.append(
            {"version": snapshot.pin.name, "digest": snapshot.pin.digest, "items": len(paths), "folder": str(folder)}
        )
        out.say(f"{snapshot.pin.name}: {count(len(paths), 'item')} verified, in {folder}")
    out.answer(answers[0] if arguments.version else answers)


def _copy_out(snapshot: Snapshot, tree: Path, target: Path, paths: list[str]) -> Path:
    """The version as a folder like DVC's `data/`: items, labels, schema and splits."""
    if target.exists() and any(target.iterdir()):
        raise BadInput(f"{target} is not empty; name a folder that is, or none yet")
    for path in paths:
        goal = target / "items" / path
        goal.parent.mkdir(parents=True, exist_ok=True)
        place(tree / path, goal)
    for path, data in snapshot.other_files():
        goal = target / path
        goal.parent.mkdir(parents=True, exist_ok=True)
        goal.write_bytes(data)
    return target


def verify(arguments: Namespace, out: Out) -> None:
    """Hash again; exit code 3 where anything is not what was published."""
    wrong: list[Mismatch] = []
    answers = []
    for snapshot in _meant(arguments):
        here = snapshot.verify(arguments.split)
        there = [] if arguments.local else _verify_server(snapshot)
        wrong += here + there
        held = snapshot.held()
        answers.append(
            {
                "version": snapshot.pin.name,
                "digest": snapshot.pin.digest,
                "items": len(snapshot.sets.items),
                "held": held,
                "verified": not here and not there,
                "wrong_here": [_mismatch(found) for found in here],
                "wrong_on_server": [_mismatch(found) for found in there],
            }
        )
        if not here and not there:
            where = "here" if arguments.local else "here and on the server"
            state = f"{', '.join(held)} in the cache" if held else "nothing in the cache yet"
            out.say(f"{snapshot.pin.name}: as published, {where} ({state}).")
    out.answer(answers[0] if arguments.version else answers)
    if wrong:
        out.close()
        out.as_json = False
        raise NotVerified(f"{count(len(wrong), 'file')} not as published", wrong)


def _verify_server(snapshot: Snapshot) -> list[Mismatch]:
    """The server hashes its store again; gives what is wrong there."""
    client = snapshot.client()
    name = Name(snapshot.pin.dataset, "", snapshot.pin.project)
    answer = client.post(f"{dataset_path(client, name)}/versions/{snapshot.pin.version}/verify", repeatable=True)
    job = client.wait(answer.get("job") or answer, f"The server hashes {snapshot.pin.name}")
    found = (job.get("result") or {}).get("mismatches") or ()
    return [
        Mismatch(
            str(row["path"]).removeprefix(ITEMS),
            "on the server",
            str(row.get("expected") or ""),
            str(row.get("found") or ""),
        )
        for row in found
    ]


def _mismatch(found: Mismatch) -> dict[str, str]:
    return {"path": found.path, "file": found.file, "expected": found.expected, "found": found.found}
