"""A dataset's working selection: which items are in it, and the split each was given when it came in."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from lode_annotation.models import Schema
from lode_annotation.schemas import refuse_other_media
from lode_datasets.models import Dataset, DatasetItem, Entry
from lode_datasets.splits import Policy, check_split
from lode_platform import bulk, events
from lode_platform.among import among
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Blob, Item, Project, User
from motherlode.manifest import POOL

BATCH = 1000
Decided = DatasetItem.DecidedBy
T = TypeVar("T")


class Lost(NamedTuple):
    """A split that was given to an item which keeps the one decided for it earlier: by a version that shows it there
    (``published``), by an ``import``, or by a ``person``."""

    given: str
    kept: str
    by: str


class Chosen(NamedTuple):
    """What of an item decides its place in a selection, without its row's object, which takes longer to make than all
    else that is done for it."""

    pk: int
    uuid: UUID
    project_id: int
    path: str
    kind: str
    length: int
    group: str
    blob_id: int


def chosen(items: QuerySet[Item]) -> list[Chosen]:
    """The items of a query."""
    return [*map(Chosen._make, items.values_list(*Chosen._fields))]


@dataclass(frozen=True)
class Added:
    """What ``add_items`` did: items that came in, that were in already, whose split an import now gave, and the given
    splits that lost, with the number of items."""

    added: int = 0
    existing: int = 0
    resplit: int = 0
    lost: Mapping[Lost, int] = field(default_factory=dict)

    def __add__(self, other: "Added") -> "Added":
        return Added(
            self.added + other.added,
            self.existing + other.existing,
            self.resplit + other.resplit,
            dict(Counter(self.lost) + Counter(other.lost)),
        )

    def as_json(self) -> dict[str, Any]:
        """``{"added", "existing", "resplit", "lost": [{"given", "kept", "by", "items"}]}``."""
        lost = [{**row._asdict(), "items": items} for row, items in sorted(self.lost.items())]
        return {"added": self.added, "existing": self.existing, "resplit": self.resplit, "lost": lost}

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> "Added":
        """What ``as_json`` wrote."""
        lost = {Lost(row["given"], row["kept"], row["by"]): row["items"] for row in given["lost"]}
        return cls(given["added"], given["existing"], given["resplit"], lost)


def create_dataset(
    project: Project,
    user: User,
    *,
    name: str,
    schema: Schema,
    title: str = "",
    description: str = "",
    split_policy: Mapping[str, Any] | None = None,
) -> Dataset:
    """Makes a dataset. Raises ``Conflict`` where the name is taken, ``BadInput`` for a schema of another project."""
    if schema.project_id != project.pk:
        raise BadInput(f"The schema {schema.name!r} is another project's.", field="schema")
    policy = Policy.parse(split_policy, salt=name)
    try:
        with transaction.atomic():
            made = Dataset.objects.create(
                project=project,
                name=name,
                title=title,
                description=description,
                schema=schema,
                split_policy=policy.as_json(),
                created_by=user,
            )
            events.record(project, user, "dataset.create", made, name=name)
    except IntegrityError:
        raise Conflict(f"There is a dataset {name!r} already.", code="name_taken") from None
    return made


def policy_of(dataset: Dataset) -> Policy:
    """The dataset's split policy as it is now."""
    return Policy.parse(dataset.split_policy, salt=dataset.name)


def add_items(dataset: Dataset, items: Iterable[Item | Chosen], *, splits: Mapping[UUID, str] | None = None) -> Added:
    """Puts items into the selection, in batches of a thousand, each its own transaction unless the caller holds one.

    ``splits`` (by item uuid) are kept as given; ``pool`` there means "no split given". Any other new item follows its
    group if that has a split here already, else the hash of its group or bytes decides. An item that is in already
    keeps its split, but for one that a hash decided and no version has shown outside the pool yet: there a given split
    counts. Given splits that lose are counted.
    """
    given = {uuid: check_split(split) for uuid, split in (splits or {}).items() if split and split != POOL}
    policy = policy_of(dataset)
    done = Added()
    for batch in _batches(items, BATCH):
        for item in batch:
            if item.project_id != dataset.project_id:
                raise BadInput(f"The item {item.path!r} is another project's.", code="other_project")
        refuse_other_media(dataset.schema, batch)
        with transaction.atomic():
            done += _add_batch(dataset, batch, given, policy)
    return done


def _add_batch(dataset: Dataset, items: list[Item | Chosen], given: Mapping[UUID, str], policy: Policy) -> Added:
    there = DatasetItem.objects.filter(among("item", (item.pk for item in items)), dataset=dataset)
    rows = {row.item_id: row for row in there}
    groups = _group_splits(dataset, {item.group for item in items if item.group})
    hashed = {i.blob_id for i in items if i.pk not in rows and i.uuid not in given and not i.group}
    # of blobs alone: joined to so many items, SQLite would walk all the blobs there are, for each of them
    bytes_of = dict(Blob.objects.filter(among("pk", hashed)).values_list("pk", "sha256")) if hashed else {}
    now = timezone.now()
    fresh: list[tuple[int, str, str]] = []
    for item in items:
        if item.pk not in rows and item.uuid in given and item.group:
            groups.setdefault(item.group, given[item.uuid])
    for item in items:
        if item.pk in rows:
            continue
        split, by = given.get(item.uuid), Decided.IMPORT
        if split is None:
            split, by = groups.get(item.group) or policy.split_of(item.group or bytes_of[item.blob_id]), Decided.HASH
        fresh.append((item.pk, split, by.value))
    same = {"dataset_id": dataset.pk, "decided_at": now}
    bulk.insert(DatasetItem, ["item_id", "split", "decided_by"], fresh, same=same, ignore_conflicts=True)

    told = [rows[item.pk] for item in items if item.pk in rows and item.uuid in given]
    uuids = {item.pk: item.uuid for item in items}
    changed = [row for row in told if row.decided_by == Decided.HASH]
    moved = 0
    if changed:
        shown = set(
            Entry.objects.filter(dataset=dataset, item__in=[row.item_id for row in changed])
            .exclude(split=POOL)
            .values_list("item_id", flat=True)
        )
        changed = [row for row in changed if row.item_id not in shown]
        moved = sum(row.split != given[uuids[row.item_id]] for row in changed)
        for row in changed:
            row.split, row.decided_by, row.decided_at = given[uuids[row.item_id]], Decided.IMPORT, now
        DatasetItem.objects.bulk_update(changed, ["split", "decided_by", "decided_at"], batch_size=200)
    lost = Counter(
        Lost(given[uuids[row.item_id]], row.split, "published" if row.decided_by == Decided.HASH else row.decided_by)
        for row in told
        if row.split != given[uuids[row.item_id]]
    )
    return Added(len(fresh), len(rows), moved, lost)


def _group_splits(dataset: Dataset, groups: Collection[str]) -> dict[str, str]:
    """The split that each of these groups has in the dataset already."""
    if not groups:
        return {}
    rows = DatasetItem.objects.filter(dataset=dataset, item__group__in=groups).order_by("-pk")
    return dict(rows.values_list("item__group", "split"))


def move_items(dataset: Dataset, user: User, items: Sequence[Item], split: str) -> int:
    """A person moves items to another split: on purpose, on the record, and seen in the next version's diff."""
    check_split(split)
    with transaction.atomic():
        moved = (
            DatasetItem.objects.filter(dataset=dataset, item__in=items)
            .exclude(split=split)
            .update(split=split, decided_by=Decided.PERSON, decided_at=timezone.now())
        )
        if moved:
            events.record(dataset.project, user, "dataset.split", dataset, split=split, items=moved)
    return moved


def remove_items(dataset: Dataset, user: User, items: Iterable[Item | Chosen]) -> int:
    """Takes items out of the selection: the next version is without them, those published keep them."""
    removed = 0
    with transaction.atomic():
        for batch in _batches(items, BATCH):
            rows = DatasetItem.objects.filter(among("item", (item.pk for item in batch)), dataset=dataset)
            removed += rows.delete()[0]
        if removed:
            events.record(dataset.project, user, "dataset.remove_items", dataset, items=removed)
    return removed


def walk(items: QuerySet[Item]) -> Iterator[Chosen]:
    """The items by key, read a batch at a time, so that no read stays open while the caller writes.

    SQLite refuses at once ("database is locked") a write begun while an older read of the same connection is open and
    another connection has committed since.
    """
    last, more = 0, True
    while more:
        page = chosen(items.filter(pk__gt=last).order_by("pk")[:BATCH])
        yield from page
        more = len(page) == BATCH
        last = page[-1].pk if more else last


def _batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch
