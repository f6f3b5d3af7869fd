"""The whole policy in one place: fetch what the person may see, and ask their role for the verb.

What a person may not see is not there (404); what they see but their role does not allow is refused (403).
"""

from lode_platform.errors import Forbidden, NotFound
from lode_platform.models import Membership, Project, User
from lode_platform.roles import allows


def permits(user: User, role: str, verb: str) -> bool:
    """Whether ``role`` allows ``verb``, and so does the role of the token that ``user`` came in with, if any."""
    token_role = getattr(user, "token_role", "")
    return allows(role, verb) and (not token_role or allows(token_role, verb))


def check(user: User, role: str, verb: str) -> None:
    """Raises ``Forbidden`` unless ``permits``."""
    if not permits(user, role, verb):
        raise Forbidden(f"Your role here does not allow this ({verb}).", verb=verb)


def role_in(project: Project, user: User) -> str:
    """The person's role in the project, "" for none."""
    return Membership.objects.filter(project=project, user=user).values_list("role", flat=True).first() or ""


def require(user: User, project: Project, verb: str) -> Membership:
    """The person's membership of ``project`` if it allows ``verb``: one query.

    Raises ``NotFound`` to strangers (and to the token of another project), ``Forbidden`` when the role lacks the verb.
    """
    scope = getattr(user, "token_project_id", None)
    found = Membership.objects.filter(project=project, user=user).first()
    if found is None or (scope and scope != project.pk):
        raise NotFound("There is no such project.")
    check(user, found.role, verb)
    return found


def project_for(user: User, name: str, verb: str) -> Project:
    """The live project ``name`` if the person may do ``verb`` in it: one query.

    Raises ``NotFound`` to strangers, ``Forbidden`` when the role lacks the verb.
    """
    return member_of(user, name, verb).project


def member_of(user: User, name: str, verb: str) -> Membership:
    """As ``project_for``, but gives the membership, its ``project`` fetched with it."""
    scope = getattr(user, "token_project_id", None)
    found = (
        Membership.objects.select_related("project")
        .filter(project__name=name, project__trashed_at=None, user=user)
        .first()
    )
    if found is None or (scope and scope != found.project_id):
        raise NotFound(f"There is no project {name!r}.")
    check(user, found.role, verb)
    return found
