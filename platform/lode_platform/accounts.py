"""Accounts: made by the person themselves, their password, name and mail address.

A link to set a password holds Django's token, which is over once the password or the address changes, the person logs
in, or ``PASSWORD_RESET_TIMEOUT`` has passed.
"""

import re
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from lode_platform import access, events, jobs, mail
from lode_platform.addresses import absolute
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, Gone, NotFound
from lode_platform.models import Membership, Project, Role, User

MOST_NAME = 150
MOST_ACCOUNTS = 10
"""Accounts of one mail address that are sent a link."""
LINK = re.compile(r"(?P<uuid>[0-9a-f]{32})-(?P<token>[0-9a-z]{1,13}-[0-9a-f]{32})")
SEND_LINKS = "accounts.send_links"


def check_username(given: str, own: User | None = None) -> str:
    """A user name that nobody but ``own`` has, in whatever case. Raises ``BadInput``."""
    name = User.normalize_username(given)
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), field="username") from None
    if len(name) > MOST_NAME or not any(letter.isalnum() for letter in name):
        said = _("A user name has at most 150 characters, and at least one letter or digit.")
        raise BadInput(said, field="username")
    same = User.objects.filter(username__iexact=name)
    if (same.exclude(pk=own.pk) if own and own.pk else same).exists():
        raise BadInput(_("Somebody here has this user name; choose another."), field="username")
    return name


def check_display_name(given: str) -> str:
    """A name to be shown, on one line; "" for none. Raises ``BadInput``."""
    name = " ".join(given.split())
    if len(name) > MOST_NAME or not name.isprintable():
        raise BadInput(_("A name has at most 150 characters, all of which can be seen."), field="name")
    return name


def check_email(given: str) -> str:
    """A mail address; "" for none. Raises ``BadInput``."""
    address = given.strip()
    try:
        if address:
            validate_email(address)
    except ValidationError:
        raise BadInput(_("This is not a mail address; write it as ann@example.org."), field="email") from None
    if len(address) > 254:
        raise BadInput(_("A mail address has at most 254 characters."), field="email")
    return address


def check_password(password: str, user: User) -> None:
    """Asks Django's validators. Raises ``BadInput``."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), field="password") from None


def open_account(user: User, *, username: str, name: str, password: str) -> User:
    """Gives ``user``, new or inactive, a user name, a name to be shown and a password, and makes the account active.

    Raises ``BadInput``, which names the field. In the caller's transaction.
    """
    user.username = check_username(username, user)
    user.first_name, user.last_name, user.is_active = check_display_name(name), "", True
    check_password(password, user)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        raise BadInput(_("Somebody here has this user name; choose another."), field="username") from None
    return user


def change_profile(user: User, *, name: str, email: str) -> None:
    """Changes the name that is shown and the mail address; whoever calls has asked for the password for the latter."""
    name, email = check_display_name(name), check_email(email)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(first_name=name, last_name="", email=email)
        events.record(None, user, "profile.change", user)


# -- a password that was forgotten -------------------------------------------------------------------------------------


def password_link(user: User) -> str:
    """The address at which ``user`` sets a new password, once."""
    text = f"{user.uuid.hex}-{default_token_generator.make_token(user)}"
    return absolute(reverse("platform:password_link", args=[text]))


def person_of_link(text: str, *, lock: bool = False) -> User:
    """Who may set a password by a link, with the row ``lock``\\ ed. Raises ``Gone``."""
    found = LINK.fullmatch(text)
    rows = User.objects.select_for_update(no_key=True) if lock else User.objects
    user = rows.filter(uuid=UUID(found["uuid"]), is_active=True).first() if found else None
    if found is None or user is None or not default_token_generator.check_token(user, found["token"]):
        raise Gone(_("This link has been used, or is over. Ask for another one."), code="link_over")
    return user


def set_password(text: str, password: str) -> User:
    """Sets the password of the person of a link, which is over then, as are their sessions; tokens stay.

    Raises ``Gone`` for a link that is over, ``BadInput`` for a password that Django's validators refuse.
    """
    with transaction.atomic():
        user = person_of_link(text, lock=True)
        check_password(password, user)
        user.set_password(password)
        user.save(update_fields=["password"])
        events.record(None, user, "password.reset", user)
    return user


def password_link_for(project: Project, caller: Caller, user: User) -> str:
    """A link that a project's owner gives to a member who forgot the password.

    Raises ``Conflict`` for oneself and for a member of a project that the caller does not own: a link is as good as the
    account, and opens those projects as well.
    """
    access.require(caller, project, "project.manage")
    if not Membership.objects.filter(project=project, user=user, user__is_active=True).exists():
        raise NotFound(_("That person is not a member of this project."))
    if user == caller.user:
        raise Conflict(_("This is you: change your password under My account."), code="own_account")
    owned = Membership.objects.filter(user=caller.user, role=Role.OWNER).values("project")
    elsewhere = Membership.objects.filter(user=user).exclude(project__in=owned).exists()
    if elsewhere or caller.token or user.is_staff or user.is_superuser:
        said = _(
            "%(name)s belongs to projects that you do not own, which the link would open too. The administrator of the"
            " server makes one with manage.py person %(name)s --link."
        )
        raise Conflict(said % {"name": user.username}, code="not_yours_alone")
    events.record(project, caller.user, "password.link", user)
    return password_link(user)


def send_password_links(address: str) -> None:
    """Has a link sent to each account with this mail address, by a job: whether there is any shows in no answer, and in
    no time that it takes."""
    jobs.enqueue(SEND_LINKS, project=None, user=None, arguments={"email": check_email(address)})


@jobs.job(SEND_LINKS)
def _send_links(work: jobs.Work) -> dict[str, int]:
    people = User.objects.filter(email__iexact=work.arguments["email"], is_active=True).exclude(email="")
    sent = 0
    for user in people.order_by("pk")[:MOST_ACCOUNTS]:
        words = {"name": user.username, "link": password_link(user)}
        text = _(
            "Somebody, probably you, asked to set a new password for the account %(name)s.\n\n"
            "Set it here, within a day:\n%(link)s\n\nIf it was not you, do nothing: your password stays as it is."
        )
        try:
            mail.send(user.email, _("Set a new password"), text % words)
        except mail.Unsent as error:
            raise error.__cause__ or error from None  # a connection that was lost is tried again
        sent += 1
    return {"sent": sent}
