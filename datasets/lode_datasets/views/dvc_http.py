"""DVC's remote over HTTP; it only reads.

What is served is what a published version of this very dataset holds, asked of the rows.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from lode_datasets import statements, versions
from lode_datasets.views.tool_access import plain_errors, remote
from lode_platform.errors import BadInput, NotFound
from lode_platform.ranges import ranged
from lode_platform.store import store

MAX_OIDS = 2000
MAX_PACK = 64 << 20  # bytes of one answer; a client asks again for what did not fit
HELD = 8 << 20  # bytes of it that are read at once, and held until they are sent
CHUNK = 1 << 18
_OID = re.compile(r"[0-9a-f]{32}\Z")


@plain_errors("GET", "HEAD")
def dvc_object(request: HttpRequest, project: str, dataset: str, first: str, rest: str) -> HttpResponseBase:
    """``files/md5/xx/yyyy``: a blob or a ``.dir`` that a published version of this dataset holds."""
    md5, directory = (first + rest).removesuffix(".dir"), rest.endswith(".dir")
    found = remote(request, project, dataset, "" if directory else md5)
    served = versions.dir_held(found.dataset, f"{md5}.dir") if directory else found.holds
    files = store()
    size = files.size(md5, directory=directory) if served else None
    if size is None:
        raise NotFound(f"No version of {found.name} holds {md5}{'.dir' if directory else ''}.")
    if request.method == "HEAD":
        response = HttpResponse(content_type="application/octet-stream")
        response["Content-Length"] = str(size)
        response["Accept-Ranges"] = "bytes"
        response["ETag"] = f'"{md5}"'
        return response
    file = files.open(md5, directory=directory)
    return ranged(request, file, size, md5, "application/octet-stream", md5, attach=True)


@plain_errors("POST")
def dvc_pack(request: HttpRequest, project: str, dataset: str) -> HttpResponseBase:
    """Many blobs in one answer: ``<md5> <length>`` and a newline, then the bytes, back to back in the order asked.

    The body is ``{"oids": [md5, ...]}``, at most 2,000 of them. What does not fit into 64 MiB is left out at the end,
    to be asked for again; the first is always sent. 404 names what no version of this dataset holds.
    """
    found, blobs = remote(request, project, dataset), store()
    oids = list(dict.fromkeys(_oids(request)))
    held = statements.held(found.dataset, oids)
    if missing := [oid for oid in oids if oid not in held]:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise NotFound(f"No version of {found.name} holds {missing[0]}{more}.")
    files: list[_Packed] = []
    total = 0
    for oid in oids:
        data = blobs.read(oid, CHUNK) if total < HELD else None
        size = len(data) if data is not None else blobs.size(oid)
        if size is None:
            raise NotFound(f"No version of {found.name} holds {oid}.")
        if files and total + size > MAX_PACK:
            break
        files.append(_Packed(oid, f"{oid} {size}\n".encode(), data))
        total += len(files[-1].head) + size
    response = StreamingHttpResponse(_packed(files), content_type="application/octet-stream")
    response["Content-Length"] = str(total)
    response["Cache-Control"] = "no-store"
    return response


def _oids(request: HttpRequest) -> list[str]:
    try:
        given = json.loads(request.body)["oids"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadInput('The body is {"oids": [md5, ...]}.') from None
    if not isinstance(given, list) or not all(isinstance(oid, str) and _OID.match(oid) for oid in given):
        raise BadInput("Each oid is an md5 of 32 lower-case hex digits.", code="bad_md5")
    if not 0 < len(given) <= MAX_OIDS:
        raise BadInput(f"Ask for 1 to {MAX_OIDS} oids at a time.", code="too_many")
    return given


class _Packed(NamedTuple):
    """A blob of a pack: its line, and its bytes where they were read already."""

    oid: str
    head: bytes
    data: bytes | None


def _packed(files: Sequence[_Packed]) -> Iterator[bytes]:
    """Small blobs are joined, so that thousands of them are not thousands of writes."""
    waiting: list[bytes] = []
    size = 0
    for oid, head, whole in files:
        waiting.append(head)
        if whole is not None:
            waiting.append(whole)
            size += len(whole)
            if size >= CHUNK:
                yield b"".join(waiting)
                waiting, size = [], 0
            continue
        with store().open(oid) as file:
            while data := file.read(CHUNK):
                waiting.append(data)
                size += len(data)
                if size >= CHUNK:
                    yield b"".join(waiting)
                    waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
