"""Who gave an answer elsewhere: a member of the project, else a person who cannot log in.

An answer keeps its author, whether or not they ever come here. Nobody is matched who is not a member, so that an import
tells nothing of other people's accounts and puts no words into their mouths.
"""

from collections.abc import Iterable

from django.contrib.auth.hashers import make_password
from django.db.models import Exists, OuterRef, QuerySet

from lode_annotation.models import Annotation, Review
from lode_platform import invitations
from lode_platform.models import Project, User

MAX_NAME = 150


def inactive_name(by: str, project: Project) -> str:
    """The name of the person who stands for somebody of another tool in a project: ``ann@example.org (cells)``."""
    end = f" ({project.name})"
    return by[: MAX_NAME - len(end)] + end


def imported(project: Project) -> "QuerySet[User]":
    """The people who cannot log in and have answered or reviewed in the project."""
    answered = Annotation.objects.filter(user=OuterRef("pk"), task__queue__project=project)
    reviewed = Review.objects.filter(reviewer=OuterRef("pk"), annotation__task__queue__project=project)
    return User.objects.filter(Exists(answered) | Exists(reviewed), is_active=False)


def people(project: Project, named: Iterable[str]) -> dict[str, User]:
    """A person for each name: the active member of that mail address or user name, else an inactive one, made where
    there is none yet. A mail address that several members share is nobody's."""
    wanted = sorted(set(named))
    members = User.objects.filter(memberships__project=project, is_active=True)
    found: dict[str, User] = {}
    lowered = {name.lower() for name in wanted}
    mails: dict[str, list[User]] = {}
    for user in members.exclude(email=""):
        if user.email.lower() in lowered:
            mails.setdefault(user.email.lower(), []).append(user)
    names = {user.username: user for user in members.filter(username__in=wanted)}
    for name in wanted:
        same = mails.get(name.lower(), [])
        found[name] = names.get(name) or (same[0] if len(same) == 1 else _inactive(project, name))
    return found


def _inactive(project: Project, name: str) -> User:
    mail = name if "@" in name else ""
    given = {"email": mail, "is_active": False, "password": make_password(None)}
    return User.objects.get_or_create(username=inactive_name(name, project), defaults=given)[0]


def register() -> None:
    """Called once, when the application is ready."""
    invitations.imported_people(imported)
