"""What is sent and answered over REST by this room: the input is checked by it, the OpenAPI document made of it."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lode_datasets import diff, repositories
from lode_datasets.aliases import MAX_WHY, Move
from lode_datasets.compare import Offered
from lode_datasets.models import Dataset, Version, Yank
from lode_platform import free_json
from lode_platform.addresses import absolute
from lode_platform.api.shapes import JobShape, SelfChecked

Shape = serializers.Serializer[Any]
NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"


class NewDatasetShape(Shape):
    name = serializers.RegexField(NAME, help_text="a-z, 0-9, hyphen, underscore")
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    description = serializers.CharField(required=False, allow_blank=True, default="")
    schema = serializers.CharField(max_length=64, help_text="a schema's name or uuid")
    split_policy = serializers.DictField(
        required=False, default=dict, help_text='shares by split: {"train": 0.8, "val": 0.1, "test": 0.1}'
    )


class DatasetChangeShape(Shape):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True)
    split_policy = serializers.DictField(required=False)
    metadata = serializers.ListField(
        child=serializers.CharField(), required=False, max_length=200, help_text="fields that its versions carry"
    )


class DatasetShape(Shape):
    uuid = serializers.UUIDField()
    project = serializers.CharField()
    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    schema = serializers.CharField(help_text="its name")
    split_policy = serializers.DictField()
    metadata = serializers.DictField(
        child=serializers.CharField(), help_text="the fields of its items that its next version carries: kind by name"
    )
    latest = serializers.IntegerField(allow_null=True, help_text="number of the newest version that is not yanked")
    created_at = serializers.DateTimeField()
    url = serializers.CharField()
    git_url = serializers.CharField()
    dvc_url = serializers.CharField()


class SelectionShape(Shape):
    items = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=10_000)
    splits = serializers.DictField(
        child=serializers.CharField(), required=False, default=dict, help_text="split by item uuid; kept as given"
    )
    filter = serializers.DictField(
        required=False, help_text="instead of items: search, and the filters of the page Items; {} is every item"
    )


@extend_schema_field({"type": "array", "items": {"type": "array", "items": {"type": "string", "nullable": True}}})
class FilesField(SelfChecked):
    """Rows of path, SHA-256, split and digest of labels, in this order; thousands, so each is looked at but once."""

    MOST = 10_000

    def to_internal_value(self, data: Any) -> list[Offered]:
        if type(data) is not list or len(data) > self.MOST:
            raise serializers.ValidationError(f"Give a list of at most {self.MOST:,} rows.")
        for number, row in enumerate(data):
            if type(row) is not list or len(row) != 4 or not _are_texts(row[:2], row[2:]):
                raise serializers.ValidationError(
                    f"Row {number} is not path, sha256, split or null, digest of labels or null."
                )
        if free_json.flaw("".join(text for row in data for text in row if text)):
            raise serializers.ValidationError("A text holds a NUL character or half of a surrogate pair.")
        return [Offered(*row) for row in data]

    def to_representation(self, value: Any) -> Any:
        return value


def _are_texts(texts: list[Any], maybe: list[Any]) -> bool:
    return all(type(text) is str for text in texts) and all(text is None or type(text) is str for text in maybe)


class CompareShape(Shape):
    files = FilesField(help_text="rows of path, sha256, split or null, digest of labels or null; at most 10,000")


class ComparedShape(Shape):
    different = serializers.ListField(child=serializers.IntegerField(), help_text="positions in files, from 0")
    revision = serializers.IntegerField(help_text="of the dataset's schema, which the labels were compared under")


class LostSplitShape(Shape):
    given = serializers.CharField()
    kept = serializers.CharField()
    by = serializers.ChoiceField(["published", "import", "person"], help_text="what decided the split that is kept")
    items = serializers.IntegerField()


class AddedShape(Shape):
    added = serializers.IntegerField()
    existing = serializers.IntegerField()
    resplit = serializers.IntegerField(help_text="those already in whose split the import now gave")
    lost = LostSplitShape(many=True, help_text="given splits that lost against one decided earlier")
    job = JobShape(allow_null=True, help_text="what adds the items where a filter finds more than 5,000")


class RemovedShape(Shape):
    removed = serializers.IntegerField()


class PublishShape(Shape):
    message = serializers.CharField(required=False, allow_blank=True, default="", max_length=10_000)
    operation_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    metadata = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        allow_null=True,
        default=None,
        max_length=200,
        help_text="fields of the items that the version carries, and those after it; null: as the dataset says",
    )


class YankShape(Shape):
    reason = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()


class YankSetShape(Shape):
    reason = serializers.CharField(max_length=MAX_WHY, help_text="why; those who pinned the version read it")


class VersionShape(Shape):
    uuid = serializers.UUIDField()
    project = serializers.CharField()
    dataset = serializers.CharField()
    name = serializers.CharField(help_text="dataset@v3")
    version = serializers.IntegerField()
    before = serializers.IntegerField(allow_null=True, help_text="the version it was made from")
    state = serializers.CharField()
    format = serializers.IntegerField(help_text="of the published form; 0: published before it had a number")
    digest = serializers.CharField(help_text="sha256m1:<64 hex> of the content; sha256:... of the manifest in format 0")
    index = serializers.CharField(help_text='sha256:<64 hex> of what .../manifest answers; "" in format 0')
    labels_digest = serializers.CharField(help_text='of the labels without their ids; "" in format 0')
    dir = serializers.CharField(help_text="DVC's name of data/items, <32 hex>.dir; of all of data/ in format 0")
    commit = serializers.CharField()
    schema = serializers.IntegerField(help_text="the schema's revision")
    schema_name = serializers.CharField()
    splits = serializers.DictField(child=serializers.IntegerField())
    metadata = serializers.DictField(
        child=serializers.CharField(), help_text="the fields of the items that it carries: kind by name"
    )
    counts = serializers.DictField()
    checks = serializers.ListField(child=serializers.DictField())
    files = serializers.IntegerField()
    size = serializers.IntegerField(help_text="bytes")
    message = serializers.CharField()
    yanked = YankShape(allow_null=True, help_text="why it was taken back; null while it counts")
    author = serializers.CharField()
    created_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()
    git_url = serializers.CharField()
    dvc_url = serializers.CharField()


class YankedShape(Shape):
    version = VersionShape()
    needed_by = serializers.ListField(
        child=serializers.CharField(), help_text="who pinned, names or used it: a line each"
    )


class PublishedShape(Shape):
    version = VersionShape()
    job = JobShape(allow_null=True)
    unchanged = serializers.BooleanField()


class AliasSetShape(Shape):
    version = serializers.CharField(max_length=70, help_text="3, v3, latest or another alias")
    message = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=MAX_WHY, help_text="why it moves"
    )


class MoveShape(Shape):
    version = serializers.IntegerField()
    before = serializers.IntegerField(allow_null=True, help_text="the version that it pointed to before")
    set_by = serializers.CharField()
    set_at = serializers.DateTimeField()
    message = serializers.CharField(help_text="why")


class AliasShape(MoveShape):
    name = serializers.CharField()
    protected = serializers.BooleanField(help_text="whether only an owner moves it")


class AliasesShape(Shape):
    results = AliasShape(many=True)
    next = serializers.CharField(allow_null=True)


class AliasMovesShape(Shape):
    results = MoveShape(many=True)
    next = serializers.CharField(allow_null=True)


class PinShape(Shape):
    version = serializers.IntegerField()
    user = serializers.CharField()
    created_at = serializers.DateTimeField()


class SaidShape(Shape):
    """A region or an answer, as a label line of the published form has it."""

    id = serializers.CharField()  # noqa: A003
    kind = serializers.CharField()
    control = serializers.CharField(help_text="the schema's control that asked")
    class_id = serializers.IntegerField(required=False)
    geometry = serializers.JSONField(required=False, help_text="by kind; an answer has none")
    area = serializers.FloatField(required=False)
    iscrowd = serializers.BooleanField(required=False)
    difficult = serializers.BooleanField(required=False)
    frame = serializers.IntegerField(required=False)
    attributes = serializers.DictField(required=False)
    value = serializers.JSONField(required=False, help_text="by kind, of an answer that names no class")


class RegionChangeShape(Shape):
    kinds = serializers.ListField(child=serializers.CharField())
    before = SaidShape(allow_null=True)
    after = SaidShape(allow_null=True)


class ItemChangeShape(Shape):
    item = serializers.UUIDField()
    path = serializers.CharField()
    kind = serializers.CharField(
        help_text="added, removed, replaced (the file), labelled, unlabelled, relabelled, moved_split or metadata"
    )
    split_before = serializers.CharField(allow_null=True)
    split_after = serializers.CharField(allow_null=True)
    regions = RegionChangeShape(many=True)
    metadata = serializers.DictField(
        child=serializers.JSONField(), help_text="of each field that says something else: [before, after]"
    )
    by = serializers.CharField(allow_null=True)


class DiffShape(Shape):
    old = serializers.IntegerField()
    new = serializers.IntegerField()
    items_added = serializers.IntegerField()
    items_removed = serializers.IntegerField()
    items_replaced = serializers.IntegerField(help_text="the same item with another file")
    items_labelled = serializers.IntegerField()
    items_relabelled = serializers.IntegerField()
    items_unlabelled = serializers.IntegerField()
    items_metadata = serializers.IntegerField(help_text="items of which nothing but metadata differs")
    splits_moved = serializers.IntegerField()
    schema_changed = serializers.BooleanField()
    regions = serializers.DictField(child=serializers.IntegerField())
    items_matched_by_place = serializers.IntegerField(
        help_text="items whose two label sets share no region id: those regions are matched by class and place"
    )
    classes = serializers.DictField(child=serializers.IntegerField(), help_text="regions now less then, by class")
    metadata = serializers.DictField(
        child=serializers.IntegerField(), help_text="items that differ in a field, by field"
    )
    results = ItemChangeShape(many=True)
    next = serializers.CharField(allow_null=True)


def dataset_json(dataset: Dataset, latest: int | None) -> dict[str, Any]:
    return {
        "uuid": dataset.uuid,
        "project": dataset.project.name,
        "name": dataset.name,
        "title": dataset.title,
        "description": dataset.description,
        "schema": dataset.schema.name,
        "split_policy": dataset.split_policy,
        "metadata": dict(sorted(dataset.metadata_kinds.items())),
        "latest": latest,
        "created_at": dataset.created_at,
        "url": absolute(reverse("datasets:dataset", args=[dataset.project.name, dataset.name])),
        "git_url": repositories.git_url(dataset),
        "dvc_url": repositories.dvc_url(dataset),
    }


def version_json(version: Version) -> dict[str, Any]:
    dataset = version.dataset
    return {
        "uuid": version.uuid,
        "project": dataset.project.name,
        "dataset": dataset.name,
        "name": str(version),
        "version": version.number,
        "before": version.number - 1 or None,
        "state": version.state,
        "format": version.format,
        "digest": version.digest,
        "index": version.index,
        "labels_digest": version.labels_digest,
        "dir": version.dir_oid,
        "commit": version.commit,
        "schema": version.schema_revision.number,
        "schema_name": version.stamp["schema"],
        "splits": version.counts.get("splits", {}),
        "metadata": dict(sorted(version.metadata_kinds.items())),
        "counts": version.counts,
        "checks": version.checks,
        "files": version.files,
        "size": version.size,
        "message": version.message,
        "yanked": yank_json(version.yanked) if version.yanked else None,
        "author": version.stamp["author"],
        "created_at": version.created_at,
        "published_at": version.published_at,
        "url": absolute(reverse("datasets:version", args=[dataset.project.name, dataset.name, version.number])),
        "git_url": repositories.git_url(dataset),
        "dvc_url": repositories.dvc_url(dataset),
    }


def yank_json(yank: Yank) -> dict[str, Any]:
    return {"reason": yank.reason, "by": yank.yanked_by.username, "at": yank.yanked_at}


def alias_json(move: Move, protected: bool) -> dict[str, Any]:
    return {"name": move.name, "protected": protected, **move_json(move)}


def move_json(move: Move) -> dict[str, Any]:
    return {
        "version": move.version.number,
        "before": move.before,
        "set_by": move.set_by.username,
        "set_at": move.set_at,
        "message": move.message,
    }


def change_json(change: diff.ItemChange) -> dict[str, Any]:
    after = change.after.label_set if change.after else None
    return {
        "item": change.entry.item.uuid,
        "path": change.entry.path,
        "kind": change.kind,
        "split_before": change.before.split if change.before else None,
        "split_after": change.after.split if change.after else None,
        "regions": [
            {"kinds": list(region.kinds), "before": region.before, "after": region.after} for region in change.regions
        ],
        "metadata": change.metadata,
        "by": after.created_by.username if after else None,
    }


def summary_json(summary: diff.Summary, names: Mapping[int, str]) -> dict[str, Any]:
    kinds = summary.kinds
    return {
        "items_added": kinds.get("added", 0),
        "items_removed": kinds.get("removed", 0),
        "items_replaced": kinds.get("replaced", 0),
        "items_labelled": kinds.get("labelled", 0),
        "items_relabelled": kinds.get("relabelled", 0),
        "items_unlabelled": kinds.get("unlabelled", 0),
        "items_metadata": kinds.get("metadata", 0),
        "splits_moved": summary.splits_moved,
        "schema_changed": summary.schema_changed,
        "regions": {kind: summary.regions.get(kind, 0) for kind in diff.REGION_KINDS},
        "items_matched_by_place": summary.by_place,
        "classes": {names.get(key, str(key)): number for key, number in summary.classes.items() if number},
        "metadata": dict(summary.metadata),
    }
