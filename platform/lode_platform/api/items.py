"""REST: bytes by digest, the items made of them, and the trash."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from lode_platform import access, free_json, item_packs, items, shell, uploads, zips
from lode_platform.api import shapes
from lode_platform.api.paging import PARAMETERS, page_of, paged, searched
from lode_platform.api.parsers import LargeJsonParser, StreamParser, refuse_form
from lode_platform.api.view import View
from lode_platform.errors import BadInput, LodeError, NotFound, TooLarge
from lode_platform.models import Item, ItemQuerySet, Project
from lode_platform.query import parse
from lode_platform.query_fields import compile_query
from lode_platform.searching import Search, within_few
from lode_platform.signed_in import caller, person

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class LengthRequired(LodeError):
    """The request does not say how long its body is."""

    status, code = 411, "length_required"


class Uploads(View):
    parser_classes = [LargeJsonParser]

    @extend_schema(operation_id="uploads", request=shapes.UploadsShape, responses=shapes.SendShape)
    def post(self, request: Request, project: str) -> Response:
        """Which of these files' bytes I must send; those that I sent before or see already are not asked for."""
        access.project_for(caller(request), project, "items.add")
        given = shapes.read(shapes.UploadsShape, request.data)
        send, problems = uploads.wanted(caller(request), [uploads.Offer(**offer) for offer in given["files"]])
        return Response({"send": send, "problems": [problem.as_json() for problem in problems]})


class Blobs(View):
    parser_classes = [StreamParser]

    @extend_schema(operation_id="blobs_pack", request=OpenApiTypes.BINARY, responses=shapes.PackShape)
    def post(self, request: Request, project: str) -> Response:
        """Sends many small files at once: ``<md5> <sha256> <size>``, a line feed, the bytes, back to back.

        At most 1,000 files and 64 MiB; each is stored or refused on its own.
        """
        access.project_for(caller(request), project, "items.add")
        files = uploads.read_pack(_pack(request))
        stored, problems = uploads.receive_pack(person(request), files)
        return Response({"stored": stored, "problems": problems})


class BlobBytes(View):
    parser_classes = [StreamParser]

    @extend_schema(
        operation_id="blob_put",
        request=OpenApiTypes.BINARY,
        parameters=[
            OpenApiParameter("X-Sha256", str, OpenApiParameter.HEADER, required=True),
            OpenApiParameter("Content-Range", str, OpenApiParameter.HEADER, description="a piece: bytes 0-999/5000"),
        ],
        responses={200: shapes.PartShape, 201: shapes.PartShape, 202: shapes.PartShape},
    )
    def put(self, request: Request, project: str, md5: str) -> Response:
        """Sends bytes: whole, or in pieces with ``Content-Range``. 201 new, 200 sent before, 202 more to come."""
        access.project_for(caller(request), project, "items.add")
        sha256 = request.headers.get("X-Sha256", "").lower()
        length = _length(request)
        chunks = _body(request)
        if piece := request.headers.get("Content-Range"):
            start, end, total = _piece(piece, length)
            offset, whole = uploads.receive_part(
                caller(request), md5, sha256, chunks, start=start, end=end, total=total
            )
            return Response({"offset": offset, "complete": whole}, status=201 if whole else 202)
        new = uploads.receive(person(request), md5, sha256, chunks, length)
        return Response({"offset": length, "complete": True}, status=201 if new else 200)

    @extend_schema(operation_id="blob_offset", responses={200: None})
    def head(self, request: Request, project: str, md5: str) -> Response:
        """How much of the file is here from me: headers ``Upload-Offset``, and ``Upload-Complete`` 1 or 0."""
        access.project_for(caller(request), project, "items.add")
        offset, whole = uploads.offset(caller(request), md5)
        return Response(headers={"Upload-Offset": str(offset), "Upload-Complete": str(int(whole))})


def _length(request: Request) -> int:
    refuse_form(request.content_type)
    length = request.headers.get("Content-Length", "")
    if not length.isascii() or not length.isdigit() or len(length) > 18:
        raise LengthRequired("Content-Length is required.")
    return int(length)


def _body(request: Request) -> Iterator[bytes]:
    stream = request._request
    while chunk := stream.read(1 << 20):
        yield chunk


def _piece(header: str, length: int) -> tuple[int, int, int]:
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if not match:
        raise BadInput("Content-Range is 'bytes FIRST-LAST/TOTAL'.", code="bad_range")
    first, last, total = (int(group) for group in match.groups())
    if last + 1 - first != length:
        raise BadInput("Content-Range and Content-Length do not agree.", code="bad_range")
    return first, last + 1, total


class FoundItems(View):
    @extend_schema(
        operation_id="items_found",
        parameters=[
            *PARAMETERS,
            OpenApiParameter("query", str, description="such as class:RBC and not split:test"),
            OpenApiParameter("project", str, description="where the token is not of one project"),
        ],
        responses=page_of(shapes.ItemShape),
    )
    def get(self, request: Request) -> Response:
        """The items that a query finds, in the order they came."""
        found = _project_meant(request)
        listed = found.items.live().select_related("blob").order_by("pk")
        compiled = compile_query(parse(request.query_params.get("query", "")), found, person(request))
        rows = listed.filter(compiled.condition) if compiled.condition else listed
        return _answer(request, found, listed, rows, compiled.sources)


def _project_meant(request: Request) -> Project:
    """That which the request names, or the only one that its person and token see."""
    name = request.query_params.get("project", "")
    if not name:
        names = list(Project.objects.visible_to(caller(request)).order_by("name").values_list("name", flat=True)[:2])
        if not names:
            raise NotFound("There is no project that you may see.")
        if len(names) > 1:
            raise BadInput("Say which project is meant: project=NAME.", field="project")
        (name,) = names
    return access.project_for(caller(request), name, "project.view")


def _answer(
    request: Request, project: Project, listed: ItemQuerySet, rows: ItemQuerySet, sources: Sequence[Any]
) -> Response:
    few = within_few(rows, sources)
    if few is not None or rows is listed:
        whole = listed if few is None else few
        return Response(paged(request, whole, shapes.item_json, newest_first=False))
    return Response(searched(request, Search(listed, rows, project.items.all()), shapes.item_json))


class Items(View):
    def query_names(self, request: Request) -> set[str]:
        """Those declared, and in the list a filter that another room has added."""
        filters = {known.name for known in shell.item_filters()} if request.method == "GET" else set()
        return {*super().query_names(request), *filters}

    @extend_schema(
        operation_id="items",
        parameters=[
            *PARAMETERS,
            OpenApiParameter("query", str, description="a query, such as class:RBC and not split:test"),
            OpenApiParameter("search", str, description="part of the path"),
            OpenApiParameter("path", str, description="the exact path"),
            OpenApiParameter("trash", bool, description="1: what lies in the trash instead"),
            *(
                OpenApiParameter(name, str, description="as on the page Items")
                for name in ("medium", "labelled", "queue", "dataset", "split")
            ),
        ],
        responses=page_of(shapes.ItemShape),
    )
    def get(self, request: Request, project: str) -> Response:
        """The project's items in the order they came."""
        found = access.project_for(caller(request), project, "project.view")
        rows = Item.objects.filter(project=found, staged_by=None).select_related("blob").order_by("pk")
        in_trash = request.query_params.get("trash", "") in ("1", "true")
        listed = rows = rows.filter(trashed_at__isnull=False) if in_trash else rows.filter(trashed_at=None)
        sources: list[QuerySet[Any, Any] | None] = []
        if query := request.query_params.get("query"):
            compiled = compile_query(parse(query), found, person(request))
            rows = rows.filter(compiled.condition)
            sources += compiled.sources
        if text := request.query_params.get("search"):
            rows = rows.filter(path__icontains=text)
        if path := request.query_params.get("path"):
            sources.append(rows.filter(path=path).values_list("pk", flat=True))
            rows = rows.filter(path=path)
        for known in shell.item_filters():
            if choice := request.query_params.get(known.name):
                if choice not in {value for value, _ in known.choices(found, person(request))}:
                    raise BadInput(f"{known.name} has no value {choice!r}.", code="bad_filter", field=known.name)
                rows = known.apply(rows, choice, found)
                sources.append(known.keys(choice, found))
        return _answer(request, found, listed, rows, sources)

    @extend_schema(operation_id="items_add", request=shapes.NewItemsShape, responses=shapes.AddReportShape)
    def post(self, request: Request, project: str) -> Response:
        """Makes items of bytes I have sent, up to 1,000 a call; each is refused or taken on its own."""
        found = access.project_for(caller(request), project, "items.add")
        given = shapes.read(shapes.NewItemsShape, request.data)
        specs = [items.ItemSpec(**item) for item in given["items"]]
        report = items.add_items(found, caller(request), specs, replace_media=given["replace_media"])
        return Response(_report(report))


def _report(report: items.AddReport) -> dict[str, Any]:
    lists: dict[str, Sequence[items.Made | Item]] = {
        "created": report.made,
        "existing": report.existing,
        "replaced": report.replaced,
        "resized": report.resized,
    }
    answer: dict[str, Any] = {
        name: [{"path": item.path, "uuid": str(item.uuid)} for item in found] for name, found in lists.items()
    }
    return {**answer, "problems": [problem.as_json() for problem in report.problems]}


class Pack(View):
    parser_classes = [StreamParser]

    @extend_schema(operation_id="items_pack", request=OpenApiTypes.BINARY, responses=shapes.AddReportShape)
    def post(self, request: Request, project: str) -> Response:
        """Makes items of bytes that come with them, at most 1,000 files and 64 MiB.

        The first line is JSON, as for ``items``, with a ``size`` for each item whose bytes follow, in that order; an
        item without one is made of bytes that were sent before.
        """
        found = access.project_for(caller(request), project, "items.add")
        body = _pack(request)
        head, start = item_packs.split_pack(body)
        try:
            given = shapes.read(shapes.PackedItemsShape, free_json.loads(head))
        except ValueError as error:
            raise BadInput(f"The pack's first line cannot be read as JSON: {error}.", code="bad_json") from None
        files = item_packs.contents(body, start, [item.pop("size") for item in given["items"]])
        specs = [items.ItemSpec(**item) for item in given["items"]]
        report = item_packs.add_packed(found, caller(request), specs, files, replace_media=given["replace_media"])
        return Response(_report(report))


def _pack(request: Request) -> bytes:
    """The body of a pack. Raises ``TooLarge`` by its announced length."""
    if _length(request) > uploads.PACK_BYTES:
        raise TooLarge(f"A pack has at most {uploads.PACK_BYTES} bytes.", limit=uploads.PACK_BYTES)
    return b"".join(_body(request))


class Zip(View):
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="items_zip",
        request={"multipart/form-data": shapes.ZipShape},
        responses={202: shapes.JobShape},
    )
    def post(self, request: Request, project: str) -> Response:
        """Unpacks a zip into items, as a job; its result is the report."""
        found = access.project_for(caller(request), project, "items.add")
        given = shapes.read(shapes.ZipShape, request.data)
        file = given["file"]
        row = zips.receive(
            found,
            person(request),
            file,
            name=file.name,
            encoding=given["zip_encoding"],
            replace_media=given["replace_media"],
        )
        return Response(shapes.job_json(row), status=202)


def _item(request: Request, uuid: UUID, verb: str) -> Item:
    rows = Item.objects.filter(project__in=Project.objects.visible_to(caller(request)), staged_by=None)
    found = rows.select_related("blob", "project").filter(uuid=uuid).first()
    if found is None:
        raise NotFound("There is no such item.")
    access.require(caller(request), found.project, verb)
    return found


class OneItem(View):
    @extend_schema(operation_id="item", responses=shapes.ItemShape)
    def get(self, request: Request, item: UUID) -> Response:
        """One item, also from the trash."""
        return Response(shapes.item_json(_item(request, item, "project.view")))

    @extend_schema(operation_id="item_trash", responses={200: shapes.ItemShape})
    def delete(self, request: Request, item: UUID) -> Response:
        """Puts the item into the trash; versions that hold it keep it."""
        found = _item(request, item, "items.trash")
        items.trash(found, person(request))
        return Response(shapes.item_json(found))


class Restore(View):
    @extend_schema(operation_id="item_restore", request=None, responses=shapes.ItemShape)
    def post(self, request: Request, item: UUID) -> Response:
        """Takes the item out of the trash."""
        found = _item(request, item, "items.trash")
        items.restore(found, person(request))
        return Response(shapes.item_json(found))
