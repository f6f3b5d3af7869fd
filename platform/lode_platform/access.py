"""The whole policy in one place: fetch what the person may see, and ask their role for the verb.

What a person may not see is not there (404); what they see but their role does not allow is refused (403).
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from lode_platform.errors import Forbidden, NotFound
from lode_platform.models import Membership, Project, Role, User
from lode_platform.roles import allows


def permits(user: User, role: str, verb: str) -> bool:
    """Whether ``role`` allows ``verb``, and so does the role of the token that ``user`` came in with, if any."""
    token_role = getattr(user, "token_role", "")
    return allows(role, verb) and (not token_role or allows(token_role, verb))


def check(user: User, role: str, verb: str, project: int) -> None:
    """Raises ``Forbidden`` unless ``permits``, saying which role could and who in ``project`` (its key) has it."""
    if permits(user, role, verb):
        return
    able = [one.value for one in Role if allows(one, verb)]
    needs = _("this needs the role %(roles)s") % {"roles": _either(able)}
    if allows(role, verb):
        limited = {"role": getattr(user, "token_role", ""), "needs": needs}
        said = _("This token's role is %(role)s; %(needs)s. Make a token with that one.") % limited
    else:
        known = Membership.objects.filter(project=project, role__in=able, user__is_active=True)
        names = list(known.order_by("pk").values_list("user__username", flat=True)[:3])
        said = _("Your role here is %(role)s; %(needs)s. Ask %(names)s.") % {
            "role": role,
            "needs": needs,
            "names": _either(names or [_("an owner")]),
        }
    raise Forbidden(said, verb=verb)


def _either(words: Sequence[str]) -> str:
    *most, last = words
    return _("%(most)s or %(last)s") % {"most": ", ".join(most), "last": last} if most else last


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
    check(user, found.role, verb, found.project_id)
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
    check(user, found.role, verb, found.project_id)
    return found
