"""The label page: one task after another of a queue, full screen."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import get_script_prefix, reverse
from django.views.decorators.cache import never_cache

from lode_annotation.assignments import is_for
from lode_annotation.guidance import guidance_of
from lode_annotation.models import Queue, Task
from lode_platform.access import require
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import User
from lode_platform.signed_in import signed_in

QUEUE = ("project", "schema_revision__schema__project")
"""What the editor's pages ask of a queue."""


@never_cache
def label(request: HttpRequest, queue: UUID) -> HttpResponse:
    """The editor on a queue's next task, or with ``?task=`` on that one.

    The page alone takes nothing: its script asks for the task, so that opening it alone holds none. A reload
    claims nothing new: the person's own unexpired lease comes first.
    """
    user = signed_in(request)
    found = get_object_or_404(Queue.objects.visible_to(Caller(user)).select_related(*QUEUE), uuid=queue)
    member = require(Caller(user), found.project, "queue.label")
    if found.kind == Queue.Kind.MICRO:
        return redirect("annotation:vote", found.uuid)
    wanted = request.GET.get("task")
    task_uuid = str(task_named(found, wanted).uuid) if wanted else ""
    home = reverse("annotation:queue", args=[found.project.name, found.uuid])
    api = f"{root()}/api/v1/queues/{found.uuid}"
    task = f"{root()}/api/v1/tasks/{{task}}"
    addresses = {
        "queue": str(found.uuid),
        "next": f"{api}/next",
        "mine": f"{api}/mine",
        "open": f"{task}/open",
        "submit": f"{task}/submit",
        "skip": f"{task}/skip",
        "lease": f"{task}/lease",
        "draft": f"{task}/draft",
        "assist": f"{task}/assist",
        "able": f"{api}/assist",
        "flag": f"{task}/flag",
        "comments": f"{root()}/api/v1/annotations/{{annotation}}/comments",
    }
    context = {
        "queue": found,
        "project": found.project,
        "is_for_me": is_for(found, user, member.role),
        "home": home,
        "boot": {
            **boot(request, user, home, addresses),
            "task": task_uuid,
            "guidance": guidance_of(found.schema_revision, member),
        },
    }
    return render(request, "annotation/label.html", context)


def task_named(queue: Queue, wanted: str) -> Task:
    """The queue's task with this uuid; 404 if there is none."""
    try:
        uuid = UUID(wanted)
    except ValueError:
        raise BadInput(f"{wanted!r} is not a valid task id") from None
    return get_object_or_404(Task.objects.filter(queue=queue), uuid=uuid)


def root() -> str:
    """The path below which a proxy serves us, without a slash at its end; "" for a host of our own."""
    return get_script_prefix().rstrip("/")


def boot(request: HttpRequest, user: User, home: str, addresses: dict[str, str]) -> dict[str, Any]:
    """What the editor's modules need to know of the page; ``server`` and ``user`` key the work kept in the browser."""
    return {
        "server": request.build_absolute_uri("/"),
        "root": root(),
        "user": str(user.uuid),
        "login": reverse("platform:login"),
        "home": home,
        "addresses": addresses,
    }
