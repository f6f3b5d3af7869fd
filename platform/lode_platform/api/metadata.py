"""REST: the items' own fields."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_platform import access, metadata
from lode_platform.api import shapes
from lode_platform.api.parsers import LargeJsonParser
from lode_platform.api.view import View
from lode_platform.signed_in import caller


class Metadata(View):
    parser_classes = [LargeJsonParser]

    @extend_schema(operation_id="metadata_fields", responses=shapes.MetadataFieldsShape)
    def get(self, request: Request, project: str) -> Response:
        """The fields that the project gives its items, and their kinds."""
        found = access.project_for(caller(request), project, "project.view")
        return Response({"kinds": metadata.kinds_of(found)})

    @extend_schema(operation_id="metadata_set", request=shapes.SetMetadataShape, responses=shapes.MetadataReportShape)
    def post(self, request: Request, project: str) -> Response:
        """Sets fields of up to 1,000 items by their paths; where anything is refused, nothing is set."""
        found = access.project_for(caller(request), project, "items.add")
        given = shapes.read(shapes.SetMetadataShape, request.data)
        rows = [metadata.Row(row["path"], row["values"]) for row in given["rows"]]
        made = metadata.set_metadata(found, caller(request), rows, given["kinds"], dry_run=given["dry_run"])
        return Response(asdict(made))
