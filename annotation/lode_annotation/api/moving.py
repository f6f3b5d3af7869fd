"""REST: tasks that move into a queue from another labeling tool, and out of it to one."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation.api.queues import queue_of
from lode_annotation.api.shapes import Shape
from lode_annotation.moving import giving, taking
from lode_platform import access, free_json
from lode_platform.api.parsers import BytesParser, raw
from lode_platform.api.view import View
from lode_platform.signed_in import caller
from motherlode.label_studio.lines import MAX_BYTES


class TakenShape(Shape):
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="what came in, by kind")
    problems = serializers.ListField(child=serializers.DictField(), help_text="what did not, with its remedy")


class PartParser(BytesParser):
    """Tasks as lines."""

    limit = MAX_BYTES


class MoveIn(View):
    parser_classes = [PartParser]

    @extend_schema(
        operation_id="queue_move_in",
        request={"application/x-ndjson": OpenApiTypes.BINARY},
        responses=TakenShape,
    )
    def post(self, request: Request, queue: UUID) -> Response:
        """Takes tasks with everybody's answers, drafts and reviews: JSON lines, at most 1,000 of a part.

        A line has `path`, `number`, `data`, `meta`, `predictions`, `prelabels` and `answers`: `by`, `number`, `state`
        (submitted, skipped, draft), `result`, `at`, `saved_at`, `lead_time`, `ground_truth`, `reviews`. Sent again, a
        part changes nothing.
        """
        found = queue_of(request, queue)
        return Response(taking.take(found, caller(request), raw(request)))


class MoveOut(View):
    @extend_schema(operation_id="queue_move_out", responses={(200, "application/x-ndjson"): OpenApiTypes.BINARY})
    def get(self, request: Request, queue: UUID) -> StreamingHttpResponse:
        """The queue's tasks with all answers, a line each: `path`, `item`, `md5`, `kind` and Label Studio's `task`."""
        found = queue_of(request, queue)
        access.require(caller(request), found.project, "labels.import")
        return StreamingHttpResponse(lines_of(giving.given(found)), content_type="application/x-ndjson; charset=utf-8")


def lines_of(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Tasks as they are sent."""
    for row in rows:
        yield free_json.dumps(row) + b"\n"
