"""Lists over REST: ``{"results": [...], "next": url or null}``, walked by ``?limit`` and ``?cursor``.

The cursor is the ``uuid`` of the last row seen, so no integer key leaves the server, and rows that come or go
meanwhile neither repeat nor skip others. Where a list is filtered a page may have fewer rows than its limit, or none:
the list ends where ``next`` is null.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from lode_platform.addresses import same_with
from lode_platform.errors import BadInput
from lode_platform.paging import with_keys
from lode_platform.searching import Search

Row = TypeVar("Row", bound=Model)
DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
PARAMETERS = [
    OpenApiParameter("limit", int, description=f"rows a page, at most {MAX_LIMIT}"),
    OpenApiParameter("cursor", str, description="taken from ``next``, which is null at the end of the list"),
]


def paged(
    request: Request,
    rows: "QuerySet[Row]",
    as_json: Callable[[Row], dict[str, Any]],
    *,
    newest_first: bool = True,
) -> dict[str, Any]:
    """One page of ``rows`` by primary key: two queries after the first page, one for the first."""
    page, following = page_rows(request, rows, newest_first=newest_first)
    return {"results": [as_json(row) for row in page], "next": following}


def searched(request: Request, search: Search, as_json: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """One page of what a search finds: it may have fewer rows than ``limit``, or none, though more follow."""
    limit, place = _limit(request), None
    if cursor := request.query_params.get("cursor"):
        place = search.place(cursor)
        if place is None:
            raise BadInput("The cursor is not one that a list gave.", code="bad_cursor")
    found = search.find(limit + 1, place)
    rows = with_keys(search.rows, found.keys[:limit])
    end = str(rows[-1].uuid) if found.is_full else found.end
    following = same_with(request._request, cursor=end) if end else None
    return {"results": [as_json(row) for row in rows], "next": following}


def page_rows(
    request: Request, rows: "QuerySet[Row]", *, newest_first: bool = True
) -> tuple[Sequence[Row], str | None]:
    """The rows of one page and the address of the next, for a list that looks up more of the rows that it shows."""
    limit = _limit(request)
    if cursor := request.query_params.get("cursor"):
        try:
            last = rows.model._default_manager.filter(uuid=UUID(cursor)).values_list("pk", flat=True).first()
        except ValueError:
            last = None
        if last is None:
            raise BadInput("The cursor is not one that a list gave.", code="bad_cursor")
        rows = rows.filter(pk__lt=last) if newest_first else rows.filter(pk__gt=last)
    page: Sequence[Row] = list(rows.order_by("-pk" if newest_first else "pk")[: limit + 1])
    following = None
    if len(page) > limit:
        page = page[:limit]
        following = same_with(request._request, cursor=str(page[-1].uuid))  # type: ignore[attr-defined]
    return page, following


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_LIMIT:
        raise BadInput(f"limit is a number from 1 to {MAX_LIMIT}.", code="bad_limit")
    return int(text)


@cache  # the document has one component of a name, so it is one class too
def page_of(shape: type[serializers.Serializer[Any]]) -> Any:
    """The shape of a page, for the OpenAPI document."""
    name = f"{shape.__name__.removesuffix('Shape')}Page"
    return inline_serializer(
        name, {"results": shape(many=True), "next": serializers.URLField(allow_null=True, help_text="null at the end")}
    )
