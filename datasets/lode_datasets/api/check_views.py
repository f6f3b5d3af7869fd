"""REST: what checks found."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lode_datasets import checking
from lode_datasets.api import check_shapes
from lode_datasets.api.views import WHICH, found_version
from lode_platform.api.view import View


class VersionChecks(View):
    @extend_schema(operation_id="version_checks", parameters=[WHICH], responses=check_shapes.VersionChecksShape)
    def get(self, request: Request, project: str, name: str, which: str) -> Response:
        """What each check found when the version was published, how many items it looked at, and which did not look."""
        run = checking.run_of(found_version(request, project, name, which))
        return Response({"run": check_shapes.run_json(run) if run else None})
