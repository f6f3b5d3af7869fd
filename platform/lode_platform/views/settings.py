"""A project's settings: its name, its people and their roles, its tokens, its end."""

from datetime import timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from lode_platform import invitations, mail, shell
from lode_platform import projects as verbs
from lode_platform.access import member_of, permits
from lode_platform.callers import Caller
from lode_platform.errors import LodeError
from lode_platform.models import ApiToken, Membership, Project, Role, User
from lode_platform.projects import trashed
from lode_platform.roles import ROLE_WORDS
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast
from lode_platform.tokens import make_token, revoke
from lode_platform.views.invitation_form import InvitationForm


class MemberForm(forms.Form):
    """Adds somebody by their user name."""

    username = forms.CharField(label=gettext_lazy("User name"), max_length=150)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.ANNOTATOR)


class ProjectTokenForm(forms.Form):
    """A token that acts in this project alone."""

    name = forms.CharField(label=gettext_lazy("What is it for?"), max_length=100)
    role = forms.ChoiceField(label=gettext_lazy("Role, at most"), choices=Role.choices, initial=Role.ENGINEER)
    days = forms.TypedChoiceField(
        label=gettext_lazy("Expires"),
        coerce=int,
        choices=[
            (30, gettext_lazy("after 30 days")),
            (90, gettext_lazy("after 90 days")),
            (365, gettext_lazy("after a year")),
        ],
        initial=90,
    )


class TitleForm(forms.Form):
    """The project's title."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200, required=False)


def page(request: HttpRequest, member: Membership, **more: object) -> HttpResponse:
    """The settings page, with whatever one of its forms has to say."""
    user, project = member.user, member.project
    tokens = ApiToken.objects.filter(project=project, revoked_at=None).select_related("user").order_by("-created_at")
    if not permits(Caller(user), member.role, "project.manage"):
        tokens = tokens.filter(user=user)
    context = {
        "project": project,
        "room": "settings",
        "may_manage": permits(Caller(user), member.role, "project.manage"),
        "may_token": permits(Caller(user), member.role, "token.make"),
        "members": project.memberships.select_related("user").order_by("user__username"),
        "me": user,
        "roles": [(value, title, ROLE_WORDS[Role(value)]) for value, title in Role.choices],
        "tokens": tokens,
        "now": timezone.now(),
        "member_form": MemberForm(),
        "token_form": ProjectTokenForm(auto_id="token_%s"),
        "title_form": TitleForm(initial={"title": project.title}),
        **_invitations(member),
        "needs": shell.needs_lines(project, user) if permits(Caller(user), member.role, "project.manage") else [],
        **more,
    }
    response = render(request, "platform/settings.html", context)
    if more.get("shown") or more.get("link"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _invitations(member: Membership) -> dict[str, object]:
    """Those that are open, and those that were within the last month; nothing for who may not invite."""
    caller = Caller(member.user)
    if not permits(caller, member.role, "project.manage"):
        return {}
    lately = timezone.now() - timedelta(days=30)
    rows = invitations.listed(member.project, caller).filter(expires_at__gt=lately)[:100]
    return {
        "invitations": [(row, row.state()) for row in rows],
        "invitation_form": InvitationForm(member.project),
        "can_mail": mail.configured(),
    }


def membership(request: HttpRequest, project: str, verb: str) -> Membership:
    """The caller's membership, with the caller as its ``user``."""
    user = signed_in(request)
    member = member_of(Caller(user), project, verb)
    member.user = user
    return member


def project_settings(request: HttpRequest, project: str) -> HttpResponse:
    """The page; POST changes the title."""
    member = membership(request, project, "project.manage" if request.method == "POST" else "project.view")
    form = TitleForm(request.POST or None, initial={"title": member.project.title})
    if request.method == "POST" and form.is_valid():
        Project.objects.filter(pk=member.project_id).update(title=form.cleaned_data["title"])
        toast(request, _("The title is saved."))
        return redirect("platform:settings", project)
    return page(request, member, title_form=form)


@require_POST
def members(request: HttpRequest, project: str) -> HttpResponse:
    """Adds a member or changes a member's role."""
    member = membership(request, project, "project.manage")
    form = MemberForm(request.POST)
    if form.is_valid():
        if User.objects.filter(username=form.cleaned_data["username"], is_active=True).exists():
            verbs.set_member(member.project, member.user, **form.cleaned_data)
            toast(request, _("%(username)s is now %(role)s.") % form.cleaned_data)
            return redirect("platform:settings", project)
        form.add_error("username", _("No account has this user name."))
    return page(request, member, member_form=form)


@require_POST
def remove_member(request: HttpRequest, project: str, user: str) -> HttpResponse:
    """Takes somebody out of the project; what they did stays."""
    member = membership(request, project, "project.manage")
    found = get_object_or_404(Membership.objects.select_related("user"), project=member.project, user__uuid=user)
    verbs.remove_member(member.project, member.user, found.user)
    toast(request, _("%(name)s is no longer a member.") % {"name": found.user.username})
    return redirect("platform:settings", project)


@sensitive_post_parameters()
@require_POST
def tokens(request: HttpRequest, project: str) -> HttpResponse:
    """Makes a token of this project; its text is on this answer and nowhere else."""
    member = membership(request, project, "token.make")
    form = ProjectTokenForm(request.POST, auto_id="token_%s")
    if form.is_valid():
        shown = make_token(member.user, project=member.project, **form.cleaned_data)[1]
        return page(request, member, shown=shown)
    return page(request, member, token_form=form)


@require_POST
def revoke_token(request: HttpRequest, project: str, token: str) -> HttpResponse:
    """Ends a token: one's own, or any of the project's for an owner."""
    member = membership(request, project, "token.make")
    rows = ApiToken.objects.filter(project=member.project, revoked_at=None)
    if not permits(Caller(member.user), member.role, "project.manage"):
        rows = rows.filter(user=member.user)
    found = get_object_or_404(rows, uuid=token)
    revoke(found, member.user)
    toast(request, _("Token %(prefix)s… is revoked.") % {"prefix": found.prefix})
    return redirect("platform:settings", project)


@require_POST
def trash(request: HttpRequest, project: str) -> HttpResponse:
    """Puts the project into the trash; its name must be typed, so that no slip of the mouse does it."""
    member = membership(request, project, "project.manage")
    if request.POST.get("name") != member.project.name:
        return page(request, member, trash_error=_("Type the project's name to confirm."))
    verbs.trash_project(member.project, member.user)
    undo = reverse("platform:project_restore", args=[member.project.uuid])
    toast(request, _("Project %(name)s is in the trash.") % {"name": project}, undo=undo)
    return redirect("platform:projects")


@require_POST
def restore(request: HttpRequest, trashed_project: str) -> HttpResponse:
    """Takes a project of mine out of the trash."""
    user = signed_in(request)
    found = get_object_or_404(trashed(user), uuid=trashed_project)
    try:
        verbs.restore_project(found, user)
    except LodeError as error:
        toast(request, error.message, kind="danger")
        return redirect("platform:projects")
    return redirect("platform:home", found.name)
