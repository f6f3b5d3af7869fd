"""Projects: list, create, get, change, delete."""

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from lode_annotation import queues
from lode_annotation.ls import projects
from lode_annotation.ls.door import LsView, body_of, door_of, doors, home_of, page_of
from lode_annotation.ls.numbers import MOST_DIGITS
from lode_annotation.models import LabelStudioProject
from lode_platform.errors import BadInput
from lode_platform.signed_in import caller

MOST_LISTED = 10_000
PAGE, MOST = 100, 10_000
ORDERS = {"id": "pk", "-id": "-pk", "created_at": "pk", "-created_at": "-pk"}


class Projects(LsView):
    takes = {"get": {"page", "page_size", "title", "ids", "ordering", "search"}}

    def get(self, request: Request) -> Response:
        """The projects that the caller may see, the newest first; ``title`` and ``search`` are parts of titles."""
        rows = doors(request)
        for name in ("title", "search"):
            if text := request.query_params.get(name):
                if "\0" in text:
                    raise BadInput(f"{name} holds a NUL character; remove it.", field=name)
                rows = rows.filter(queue__name__icontains=text)
        if text := request.query_params.get("ids"):
            rows = rows.filter(Q(pk__in=_ids(text)))
        ordering = request.query_params.get("ordering", "-id")
        if ordering not in ORDERS:
            raise BadInput(f"ordering is one of {', '.join(ORDERS)}.", field="ordering")
        count = rows.count()
        # the old client asks for ten million at once, and for no second page
        start, end = page_of(request, count, default=PAGE, most=10**9 if count <= MOST else MOST)
        page = list(rows.order_by(ORDERS[ordering])[start:end])
        return Response({"count": count, "next": None, "previous": None, "results": _shown(page)})

    def post(self, request: Request) -> Response:
        """Creates a project: a schema and a queue of this title."""
        made = projects.create(home_of(request), caller(request), body_of(request))
        return Response(_shown([made])[0], status=201)


def _ids(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MOST_LISTED or not all(
        part.isascii() and part.isdigit() and len(part) <= MOST_DIGITS for part in parts
    ):
        raise BadInput("ids is a list of project numbers such as 1,2,3.", field="ids")
    return [int(part) for part in parts]


def _shown(page: list[LabelStudioProject]) -> list[dict[str, object]]:
    states = queues.tasks_by_state([door.queue for door in page])
    return [projects.project_json(door, states[door.queue_id]) for door in page]


class OneProject(LsView):
    takes = {"get": {"members_limit"}}

    def get(self, request: Request, ls_project: str) -> Response:
        """A project, its labeling config and how far it is."""
        return Response(_whole(door_of(request, ls_project)))

    def patch(self, request: Request, ls_project: str) -> Response:
        """Changes its title, its config (a revision of the schema) or other settings."""
        projects.change(door_of(request, ls_project), caller(request), body_of(request))
        return Response(_whole(door_of(request, ls_project)))

    def delete(self, request: Request, ls_project: str) -> Response:
        """Closes the queue and takes the project off the list; nothing is lost."""
        projects.delete(door_of(request, ls_project), caller(request))
        return Response(status=204)


def _whole(door: LabelStudioProject) -> dict[str, object]:
    states = queues.tasks_by_state([door.queue])
    return projects.project_json(door, states[door.queue_id], counted=True)
