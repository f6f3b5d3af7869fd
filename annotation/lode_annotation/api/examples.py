"""REST: the example images of a schema's classes."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation import class_examples
from lode_annotation.api.schemas import schema_of
from lode_annotation.models import ClassExample
from lode_platform.api.shapes import read
from lode_platform.api.view import View
from lode_platform.errors import BadInput
from lode_platform.signed_in import caller

Shape = serializers.Serializer[Any]
BOX = "x1, y1, x2, y2 in pixels of the upright image; null: all of it"
SPAN = "start and end in code points of a text; null: all of it"
MOST_ID = 2**31 - 1


class NewExampleShape(Shape):
    class_id = serializers.IntegerField(min_value=1, max_value=MOST_ID)
    item = serializers.UUIDField(help_text="a live item of the project")
    box = serializers.ListField(
        child=serializers.FloatField(), required=False, allow_null=True, default=None, help_text=BOX, max_length=4
    )
    span = serializers.ListField(
        child=serializers.IntegerField(), required=False, allow_null=True, default=None, help_text=SPAN, max_length=2
    )
    frame = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=MOST_ID, help_text="the page of the picture, from 0 on"
    )
    good = serializers.BooleanField(required=False, default=True, help_text="false: what does not count as the class")
    caption = serializers.CharField(required=False, allow_blank=True, default="", max_length=class_examples.CAPTION)


class ExampleChangeShape(Shape):
    good = serializers.BooleanField(required=False)
    caption = serializers.CharField(required=False, allow_blank=True, max_length=class_examples.CAPTION)
    position = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST_ID, help_text="its place among those of its class, from 0 on"
    )


class ExampleShape(Shape):
    uuid = serializers.UUIDField()
    class_id = serializers.IntegerField()
    item = serializers.UUIDField(allow_null=True, help_text="null once the item has left the trash for good")
    path = serializers.CharField(help_text="of the item, from when it was chosen")
    box = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text=BOX)
    span = serializers.ListField(child=serializers.IntegerField(), allow_null=True, help_text=SPAN)
    frame = serializers.IntegerField()
    good = serializers.BooleanField()
    caption = serializers.CharField(allow_blank=True)
    position = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["there", "trashed", "removed"], help_text="of its item")


def example_json(row: ClassExample) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "class_id": row.class_id,
        "item": row.item.uuid if row.item else None,
        "path": row.path,
        "box": row.box,
        "span": row.span,
        "frame": row.frame,
        "good": row.good,
        "caption": row.caption,
        "position": row.position,
        "state": class_examples.shown(row).gone or "there",
    }


class Examples(View):
    @extend_schema(
        operation_id="schema_examples",
        parameters=[OpenApiParameter("class_id", int, description="those of one class alone")],
        responses=ExampleShape(many=True),
    )
    def get(self, request: Request, schema: UUID) -> Response:
        """The examples of the schema's classes, by class id and in their order."""
        asked = request.query_params.get("class_id")
        if asked is not None and not (asked.isascii() and asked.isdigit() and len(asked) < 10):
            raise BadInput("class_id is the id of a class: a whole number.", field="class_id")
        rows = class_examples.of_schema(schema_of(request, schema), None if asked is None else int(asked))
        return Response([example_json(row) for row in rows])

    @extend_schema(operation_id="schema_example_add", request=NewExampleShape, responses={201: ExampleShape})
    def post(self, request: Request, schema: UUID) -> Response:
        """Makes an item, or a part of one, an example of what counts as a class, or of what does not."""
        given = read(NewExampleShape, request.data)
        made = class_examples.add(schema_of(request, schema), caller(request), **given)
        return Response(example_json(made), status=201)


class OneExample(View):
    @extend_schema(operation_id="schema_example_change", request=ExampleChangeShape, responses=ExampleShape)
    def patch(self, request: Request, example: UUID) -> Response:
        """Says something else of an example, or moves it among those of its class."""
        found = class_examples.visible(caller(request), example)
        given = read(ExampleChangeShape, request.data)
        return Response(example_json(class_examples.change(found, caller(request), **given)))

    @extend_schema(operation_id="schema_example_remove", request=None, responses={204: None})
    def delete(self, request: Request, example: UUID) -> Response:
        """Removes an example; its item stays."""
        class_examples.remove(class_examples.visible(caller(request), example), caller(request))
        return Response(status=204)
