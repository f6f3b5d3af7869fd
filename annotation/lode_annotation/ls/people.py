"""The people of a project by the numbers that Label Studio's clients know them by."""

from collections.abc import Sequence

from lode_annotation.ls.numbers import uuid_number
from lode_annotation.models import Annotation
from lode_platform.models import Project, User
from motherlode.label_studio.people import People as Numbered

__all__ = ["People", "people_of", "users_of"]


class People(Numbered):
    """A project's people: a number is nobody's where it is none of theirs."""

    def nobody(self) -> str:
        """Says which numbers are nobody's."""
        listed = ", ".join(map(str, sorted(self.unknown)[:5]))
        return f"{listed} is nobody of this project: leave it out, or name a person by their mail address"


def users_of(projects: Sequence[int]) -> list[User]:
    """Members of the projects with these keys, and who has answered there: two statements."""
    members = User.objects.filter(memberships__project__in=projects).distinct()
    answered = Annotation.objects.filter(task__queue__project__in=projects).values("user").distinct()
    found = {user.pk: user for user in [*members, *User.objects.filter(pk__in=answered)]}
    return [found[key] for key in sorted(found)]


def people_of(project: Project) -> People:
    """The people of a project, named as answers from elsewhere name them."""
    end = f" ({project.name})"
    return People({uuid_number(user.uuid): user.username.removesuffix(end) for user in users_of([project.pk])})
