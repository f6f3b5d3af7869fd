"""REST: what a person did, as lines."""

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from lode_platform import activity
from lode_platform.api.view import View
from lode_platform.signed_in import caller
from lode_platform.views.activity import answer

AS = [OpenApiParameter("as", str, enum=list(activity.FORMS), description="jsonl (JSON lines) unless it says csv")]
LINES = {(200, "application/x-ndjson"): OpenApiTypes.BINARY, (200, "text/csv"): OpenApiTypes.BINARY}


class MyActivity(View):
    @extend_schema(operation_id="my_activity", parameters=AS, responses=LINES)
    def get(self, request: Request) -> StreamingHttpResponse:
        """What I did, a line each: answers with the time they took, reviews given and received, events, tokens.

        Of the projects that I am a member of, or the token's alone; kind by kind, the earliest first.
        """
        form = activity.check_form(request.query_params.get("as", "jsonl"))
        return answer(activity.own(caller(request)), form, f"activity-{caller(request).user.username}")


class PersonActivity(View):
    @extend_schema(operation_id="person_activity", parameters=AS, responses=LINES)
    def get(self, request: Request, project: str, username: str) -> StreamingHttpResponse:
        """What a person did in one project: my own, or as its owner anybody's."""
        form = activity.check_form(request.query_params.get("as", "jsonl"))
        acts = activity.in_project(caller(request), project, username)
        return answer(acts, form, f"activity-{username}-{project}")
