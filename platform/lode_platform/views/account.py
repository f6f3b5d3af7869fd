"""Logging in and out, and one's own tokens."""

from typing import Any

from django import forms
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from lode_platform.models import ApiToken, User
from lode_platform.signed_in import signed_in
from lode_platform.toasts import toast
from lode_platform.tokens import make_token, revoke


class Login(LoginView):
    """The login page; says the same for an unknown name as for a wrong password."""

    template_name = "platform/login.html"
    redirect_authenticated_user = True

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        form.error_messages["invalid_login"] = gettext_lazy("That name and password do not go together. Try once more.")
        return form


class Logout(LogoutView):
    """Ends the session; POST only."""


class TokenForm(forms.Form):
    """A new token of one's own."""

    name = forms.CharField(label=gettext_lazy("What is it for?"), max_length=100)
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


@sensitive_post_parameters()
def account(request: HttpRequest) -> HttpResponse:
    """My tokens: they act as me in every project of mine. A new one is shown once, on this very answer."""
    user = signed_in(request)
    form = TokenForm(request.POST or None)
    shown = ""
    if request.method == "POST" and form.is_valid():
        shown = make_token(user, name=form.cleaned_data["name"], days=form.cleaned_data["days"])[1]
        form = TokenForm()
    context = {"form": form, "shown": shown, "tokens": live_tokens(user), "now": timezone.now()}
    response = render(request, "platform/account.html", context)
    if shown:
        response.headers["Cache-Control"] = "no-store"
    return response


def live_tokens(user: User) -> list[ApiToken]:
    """The tokens of ``user`` that still open doors, newest first."""
    found = ApiToken.objects.filter(user=user, revoked_at=None).select_related("project").order_by("-created_at")
    return [token for token in found if token.expires_at is None or token.expires_at > timezone.now()]


@require_POST
def revoke_token(request: HttpRequest, token: str) -> HttpResponse:
    """Ends one of my tokens."""
    found = get_object_or_404(ApiToken, uuid=token, user=signed_in(request), revoked_at=None)
    revoke(found, signed_in(request))
    toast(request, _("Token %(prefix)s… is revoked.") % {"prefix": found.prefix})
    return redirect("platform:account")
