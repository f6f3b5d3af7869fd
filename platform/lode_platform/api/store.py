"""REST: the store's health, and what it could give up. Each project is told of what is its own."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lode_platform import access, collecting, rehashing
from lode_platform.api import shapes
from lode_platform.api.view import View
from lode_platform.signed_in import caller, person


class FsckShape(shapes.Shape):
    sample = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, help_text="so many blobs, at random; null: all"
    )


class GcShape(shapes.Shape):
    dry_run = serializers.BooleanField(required=False, default=False, help_text="only count")


class HolderShape(shapes.Shape):
    kind = serializers.CharField(help_text="item, earlier file of, version, alias, pin, run")
    name = serializers.CharField()


class NeedsShape(shapes.Shape):
    md5 = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField()
    needs = HolderShape(many=True)
    more = serializers.IntegerField(help_text="how many are not named")
    kept_until = serializers.DateTimeField(allow_null=True, help_text="when it may be collected; null: it is needed")


class Fsck(View):
    @extend_schema(operation_id="store_fsck", request=FsckShape, responses={202: shapes.JobShape})
    def post(self, request: Request, project: str) -> Response:
        """Hashes what the project has in the store again. The job's result names what is broken, and who needs it."""
        found = access.project_for(caller(request), project, "store.check")
        given = shapes.read(FsckShape, request.data)
        row = rehashing.start(found, person(request), sample=given["sample"])
        return Response(shapes.job_json(row), status=202)


class Gc(View):
    @extend_schema(operation_id="store_gc", request=GcShape, responses={202: shapes.JobShape})
    def post(self, request: Request, project: str) -> Response:
        """Removes the bytes that nothing on this server needs. The job's result says how many, and how many blobs of
        the project each reason keeps."""
        found = access.project_for(caller(request), project, "store.collect")
        given = shapes.read(GcShape, request.data)
        row = collecting.start(found, person(request), dry_run=given["dry_run"])
        return Response(shapes.job_json(row), status=202)


class Needs(View):
    @extend_schema(
        operation_id="store_needs",
        parameters=[OpenApiParameter("digest", str, required=True, description="an md5 or a sha-256")],
        responses=NeedsShape,
    )
    def get(self, request: Request, project: str) -> Response:
        """Who in the project needs the bytes with a digest."""
        found = access.project_for(caller(request), project, "store.check")
        return Response(collecting.why(request.query_params.get("digest", ""), found))
