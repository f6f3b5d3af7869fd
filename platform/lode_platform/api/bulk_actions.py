"""REST: bulk actions, counted, done and undone."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lode_platform import access
from lode_platform import bulk_actions as verbs
from lode_platform.api import shapes
from lode_platform.api.paging import PARAMETERS, page_of, paged
from lode_platform.api.view import View
from lode_platform.errors import BadInput, NotFound
from lode_platform.models import BulkAction, Project
from lode_platform.signed_in import caller


class NewBulkActionShape(shapes.Shape):
    action = serializers.CharField(max_length=64, help_text="tag, untag, trash, restore, queue, priority, dataset")
    arguments = serializers.DictField(
        required=False, default=dict, help_text="what the action asks for, by name, such as tag"
    )
    query = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=2000,
        help_text="the items that it finds; empty text for all that are not in the trash",
    )
    items = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=1000, help_text="or these, by uuid"
    )


class BulkActionShape(shapes.Shape):
    uuid = serializers.UUIDField()
    action = serializers.CharField()
    arguments = serializers.DictField()
    chosen = serializers.DictField(help_text="{filter} or {items}")
    count = serializers.IntegerField(help_text="how many items it changed")
    result = serializers.DictField()
    undo_result = serializers.DictField()
    job = serializers.UUIDField(allow_null=True, help_text="where it is done by a job")
    undo_job = serializers.UUIDField(allow_null=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    applied_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


def as_json(row: BulkAction) -> dict[str, Any]:
    same = ("uuid", "action", "arguments", "chosen", "count", "result", "undo_result")
    return {
        **{name: getattr(row, name) for name in same},
        "job": row.job.uuid if row.job else None,
        "undo_job": row.undo_job.uuid if row.undo_job else None,
        "created_by": row.created_by.username,
        **{name: getattr(row, name) for name in ("created_at", "applied_at", "undone_at")},
    }


class BulkActions(View):
    @extend_schema(operation_id="bulk_actions", parameters=PARAMETERS, responses=page_of(BulkActionShape))
    def get(self, request: Request, project: str) -> Response:
        """What was done to many items of the project, newest first."""
        found = access.project_for(caller(request), project, "project.view")
        rows = BulkAction.objects.filter(project=found).select_related("created_by", "job", "undo_job")
        return Response(paged(request, rows, as_json))

    @extend_schema(
        operation_id="bulk_action_new",
        request=NewBulkActionShape,
        responses={200: BulkActionShape, 202: BulkActionShape},
    )
    def post(self, request: Request, project: str) -> Response:
        """Does something to many items, whole or not at all. 200 where it is done, 202 where a job does it."""
        found = access.project_for(caller(request), project, "project.view")
        given = shapes.read(NewBulkActionShape, request.data)
        access.require(caller(request), found, verbs.find(given["action"]).verb)
        if ("query" in given) == ("items" in given):
            raise BadInput("Give either a query or items.", field="query")
        chosen = {"query": given["query"]} if "query" in given else None
        row = verbs.begin(
            found,
            caller(request),
            given["action"],
            given["arguments"],
            items=given.get("items", ()),
            filter=chosen,
        )
        return Response(as_json(row), status=200 if row.job is None else 202)


def _row(request: Request, uuid: UUID) -> BulkAction:
    rows = BulkAction.objects.filter(project__in=Project.objects.visible_to(caller(request)), uuid=uuid)
    found = rows.select_related("project", "created_by", "job", "undo_job").first()
    if found is None:
        raise NotFound("There is no such bulk action.")
    access.require(caller(request), found.project, "project.view")
    return found


class OneBulkAction(View):
    @extend_schema(operation_id="bulk_action", responses=BulkActionShape)
    def get(self, request: Request, bulk_action: UUID) -> Response:
        """A bulk action: how many items it changed, whether it is done or undone."""
        return Response(as_json(_row(request, bulk_action)))


class Undo(View):
    @extend_schema(
        operation_id="bulk_action_undo", request=None, responses={200: BulkActionShape, 202: BulkActionShape}
    )
    def post(self, request: Request, bulk_action: UUID) -> Response:
        """Undoes it; what somebody has changed since stays. 200 where it is undone, 202 where a job does it."""
        row = verbs.undo(_row(request, bulk_action), caller(request))
        return Response(as_json(row), status=202 if row.undone_at is None else 200)
