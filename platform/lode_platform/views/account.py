"""Logging in and out, one's own password and tokens."""

from typing import Any

from django import forms
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from lode_platform import accounts, events, mail
from lode_platform.errors import BadInput, TooMany
from lode_platform.models import ApiToken, User
from lode_platform.notifications.kinds import NOTICES, Notice
from lode_platform.notifications.models import MailChoice
from lode_platform.signed_in import signed_in
from lode_platform.throttle import address_of, count_login, forgive_login
from lode_platform.toasts import toast
from lode_platform.tokens import make_token, revoke


class LoginForm(AuthenticationForm):
    """A name and a password; says the same for an unknown name as for a wrong password."""

    error_messages = {"invalid_login": gettext_lazy("That name and password do not go together. Try once more.")}
    too_many: TooMany | None = None

    def clean(self) -> dict[str, Any]:
        """Looks at the password, unless this has been tried too often."""
        name, address = self.cleaned_data.get("username") or "", address_of(self.request) if self.request else ""
        try:
            count_login(name, address)
        except TooMany as error:
            self.too_many = error
            raise forms.ValidationError(error.message) from None
        cleaned: dict[str, Any] = super().clean()
        forgive_login(name, address)
        return cleaned


class Login(LoginView):
    """The login page."""

    template_name = "platform/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_invalid(self, form: LoginForm) -> HttpResponse:  # type: ignore[override]
        answer = super().form_invalid(form)
        if form.too_many is not None:
            answer.status_code = form.too_many.status
            answer.headers["Retry-After"] = str(form.too_many.retry_after)
        return answer


class Logout(LogoutView):
    """Ends the session; POST only."""


class PasswordForm(PasswordChangeForm):
    """My own new password; the old one is asked for, and not for ever."""

    def clean_old_password(self) -> str:
        """The old password. Wrong ones count as wrong logins do."""
        name, address = self.user.get_username(), self.address
        try:
            count_login(name, address)
        except TooMany as error:
            raise forms.ValidationError(error.message) from None
        old: str = super().clean_old_password()
        forgive_login(name, address)
        return old

    def __init__(self, request: HttpRequest, data: Any = None) -> None:
        super().__init__(signed_in(request), data)
        self.address = address_of(request)
        password, again = self.fields["new_password1"], self.fields["new_password2"]
        password.help_text = _("At least 8 characters; not a common password, and not similar to your name.")
        again.label, again.help_text = _("Repeat the new password"), ""
        for field in self.fields.values():
            field.widget.attrs.pop("autofocus", None)


class ProfileForm(forms.Form):
    """The name that others see, and the mail address, which a password can be reset by: so it takes the password."""

    name = forms.CharField(label=gettext_lazy("Display name"), max_length=150, required=False)
    email = forms.EmailField(label=gettext_lazy("Mail address"), required=False)
    password = forms.CharField(
        label=gettext_lazy("Password, to change the mail address"),
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, data: Any = None) -> None:
        self.user, self.address = signed_in(request), address_of(request)
        was = {"name": self.user.get_full_name(), "email": self.user.email}
        super().__init__(data, initial=was, auto_id="profile_%s")

    def clean(self) -> dict[str, Any]:
        """Looks at the password where the mail address is another. Wrong ones count as wrong logins do."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("email", self.user.email) != self.user.email:
            try:
                count_login(self.user.get_username(), self.address)
            except TooMany as error:
                raise forms.ValidationError(error.message) from None
            if not self.user.check_password(cleaned.get("password", "")):
                self.add_error("password", _("The mail address is changed with your password: enter it here."))
            else:
                forgive_login(self.user.get_username(), self.address)
        return cleaned


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
    return page(request, form=form, shown=shown)


def page(request: HttpRequest, **more: object) -> HttpResponse:
    """The account's page, with whatever one of its forms has to say."""
    user = signed_in(request)
    context = {
        "form": TokenForm(),
        "password_form": PasswordForm(request),
        "profile_form": ProfileForm(request),
        "can_mail": mail.configured(),
        "tokens": live_tokens(user),
        "now": timezone.now(),
        "mail_choices": mail_choices(user),
        "mail_times": MailChoice.When.choices,
        **more,
    }
    response = render(request, "platform/account.html", context)
    if more.get("shown"):
        response.headers["Cache-Control"] = "no-store"
    return response


@sensitive_post_parameters()
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    """Changes my password: this session goes on, all others of mine end, tokens stay."""
    form = PasswordForm(request, request.POST)
    if not form.is_valid():
        return page(request, password_form=form)
    update_session_auth_hash(request, form.save())
    events.record(None, signed_in(request), "password.change", signed_in(request))
    toast(request, _("Password changed. You are logged out everywhere else; your tokens keep working."))
    return redirect("platform:account")


@sensitive_post_parameters()
@require_POST
def profile(request: HttpRequest) -> HttpResponse:
    """Changes the name that others see, and my mail address."""
    form = ProfileForm(request, request.POST)
    if form.is_valid():
        try:
            accounts.change_profile(form.user, name=form.cleaned_data["name"], email=form.cleaned_data["email"])
        except BadInput as error:
            form.add_error(str(error.facts["field"]), error.message)
        else:
            toast(request, _("Saved."))
            return redirect("platform:account")
    return page(request, profile_form=form)


def mail_choices(user: User) -> list[tuple[Notice, str]]:
    """Each kind of notification, and when this person is mailed of it."""
    chosen = dict(user.mail_choices.values_list("kind", "when"))
    return [(notice, chosen.get(name, notice.mail)) for name, notice in NOTICES.items()]


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
