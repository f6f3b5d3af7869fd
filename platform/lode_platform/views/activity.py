"""What a person did, as a file to take away."""

from collections.abc import Iterable

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from lode_platform import activity
from lode_platform.activity import Act
from lode_platform.callers import Caller
from lode_platform.signed_in import signed_in


@require_GET
def own(request: HttpRequest) -> StreamingHttpResponse:
    """Mine, of all projects that I am a member of."""
    caller, form = Caller(signed_in(request)), activity.check_form(request.GET.get("as", "csv"))
    return answer(activity.own(caller), form, f"activity-{caller.user.username}")


@require_GET
def in_project(request: HttpRequest, project: str, username: str) -> StreamingHttpResponse:
    """Somebody's in one project: mine, or a member's for its owners."""
    form = activity.check_form(request.GET.get("as", "csv"))
    acts = activity.in_project(Caller(signed_in(request)), project, username)
    return answer(acts, form, f"activity-{username}-{project}")


def answer(acts: Iterable[Act], form: str, name: str) -> StreamingHttpResponse:
    """A file of this name, sent as it is read."""
    response = StreamingHttpResponse(activity.lines(acts, form), content_type=activity.FORMS[form])
    response.headers["Content-Disposition"] = content_disposition_header(True, f"{name}.{form}") or "attachment"
    response.headers["Cache-Control"] = "no-store"
    return response
