"""Which item each incoming task means: one of the project, a text that it is itself, or a file of the web."""

import re
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import md5, sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from django.conf import settings

from lode_annotation.ls.tasks import field_of, own_folder
from lode_annotation.models import LabelStudioProject
from lode_platform import free_json, outgoing
from lode_platform.among import among
from lode_platform.errors import BadInput, LodeError
from lode_platform.items import ItemSpec
from lode_platform.models import Item, Project
from lode_platform.store import store
from motherlode.media import MEDIA, BadMedia, Media
from motherlode.paths import UnsafePath, check_path, fold

MOST_FETCHED = 200
MOST_FETCHED_BYTES = 64 << 20
ALL_FETCHED_BYTES = 1 << 30
FETCH_SECONDS, ALL_FETCH_SECONDS = 30.0, 120.0
FETCHING = 4  # at once
_UPLOADED = re.compile(r"/data/upload/([0-9]{1,18})/(.+)")
_MEDIA = re.compile(r"/media/([0-9a-f-]{32,36})/?")
_PREFIX = re.compile(r"/ls(?:/[a-z0-9][a-z0-9_-]*)?(?=/data/)")
_ODD = re.compile(r"[^-\w.]+")


@dataclass(frozen=True)
class Meant:
    """What a task is about: the ``path`` of its item, and the bytes of it that are new (``spec``)."""

    path: str
    spec: ItemSpec | None = None


def told(place: int, field: str, why: str, code: str = "bad_task") -> BadInput:
    """The refusal of an incoming task, by its place from 0 on and what of it is wrong."""
    where = f"tasks[{place}]" + (f".{field}" if field else "")
    return BadInput(f"{where}: {why}", code=code, field=where)


def cleaned(name: str) -> str:
    """A file's name as part of a path."""
    return _ODD.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip("._")[-80:] or "file"


def meant(
    door: LabelStudioProject,
    kind: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    hosts: Sequence[str],
    sent: Sequence[ItemSpec],
) -> list[Meant]:
    """The item of each of these data objects, in their order. ``hosts`` are our own addresses, under which a client may
    name what it was given; ``sent`` are files that come with the tasks. Raises ``BadInput`` naming the task and what to
    do."""
    field, medium = field_of(door, kind), MEDIA[kind]
    for place, data in enumerate(rows):
        if data.get(field) in (None, "") or not (medium.inline or isinstance(data[field], str)):
            has = ", ".join(sorted(data)[:10]) or "nothing"
            asks = medium.one if medium.inline else "a text"
            raise told(place, f"data.{field}", f"the labeling config asks about ${field}, {asks}; the data has {has}")
    if medium.inline:
        return _inline(door, rows, field, medium)
    return _files(door, field, rows, hosts, {fold(spec.path): spec for spec in sent})


def _digest(data: Mapping[str, Any]) -> str:
    """What tells a task from others: its whole data, so that two with the same text are two."""
    return sha256(free_json.dumps(data, sort=True)).hexdigest()[:16]


def _inline(
    door: LabelStudioProject, rows: Sequence[Mapping[str, Any]], field: str, medium: type[Media]
) -> list[Meant]:
    contents = []
    for place, data in enumerate(rows):
        try:
            contents.append(medium.from_data(data[field]))
        except BadMedia as error:
            raise told(place, f"data.{field}", f"it {error}") from None
    store().add_many(contents)
    return [
        _new(f"{own_folder(door)}{_digest(data)}{min(medium.suffixes)}", content)
        for data, content in zip(rows, contents, strict=True)
    ]


def _new(path: str, content: bytes) -> Meant:
    named = md5(content, usedforsecurity=False).hexdigest(), sha256(content).hexdigest()
    return Meant(path, ItemSpec(path, *named))


def _files(
    door: LabelStudioProject,
    field: str,
    rows: Sequence[Mapping[str, Any]],
    hosts: Sequence[str],
    sent: Mapping[str, ItemSpec],
) -> list[Meant]:
    project = door.queue.project
    found: dict[int, str] = {}
    uuids: dict[int, UUID] = {}
    web: dict[int, str] = {}
    for place, data in enumerate(rows):
        said = _without_host(data[field], hosts)
        if match := _MEDIA.fullmatch(said):
            uuids[place] = _uuid(place, field, match[1])
        elif said.startswith(("http://", "https://")):
            web[place] = f"{own_folder(door)}{_digest(data)}-{cleaned(unquote(urlsplit_path(said)))}"
        else:
            found[place] = _path(door, place, field, said)
    found |= _by_uuid(project, field, uuids)
    folded = {place: _folded(place, field, path) for place, path in {**found, **web}.items()}
    there = _live(project, folded.values())
    for place, path in found.items():
        if folded[place] not in there and folded[place] not in sent:
            why = f"the project {project.name} has no item {path[:200]!r}; bring it in with `lode import`, or send"
            raise told(place, f"data.{field}", f"{why} the file itself to this address", "unknown_item")
    missing = {place: path for place, path in web.items() if folded[place] not in there}
    new = _fetched({place: (path, _without_host(rows[place][field], hosts)) for place, path in missing.items()}, field)
    new |= {place: Meant(sent[key].path, sent[key]) for place, key in folded.items() if key in sent}
    return [new.get(place) or Meant(there[folded[place]]) for place in range(len(rows))]


def urlsplit_path(address: str) -> str:
    """The path of an address, "" of what is none."""
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def _without_host(said: str, hosts: Sequence[str]) -> str:
    """An address below one of ours by its path alone."""
    for host in hosts:
        if said.startswith(f"{host}/"):
            said = said[len(host) :]
            break
    return _PREFIX.sub("", said, count=1)


def _uuid(place: int, field: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise told(place, f"data.{field}", f"{text!r} is not the uuid of an item") from None


def _path(door: LabelStudioProject, place: int, field: str, said: str) -> str:
    """The path that an address of ours, or a path, means."""
    if match := _UPLOADED.fullmatch(said):
        return unquote(match[2])
    if said.startswith("/data/local-files"):
        local = parse_qs(said.partition("?")[2]).get("d")
        if not local:
            raise told(place, f"data.{field}", "the address names no file: write /data/local-files/?d=PATH")
        return local[0]
    if re.match(r"[a-z][a-z0-9+.-]*:", said):
        why = f"{said.partition(':')[0][:20]}: addresses are not read here; bring the files in with `lode import`"
        raise told(place, f"data.{field}", f"{why} and name them by their paths, or give http(s) addresses")
    return said


def _folded(place: int, field: str, path: str) -> str:
    try:
        return fold(check_path(path))
    except UnsafePath as error:
        raise told(place, f"data.{field}", f"{path[:200]!r} is not the path of an item: it {error.reason}") from None


def _live(project: Project, folded: Collection[str]) -> dict[str, str]:
    rows = Item.objects.live().filter(among("path_fold", set(folded)), project=project)
    return dict(rows.values_list("path_fold", "path"))


def _by_uuid(project: Project, field: str, uuids: Mapping[int, UUID]) -> dict[int, str]:
    if not uuids:
        return {}
    rows = Item.objects.live().filter(among("uuid", set(uuids.values())), project=project)
    paths = dict(rows.values_list("uuid", "path"))
    for place, uuid in uuids.items():
        if uuid not in paths:
            raise told(place, f"data.{field}", f"the project {project.name} has no item {uuid}", "unknown_item")
    return {place: paths[uuid] for place, uuid in uuids.items()}


def _fetched(wanted: Mapping[int, tuple[str, str]], field: str) -> dict[int, Meant]:
    """What lies at addresses of the web, by the task's place: in the store, each address asked once."""
    addresses = list(dict.fromkeys(address for _, address in wanted.values()))
    if len(addresses) > MOST_FETCHED:
        raise BadInput(
            f"{len(addresses):,} files lie elsewhere in the web, and at most {MOST_FETCHED} are fetched at a time: send"
            " fewer tasks at once, or bring the files in with `lode import` and name them by their paths.",
            code="too_many",
            field="tasks",
        )
    if not addresses:
        return {}
    first = {address: place for place, (_, address) in reversed(list(wanted.items()))}
    until = time.monotonic() + ALL_FETCH_SECONDS
    hashes: dict[str, tuple[str, str]] = {}
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder, ThreadPoolExecutor(FETCHING) as pool:
        files = [Path(folder) / str(number) for number in range(len(addresses))]
        answers = pool.map(lambda address, file: _fetch(address, file, until), addresses, files)
        size = 0
        try:
            for address, file, error in zip(addresses, files, answers, strict=True):
                size += file.stat().st_size if error is None else 0
                if error is None and size > ALL_FETCHED_BYTES:
                    error = f"together they are more than {ALL_FETCHED_BYTES >> 20} MiB; send fewer tasks at once"
                if error is not None:
                    raise told(first[address], f"data.{field}", error, "not_fetched")
                with file.open("rb") as source:
                    blob = store().add_stream(source)
                file.unlink()
                hashes[address] = blob.md5, blob.sha256
        finally:
            pool.shutdown(cancel_futures=True)
    return {place: Meant(path, ItemSpec(path, *hashes[address])) for place, (path, address) in wanted.items()}


def _fetch(address: str, file: Path, until: float) -> str | None:
    """Fetches a file; why it could not be, None where it was."""
    left = min(FETCH_SECONDS, until - time.monotonic())
    if left <= 0:
        return f"there was no time left for {address[:200]}: send fewer tasks at once"
    try:
        outgoing.check_address(address)
        with file.open("wb") as into:
            outgoing.fetch(address, into, seconds=left, most=min(MOST_FETCHED_BYTES, settings.MAX_UPLOAD_BYTES))
    except LodeError as error:
        return f"{error.message} Or bring the file in with `lode import` and name it by its path."
    return None
