"""Projects and who belongs to them: made, joined, left, thrown away."""

import re

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from lode_platform import events
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Membership, Project, Role, User
from lode_platform.roles import verbs_of

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def create_project(user: User, *, name: str, title: str = "") -> Project:
    """A new project owned by ``user``. ``Conflict`` (name_taken) if a live project has the name."""
    if not NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is not a valid project name: a-z, 0-9, hyphen and underscore, at most 64, no hyphen first.",
            code="bad_name",
            field="name",
        )
    try:
        with transaction.atomic():
            project = Project.objects.create(name=name, title=title[:200], created_by=user)
            Membership.objects.create(project=project, user=user, role=Role.OWNER)
            events.record(project, user, "project.create", project, name=name)
    except IntegrityError:
        raise Conflict(f"There is a project named {name!r} already.", code="name_taken") from None
    return project


def set_member(project: Project, actor: User, *, username: str, role: str) -> Membership:
    """Adds a person to the project, or changes their role. The last owner stays owner."""
    if role not in Role.values:
        raise BadInput(f"{role!r} is not a role; roles are {', '.join(Role.values)}.", field="role")
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise BadInput(f"Nobody here has the user name {username!r}.", field="username")
    with transaction.atomic():
        if role != Role.OWNER:
            keep_an_owner(project, user)
        member, _made = Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})
        events.record(project, actor, "member.set", user, username=username, role=role)
    return member


def remove_member(project: Project, actor: User, user: User) -> None:
    """Takes a person out of the project; what they did stays. The last owner cannot leave."""
    with transaction.atomic():
        keep_an_owner(project, user)
        Membership.objects.filter(project=project, user=user).delete()
        events.record(project, actor, "member.remove", user, username=user.username)


def keep_an_owner(project: Project, leaving: User) -> None:
    """Refuses to leave the project without an owner."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    owners = Membership.objects.filter(project=project, role=Role.OWNER)
    if [member.user_id for member in owners] == [leaving.pk]:
        raise Conflict("A project needs an owner: make somebody else owner first.", code="last_owner")


def trash_project(project: Project, actor: User) -> None:
    """Puts the project into the trash; its name is free again, its rows and bytes stay."""
    with transaction.atomic():
        Project.objects.filter(pk=project.pk, trashed_at=None).update(trashed_at=timezone.now())
        events.record(project, actor, "project.trash", project, name=project.name)


def trashed(user: User) -> QuerySet[Project]:
    """The projects in the trash that this person owns."""
    owned = Membership.objects.filter(user=user, role=Role.OWNER)
    return Project.objects.exclude(trashed_at=None).filter(memberships__in=owned).order_by("-trashed_at")


def restore_project(project: Project, actor: User) -> None:
    """Takes the project out of the trash. ``Conflict`` (name_taken) where its name was given away meanwhile."""
    try:
        with transaction.atomic():
            Project.objects.filter(pk=project.pk).update(trashed_at=None)
            events.record(project, actor, "project.restore", project, name=project.name)
    except IntegrityError:
        raise Conflict(f"There is a project {project.name!r} again.", code="name_taken") from None


def find_or_make_user(username: str) -> tuple[User, bool]:
    """The person of this name, and whether they are new; a new one has no password until somebody sets it."""
    found = User.objects.filter(username=username).first()
    if found:
        return found, False
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError as error:
        raise BadInput(f"{username!r} is not a valid user name: {' '.join(error.messages)}", field="user") from None
    user = User(username=username)
    user.set_unusable_password()
    user.save()
    return user, True


def join(user: User, name: str, role: str = "") -> tuple[Project, bool]:
    """The project ``name``, made if missing with ``user`` as its owner, and whether their place in it is new.

    A person who is not a member becomes one with ``role`` (viewer by default). A member whose role allows less than
    ``role`` gets it; ``Conflict`` (other_role) where it would take something from them.
    """
    project = Project.objects.filter(name=name, trashed_at=None).first()
    if project is None:
        return create_project(user, name=name), True
    member, made = Membership.objects.get_or_create(project=project, user=user, defaults={"role": role or Role.VIEWER})
    has, wanted = verbs_of(member.role), verbs_of(role or member.role)
    if not wanted <= has:
        if not has <= wanted:
            raise Conflict(f"{user.username} is {member.role} in {name}; {role} is another thing.", code="other_role")
        made, member.role = True, role
        member.save(update_fields=["role"])
    if made:
        events.record(project, user, "member.set", user, username=user.username, role=member.role)
    return project, made
