"""REST: imports of labels from files, sent in parts and made visible all at once."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation import import_parts
from lode_annotation.api.shapes import Shape
from lode_annotation.models import LabelImport
from lode_platform import access
from lode_platform.api.parsers import BytesParser, raw
from lode_platform.api.shapes import JobShape, job_json, read
from lode_platform.api.view import View
from lode_platform.signed_in import caller


class NewImportShape(Shape):
    uuid = serializers.UUIDField()
    schema = serializers.CharField(required=False, default="labels", max_length=64)
    dataset = serializers.CharField(required=False, allow_blank=True, allow_null=True, default="", max_length=64)
    format = serializers.CharField(required=False, allow_blank=True, default="", max_length=16)  # noqa: A003
    replace = serializers.BooleanField(required=False, default=False)


class ImportShape(Shape):
    uuid = serializers.UUIDField()
    project = serializers.CharField()
    schema = serializers.CharField()
    dataset = serializers.CharField(allow_blank=True)
    replace = serializers.BooleanField()
    parts = serializers.ListField(child=serializers.IntegerField(), help_text="numbers of the parts received")
    job = serializers.UUIDField(allow_null=True)


class ImportPartShape(Shape):
    part = serializers.IntegerField()
    lines = serializers.IntegerField()


class FinishShape(Shape):
    dataset = serializers.CharField(required=False, allow_null=True, allow_blank=True, default=None, max_length=64)


class LinesParser(BytesParser):
    """A part's lines."""

    limit = import_parts.MAX_PART_BYTES


def import_json(row: LabelImport) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "project": row.project.name,
        "schema": row.schema_name,
        "dataset": row.dataset,
        "replace": row.replace,
        "parts": list(row.parts.values_list("number", flat=True)),
        "job": row.job.uuid if row.job and not import_parts.is_open(row) else None,
    }


class LabelImports(View):
    @extend_schema(operation_id="label_import_create", request=NewImportShape, responses={201: ImportShape})
    def post(self, request: Request, project: str) -> Response:
        """Starts an import under a uuid that the client chose; repeating it returns the same import."""
        found = access.project_for(caller(request), project, "labels.import")
        given = read(NewImportShape, request.data)
        given["dataset"] = given["dataset"] or ""
        return Response(import_json(import_parts.begin(found, caller(request), **given)), status=201)


class OneLabelImport(View):
    @extend_schema(operation_id="label_import", responses=ImportShape)
    def get(self, request: Request, label_import: UUID) -> Response:
        """One of my imports: the parts received, and its job."""
        return Response(import_json(import_parts.mine(caller(request), label_import)))


class ImportPart(View):
    parser_classes = [LinesParser]

    @extend_schema(
        operation_id="label_import_part",
        request={"application/x-ndjson": OpenApiTypes.BINARY},
        responses=ImportPartShape,
    )
    def put(self, request: Request, label_import: UUID, part: int) -> Response:
        """Uploads a part: JSON lines, one image or one problem of the client each; again replaces it.

        A line's `control` names the control of the schema that its labels answer; what the item's others hold stays.
        """
        found = import_parts.mine(caller(request), label_import)
        lines = import_parts.keep_part(found, part, raw(request))
        return Response({"part": part, "lines": lines})


class Finish(View):
    @extend_schema(operation_id="label_import_finish", request=FinishShape, responses={202: JobShape})
    def post(self, request: Request, label_import: UUID) -> Response:
        """Starts the job that imports the parts; its result is the report."""
        given = read(FinishShape, request.data)
        row = import_parts.finish(caller(request), label_import, dataset=given["dataset"])
        return Response(job_json(row), status=202)
