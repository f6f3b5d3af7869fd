"""REST: the board of queues."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation.board import BoardRow, board_rows
from lode_annotation.models import Queue
from lode_platform import access
from lode_platform.api.paging import PARAMETERS, page_of, page_rows
from lode_platform.api.view import View
from lode_platform.signed_in import caller

Shape = serializers.Serializer[Any]


class AtWorkShape(Shape):
    user = serializers.CharField()
    since = serializers.DateTimeField()


class DayShape(Shape):
    day = serializers.DateField()
    finished = serializers.IntegerField()


class BoardRowShape(Shape):
    queue = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.CharField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="tasks by state")
    backlog = serializers.IntegerField(help_text="tasks that are open or wait for review")
    people = AtWorkShape(many=True, help_text="who holds tasks now, the longest first")
    days = DayShape(many=True, help_text="tasks done or skipped on each of the last seven days, today last")
    estimated_end = serializers.DateTimeField(allow_null=True, help_text="at the pace of the last seven days")
    oldest_lease = serializers.DateTimeField(allow_null=True)
    due = serializers.DateField(allow_null=True)


class Board(View):
    @extend_schema(operation_id="queue_board", parameters=PARAMETERS, responses=page_of(BoardRowShape))
    def get(self, request: Request, project: str) -> Response:
        """The project's queues, newest first: how far, who is at work, how fast, and when they are likely done."""
        found = access.project_for(caller(request), project, "project.view")
        page, following = page_rows(request, Queue.objects.filter(project=found))
        rows = board_rows(page, caller(request).user)
        return Response({"results": [board_json(row) for row in rows], "next": following})


def board_json(row: BoardRow) -> dict[str, Any]:
    return {
        "queue": row.queue.uuid,
        "name": row.queue.name,
        "state": row.queue.state,
        "counts": row.counts,
        "backlog": row.backlog,
        "people": [{"user": one.user.username, "since": one.since} for one in row.people],
        "days": [{"day": day, "finished": count} for day, count in row.days],
        "estimated_end": row.end,
        "oldest_lease": row.oldest,
        "due": row.queue.due,
    }
