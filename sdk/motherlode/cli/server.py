"""Verbs about the server and the person: login, status."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from motherlode.cache import Cache
from motherlode.cli.out import Out, Verbs, add_verb, client_of
from motherlode.credentials import Credentials, find_credentials, save_credentials
from motherlode.errors import BadInput, MotherlodeError
from motherlode.lock import find_lock, read_lock

if TYPE_CHECKING:
    pass

__all__ = ["add_verbs"]


def add_verbs(verbs: Verbs) -> None:
    """login, status."""
    verb = add_verb(verbs, "login", login, "keep a server's address and your token for it")
    verb.add_argument("address", metavar="URL", help="the server's address, such as http://127.0.0.1:8000")
    verb.add_argument("--token", "-t", help="an API token, made on the Settings page (default: asked for)")
    add_verb(verbs, "status", status, "say which server, person, pins and cache are in use")


def login(arguments: Namespace, out: Out) -> None:
    """Try the token, then keep it."""
    token = arguments.token
    if not token and sys.stdin.isatty():
        token = getpass.getpass(f"Token for {arguments.address}: ")
    if not token:
        raise BadInput("no token is given: make one on the Settings page, then lode login URL --token T")
    with arguments.connect(arguments.address, token, project=arguments.project) as client:
        me = client.me()
        project = str(arguments.project or me.get("project") or "")
        path = save_credentials(Credentials(client.url, token, project))
        out.answer(
            {"url": client.url, "user": me["user"], "project": project, "role": me.get("role"), "file": str(path)}
        )
        where = f", project {project} as {me.get('role')}" if project else ""
        out.say(f"Logged in to {client.url} as {me['user']['username']}{where}. Kept in {path}.")


def status(arguments: Namespace, out: Out) -> int:
    """Everything that decides what the other verbs do; exit code 1 where the server does not know us."""
    lock = find_lock()
    pins = read_lock(lock) if lock else {}
    answer: dict[str, Any] = {
        "url": None,
        "user": None,
        "project": None,
        "lock": str(lock) if lock else None,
        "pins": {name: {"version": pin.name, "digest": pin.digest, "server": pin.server} for name, pin in pins.items()},
        "cache": str(Cache().root),
    }
    try:
        credentials = find_credentials(arguments.url, None, arguments.project)
        answer["url"], answer["project"] = credentials.url, credentials.project or None
        with client_of(arguments) as client:
            me = client.me()
        answer |= {"user": me["user"], "project": answer["project"] or me.get("project"), "role": me.get("role")}
        out.say(f"Server   {credentials.url}, as {me['user']['username']}")
        if answer["project"]:
            out.say(f"Project  {answer['project']}" + (f", role {me['role']}" if me.get("role") else ""))
    except MotherlodeError as error:
        answer["error"] = str(error)
        out.say(f"Server   {answer['url'] or 'none'}: {error}")
    out.say(f"Cache    {answer['cache']}")
    out.say(f"Lock     {lock}" if lock else "Lock     none here; `lode pin DATASET@v1` writes one")
    out.table([(name, pin.name, pin.digest[:19], pin.server) for name, pin in pins.items()], _HEAD)
    out.answer(answer)
    return 1 if "error" in answer else 0


_HEAD = ("pin", "version", "digest", "server")
