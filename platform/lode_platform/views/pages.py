"""Home with its loop, and the projects."""

from dataclasses import dataclass
from math import cos, pi, sin

from django import forms
from django.core.validators import RegexValidator
from django.db.models import Count, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from lode_platform import shell, sql
from lode_platform.access import member_of
from lode_platform.callers import Caller
from lode_platform.glossary import GLOSSARY
from lode_platform.models import Item, Membership, Project, Role
from lode_platform.paging import number_of
from lode_platform.projects import create_project, trashed
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast

LAST_PROJECT = "lode_project"
"""The cookie that says which project was looked at last: a session would be a row, and looking writes none."""
YEAR = 365 * 24 * 3600


def front(request: HttpRequest) -> HttpResponse:
    """Leads to the Home of the project last looked at, else of the only one, else to the list."""
    user = signed_in(request)
    known = list(Project.objects.visible_to(Caller(user)).order_by("-created_at").values_list("name", flat=True)[:50])
    last = request.COOKIES.get(LAST_PROJECT)
    if last in known:
        return redirect("platform:home", last)
    return redirect("platform:home", known[0]) if len(known) == 1 else redirect("platform:projects")


@dataclass(frozen=True)
class Place:
    """A station and the arc that leads from it to the next, as an SVG path in the drawing's units."""

    station: shell.StationView
    arrow: str


# The drawing's units; home.css places the stations at the same points, in per cent.
WIDTH, HEIGHT = 720, 470
RADIUS_X, RADIUS_Y = 278, 174
STATION_WIDTH, STATION_HEIGHT, MARGIN = 150, 96, 9


def on_ring(angle: float) -> tuple[float, float]:
    """The point of the ring at ``angle`` radians, clockwise from the top."""
    return WIDTH / 2 + RADIUS_X * sin(angle), HEIGHT / 2 - RADIUS_Y * cos(angle)


def leaves(centre: float, towards: float) -> float:
    """The angle at which the ring, walked from a station's centre, comes clear of the station."""
    x, y = on_ring(centre)
    angle, step = centre, 0.004 if towards > centre else -0.004
    while True:
        angle += step
        px, py = on_ring(angle)
        if abs(px - x) > STATION_WIDTH / 2 + MARGIN or abs(py - y) > STATION_HEIGHT / 2 + MARGIN:
            return angle


def ring(stations: list[shell.StationView]) -> list[Place]:
    """The stations clockwise from the top left, each with the arc that leads to the next."""
    step = 2 * pi / len(stations)
    places = []
    for number, station in enumerate(stations):
        here, there = (number - 0.5) * step, (number + 0.5) * step
        x1, y1 = on_ring(leaves(here, there))
        x2, y2 = on_ring(leaves(there, here))
        arrow = f"M{x1:.1f} {y1:.1f}A{RADIUS_X} {RADIUS_Y} 0 0 1 {x2:.1f} {y2:.1f}"
        places.append(Place(station, arrow))
    return places


def home(request: HttpRequest, project: str) -> HttpResponse:
    """The loop as a ring of six stations, and what waits for me."""
    user = signed_in(request)
    member = member_of(Caller(user), project, "project.view")
    waiting = shell.to_do_rows(member.project, user)
    labels = member.role == Role.ANNOTATOR
    context = {
        "project": member.project,
        "room": "home",
        "role": member.get_role_display(),
        "places": ring(shell.stations(member.project, user)),
        "steps": shell.first_steps(member.project, user, member.role),
        "waiting": waiting,
        "labels": labels,
        "label_next": next((row for row in waiting if row.action), None) if labels else None,
        "lately": shell.recent_activity_rows(member.project, user),
        "about": shell.about_lines(member.project, user),
        "width": WIDTH,
        "height": HEIGHT,
    }
    response = render(request, "platform/home.html", context)
    response.set_cookie(LAST_PROJECT, project, max_age=YEAR, httponly=True, samesite="Lax", secure=request.is_secure())
    return response


class ProjectForm(forms.Form):
    """A new project."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200, required=False)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=64,
        widget=forms.TextInput(attrs={"data-follows": "title"}),
        help_text=gettext_lazy("Stands in addresses, the CLI and the SDK: letters, digits and hyphens."),
        validators=[
            RegexValidator(r"^[a-z0-9][a-z0-9_-]*$", gettext_lazy("Use a-z, 0-9, hyphen and underscore only."))
        ],
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Project.objects.filter(name=name, trashed_at=None).exists():
            raise forms.ValidationError(_("This name is taken. Choose another."))
        return name


def projects(request: HttpRequest) -> HttpResponse:
    """The projects I am a member of, and a form for a new one."""
    user = signed_in(request)
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = create_project(user, name=form.cleaned_data["name"], title=form.cleaned_data["title"])
        toast(request, _("Project %(name)s is ready.") % {"name": made.name})
        return redirect("platform:home", made.name)
    live = Item.objects.live().filter(project=OuterRef("project"))
    rows = (
        Membership.objects.filter(user=user, project__trashed_at=None)
        .select_related("project")
        .annotate(items=number_of(live), people=Count("project__memberships", distinct=True))
        .order_by("project__name")
    )
    with sql.rows_by_index():
        memberships = list(rows)
    context = {
        "form": form,
        "memberships": memberships,
        "trashed": trashed(user),
        "open_form": bool(form.errors) or "new" in request.GET,
    }
    return render(request, "platform/projects.html", context)


@require_GET
def glossary(request: HttpRequest) -> HttpResponse:
    """The words of the screens."""
    signed_in(request)
    return render(request, "platform/glossary.html", {"glossary": GLOSSARY})
