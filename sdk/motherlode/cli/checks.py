"""The verb that a build runs before it trains: check."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from motherlode.checking import Checked, check
from motherlode.cli.out import NOT_PULLED, NOT_VERIFIED, STALE, YANKED, Out, Verbs, add_verb, count
from motherlode.errors import Mismatch
from motherlode.lock import LOCK_FILE, find_lock

__all__ = ["add_verbs"]

CODES = {NOT_VERIFIED: "not_verified", NOT_PULLED: "not_pulled", YANKED: "yanked", STALE: "stale"}
"""What can be wrong, the gravest first: where several things are, the exit code is that of the first."""


def add_verbs(verbs: Verbs) -> None:
    """check."""
    verb = add_verb(
        verbs, "check", check_lock, "say whether what the lock pins is here, as published, and still stands"
    )
    verb.add_argument("--lock", type=Path, help=f"the lock file (default: the nearest {LOCK_FILE})")
    verb.add_argument("--split", help="only this split")
    either = verb.add_mutually_exclusive_group()
    either.add_argument("--frozen", action="store_true", help="ask no server: look at the lock and this machine alone")
    either.add_argument(
        "--stale", action="store_true", help="fail, too, where the pinned alias, or latest, names another version"
    )


def check_lock(arguments: Namespace, out: Out) -> int:
    """Say what is found of each pin; the exit code is that of the gravest."""
    found = check(
        lock=arguments.lock,
        split=arguments.split,
        frozen=arguments.frozen,
        client=lambda pin: arguments.connect(pin.server, project=pin.project),
    )
    codes = [code for one in found for code in _codes(one, arguments.stale)]
    worst = next((code for code in CODES if code in codes), 0)
    out.answer(
        {
            "lock": str(arguments.lock or find_lock()),
            "frozen": arguments.frozen,
            "code": CODES.get(worst, "ok"),
            "pins": [_json(one, arguments.stale) for one in found],
        }
    )
    for one in found:
        for line in _lines(one):
            out.say(f"{one.pin.name}: {line}")
    return worst


def _codes(one: Checked, stale: bool) -> list[int]:
    wrong = {NOT_VERIFIED: one.wrong, NOT_PULLED: one.missing, YANKED: one.yanked, STALE: stale and one.newer}
    return [code for code in CODES if wrong[code]]


def _lines(one: Checked) -> list[str]:
    lines = []
    if one.wrong:
        lines.append(f"not verified: {count(len(one.wrong), 'file')} not as published; `lode pull --repair`")
        lines += [f"  {mismatch}" for mismatch in one.wrong[:10]]
    if one.missing:
        lines.append(f"not pulled: {count(one.missing, 'file')} not on this machine; `lode pull`")
    if one.is_verified:
        lines.append(f"pulled and verified, {count(one.items, 'item')}")
    if one.yanked:
        lines.append(f"yanked: {one.yanked}; `lode pin --update`, or pin another version")
    if one.newer:
        named = f"{one.pin.dataset}@{one.pin.alias or 'latest'}"
        lines.append(f"{named} is v{one.newer} now; `lode pin --update --dry-run` says what differs")
    return lines


def _json(one: Checked, stale: bool) -> dict[str, Any]:
    yanked = one.yanked
    return {
        "name": one.table,
        "version": one.pin.name,
        "digest": one.pin.digest,
        "alias": one.pin.alias,
        "items": one.items,
        "missing": one.missing,
        "verified": one.is_verified,
        "wrong": [_wrong(mismatch) for mismatch in one.wrong],
        "yanked": {"reason": yanked.reason, "by": yanked.by, "at": yanked.at} if yanked else None,
        "newer": one.newer,
        "codes": [CODES[code] for code in _codes(one, stale)],
    }


def _wrong(found: Mismatch) -> dict[str, str]:
    return {"path": found.path, "file": found.file, "expected": found.expected, "found": found.found}
