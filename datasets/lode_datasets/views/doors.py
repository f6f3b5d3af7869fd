"""The two doors that stock tools use: git over smart HTTP and DVC's remote over HTTP; both only read.

Who comes is told by a token: git's password, DVC's ``X-Api-Token`` (or password), or ``Authorization: Bearer``. A
stranger finds nothing there (404), one without a token is asked for it (401). What is served is what a published
version of this very dataset holds, asked of the rows.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any, BinaryIO, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request

from lode_datasets import git, repositories, versions
from lode_datasets.models import Dataset
from lode_platform import access
from lode_platform.errors import BadInput, LodeError, NotFound
from lode_platform.models import User
from lode_platform.store import store
from lode_platform.tokens import BadToken, user_for_token
from lode_platform.views.media import ranged

MAX_OIDS = 2000
MAX_PACK = 64 << 20  # bytes of one answer; a client asks again for what did not fit
CHUNK = 1 << 18
_OID = re.compile(r"[0-9a-f]{32}\Z")

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Dataset, Rest], HttpResponseBase]
Door = Callable[Concatenate[HttpRequest, str, str, Rest], HttpResponseBase]


class NoToken(Exception):
    """Nobody in particular: the client is asked for a token, in these words."""

    def __init__(self, words: str = "Give an API token of Motherlode as the password.") -> None:
        super().__init__(words)


WRONG_TOKEN = (
    "The token is unknown, expired or revoked, or it was cut short: make a new one on the Settings page, and have git"
    " forget the old one (git credential reject, or the password in the address)."
)


def _plain(text: str, status: int) -> HttpResponse:
    response = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    response["Content-Length"] = str(len(response.content))
    response["Cache-Control"] = "no-store"
    return response


def _person(request: HttpRequest) -> User:
    """Whoever the token names. Raises ``NoToken``."""
    text = request.headers.get("X-Api-Token", "")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        text = given.strip()
    elif scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise NoToken from None
        text = password or name
    if not text:
        raise NoToken
    try:
        return user_for_token(text)
    except BadToken:
        raise NoToken(WRONG_TOKEN) from None


def door(*methods: str) -> Callable[[View[Rest]], Door[Rest]]:
    """Finds the person and the dataset before the view; errors become short plain answers of a stated length."""

    def dress(view: View[Rest]) -> Door[Rest]:
        @wraps(view)
        def opened(
            request: HttpRequest, project: str, dataset: str, *args: Rest.args, **kwargs: Rest.kwargs
        ) -> HttpResponseBase:
            if request.method not in methods:
                response = _plain("This address only reads.", 405)
                response["Allow"] = ", ".join(methods)
                return response
            try:
                user = _person(request)
                home = access.project_for(user, project, "dataset.pull")
                found = Dataset.objects.visible_to(user).filter(project=home, name=dataset).first()
                if found is None:
                    raise NotFound(f"There is no dataset {dataset!r}.")
                found.project = home
                return view(request, found, *args, **kwargs)
            except NoToken as error:
                response = _plain(str(error), 401)
                response["WWW-Authenticate"] = 'Basic realm="Motherlode", charset="UTF-8"'
                return response
            except LodeError as error:
                return _plain(error.message, error.status)

        return cast(Door[Rest], csrf_exempt(login_not_required(opened)))

    return dress


@csrf_exempt
@login_not_required
def signpost(request: HttpRequest, project: str, dataset: str, kind: str) -> HttpResponse:
    """What is meant by an address that is almost a door's; it tells nobody what there is."""
    if kind == "git":
        return _plain(f"The address ends in .git: git clone .../git/{project}/{dataset}.git", 400)
    words = f"Here git and DVC read, not a browser: git clone .../git/{project}/{dataset}.git, then dvc pull."
    return _plain(words, 400)


# -- git -------------------------------------------------------------------------------------------------------------


@door("GET")
def git_refs(request: HttpRequest, dataset: Dataset) -> HttpResponseBase:
    """``info/refs``: what there is to fetch."""
    service = request.GET.get("service", "")
    if service == "git-receive-pack":
        return _plain("This repository only reads; versions are published on the server.", 403)
    if service != "git-upload-pack":
        return _plain("Only git's smart HTTP protocol is spoken here.", 403)
    with repositories.published(dataset) as repo:
        body = git.advertise(repo)
    response = HttpResponse(body, content_type="application/x-git-upload-pack-advertisement")
    response["Content-Length"] = str(len(body))
    response["Cache-Control"] = "no-cache, max-age=0, must-revalidate"
    return response


@door("POST")
def git_upload_pack(request: HttpRequest, dataset: Dataset) -> HttpResponseBase:
    """``git-upload-pack``: the objects that the client lacks."""
    gzipped = request.headers.get("Content-Encoding", "") == "gzip"
    with repositories.published(dataset) as repo:
        try:
            answer = git.upload_pack(repo, cast(BinaryIO, _Body(request)), gzipped=gzipped)
        except git.BadGitRequest as error:
            return _plain(str(error), 400)
    response = FileResponse(answer, content_type="application/x-git-upload-pack-result")
    response["Content-Length"] = str(answer.seek(0, 2))
    answer.seek(0)
    response["Cache-Control"] = "no-cache, max-age=0, must-revalidate"
    return response


@door("POST")
def git_receive_pack(request: HttpRequest, dataset: Dataset) -> HttpResponseBase:
    """Refused: versions are published on the server."""
    return _plain("This repository only reads; versions are published on the server.", 403)


class _Body:
    """The request's body as the server hands it over: Django reads none of a body sent in chunks."""

    def __init__(self, request: HttpRequest) -> None:
        self.source: Any = request.META["wsgi.input"]
        length = request.META.get("CONTENT_LENGTH") or ""
        chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
        self.left: int | None = int(length) if length.isdigit() else None if chunked else 0

    def read(self, size: int = -1) -> bytes:
        if self.left is not None:
            size = self.left if size < 0 else min(size, self.left)
        data = cast(bytes, self.source.read(size)) if size else b""
        if self.left is not None:
            self.left -= len(data)
        return data


# -- DVC -------------------------------------------------------------------------------------------------------------


@door("GET", "HEAD")
def dvc_object(request: HttpRequest, dataset: Dataset, first: str, rest: str) -> HttpResponseBase:
    """``files/md5/xx/yyyy``: a blob or a ``.dir`` that a published version of this dataset holds."""
    md5, directory = (first + rest).removesuffix(".dir"), rest.endswith(".dir")
    served = versions.dir_held(dataset, f"{md5}.dir") if directory else versions.blobs_held(dataset, [md5]).exists()
    size = store().size(md5, directory=directory) if served else None
    if size is None:
        raise NotFound(f"No version of {dataset.name} holds {md5}{'.dir' if directory else ''}.")
    if request.method == "HEAD":
        response = HttpResponse(content_type="application/octet-stream")
        response["Content-Length"] = str(size)
        response["Accept-Ranges"] = "bytes"
        response["ETag"] = f'"{md5}"'
        return response
    file = store().open(md5, directory=directory)
    return ranged(cast(Request, request), file, size, md5, "application/octet-stream", md5, attach=True)


@door("POST")
def dvc_pack(request: HttpRequest, dataset: Dataset) -> HttpResponseBase:
    """Many blobs in one answer: ``<md5> <length>`` and a newline, then the bytes, back to back in the order asked.

    The body is ``{"oids": [md5, ...]}``, at most 2,000 of them. What does not fit into 64 MiB is left out at the end,
    to be asked for again; the first is always sent. 404 names what no version of this dataset holds.
    """
    oids = list(dict.fromkeys(_oids(request)))
    held = set(versions.blobs_held(dataset, oids).values_list("md5", flat=True))
    sizes = {oid: store().size(oid) for oid in oids if oid in held}
    missing = [oid for oid in oids if sizes.get(oid) is None]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise NotFound(f"No version of {dataset.name} holds {missing[0]}{more}.")
    total = 0
    some: list[tuple[str, bytes]] = []
    for oid in oids:
        size = sizes[oid] or 0
        if some and total + size > MAX_PACK:
            break
        head = f"{oid} {size}\n".encode()
        some.append((oid, head))
        total += len(head) + size
    response = StreamingHttpResponse(_packed(some), content_type="application/octet-stream")
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


def _packed(some: Sequence[tuple[str, bytes]]) -> Iterator[bytes]:
    """Small blobs are joined, so that thousands of them are not thousands of writes."""
    waiting: list[bytes] = []
    size = 0
    for oid, head in some:
        waiting.append(head)
        with store().open(oid) as file:
            while data := file.read(CHUNK):
                waiting.append(data)
                size += len(data)
                if size >= CHUNK:
                    yield b"".join(waiting)
                    waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
