"""REST: comments on an answer."""

from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation import comments
from lode_annotation.api.schema_shapes import ObjectField
from lode_annotation.api.shapes import Shape
from lode_platform.api.shapes import read
from lode_platform.api.view import View
from lode_platform.signed_in import caller

PLACE = "`x`, `y` and perhaps `page` in pixels of the upright image, or `start` and `end` in code points of a text"
TAKEN = OpenApiResponse(description="`id_taken`: another comment has this uuid; `no_answer`: nothing was answered yet")


class NewCommentShape(Shape):
    text = serializers.CharField(allow_blank=True, help_text=f"1 to {comments.LONGEST:,} characters")
    region = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, default="", max_length=300, help_text="id of a region"
    )
    place = ObjectField(required=False, allow_null=True, default=None, help_text=PLACE)
    reply_to = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="a comment, no reply")
    uuid = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="created by the client")


class ReplyShape(Shape):
    uuid = serializers.UUIDField()
    author = serializers.CharField()
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class CommentShape(Shape):
    uuid = serializers.UUIDField()
    number = serializers.IntegerField(help_text="of the answer's comments, from 1")
    author = serializers.CharField()
    text = serializers.CharField()
    region = serializers.CharField(allow_null=True, help_text="id of the region it is about")
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="of the region, when it was said"
    )
    gone = serializers.BooleanField(help_text="the answer has that region no more; the place is its last one")
    place = ObjectField(allow_null=True, help_text=PLACE)
    revision = serializers.IntegerField(help_text="of the answer, of which it was said")
    resolved = serializers.BooleanField()
    resolved_by = serializers.CharField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    replies = ReplyShape(many=True)


class Comments(View):
    @extend_schema(operation_id="comments", responses=CommentShape(many=True))
    def get(self, request: Request, answer: UUID) -> Response:
        """What was said of an answer, with the replies: of my own, or of anybody's as a reviewer."""
        return Response(comments.listed(caller(request), answer))

    @extend_schema(operation_id="comment_add", request=NewCommentShape, responses={201: CommentShape, 409: TAKEN})
    def post(self, request: Request, answer: UUID) -> Response:
        """Comments on an answer, a region of it or a place in its item, or replies; gives the comment with its
        replies."""
        given = read(NewCommentShape, request.data)
        new = comments.NewComment(
            text=given["text"],
            region=given["region"] or "",
            place=given["place"],
            reply_to=given["reply_to"],
            uuid=given["uuid"],
        )
        return Response(comments.add(caller(request), answer, new), status=201)


class Resolved(View):
    @extend_schema(operation_id="comment_resolve", request=None, responses=CommentShape)
    def put(self, request: Request, answer: UUID, comment: UUID) -> Response:
        """Resolves a comment."""
        return Response(comments.resolve(caller(request), answer, comment, resolved=True))

    @extend_schema(operation_id="comment_reopen", responses={200: CommentShape})
    def delete(self, request: Request, answer: UUID, comment: UUID) -> Response:
        """Opens a resolved comment again."""
        return Response(comments.resolve(caller(request), answer, comment, resolved=False))
