"""The files that tasks are about, by the addresses that their data says."""

from collections.abc import Sequence

from django.http import HttpResponseBase
from rest_framework.request import Request

from lode_annotation.ls.door import LsView, door_of, named_project
from lode_platform import access
from lode_platform.errors import BadInput, NotFound
from lode_platform.item_media import MEDIA
from lode_platform.models import Item, Project
from lode_platform.signed_in import caller
from motherlode.paths import UnsafePath, check_path, fold

KEPT = "private, no-cache"


def sent(request: Request, projects: Sequence[int], path: str) -> HttpResponseBase:
    """The bytes of the item at a path of one of these projects, as they came. Raises ``NotFound``."""
    lost = NotFound(f"There is no file {path[:200]!r}.")
    try:
        folded = fold(check_path(path))
    except UnsafePath:
        raise lost from None
    rows = Item.objects.live().filter(project__in=projects, path_fold=folded).select_related("blob")
    item = rows.order_by("pk").first()
    if item is None:
        raise lost
    asked = request._request.GET.copy()
    asked["as"] = "file"
    request._request.GET = asked  # type: ignore[assignment]
    answer = MEDIA[item.kind].original(request, item)
    answer["Cache-Control"] = KEPT
    return answer


class Upload(LsView):
    def get(self, request: Request, ls_project: str, path: str) -> HttpResponseBase:
        """An item of a project, by its path."""
        return sent(request, [door_of(request, ls_project).queue.project_id], path)


class LocalFile(LsView):
    takes = {"get": {"d"}}

    def get(self, request: Request) -> HttpResponseBase:
        """An item of one of the caller's projects, by its path in ``d``; of the oldest where several have one."""
        path = request.query_params.get("d", "")
        if not path:
            raise BadInput("d is the path of the file.", field="d")
        if name := named_project(request):
            projects = [access.project_for(caller(request), name, "project.view").pk]
        else:
            projects = list(Project.objects.visible_to(caller(request)).values_list("pk", flat=True))
        return sent(request, projects, path)
