"""Verbs about items and versions of them: items, publish, versions, diff."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

from motherlode import listing
from motherlode.cli.checking import ALL, look, run_of, say_run
from motherlode.cli.out import GATE_CLOSED, Out, Verbs, add_verb, again, client_of, count
from motherlode.differences import as_markdown, in_words
from motherlode.errors import BadInput, GateClosed
from motherlode.publishing import ask
from motherlode.versions import dataset_path, parse_name

__all__ = ["add_verbs"]


def add_verbs(verbs: Verbs) -> None:
    """items, publish, versions, diff."""
    verb = add_verb(verbs, "items", items, "list the items that a query finds")
    verb.add_argument("query", nargs="?", default="", help='such as "class:RBC and not split:test"; all without one')
    verb.add_argument("--limit", type=int, default=0, metavar="N", help="the first N alone")
    verb = add_verb(verbs, "publish", publish, "make a version of a dataset as it stands")
    verb.add_argument("dataset", help="its name: cells")
    verb.add_argument("--message", "-m", default="", help="why")
    verb.add_argument(
        "--metadata",
        metavar="FIELDS",
        help='fields of the items that it carries, and those after it: site,taken; "" for none',
    )
    verb.add_argument("--dry-run", action="store_true", help="say what checks find, and publish nothing")
    verb.add_argument(
        "--checks", metavar="NAMES", help=f"of a dry run: these alone, also such as are off; {ALL!r} for every one"
    )
    verb = add_verb(verbs, "versions", versions, "list a dataset's versions")
    verb.add_argument("dataset", help="its name: cells")
    verb = add_verb(verbs, "diff", diff, "say what changed between two versions")
    verb.add_argument("old", help="cells@v1")
    verb.add_argument("new", help="cells@v2, or v2")
    verb.add_argument("--markdown", action="store_true", help="as Markdown, for a pull request")


def items(arguments: Namespace, out: Out) -> None:
    """In the order they came."""
    with client_of(arguments) as client:
        found = listing.items(arguments.query, client=client)
        rows = list(islice(found, arguments.limit) if arguments.limit > 0 else found)
    out.answer([{**asdict(row), "created_at": row.created_at.isoformat()} for row in rows])
    lines = [
        (row.path, f"{row.width} x {row.height}" if row.width else f"{row.length}", row.group, row.uuid) for row in rows
    ]
    out.table(lines, ("path", "size", "group", "id"))
    out.say(count(len(rows), "item"))


def publish(arguments: Namespace, out: Out) -> int:
    """Ask for it, wait for the job, and say what it is and what checks found; `GATE_CLOSED` where they stop it. A
    dry run has them look, and publishes nothing."""
    if arguments.dry_run:
        return look(arguments, out)
    if arguments.checks:
        raise BadInput("--checks names those that a dry run looks by: add --dry-run")
    name = parse_name(arguments.dataset)
    with client_of(arguments, name.project) as client:
        fields = arguments.metadata
        chosen = None if fields is None else [field.strip() for field in fields.split(",") if field.strip()]
        try:
            version, unchanged = ask(client, name, arguments.message, chosen)
        except GateClosed as error:
            say_run(out, run_of(client, name))
            return out.fail(str(error), "gate_closed", GATE_CLOSED)
        run = None if unchanged or out.as_json else run_of(client, name, int(version["version"]))
    out.answer({**version, "unchanged": unchanged})
    head = f"{version['dataset']}@v{version['version']}"
    if unchanged:
        yanked = version.get("yanked")
        out.say(f"Nothing changed since {head}; {_yanked(yanked) if yanked else 'it stays the latest'}.")
    else:
        out.say(f"Published {head}: {_splits(version.get('splits') or {})}")
    if version.get("metadata"):
        out.say(f"  fields  {', '.join(f'{field} ({kind})' for field, kind in version['metadata'].items())}")
    out.say(f"  digest  {version['digest']}")
    out.say(f"  commit  {version['commit']}")
    if version.get("url"):
        out.say(f"  page    {version['url']}")
    say_run(out, run)
    out.say(f"Next: lode pin {again(arguments, name.project, head)}")
    return 0


def _splits(splits: Mapping[str, Any]) -> str:
    total = sum(int(items) for items in splits.values())
    return f"{count(total, 'item')} ({', '.join(f'{name} {items:,}' for name, items in splits.items())})"


def versions(arguments: Namespace, out: Out) -> None:
    """The newest first."""
    name = parse_name(arguments.dataset)
    with client_of(arguments, name.project) as client:
        rows = sorted(client.pages(f"{dataset_path(client, name)}/versions"), key=lambda row: -int(row["version"]))
    out.answer(rows)
    if not rows:
        named = again(arguments, name.project, name.dataset)
        out.say(f'{name.dataset} has no version yet: lode publish {named} -m "why"')
    lines = [
        (
            f"{row['dataset']}@v{row['version']}",
            sum(int(items) for items in (row.get("splits") or {}).values()),
            " ".join(f"{split}={items}" for split, items in (row.get("splits") or {}).items()),
            str(row["digest"])[:19],
            str(row.get("created_at") or "")[:16].replace("T", " "),
            "; ".join(filter(None, (row.get("message"), row.get("yanked") and _yanked(row["yanked"])))),
        )
        for row in rows
    ]
    out.table(lines, ("version", "items", "splits", "digest", "made", "why"))


def _yanked(said: Mapping[str, Any]) -> str:
    return f"yanked by {said['by']}: {said['reason']}"


def diff(arguments: Namespace, out: Out) -> None:
    """From the old to the new."""
    old = parse_name(arguments.old)
    text = arguments.new
    new = parse_name(text if "@" in text else f"{old.dataset}@{text}")
    if (old.dataset, old.project) != (new.dataset, new.project or old.project):
        raise BadInput("versions of one dataset are compared: lode diff cells@v1 cells@v2")
    with client_of(arguments, old.project) as client:
        path = dataset_path(client, old)
        a, b = (client.get(f"{path}/versions/{_which(part.version)}")["version"] for part in (old, new))
        answer = client.get(f"{path}/diff/{a}/{b}")
        page = f"{client.get(path)['url']}diff/{a}/{b}/" if arguments.markdown else ""
    out.answer(answer)
    if arguments.markdown:
        names = {"before": f"{old.dataset}@v{a}", "after": f"{old.dataset}@v{b}"}
        out.say(as_markdown(answer, answer["results"], **names, page=page))
        return
    out.say(f"{old.dataset}@v{a} -> v{b}")
    for line in in_words(answer) or ["nothing differs"]:
        out.say(f"  {line}")


def _which(version: str) -> str:
    return version[1:] if version[1:].isdigit() and version.startswith("v") else version or "latest"
