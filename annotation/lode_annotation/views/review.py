"""The review pages: what is waiting for a reviewer, and one annotation after another."""

from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from lode_annotation import payloads
from lode_annotation.guidance import guidance_of
from lode_annotation.models import Queue, Task
from lode_annotation.queues import tasks_by_state
from lode_annotation.review import Waiting
from lode_annotation.review import waiting as waiting_answers
from lode_annotation.statements import reviews
from lode_annotation.views.label import QUEUE, boot, root
from lode_platform.access import project_for, require
from lode_platform.callers import Caller
from lode_platform.item_media import MEDIA
from lode_platform.signed_in import signed_in

PAGE = 50


def review_list(request: HttpRequest, project: str) -> HttpResponse:
    """The queues whose answers a reviewer decides, or may have to, and how many of each wait for one."""
    user = signed_in(request)
    found = project_for(Caller(user), project, "annotation.review")
    queues = list(found.queues.filter(Q(review=True) | Q(overlap__gt=1)).order_by("name"))
    tasks = tasks_by_state(queues)
    queues.sort(key=lambda queue: -tasks[queue.pk][Task.State.SUBMITTED])
    page = Paginator(queues, PAGE).get_page(request.GET.get("page"))
    keys = [queue.pk for queue in page.object_list]
    waiting = waiting_answers(user, keys)
    rejected = reviews.rejected_in_queues(keys)
    rows = [
        {
            "queue": queue,
            "waiting": waiting.get(queue.pk, Waiting()),
            "accepted": tasks[queue.pk][Task.State.DONE],
            "rejected": rejected.get(queue.pk, 0),
        }
        for queue in page.object_list
    ]
    context = {"project": found, "room": "review", "page": page, "rows": rows}
    return render(request, "annotation/review_list.html", context)


@never_cache
def review(request: HttpRequest, queue: UUID) -> HttpResponse:
    """The editor on a queue's annotations that wait for a reviewer, one after another."""
    user = signed_in(request)
    found = get_object_or_404(Queue.objects.visible_to(Caller(user)).select_related(*QUEUE), uuid=queue)
    member = require(Caller(user), found.project, "annotation.review")
    payload = payloads.next_review(found, Caller(user), [])
    home = reverse("annotation:review_list", args=[found.project.name])
    addresses = {
        "queue": str(found.uuid),
        "next": f"{root()}/api/v1/queues/{found.uuid}/review/next",
        "review": f"{root()}/api/v1/annotations/{{annotation}}/review",
        "comments": f"{root()}/api/v1/annotations/{{annotation}}/comments",
    }
    context = {
        "queue": found,
        "project": found.project,
        "home": home,
        "payload": payload,
        "preload": MEDIA[payload["media"]["kind"]].preload if payload and not payload["media"]["values"] else "",
        "boot": {
            **boot(request, user, home, addresses),
            "has_task": payload is not None,
            "guidance": guidance_of(found.schema_revision, member),
        },
    }
    return render(request, "annotation/review.html", context)
