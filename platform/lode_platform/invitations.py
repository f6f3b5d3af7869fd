"""Invitations: a link by which people join a project, and by which an imported author takes over their account."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from lode_platform import access, accounts, events, mail
from lode_platform.addresses import absolute
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, Gone, NotFound
from lode_platform.invitation_models import Invitation, InvitationUse
from lode_platform.models import ApiToken, Membership, Project, Role, User
from lode_platform.roles import allows, verbs_of

DAYS, MOST_DAYS = 7, 90
MOST_USES = 1000
LINK = re.compile(r"[A-Za-z0-9_-]{43}")
State = Invitation.State

_imported: "list[Callable[[Project], QuerySet[User]]]" = []


def imported_people(source: "Callable[[Project], QuerySet[User]]") -> None:
    """Registers the inactive accounts that a room made for the authors of work that a project imported."""
    if source not in _imported:
        _imported.append(source)


def open_to_take_over(project: Project) -> "QuerySet[User]":
    """The imported authors of a project whose account nobody has ever had: no password, no login, no other project."""
    authors = Q(pk__in=[])
    for source in _imported:
        authors |= Q(pk__in=source(project).values("pk"))
    elsewhere = Membership.objects.exclude(project=project).values("user")
    rows = User.objects.filter(
        authors,
        is_active=False,
        is_staff=False,
        is_superuser=False,
        last_login=None,
        password__startswith=UNUSABLE_PASSWORD_PREFIX,
    )
    return rows.exclude(pk__in=elsewhere).exclude(pk__in=ApiToken.objects.values("user")).order_by("username")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def link_of(text: str) -> str:
    """The address that an invitation's secret is opened by."""
    return absolute(reverse("platform:join_link", args=[text]))


def invite(
    project: Project,
    caller: Caller,
    *,
    role: str,
    email: str = "",
    account: str = "",
    days: int = DAYS,
    uses: int = 1,
) -> tuple[Invitation, str]:
    """A new invitation and its link's secret, which nothing can show again.

    ``account`` is the user name of an imported author (`open_to_take_over`). With it, or with ``email``, the link is
    for one person. Raises ``BadInput``, which names the field.
    """
    access.require(caller, project, "project.manage")
    if role not in Role.values:
        raise BadInput(f"{role!r} is not a role; roles are {', '.join(Role.values)}.", field="role")
    if not 1 <= days <= MOST_DAYS:
        raise BadInput(_("An invitation lasts for 1 to %(n)d days.") % {"n": MOST_DAYS}, field="days")
    most = 1 if email or account else MOST_USES
    if not 1 <= uses <= most:
        said = _("It can be used 1 to %(n)d times.") % {"n": MOST_USES}
        only = _("An invitation for one mail address or one account is used once.")
        raise BadInput(only if most == 1 else said, field="uses")
    person = open_to_take_over(project).filter(username=account).first() if account else None
    if account and person is None:
        said = _("%(name)r is not the inactive account of somebody whose work was imported into this project.")
        raise BadInput(said % {"name": account[:150]}, field="account")
    text = secrets.token_urlsafe(32)
    with transaction.atomic():
        made = Invitation.objects.create(
            project=project,
            role=role,
            email=accounts.check_email(email),
            account=person,
            uses=uses,
            digest=_digest(text),
            created_by=caller.user,
            expires_at=timezone.now() + timedelta(days=days),
        )
        events.record(project, caller.user, "invitation.make", made, role=role, uses=uses, email=made.email)
    return made, text


def send(invitation: Invitation, text: str) -> bool:
    """Mails the link to the invitation's address; False where it has none, or no mail is sent here.

    Raises ``mail.Unsent``.
    """
    if not invitation.email or not mail.configured():
        return False
    words = {
        "who": invitation.created_by.get_full_name() or invitation.created_by.username,
        "project": str(invitation.project),
        "role": invitation.get_role_display(),
        "link": link_of(text),
        "until": f"{invitation.expires_at:%Y-%m-%d %H:%M} UTC",
    }
    said = _(
        "%(who)s invites you to the project %(project)s on Motherlode, as %(role)s.\n\nJoin by this link:\n%(link)s"
    )
    until = _("It is for you alone, can be used once, and ends on %(until)s.")
    mail.send(invitation.email, _("Join %(project)s on Motherlode") % words, f"{said % words}\n\n{until % words}")
    return True


def listed(project: Project, caller: Caller) -> "QuerySet[Invitation]":
    """The project's invitations, the newest first, with who came by each."""
    access.require(caller, project, "project.manage")
    rows = Invitation.objects.filter(project=project).select_related("project", "created_by", "account")
    return rows.prefetch_related("people__user").order_by("-pk")


def revoke(project: Project, caller: Caller, invitation: Invitation) -> None:
    """Ends the link at once and for good; who has come by it stays."""
    access.require(caller, project, "project.manage")
    with transaction.atomic():
        if Invitation.objects.filter(pk=invitation.pk, revoked_at=None).update(revoked_at=timezone.now()):
            events.record(project, caller.user, "invitation.revoke", invitation)


# -- opened ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Joined:
    """A member, and whether the invitation changed anything for them."""

    member: Membership
    changed: bool


def opened(text: str, *, lock: bool = False) -> Invitation:
    """The open invitation of a link.

    Raises ``NotFound`` where there is none, and ``Gone`` (``invitation_used``, ``_ended``, ``_revoked``) where it is
    over: by itself, with its project, or because its maker may no longer invite.
    """
    rows = Invitation.objects.select_related("project", "created_by", "account")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(digest=_digest(text)).first() if LINK.fullmatch(text) else None
    if found is None:
        raise NotFound(_("There is no such invitation: copy the whole link, or ask for another."), code="no_invitation")
    state = found.state()
    if state == State.OPEN and not _stands(found):
        state = State.REVOKED
    if state != State.OPEN:
        said = {
            State.USED: _("This invitation has been used. If you joined by it, log in; else ask %(who)s for another."),
            State.ENDED: _("This invitation ended on %(day)s. Ask %(who)s for another."),
            State.REVOKED: _("This invitation was revoked. Ask %(who)s, or another owner of the project, for another."),
        }[state]
        words = {"who": found.created_by.username, "day": f"{found.expires_at:%Y-%m-%d}"}
        raise Gone(said % words, code=f"invitation_{state.value}")
    return found


def _stands(invitation: Invitation) -> bool:
    """Whether its project is there, its maker may still invite, and its account is still nobody's."""
    maker = Membership.objects.filter(
        project=invitation.project, user=invitation.created_by, user__is_active=True, project__trashed_at=None
    ).first()
    if maker is None or not allows(maker.role, "project.manage"):
        return False
    account = invitation.account
    return account is None or open_to_take_over(invitation.project).filter(pk=account.pk).exists()


def accept(text: str, user: User) -> Joined:
    """Makes ``user`` a member. One whose role allows what the invitation's does, or something else, keeps it, and the
    link can still be used by others.

    Raises as ``opened``, and ``Conflict`` (``for_an_account``) where the link hands over an account.
    """
    with transaction.atomic():
        invitation = opened(text, lock=True)
        if invitation.account is not None:
            raise Conflict(_("This invitation hands over an account: log out first."), code="for_an_account")
        return _join(invitation, user)


def register(text: str, *, username: str, name: str = "", password: str) -> Joined:
    """Makes an account, or takes over the invitation's, and makes its person a member.

    Raises as ``opened``, and ``BadInput``, which names the field: ``username``, ``name`` or ``password``.
    """
    with transaction.atomic():
        invitation = opened(text, lock=True)
        user = _held(invitation, invitation.account) if invitation.account else User(email=invitation.email)
        was = user.username
        accounts.open_account(user, username=username, name=name, password=password)
        verb = "person.take_over" if invitation.account else "person.make"
        events.record(None, user, verb, user, username=user.username, was=was)
        return _join(invitation, user)


def _held(invitation: Invitation, account: User) -> User:
    """The account that is handed over, its row held: two links may name the same."""
    rows = open_to_take_over(invitation.project).select_for_update(no_key=True)
    user = rows.filter(pk=account.pk).first()
    if user is None:
        raise Gone(_("Somebody has taken this account over already."), code="invitation_used")
    return user


def _join(invitation: Invitation, user: User) -> Joined:
    """In a transaction that holds the invitation's row, so that no two people have its last use."""
    project, role = invitation.project, invitation.role
    member = Membership.objects.select_related("project").filter(project=project, user=user).first()
    if member is not None and not verbs_of(member.role) < verbs_of(role):
        return Joined(member, changed=False)
    member, _made = Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})
    InvitationUse.objects.get_or_create(invitation=invitation, user=user)
    events.record(
        project, user, "member.join", user, username=user.username, role=role, invitation=str(invitation.uuid)
    )
    return Joined(member, changed=True)
