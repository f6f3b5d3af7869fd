"""The review pages: what is waiting for a reviewer, and one annotation after another."""

from uuid import UUID

from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from lode_annotation import payloads
from lode_annotation.models import Annotation, Queue
from lode_annotation.views.label import boot, root
from lode_platform.access import project_for, require
from lode_platform.callers import Caller
from lode_platform.item_media import MEDIA
from lode_platform.signed_in import signed_in


def review_list(request: HttpRequest, project: str) -> HttpResponse:
    """The queues with a review rule, and how many annotations of each wait for a reviewer."""
    user = signed_in(request)
    found = project_for(Caller(user), project, "annotation.review")
    submitted = Q(tasks__annotations__in=Annotation.objects.waiting_for(user))
    rows = (
        found.queues.filter(review=True)
        .annotate(
            waiting=Count("tasks__annotations", filter=submitted),
            accepted=Count("tasks__annotations", filter=Q(tasks__annotations__state=Annotation.State.ACCEPTED)),
            rejected=Count("tasks__annotations", filter=Q(tasks__annotations__state=Annotation.State.REJECTED)),
            oldest=Min("tasks__annotations__updated_at", filter=submitted),
        )
        .order_by("-waiting", "name")
    )
    return render(request, "annotation/review_list.html", {"project": found, "room": "review", "rows": rows})


@never_cache
def review(request: HttpRequest, queue: UUID) -> HttpResponse:
    """The editor on a queue's annotations that wait for a reviewer, one after another."""
    user = signed_in(request)
    found = get_object_or_404(Queue.objects.visible_to(Caller(user)).select_related("project"), uuid=queue)
    require(Caller(user), found.project, "annotation.review")
    payload = payloads.next_review(found, Caller(user), [])
    home = reverse("annotation:review_list", args=[found.project.name])
    addresses = {
        "queue": str(found.uuid),
        "next": f"{root()}/api/v1/queues/{found.uuid}/review/next",
        "review": f"{root()}/api/v1/annotations/{{annotation}}/review",
    }
    context = {
        "queue": found,
        "project": found.project,
        "home": home,
        "payload": payload,
        "preload": MEDIA[payload["media"]["kind"]].preload if payload else "",
        "boot": {**boot(request, user, home, addresses), "has_task": payload is not None},
    }
    return render(request, "annotation/review.html", context)
