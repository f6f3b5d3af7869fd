"""Whether the server is there, which it is, who asks, and what is not offered."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve
from django.views.decorators.csrf import csrf_exempt
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation.ls.door import LsView, call_of
from lode_annotation.ls.people import users_of
from lode_annotation.ls.refusals import not_offered
from lode_annotation.ls.tasks import person_json
from lode_platform.models import Project
from lode_platform.signed_in import caller, person

RELEASE = "1.23.2"
"""The Label Studio whose interface this is."""
CALLS = "lode_annotation.ls.calls"


class Health(LsView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        """The server answers."""
        return Response({"status": "UP"})


class Version(LsView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        """Which Label Studio's interface this is; clients export as its Community edition lets them."""
        part = {"version": RELEASE}
        names = ("label-studio-os-backend", "label-studio-frontend", "dm2", "label-studio-converter", "lsf", "backend")
        package = {**part, "short_version": RELEASE.rpartition(".")[0]}
        return Response(
            {"release": RELEASE, "edition": "Community", "label-studio-os-package": package}
            | dict.fromkeys(names, part)
        )


class WhoAmI(LsView):
    def get(self, request: Request) -> Response:
        """Who asks."""
        return Response(person_json(person(request)))


class Users(LsView):
    def get(self, request: Request) -> Response:
        """The people of the projects that the caller may see."""
        mine = Project.objects.visible_to(caller(request))
        return Response([person_json(user) for user in users_of(list(mine.values_list("pk", flat=True)))])


class NotOffered(LsView):
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.perform_authentication(request)
        self.check_permissions(request)
        raise not_offered(str(request.method), call_of(request))

    def get(self, request: Request, call: str) -> Response:
        """Any other call of Label Studio's."""
        raise NotImplementedError

    post = put = patch = delete = get


@csrf_exempt
@login_not_required
def within(request: HttpRequest, project: str, ls_call: str) -> HttpResponseBase:
    """The same calls, about the projects of one of ours, which the client's base address names."""
    request.ls_project, request.ls_call = project, ls_call  # type: ignore[attr-defined]
    match = resolve(f"/{ls_call}", CALLS)
    view: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return view
