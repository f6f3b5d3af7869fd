"""What is sent and answered over REST, declared once: the input is checked by it, the OpenAPI document made of it."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from django.urls import get_script_prefix, reverse
from rest_framework import serializers

from lode_platform import free_json
from lode_platform.api.plain_rows import PlainRows, plain_names
from lode_platform.errors import BadInput
from lode_platform.models import ApiToken, Item, Job, Membership, Project, Role

Shape = serializers.Serializer[Any]
MAX_NAME = 80
"""So much of a name is said that no field has."""


class PersonShape(Shape):
    uuid = serializers.UUIDField()
    username = serializers.CharField()


class MeShape(Shape):
    user = PersonShape()
    project = serializers.CharField(allow_null=True, help_text="the token's project; null if it is not limited to one")
    role = serializers.CharField(allow_null=True, help_text="the token's role")


class NewProjectShape(Shape):
    name = serializers.CharField(max_length=64, help_text="a-z, 0-9, hyphen, underscore")
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ProjectShape(Shape):
    uuid = serializers.UUIDField()
    name = serializers.CharField()
    title = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    url = serializers.CharField()
    created_at = serializers.DateTimeField()


class ProjectsShape(Shape):
    results = ProjectShape(many=True)
    next = serializers.CharField(allow_null=True)


class NewMemberShape(Shape):
    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=Role.choices)


class MemberRoleShape(Shape):
    role = serializers.ChoiceField(choices=Role.choices)


class MemberShape(Shape):
    user = PersonShape()
    role = serializers.ChoiceField(choices=Role.choices)
    created_at = serializers.DateTimeField()


class MembersShape(Shape):
    results = MemberShape(many=True)
    next = serializers.CharField(allow_null=True)


class NewTokenShape(Shape):
    name = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    role = serializers.ChoiceField(choices=Role.choices, required=False, allow_blank=True, default="")
    days = serializers.IntegerField(
        min_value=1,
        max_value=3650,
        required=False,
        allow_null=True,
        default=90,
        help_text="until it expires; null: never",
    )


class TokenShape(Shape):
    uuid = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="how the token's text begins, after lode_")
    role = serializers.CharField()
    user = PersonShape()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class MadeTokenShape(TokenShape):
    token = serializers.CharField(help_text="the token itself, shown this once")


class TokensShape(Shape):
    results = TokenShape(many=True)
    next = serializers.CharField(allow_null=True)


class OfferShape(Shape):
    path = serializers.CharField(max_length=2000, trim_whitespace=False)
    md5 = serializers.CharField(max_length=32)
    sha256 = serializers.CharField(max_length=64)
    size = serializers.IntegerField(min_value=0)

    class Meta:
        list_serializer_class = PlainRows


class UploadsShape(Shape):
    files = OfferShape(many=True, max_length=10_000)  # type: ignore[call-arg]


class ProblemShape(Shape):
    path = serializers.CharField()
    code = serializers.CharField()
    error = serializers.CharField()


class SendShape(Shape):
    send = serializers.ListField(child=serializers.CharField(), help_text="md5s of the bytes to PUT")
    problems = ProblemShape(many=True)


class PackProblemShape(Shape):
    md5 = serializers.CharField()
    code = serializers.CharField()
    error = serializers.CharField()


class PackShape(Shape):
    stored = serializers.ListField(child=serializers.CharField(), help_text="md5s")
    problems = PackProblemShape(many=True)


class PartShape(Shape):
    offset = serializers.IntegerField(help_text="bytes that are here")
    complete = serializers.BooleanField()


class NewItemShape(Shape):
    uuid = serializers.UUIDField(required=False, allow_null=True, default=None)
    path = serializers.CharField(max_length=2000, trim_whitespace=False)
    md5 = serializers.CharField(max_length=32)
    sha256 = serializers.CharField(max_length=64)
    group = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    metadata = serializers.DictField(required=False, default=dict)

    class Meta:
        list_serializer_class = PlainRows


class NewItemsShape(Shape):
    items = NewItemShape(many=True, max_length=1000)  # type: ignore[call-arg]
    replace_media = serializers.BooleanField(
        default=False, help_text="a path that holds other bytes keeps its item, which gets the new file"
    )


class PackedItemShape(NewItemShape):
    size = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, help_text="of its bytes, which follow"
    )

    class Meta:
        list_serializer_class = PlainRows


class PackedItemsShape(NewItemsShape):
    items = PackedItemShape(many=True, max_length=1000)  # type: ignore[call-arg]


class MetadataRowShape(Shape):
    path = serializers.CharField(max_length=2000, trim_whitespace=False)
    values = serializers.DictField(help_text="by the field's name; null takes a value away")

    class Meta:
        list_serializer_class = PlainRows


class SetMetadataShape(Shape):
    rows = MetadataRowShape(many=True, max_length=1000)  # type: ignore[call-arg]
    kinds = serializers.DictField(
        child=serializers.CharField(),
        required=False,
        default=dict,
        help_text="of fields that the project does not have yet: text, number, boolean or date",
    )
    dry_run = serializers.BooleanField(default=False, help_text="only say what is wrong")


class MetadataProblemShape(Shape):
    row = serializers.IntegerField(help_text="from 0")
    path = serializers.CharField()
    field = serializers.CharField(help_text="empty where it is the path")
    error = serializers.CharField()


class MetadataReportShape(Shape):
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    problems = MetadataProblemShape(many=True, help_text="where there is any, nothing was set")


class MetadataFieldsShape(Shape):
    kinds = serializers.DictField(child=serializers.CharField(), help_text="the kind of each field, by name")


class NamedItemShape(Shape):
    path = serializers.CharField()
    uuid = serializers.UUIDField()


class AddReportShape(Shape):
    created = NamedItemShape(many=True)
    existing = NamedItemShape(many=True)
    replaced = NamedItemShape(many=True)
    resized = NamedItemShape(many=True, help_text="those replaced by a file of another size: check their labels")
    problems = ProblemShape(many=True)


class ItemShape(Shape):
    uuid = serializers.UUIDField()
    path = serializers.CharField()
    kind = serializers.CharField()
    md5 = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField()
    media_type = serializers.CharField()
    width = serializers.IntegerField(help_text="px of the upright image, 0 of another medium")
    height = serializers.IntegerField(help_text="px of the upright image, 0 of another medium")
    length = serializers.IntegerField(help_text="code points of a text, pages of an image that has several, else 0")
    orientation = serializers.IntegerField(help_text="EXIF 1..8, as in the bytes")
    group = serializers.CharField()
    metadata = serializers.DictField()
    created_at = serializers.DateTimeField()
    trashed_at = serializers.DateTimeField(allow_null=True)
    media = serializers.CharField(help_text="address of the bytes")
    thumb = serializers.CharField(help_text="address of a small view")


class JobShape(Shape):
    uuid = serializers.UUIDField()
    project = serializers.CharField(allow_null=True)
    verb = serializers.CharField()
    title = serializers.CharField()
    state = serializers.CharField(help_text="receiving, queued, running, succeeded, failed or cancelled")
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    message = serializers.CharField()
    result = serializers.DictField()
    error = serializers.CharField()
    attempts = serializers.IntegerField()
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()


class ZipShape(Shape):
    file = serializers.FileField()
    replace_media = serializers.BooleanField(default=False, help_text="as for items")
    zip_encoding = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=40, help_text="of names that are not UTF-8: gbk, cp437"
    )


class LinkField(serializers.CharField):
    """The address of a page that we link to: http or https, so that a click runs nothing."""

    def to_internal_value(self, data: Any) -> str:
        text = str(super().to_internal_value(data))
        try:
            url = urlsplit(text)
            right = url.scheme in ("http", "https") and bool(url.hostname)
        except ValueError:
            right = False
        if not right:
            raise serializers.ValidationError("Write an address that begins with http:// or https://.", code="bad_link")
        return text


class SelfChecked(serializers.Field[Any, Any, Any, Any]):
    """A field of free JSON whose own validator names what cannot be kept, better than the rule for every body does."""


def read(shape: type[Shape], data: Any) -> dict[str, Any]:
    """What was sent, checked by ``free_json``'s rule and by the shape.

    Raises ``BadInput`` (bad_value) for text or numbers that cannot be kept, wherever they stand, or (unknown_field) for
    a field that the shape does not have, and REST framework's ``ValidationError`` (400, with the fields) for what the
    shape does not allow.
    """
    given = shape(data=data)
    if isinstance(data, dict):
        plain = plain_names(given.fields, data)
        own = plain | {name for name, field in given.fields.items() if isinstance(field, SelfChecked)}
        free_json.check({name: value for name, value in data.items() if name not in own})
        _check_names(given.fields, {name: value for name, value in data.items() if name not in plain})
    for field in given.fields.values():
        if isinstance(field, serializers.ChoiceField):
            known = ", ".join(map(str, field.choices)).replace("{", "{{").replace("}", "}}")
            field.error_messages["invalid_choice"] = f'"{{input}}" is not one of {known}.'
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _check_names(fields: Mapping[str, Any], data: Mapping[str, Any], where: str = "") -> None:
    """Refuses a field that is not among ``fields``, nor, in the objects within, among theirs."""
    for name, value in data.items():
        if name not in fields:
            nearest = get_close_matches(name[:MAX_NAME], fields, 1)
            meant = f' (did you mean "{nearest[0]}"?)' if nearest else f" (known: {', '.join(fields)})"
            within = f" in {where}" if where else ""
            field = f"{where}.{name[:MAX_NAME]}".lstrip(".")
            raise BadInput(f'unknown field "{name[:MAX_NAME]}"{within}{meant}', code="unknown_field", field=field)
        inner = getattr(fields[name], "child", fields[name])
        if not isinstance(inner, serializers.Serializer):
            continue
        place = f"{where}.{name}".lstrip(".")
        if isinstance(value, list):
            for number, row in enumerate(value):
                if isinstance(row, dict):
                    _check_names(inner.fields, row, f"{place}.{number}")
        elif isinstance(value, dict):
            _check_names(inner.fields, value, place)


def project_json(member: Membership) -> dict[str, Any]:
    project: Project = member.project
    return {
        "uuid": project.uuid,
        "name": project.name,
        "title": project.title,
        "role": member.role,
        "url": reverse("platform:home", args=[project.name]),
        "created_at": project.created_at,
    }


def member_json(member: Membership) -> dict[str, Any]:
    return {
        "user": {"uuid": member.user.uuid, "username": member.user.username},
        "role": member.role,
        "created_at": member.created_at,
    }


def token_json(token: ApiToken) -> dict[str, Any]:
    return {
        "uuid": token.uuid,
        "name": token.name,
        "prefix": token.prefix,
        "role": token.role,
        "user": {"uuid": token.user.uuid, "username": token.user.username},
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "last_used_at": token.last_used_at,
    }


def item_json(item: Item) -> dict[str, Any]:
    return {
        "uuid": item.uuid,
        "path": item.path,
        "kind": item.kind,
        "md5": item.blob.md5,
        "sha256": item.blob.sha256,
        "size": item.blob.size,
        "media_type": item.media_type,
        "width": item.width,
        "height": item.height,
        "length": item.length,
        "orientation": item.orientation,
        "group": item.group,
        "metadata": item.metadata,
        "created_at": item.created_at,
        "trashed_at": item.trashed_at,
        "media": f"{get_script_prefix()}media/{item.uuid}",
        "thumb": f"{get_script_prefix()}thumbs/{item.uuid}",
    }


def job_json(row: Job) -> dict[str, Any]:
    name = row.project.name if row.project else None
    return {
        "uuid": row.uuid,
        "project": name,
        "verb": row.verb,
        "title": row.title,
        "state": row.state,
        "done": row.done,
        "total": row.total,
        "message": row.message,
        "result": row.result,
        "error": row.error,
        "attempts": row.attempts,
        "created_by": row.created_by.username if row.created_by else None,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "url": reverse("platform:job", args=[name, row.uuid]) if name else None,
    }
