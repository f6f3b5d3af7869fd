"""git over smart HTTP, to clone and fetch what is published; it only reads."""

from typing import Any, BinaryIO, cast

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase

from lode_datasets import git, repositories
from lode_datasets.models import Dataset
from lode_datasets.views.tool_access import plain, tool_view


@tool_view("GET")
def git_refs(request: HttpRequest, dataset: Dataset) -> HttpResponseBase:
    """``info/refs``: what there is to fetch."""
    service = request.GET.get("service", "")
    if service == "git-receive-pack":
        return plain("This repository only reads; versions are published on the server.", 403)
    if service != "git-upload-pack":
        return plain("Only git's smart HTTP protocol is spoken here.", 403)
    with repositories.published(dataset) as repo:
        body = git.advertise(repo)
    response = HttpResponse(body, content_type="application/x-git-upload-pack-advertisement")
    response["Content-Length"] = str(len(body))
    response["Cache-Control"] = "no-cache, max-age=0, must-revalidate"
    return response


@tool_view("POST")
def git_upload_pack(request: HttpRequest, dataset: Dataset) -> HttpResponseBase:
    """``git-upload-pack``: the objects that the client lacks."""
    gzipped = request.headers.get("Content-Encoding", "") == "gzip"
    with repositories.published(dataset) as repo:
        try:
            answer = git.upload_pack(repo, cast(BinaryIO, _Body(request)), gzipped=gzipped)
        except git.BadGitRequest as error:
            return plain(str(error), 400)
    response = FileResponse(answer, content_type="application/x-git-upload-pack-result")
    response["Content-Length"] = str(answer.seek(0, 2))
    answer.seek(0)
    response["Cache-Control"] = "no-cache, max-age=0, must-revalidate"
    return response


@tool_view("POST")
def git_receive_pack(request: HttpRequest, dataset: Dataset) -> HttpResponseBase:
    """Refused: versions are published on the server."""
    return plain("This repository only reads; versions are published on the server.", 403)


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
