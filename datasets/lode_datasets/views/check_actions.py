"""What the buttons about checks do: have them look, set their severities, waive what they found."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_datasets import checking, gate
from lode_datasets.checks import CHECKS
from lode_datasets.views.named import found, typed
from lode_platform.access import project_for
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, LodeError
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast


def _day(text: str) -> date:
    """The day that a form names. Raises ``BadInput``."""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise BadInput(_("Name the last day, such as 2027-01-31."), field="until")
    return day


@require_POST
def checks_now(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Has checks look at what the dataset holds, all of them where ``all`` is sent; the page follows the job."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.pull"), name)
    checking.ask(dataset, user, [] if "all" in request.POST else None)
    return redirect("datasets:dataset", project, name)


@require_POST
def severities(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Says what each check weighs; what is as the check says is not kept."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.edit"), name)
    given = {key: typed(request, key) for key in CHECKS if key in request.POST}
    try:
        gate.choose(
            dataset,
            user,
            {key: None if said == CHECKS[key].severity else said for key, said in given.items()},
        )
    except LodeError as error:
        toast(request, error.message, kind="danger")
    return redirect("datasets:dataset", project, name)


@require_POST
def waive(request: HttpRequest, project: str, name: str) -> HttpResponse:
    """Lets pass what a check found last."""
    user = signed_in(request)
    dataset = found(project_for(Caller(user), project, "dataset.edit"), name)
    try:
        until = _day(typed(request, "until"))
        gate.waive(dataset, user, name=typed(request, "check"), reason=typed(request, "reason"), until=until)
    except LodeError as error:
        toast(request, error.message, kind="danger")
    else:
        toast(request, _("Waived. Publish again: the version will show who waived it and why."))
    return redirect("datasets:dataset", project, name)
