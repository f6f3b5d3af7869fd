"""Which server to speak to, and with which token: given, from the environment, or from `lode login`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from motherlode.errors import NotConfigured

__all__ = ["Credentials", "credentials_file", "find_credentials", "save_credentials"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A server's address (no trailing slash), the token for it, and the project meant where none is named."""

    url: str
    token: str
    project: str = ""


def credentials_file() -> Path:
    """Where `lode login` keeps its answer, readable by its owner alone."""
    if os.name == "nt":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "motherlode" / "credentials.json"


def save_credentials(credentials: Credentials) -> Path:
    """Keep what `lode login` was told; the file is 0600 from its first byte."""
    path = credentials_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    row = {"url": credentials.url, "token": credentials.token, "project": credentials.project}
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(row, stream, indent=1)
    os.replace(part, path)
    return path


def find_credentials(url: str | None = None, token: str | None = None, project: str | None = None) -> Credentials:
    """Arguments first, then MOTHERLODE_URL, MOTHERLODE_TOKEN and MOTHERLODE_PROJECT, then `lode login`.

    A token is sent to no other server than the one it is for: that of MOTHERLODE_URL or of `lode login`. A lock file
    names a server too, and comes with code that others wrote. Raises `NotConfigured`.
    """
    saved = _saved()
    named = os.environ.get("MOTHERLODE_URL", "").rstrip("/")
    url = (url or named or saved.url).rstrip("/")
    if not url:
        raise NotConfigured("no server is known: run `lode login URL --token T`, or set MOTHERLODE_URL and _TOKEN")
    if not url.startswith(("http://", "https://")):
        raise NotConfigured(f"the server's address {url!r} does not start with http:// or https://")
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise NotConfigured(f"the server's address {url!r} cannot be read ({error})") from None
    same = saved.url == url
    of_environment = os.environ.get("MOTHERLODE_TOKEN", "")
    token = token or (of_environment if url == named else "") or (saved.token if same else "")
    if not token and of_environment:
        why = f"MOTHERLODE_TOKEN is for {named}" if named else "MOTHERLODE_URL is not set beside MOTHERLODE_TOKEN"
        raise NotConfigured(f"{why}, so the token is not sent to {url}: set MOTHERLODE_URL={url} if it should be")
    if not token:
        raise NotConfigured(f"no token is known for {url}: run `lode login {url} --token T`, or set MOTHERLODE_TOKEN")
    if not (token.isascii() and token.isprintable()):
        raise NotConfigured(f"the token for {url} holds what no token holds: copy it again from the Settings page")
    return Credentials(url, token, project or os.environ.get("MOTHERLODE_PROJECT") or (saved.project if same else ""))


def _saved() -> Credentials:
    try:
        row = json.loads(credentials_file().read_text(encoding="utf-8"))
        return Credentials(str(row["url"]).rstrip("/"), str(row["token"]), str(row.get("project", "")))
    except FileNotFoundError:
        return Credentials("", "")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise NotConfigured(f"{credentials_file()} cannot be read ({error}); run `lode login` again") from None
