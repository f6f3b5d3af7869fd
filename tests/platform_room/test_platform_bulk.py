"""Rows by the thousand are what the ORM would have written, and are checked as REST framework would."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from rest_framework.exceptions import ValidationError

from lode_platform import bulk
from lode_platform.api import shapes
from lode_platform.errors import LodeError
from lode_platform.models import Blob, BlobReceipt, Item, Project, User

HASHES = ("0" * 32, "0" * 64)


def test_a_row_has_what_the_orm_would_give_it(project: Project) -> None:
    blob = Blob.objects.create(md5=HASHES[0], sha256=HASHES[1], size=1)
    common = {"path_fold": "b", "media_type": "image/png", "created_by_id": project.created_by_id}
    plain = Item.objects.create(
        project=project, blob=blob, path="a", metadata={"k": 'é"\\'}, **{**common, "path_fold": "a"}
    )
    rows = [(uuid4(), "b", '{"k": "é\\"\\\\"}')]
    same = {**common, "project_id": project.pk, "blob_id": blob.pk}
    bulk.insert(Item, ["uuid", "path", "metadata"], rows, same=same)
    made = Item.objects.get(uuid=rows[0][0])
    own = {"id", "uuid", "path", "path_fold", "created_at"}
    names = [field.attname for field in Item._meta.concrete_fields if field.attname not in own]
    assert [getattr(made, name) for name in names] == [getattr(plain, name) for name in names]
    assert made.created_at >= plain.created_at


def test_rows_that_are_there_are_refused_or_passed_over(erin: User) -> None:
    rows = [(HASHES[0], HASHES[1], 5), ("1" * 32, "1" * 64, 6)]
    bulk.insert(Blob, ["md5", "sha256", "size"], rows[:1])
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(Blob, ["md5", "sha256", "size"], rows)
    bulk.insert(Blob, ["md5", "sha256", "size"], rows, ignore_conflicts=True)
    assert list(Blob.objects.order_by("size").values_list("size", flat=True)) == [5, 6]
    bulk.insert(BlobReceipt, ["blob_id"], [], same={"user_id": erin.pk})
    assert not BlobReceipt.objects.exists()


def test_rows_get_new_values_each_their_own(erin: User) -> None:
    bulk.insert(Blob, ["md5", "sha256", "size"], [(f"{n:032}", f"{n:064}", n) for n in range(3)])
    keys = list(Blob.objects.order_by("size").values_list("pk", flat=True))
    bulk.update(Blob, ["size", "sha256"], [(keys[2], 7, "7" * 64), (keys[0], 5, "5" * 64)])
    bulk.update(Blob, ["size"], [])
    rows = Blob.objects.order_by("md5").values_list("size", "sha256")
    assert list(rows) == [(5, "5" * 64), (1, f"{1:064}"), (7, "7" * 64)]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps texts of any length")
@pytest.mark.django_db
def test_a_text_that_is_too_long_is_refused_not_cut() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        bulk.insert(Blob, ["md5", "sha256", "size"], [("0" * 33, "0" * 64, 1)])


OFFER = {"path": "a/é.png", "md5": "0" * 32, "sha256": "0" * 64, "size": 3}


@pytest.mark.parametrize(
    "change",
    [
        {"path": ""},
        {"path": "a\0b"},
        {"path": "a\ud800"},
        {"path": "x" * 2001},
        {"md5": "0" * 33},
        {"size": -1},
        {"size": True},
        {"size": "many"},
        {"path": None},
        {"path": ["a"]},
    ],
)
def test_a_row_that_is_wrong_is_refused_among_plain_ones(change: dict[str, Any]) -> None:
    assert shapes.read(shapes.UploadsShape, {"files": [OFFER] * 3})["files"] == [OFFER] * 3
    with pytest.raises((LodeError, ValidationError)):
        shapes.read(shapes.UploadsShape, {"files": [OFFER, {**OFFER, **change}, OFFER]})


def test_rows_are_read_alike_by_the_quick_look_and_by_the_slow_one() -> None:
    uuid = uuid4()
    new = {"path": "a.png", "md5": "0" * 32, "sha256": "0" * 64, "uuid": str(uuid)}
    quick = shapes.read(shapes.NewItemsShape, {"items": [new]})["items"]
    slow = shapes.read(shapes.NewItemsShape, {"items": [{**new, "md5": f" {new['md5']}"}]})["items"]
    assert quick == slow == [{**new, "uuid": uuid, "group": "", "metadata": {}}]
    assert "files" in str(_refused({"files": [OFFER] * 10_001}))
    assert "sha256" in str(_refused({"files": [{key: OFFER[key] for key in ("path", "md5", "size")}]}))


def _refused(data: Any) -> Any:
    with pytest.raises(ValidationError) as refused:
        shapes.read(shapes.UploadsShape, data)
    return refused.value.detail
