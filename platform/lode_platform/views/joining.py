"""Joining a project by an invitation's link: as who is logged in, or with an account that is made here."""

from typing import Any

from django import forms
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET

from lode_platform import invitations
from lode_platform.errors import BadInput, Gone, LodeError, NotFound
from lode_platform.invitation_models import Invitation
from lode_platform.invitations import Joined
from lode_platform.models import User
from lode_platform.roles import ROLE_WORDS
from lode_platform.throttle import address_of, count_wrong_link
from lode_platform.toasts import toast
from lode_platform.views.links import carried, private, spent, text_of

PAGE = "platform:join"
BACKEND = "django.contrib.auth.backends.ModelBackend"


class NewPasswordForm(forms.Form):
    """A password, twice; whether it is good enough the verb says."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        help_text=gettext_lazy("At least 8 characters; not a common password, and not similar to your name."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("Repeat the password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        """The same once more."""
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password", again):
            raise forms.ValidationError(_("The two passwords differ."))
        return again

    def refuse(self, error: BadInput) -> None:
        """Shows what a verb refused, at its field."""
        field = str(error.facts.get("field", ""))
        self.add_error(field if field in self.fields else None, error.message)


class AccountForm(NewPasswordForm):
    """A new account, or one that is taken over."""

    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=150,
        help_text=gettext_lazy("To log in with, and seen by the others: letters, digits and @ . + - _"),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    name = forms.CharField(
        label=gettext_lazy("Display name, if you like"),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("username", "name", "password", "again")


@login_not_required
@require_GET
def join_link(request: HttpRequest, text: str) -> HttpResponse:
    """Takes the secret out of the address."""
    return carried(PAGE, text)


@login_not_required
@sensitive_post_parameters("password", "again")
def join(request: HttpRequest) -> HttpResponse:
    """What the invitation is to; POST accepts it."""
    text = text_of(request)
    user = request.user if isinstance(request.user, User) else None
    try:
        invitation = invitations.opened(text)
        if request.method != "POST":
            return _page(request, invitation, user, AccountForm(initial={"username": _suggested(invitation)}))
        if user is not None:
            return _joined(request, invitations.accept(text, user))
        return _registered(request, invitation, text)
    except (Gone, NotFound) as error:
        return over(request, error)


def over(request: HttpRequest, error: LodeError) -> HttpResponse:
    """That a link is none, or no longer one, and what to do. Raises ``TooMany``."""
    if request.method == "POST":
        count_wrong_link(address_of(request))
    return private(render(request, "platform/link_over.html", {"error": error}, status=410))


def _registered(request: HttpRequest, invitation: Invitation, text: str) -> HttpResponse:
    form = AccountForm(request.POST)
    if not form.is_valid():
        return _page(request, invitation, None, form)
    given = {name: form.cleaned_data[name] for name in ("username", "name", "password")}
    try:
        joined = invitations.register(text, **given)
    except BadInput as error:
        form.refuse(error)
        return _page(request, invitation, None, form)
    login(request, joined.member.user, backend=BACKEND)
    return _joined(request, joined)


def _joined(request: HttpRequest, joined: Joined) -> HttpResponse:
    words = {"role": joined.member.get_role_display(), "project": str(joined.member.project)}
    said = (
        _("You are now %(role)s in %(project)s.") if joined.changed else _("You are already %(role)s in %(project)s.")
    )
    toast(request, said % words)
    return spent(redirect("platform:home", joined.member.project.name), PAGE)


def _suggested(invitation: Invitation) -> str:
    """What a taken over account may be called: its author's name elsewhere, without the project that it came into."""
    account = invitation.account
    return account.username.removesuffix(f" ({invitation.project.name})").replace(" ", ".") if account else ""


def _page(request: HttpRequest, invitation: Invitation, user: User | None, form: AccountForm) -> HttpResponse:
    context: dict[str, Any] = {
        "invitation": invitation,
        "role_words": ROLE_WORDS[invitation.role],
        "me": user,
        "form": form,
        "project": None,
    }
    return private(render(request, "platform/join.html", context))
