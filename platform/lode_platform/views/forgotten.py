"""A password that was forgotten: a link to set another is mailed, or came from an owner of the project."""

from django import forms
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET

from lode_platform import accounts, mail
from lode_platform.errors import BadInput, Gone
from lode_platform.throttle import address_of, count_forgotten
from lode_platform.toasts import toast
from lode_platform.views.joining import BACKEND, NewPasswordForm, over
from lode_platform.views.links import carried, private, spent, text_of

PAGE = "platform:password_new"


class ForgottenForm(forms.Form):
    """Where the link is sent."""

    email = forms.EmailField(
        label=gettext_lazy("Mail address"),
        help_text=gettext_lazy("The one under My account. If an account has it, it is sent a link."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


@login_not_required
def forgotten(request: HttpRequest) -> HttpResponse:
    """Asks for the address, and says the same whether or not an account has it."""
    form = ForgottenForm(request.POST or None)
    sent = ""
    if request.method == "POST" and mail.configured() and form.is_valid():
        sent = form.cleaned_data["email"]
        count_forgotten(sent, address_of(request))
        accounts.send_password_links(sent)
    context = {"form": form, "sent": sent, "can_mail": mail.configured()}
    return render(request, "platform/password_forgotten.html", context)


@login_not_required
@require_GET
def password_link(request: HttpRequest, text: str) -> HttpResponse:
    """Takes the secret out of the address."""
    return carried(PAGE, text)


@login_not_required
@sensitive_post_parameters("password", "again")
def password_new(request: HttpRequest) -> HttpResponse:
    """Sets the password of the link's person and logs them in; all other sessions of theirs end."""
    text = text_of(request)
    try:
        user = accounts.person_of_link(text)
        form = NewPasswordForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                login(request, accounts.set_password(text, form.cleaned_data["password"]), backend=BACKEND)
            except BadInput as error:
                form.refuse(error)
            else:
                toast(request, _("Password changed. You are logged out everywhere else; your tokens keep working."))
                return spent(redirect("platform:front"), PAGE)
    except Gone as error:
        return over(request, error)
    return private(render(request, "platform/password_new.html", {"who": user, "form": form}))
