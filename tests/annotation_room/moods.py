"""A schema of one question, for tests in which several people answer: how an item's mood is."""

from typing import Any

from lode_platform.models import Membership, Project, Role, User

MOOD = '<View><Image name="image" value="$image"/><Choices name="mood" toName="image">{}</Choices></View>'.format(
    "".join(f'<Choice value="{name}"/>' for name in ("calm", "wild"))
)


def member(project: Project, name: str, role: Role = Role.ANNOTATOR) -> User:
    user = User.objects.create(username=name)
    Membership.objects.create(project=project, user=user, role=role)
    return user


def mood(word: str) -> list[dict[str, Any]]:
    value = {"choices": [word]}
    return [{"id": f"{word}-1", "from_name": "mood", "to_name": "image", "type": "choices", "value": value}]
