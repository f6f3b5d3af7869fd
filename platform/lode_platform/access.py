"""The whole policy in one place: fetch what the caller may see, and ask their role for the verb.

What a person may not see is not there (404); what they see but their role does not allow is refused (403).
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from lode_platform.callers import Caller
from lode_platform.errors import Forbidden, NotFound
from lode_platform.models import Membership, Project, Role, User
from lode_platform.roles import allows


def permits(caller: Caller, role: str, verb: str) -> bool:
    """Whether ``role`` allows ``verb``, and so does the role of the caller's token, if any."""
    return both_allow(role, caller.token_role, verb)


def both_allow(role: str, token_role: str, verb: str) -> bool:
    """Whether ``role`` allows ``verb``, and so does the role that a token is limited to ("" for no limit)."""
    return allows(role, verb) and (not token_role or allows(token_role, verb))


def check(caller: Caller, role: str, verb: str, project: int) -> None:
    """Raises ``Forbidden`` unless ``permits``, saying which role could and who in ``project`` (its key) has it."""
    if permits(caller, role, verb):
        return
    able = [one.value for one in Role if allows(one, verb)]
    needs = _("this needs the role %(roles)s") % {"roles": _either(able)}
    if allows(role, verb):
        limited = {"role": caller.token_role, "needs": needs}
        said = _("This token's role is %(role)s; %(needs)s. Create a token with that role.") % limited
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


def require(caller: Caller, project: Project, verb: str) -> Membership:
    """The caller's membership of ``project`` if it allows ``verb``: one query.

    Raises ``NotFound`` to strangers (and to the token of another project), ``Forbidden`` when the role lacks the verb.
    """
    found = Membership.objects.filter(project=project, user=caller.user).first()
    if found is None or caller.only_project not in (None, project.pk):
        raise NotFound("There is no such project.")
    check(caller, found.role, verb, found.project_id)
    return found


def project_for(caller: Caller, name: str, verb: str) -> Project:
    """The live project ``name`` if the caller may do ``verb`` in it: one query.

    Raises ``NotFound`` to strangers, ``Forbidden`` when the role lacks the verb.
    """
    return member_of(caller, name, verb).project


def member_of(caller: Caller, name: str, verb: str) -> Membership:
    """As ``project_for``, but gives the membership, its ``project`` fetched with it."""
    found = (
        Membership.objects.select_related("project")
        .filter(project__name=name, project__trashed_at=None, user=caller.user)
        .first()
    )
    if found is None or caller.only_project not in (None, found.project_id):
        raise NotFound(f"There is no project {name!r}.")
    check(caller, found.role, verb, found.project_id)
    return found


def sql_scope(caller: Caller) -> tuple[str, dict[str, int | None]]:
    """For raw statements on a table ``q`` with a ``project_id``: joins to the live project ``p`` and the caller's
    membership ``m``, so that a stranger, or the token of another project, finds nothing; and their parameters."""
    joins = (
        f" JOIN {Project._meta.db_table} p ON p.id = q.project_id AND p.trashed_at IS NULL"
        f" JOIN {Membership._meta.db_table} m ON m.project_id = p.id AND m.user_id = %(caller)s"
    )
    if caller.only_project is None:
        return joins, {"caller": caller.user.pk}
    return f"{joins} AND p.id = %(only_project)s", {"caller": caller.user.pk, "only_project": caller.only_project}
