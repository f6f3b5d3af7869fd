"""REST: my notifications."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lode_platform.api import shapes
from lode_platform.api.paging import PARAMETERS, page_of, paged
from lode_platform.api.view import View
from lode_platform.errors import BadInput, NotFound
from lode_platform.notifications import kinds
from lode_platform.notifications.models import Notification
from lode_platform.notifications.notify import read
from lode_platform.signed_in import caller


class NotificationShape(shapes.Shape):
    uuid = serializers.UUIDField()
    kind = serializers.CharField()
    project = serializers.CharField(allow_null=True)
    text = serializers.CharField()
    url = serializers.CharField(help_text='where it leads, "" where that is nowhere any more')
    count = serializers.IntegerField(help_text="how many times it happened before it was read")
    at = serializers.DateTimeField(help_text="the last time")
    read_at = serializers.DateTimeField(allow_null=True)


class ReadShape(shapes.Shape):
    read = serializers.IntegerField(help_text="how many were not read before")


def as_json(row: Notification) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "kind": row.kind,
        "project": row.project.name if row.project else None,
        "text": kinds.words(row),
        "url": kinds.path(row),
        "count": row.count,
        "at": row.at,
        "read_at": row.read_at,
    }


class Notifications(View):
    @extend_schema(
        operation_id="notifications",
        parameters=[*PARAMETERS, OpenApiParameter("unread", bool, description="true: only those that I have not read")],
        responses=page_of(NotificationShape),
    )
    def get(self, request: Request) -> Response:
        """My notifications, newest first."""
        rows = Notification.objects.visible_to(caller(request)).select_related("project")
        unread = request.query_params.get("unread", "false")
        if unread not in ("true", "false"):
            raise BadInput("unread is true or false.", code="bad_filter", field="unread")
        return Response(paged(request, rows.unread() if unread == "true" else rows, as_json))


class ReadAll(View):
    @extend_schema(operation_id="notifications_read", request=None, responses=ReadShape)
    def post(self, request: Request) -> Response:
        """Marks all of mine as read."""
        return Response({"read": read(caller(request))})


class ReadOne(View):
    @extend_schema(operation_id="notification_read", request=None, responses=ReadShape)
    def post(self, request: Request, notification: UUID) -> Response:
        """Marks one of mine as read."""
        if not Notification.objects.visible_to(caller(request)).filter(uuid=notification).exists():
            raise NotFound("There is no such notification.")
        return Response({"read": read(caller(request), notification)})
