"""The invitations of a project, and links to new passwords for its members: on its page Settings."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lode_platform import accounts, invitations, mail
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.invitation_models import Invitation
from lode_platform.models import Membership
from lode_platform.toasts import toast
from lode_platform.views.invitation_form import InvitationForm
from lode_platform.views.settings import membership, page


@require_POST
def invite(request: HttpRequest, project: str) -> HttpResponse:
    """Makes an invitation; its link is on this answer, and in the mail that is sent, and nowhere else."""
    member = membership(request, project, "project.manage")
    form = InvitationForm(member.project, request.POST)
    if form.is_valid():
        try:
            made, text = invitations.invite(member.project, Caller(member.user), **form.cleaned_data)
        except BadInput as error:
            field = str(error.facts.get("field", ""))
            form.add_error(field if field in form.fields else None, error.message)
        else:
            said = _sent(made, text)
            return page(request, member, link=invitations.link_of(text), link_said=said)
    return page(request, member, invitation_form=form)


def _sent(made: Invitation, text: str) -> str:
    """What has become of the mail, if there was one to send."""
    if not made.email:
        return ""
    try:
        sent = invitations.send(made, text)
    except mail.Unsent as error:
        return _("%(error)s Send the link to %(email)s yourself.") % {"error": error.message, "email": made.email}
    words = _("Mailed to %(email)s.") if sent else _("This server sends no mail: send the link to %(email)s yourself.")
    return words % {"email": made.email}


@require_POST
def revoke(request: HttpRequest, project: str, invitation: str) -> HttpResponse:
    """Ends a link."""
    member = membership(request, project, "project.manage")
    caller = Caller(member.user)
    found = get_object_or_404(invitations.listed(member.project, caller), uuid=invitation)
    invitations.revoke(member.project, caller, found)
    toast(request, _("The invitation is revoked."))
    return redirect("platform:settings", project)


@require_POST
def password_link(request: HttpRequest, project: str, user: str) -> HttpResponse:
    """Makes a link by which a member sets a new password; it is on this answer and nowhere else."""
    member = membership(request, project, "project.manage")
    found = get_object_or_404(Membership.objects.select_related("user"), project=member.project, user__uuid=user)
    try:
        link = accounts.password_link_for(member.project, Caller(member.user), found.user)
    except Conflict as error:
        toast(request, error.message, kind="danger")
        return redirect("platform:settings", project)
    said = _("%(name)s sets a new password by it, once, within a day.") % {"name": found.user.username}
    return page(request, member, link=link, link_said=said)
