"""A project fetched from a Label Studio server into a folder, through its own client, as an export with all beside it.

What an export lacks is there: config, people, and predictions with what they say. A page of tasks, and a file of media,
that is on disk is not asked for again, so a fetch that broke off goes on; one that was finished begins from the start,
since the project may have changed. Media of other hosts is not fetched.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from motherlode.errors import BadInput, NotConfigured, Unreachable
from motherlode.label_studio.files import named_by
from motherlode.paths import UnsafePath, check_path

__all__ = ["fetch", "folder_of"]

PAGE = 100
PAGES, DONE = "pages", "done"


def folder_of(root: Path, url: str, number: int) -> Path:
    """Where below a cache's `root` a project is fetched into."""
    return root / "label-studio" / f"{sha256(url.rstrip('/').encode()).hexdigest()[:16]}-{number}"


def fetch(url: str, number: int, folder: Path, key: str, say: Callable[[str], None]) -> None:
    """Fetch a project. Raises `NotConfigured` without label-studio-sdk, `BadInput` for what the server refuses and
    `Unreachable` where it cannot be reached."""
    try:
        from label_studio_sdk import LabelStudio
        from label_studio_sdk.core.api_error import ApiError
    except ImportError:
        raise NotConfigured(
            "a Label Studio server is spoken to through its own client: install label-studio-sdk"
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / DONE).exists():
        shutil.rmtree(folder / PAGES, ignore_errors=True)
        (folder / DONE).unlink()
    try:
        client: Any = LabelStudio(base_url=url, api_key=key)  # type: ignore[no-untyped-call]
        project = _plain(client.projects.get(id=number))
        _keep(folder / "project.json", project)
        _keep(folder / "users.json", [_plain(user) for user in client.users.list()])
        say(f"fetching {project.get('title')!r}: {project.get('task_number') or 0:,} tasks")
        _fetch_pages(client, number, folder / PAGES)
        headers = client._client_wrapper.get_headers()
    except ApiError as error:
        what = "no such project, or none that the key may see" if error.status_code == 404 else "the key is refused"
        said = what if error.status_code in (401, 403, 404) else f"it answers {error.status_code}"
        raise BadInput(f"Label Studio at {url}, project {number}: {said}") from None
    except httpx.HTTPError as error:
        raise Unreachable(f"Label Studio at {url} cannot be reached: {error}") from None
    _join(folder)
    _fetch_media(url, folder, str(headers.get("Authorization", "")), say)
    (folder / DONE).touch()


def _plain(thing: Any) -> dict[str, Any]:
    """What the client gives as plain JSON."""
    found: dict[str, Any] = json.loads(thing.json() if hasattr(thing, "json") else json.dumps(thing, default=str))
    return found


def _keep(file: Path, value: Any) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    os.replace(part, file)


def _fetch_pages(client: Any, number: int, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    there = len(list(folder.glob("*.json")))
    for at, page in enumerate(_pages(client, number, there + 1), start=there + 1):
        _keep(folder / f"{at:06}.json", [_plain(task) for task in page])


def _pages(client: Any, number: int, first: int) -> Iterator[list[Any]]:
    """Pages from the `first` on; one beyond the last is answered as not found, and is not asked for where it shows."""
    from label_studio_sdk.core.api_error import ApiError

    for at in count(first):
        try:
            rows = client.tasks.list(project=number, page=at, page_size=PAGE, fields="all").items or []
        except ApiError as error:
            if at == 1 or error.status_code != 404:
                raise
            return
        if rows:
            yield rows
        if len(rows) < PAGE:
            return


def _join(folder: Path) -> None:
    """The pages as one export."""
    with (folder / "export.part").open("w", encoding="utf-8") as out:
        out.write("[")
        first = True
        for page in sorted((folder / PAGES).glob("*.json")):
            for task in json.loads(page.read_text(encoding="utf-8")):
                out.write(("" if first else ",\n") + json.dumps(task, ensure_ascii=False))
                first = False
        out.write("]\n")
    os.replace(folder / "export.part", folder / "export.json")
    shutil.rmtree(folder / PAGES)


def _fetch_media(url: str, folder: Path, authorization: str, say: Callable[[str], None]) -> None:
    origin = urlsplit(url)
    away = 0
    with httpx.Client(headers={"Authorization": authorization}, timeout=60) as client:
        for said in _addresses(folder / "export.json"):
            address = urlsplit(urljoin(url.rstrip("/") + "/", said))
            if (address.scheme, address.netloc) != (origin.scheme, origin.netloc):
                away += 1
                continue
            try:
                file = folder / "media" / check_path(named_by(said))
            except UnsafePath:
                continue
            if not file.exists():
                _fetch_file(client, address.geturl(), file)
    if away:
        say(f"{away:,} files lie on other hosts and were not fetched; put them below {folder / 'media'}")


def _addresses(export: Path) -> Iterator[str]:
    for task in json.loads(export.read_text(encoding="utf-8")):
        for said in task.get("data", {}).values():
            if isinstance(said, str) and (said.startswith("/data/") or "://" in said[:12]):
                yield said


def _fetch_file(client: httpx.Client, address: str, file: Path) -> None:
    """One file, whole or not at all; one that is not to be had is missed when it is looked for."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    try:
        with client.stream("GET", address) as answer:
            if answer.status_code != 200:
                return
            with part.open("wb") as out:
                for piece in answer.iter_bytes():
                    out.write(piece)
        os.replace(part, file)
    except httpx.HTTPError as error:
        raise Unreachable(f"{address} cannot be fetched: {error}") from None
    finally:
        part.unlink(missing_ok=True)
