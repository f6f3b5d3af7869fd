"""Whom a queue is for: everyone who may label, or some people and roles alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lode_annotation.models import Assignment, Queue
from lode_platform.errors import BadInput
from lode_platform.models import Membership, Role, User


@dataclass(frozen=True, slots=True)
class Assigned:
    """The people and roles a queue is for; none at all is everyone. ``users`` are names."""

    users: Sequence[str] = ()
    roles: Sequence[str] = ()


def assigned(queue: Queue) -> Assigned:
    """Whom a queue is for; of prefetched assignments where there are."""
    rows = list(queue.assignments.all())
    return Assigned(sorted(row.user.username for row in rows if row.user), sorted(row.role for row in rows if row.role))


def for_whom(queue: Queue) -> list[str]:
    """Whom a queue is for, as words: names of people, titles of roles."""
    to, titles = assigned(queue), dict(Role.choices)
    return [*to.users, *(str(titles[role]) for role in to.roles)]


def assign(queue: Queue, to: Assigned) -> None:
    """Replaces whom the queue is for, in the caller's transaction; work in hand may be ended by whom has it.

    Raises ``BadInput`` naming who is not a member of the project, or a role that there is not.
    """
    roles = _known(to.roles, Role.values, "role")
    members = Membership.objects.filter(project=queue.project, user__username__in=list(to.users))
    users = {name: key for name, key in members.values_list("user__username", "user")}
    _known(to.users, users, "member of the project")
    Assignment.objects.filter(queue=queue).delete()
    rows = [Assignment(queue=queue, user_id=users[name]) for name in dict.fromkeys(to.users)]
    Assignment.objects.bulk_create([*rows, *(Assignment(queue=queue, role=role) for role in roles)])


def _known(names: Iterable[str], there: Iterable[str], what: str) -> list[str]:
    known = set(there)
    for name in names:
        if name not in known:
            raise BadInput(f"{name!r} is not a {what}; name only those that are.", field="assigned")
    return list(dict.fromkeys(names))


def is_for(queue: Queue, user: User, role: str) -> bool:
    """Whether a member of the project, of that role, gets tasks of the queue."""
    return Queue.objects.for_member(user, role).filter(pk=queue.pk).exists()
