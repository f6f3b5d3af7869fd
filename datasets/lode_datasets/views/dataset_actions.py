"""What the buttons of a dataset's page do: publish, try again, change, add items, trash and restore."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_datasets import adding, aliases, pending_changes, publish
from lode_datasets.models import Dataset
from lode_datasets.views.named import found, typed
from lode_platform import jobs
from lode_platform.access import project_for
from lode_platform.callers import Caller
from lode_platform.errors import LodeError, NotFound
from lode_platform.models import JobState
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast


@require_POST
def publish_now(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Publishes what the dataset holds at this moment."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.publish"), name)
    try:
        version, job = publish.publish(
            dataset,
            user,
            message=typed(request, "message")[:10_000],
            # without the part of the form that asks for fields, the choice stays
            metadata=request.POST.getlist("metadata") if "fields" in request.POST else None,
        )
    except LodeError as error:
        toast(request, error.message, kind="danger")
    else:
        if job is None:
            toast(request, _("Nothing has changed since %(name)s.") % {"name": version})
    return redirect("datasets:dataset", project, name)


@require_POST
def retry(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Tries a publish that failed again; it goes on with what was frozen when it was asked for."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.publish"), name)
    waiting = dataset.versions.unpublished().select_related("job").defer("frozen").first()
    if waiting and waiting.job and waiting.job.state in (JobState.FAILED, JobState.CANCELLED):
        jobs.retry(waiting.job)
    return redirect("datasets:dataset", project, name)


@require_POST
def compare(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Has what publishing would change counted by a job, which the dataset's page follows."""
    user = signed_in(request)
    pending_changes.compare(found(project_for(Caller(user), project, "dataset.pull"), name), user)
    return redirect("datasets:dataset", project, name)


@require_POST
def change(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Changes the title and description."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.edit"), name)
    dataset.title = typed(request, "title")[:200]
    dataset.description = typed(request, "description")
    dataset.save(update_fields=["title", "description"])
    return redirect("datasets:dataset", project, name)


@require_POST
def add_all(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Puts every item of the project into the dataset; many by a job, which the dataset's page follows."""
    user = signed_in(request)
    home = project_for(Caller(user), project, "dataset.edit")
    try:
        did = adding.add_by_filter(found(home, name), Caller(user), {})
    except LodeError as error:
        toast(request, error.message, kind="danger")
    else:
        if did.job is None:
            toast(request, _("%(n)s items added.") % {"n": f"{did.done.added:,}"})
    return redirect("datasets:dataset", project, name)


@require_POST
def protect_alias(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Protects the alias of the form, so that only an owner moves it, or gives it free again."""
    caller = Caller(signed_in(request))
    dataset = found(project_for(caller, project, "alias.protect"), name)
    alias = typed(request, "alias")
    try:
        if request.POST.get("free") == "1":
            aliases.unprotect(dataset, caller, alias)
        else:
            aliases.protect(dataset, caller, alias)
    except LodeError as error:
        toast(request, error.message, kind="danger")
    return redirect("datasets:dataset", project, name)


@require_POST
def trash(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Puts the dataset into the trash, unless somebody needs it."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.edit"), name)
    try:
        aliases.trash_dataset(dataset, user)
    except LodeError as error:
        toast(request, error.message, kind="danger")
        return redirect("datasets:dataset", project, name)
    undo = reverse("datasets:restore", args=[project, dataset.uuid])
    toast(request, _("%(name)s is in the trash.") % {"name": name}, undo=undo)
    return redirect("datasets:datasets", project)


@require_POST
def restore(request: HttpRequest, project: str, uuid: str) -> HttpResponse:
    """Takes a dataset out of the trash."""
    user = signed_in(request)
    home = project_for(Caller(user), project, "dataset.edit")
    dataset = Dataset.objects.filter(project=home, uuid=uuid).exclude(trashed_at=None).first()
    if dataset is None:
        raise NotFound(_("There is no such dataset in the trash."))
    dataset.project = home
    aliases.restore_dataset(dataset, user)
    return redirect("datasets:dataset", project, dataset.name)
