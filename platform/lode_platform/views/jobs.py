"""Long work: the list, a job's page, the thin bar on top, and what can be done about a job."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_platform import jobs as verbs
from lode_platform import shell
from lode_platform.access import member_of, permits, project_for
from lode_platform.callers import Caller
from lode_platform.models import Job, JobState, Project
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast


def jobs(request: HttpRequest, project: str) -> HttpResponse:
    """The project's jobs, newest first, by state."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    rows = member.project.jobs.select_related("created_by").order_by("-created_at")
    state = request.GET.get("state", "")
    if state in JobState.values:
        rows = rows.filter(state=state)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context = {"project": member.project, "room": "jobs", "page": page, "state": state, "states": JobState.choices}
    return render(request, "platform/jobs.html", context)


def found_job(project: Project, job: str) -> Job:
    return get_object_or_404(Job.objects.select_related("created_by"), project=project, uuid=job)


def job(request: HttpRequest, project: str, job: str) -> HttpResponse:
    """One job: how far it is, what it says, its report or its error."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    row = found_job(member.project, job)
    context = {
        "project": member.project,
        "room": "jobs",
        "job": row,
        "may_control": permits(Caller(user), member.role, "job.control"),
        "report": report_rows(row.result),
        "problems": problem_rows(row.result),
        "is_open": row.state in verbs.CANCELLABLE,
        "next": shell.step_after("pictures", member.project, user, member.role) if brought_pictures(row) else None,
    }
    return render(request, "platform/job.html", context)


def brought_pictures(job: Job) -> bool:
    """Whether the job brought in items, so that its page says what comes next."""
    return job.verb == "items.zip" and job.state == JobState.SUCCEEDED


def report_rows(result: dict[str, Any]) -> list[tuple[str, Any]]:
    """The plain numbers and words of a job's result, in its order; lists that hold something are counted."""
    rows: list[tuple[str, Any]] = []
    for key, value in result.items():
        words = key.replace("_", " ").capitalize()
        if isinstance(value, list):
            rows.extend([(words, len(value))] if value else [])
        elif isinstance(value, str | int | float) and value != "":
            rows.append((words, value))
    return rows


def problem_rows(result: dict[str, Any], limit: int = 500) -> list[dict[str, Any]]:
    """What a job left out, each with what, where and why, from any list of such rows in its result."""
    rows: list[dict[str, Any]] = []
    for key, value in result.items():
        for entry in value if isinstance(value, list) else []:
            if not isinstance(entry, dict):
                continue
            where = entry.get("path") or entry.get("file") or entry.get("item") or ""
            line = entry.get("row")
            what = entry.get("error") or entry.get("what") or entry.get("message") or ""
            if what:
                rows.append(
                    {
                        "where": f"{where}:{line}" if line else where,
                        "what": what,
                        "remedy": entry.get("remedy", ""),
                        "list": key.replace("_", " "),
                    }
                )
    return rows[:limit]


def bar(request: HttpRequest, project: str) -> HttpResponse:
    """The thin progress bar of the top: what runs now; asks again by itself, oftener while something runs."""
    found = project_for(Caller(signed_in(request)), project, "project.view")
    running = list(found.jobs.filter(state__in=verbs.OPEN).order_by("created_at")[:20])
    done, total = sum(row.done for row in running), sum(row.total for row in running)
    context = {"project": found, "running": running, "done": min(done, total), "total": total}
    return render(request, "platform/jobs_bar.html", context)


def progress(request: HttpRequest, project: str, job: str) -> HttpResponse:
    """A job's progress as a part of any page; asks again until the job ends, then has the page reloaded."""
    found = project_for(Caller(signed_in(request)), project, "project.view")
    row = found_job(found, job)
    reload = request.GET.get("reload") != "0"
    is_open = row.state in verbs.CANCELLABLE
    context = {"project": found, "job": row, "is_open": is_open, "reload": reload}
    response = render(request, "platform/job_progress.html", context)
    if not is_open and reload:
        response.headers["HX-Trigger"] = "lode:reload"
    return response


@require_POST
def cancel(request: HttpRequest, project: str, job: str) -> HttpResponse:
    """Asks a job to stop; it does at its next step and tidies up."""
    found = project_for(Caller(signed_in(request)), project, "job.control")
    row = found_job(found, job)
    verbs.cancel(row)
    toast(
        request,
        _("Cancelled.") if row.state == JobState.CANCELLED else _("Cancelling: the job stops at its next step."),
    )
    return redirect("platform:job", project, row.uuid)


@require_POST
def retry(request: HttpRequest, project: str, job: str) -> HttpResponse:
    """Queues a job that failed or was cancelled again."""
    found = project_for(Caller(signed_in(request)), project, "job.control")
    row = found_job(found, job)
    verbs.retry(row)
    toast(request, _("Queued again: the job resumes where it stopped."))
    return redirect("platform:job", project, row.uuid)
