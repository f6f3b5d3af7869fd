"""DVC's remote over HTTP; it only reads.

What is served is what a published version of this very dataset holds, asked of the rows.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, islice, takewhile
from os import SEEK_END
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
    lost = NotFound(f"No version of {found.name} holds {md5}{'.dir' if directory else ''}.")
    if not served:
        raise lost
    if request.method == "HEAD":
        size = files.size(md5, directory=directory)
        if size is None:
            raise lost
        response = HttpResponse(content_type="application/octet-stream")
        response["Content-Length"] = str(size)
        response["Accept-Ranges"] = "bytes"
        response["ETag"] = f'"{md5}"'
        return response
    try:
        file = files.open(md5, directory=directory)
    except NotFound:
        raise lost from None
    return ranged(request, file, file.seek(0, SEEK_END), md5, "application/octet-stream", md5, attach=True)


@plain_errors("POST")
def dvc_pack(request: HttpRequest, project: str, dataset: str) -> HttpResponseBase:
    """Many blobs in one answer: ``<md5> <length>`` and a newline, then the bytes, back to back in the order asked.

    The body is ``{"oids": [md5, ...]}``, at most 2,000 of them. What does not fit into 64 MiB is left out at the end,
    to be asked for again; the first is always sent. 404 names what no version of this dataset holds.
    """
    found = remote(request, project, dataset)
    oids = list(dict.fromkeys(_oids(request)))
    sizes = statements.held(found.dataset, oids)
    if missing := [oid for oid in oids if oid not in sizes]:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise NotFound(f"No version of {found.name} holds {missing[0]}{more}.")
    asked = [_Packed(oid, f"{oid} {sizes[oid]}\n".encode(), sizes[oid]) for oid in oids]
    sent = asked[: _first(asked, MAX_PACK)]
    small = store().read_many((blob.oid, blob.size) for blob in sent if blob.size <= CHUNK)
    held = list(islice(small, sum(blob.size <= CHUNK for blob in sent[: _first(sent, HELD)])))  # 404 for what is lost
    response = StreamingHttpResponse(_packed(sent, chain(held, small)), content_type="application/octet-stream")
    response["Content-Length"] = str(sum(len(blob.head) + blob.size for blob in sent))
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
    """A blob of a pack, and its line."""

    oid: str
    head: bytes
    size: int


def _first(blobs: Sequence[_Packed], most: int) -> int:
    """How many of the blobs, from the first on, are so many bytes: at least one."""
    total = accumulate(len(blob.head) + blob.size for blob in blobs)
    return max(1, sum(1 for _ in takewhile(lambda size: size <= most, total)))


def _packed(blobs: Sequence[_Packed], small: Iterator[bytes]) -> Iterator[bytes]:
    """Those of at most ``CHUNK`` come from ``small``, and are joined, so that thousands are not thousands of writes."""
    waiting: list[bytes] = []
    size = 0
    for oid, head, length in blobs:
        waiting.append(head)
        for data in [next(small)] if length <= CHUNK else _pieces(oid):
            waiting.append(data)
            size += len(data)
            if size >= CHUNK:
                yield b"".join(waiting)
                waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _pieces(oid: str) -> Iterator[bytes]:
    with store().open(oid) as file:
        while data := file.read(CHUNK):
            yield data
