"""Many rows are asked for in one parameter, whatever kind of values name them."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from lode_platform.among import among
from lode_platform.models import Blob, BlobReceipt, Item, Project, User

pytestmark = pytest.mark.django_db


def test_texts_numbers_uuids_and_keys_find_their_rows(project: Project, erin: User) -> None:
    texts = ['é"\\%s', "b", "c"]
    blobs = [Blob.objects.create(md5=text, sha256=text, size=size) for size, text in enumerate(texts)]
    assert {blob.md5 for blob in Blob.objects.filter(among("md5", texts[:2]))} == set(texts[:2])
    assert [blob.size for blob in Blob.objects.filter(among("size", [2, 7]))] == [2]
    BlobReceipt.objects.create(user=erin, blob=blobs[1])
    keys = [blob.pk for blob in blobs]
    assert [row.blob_id for row in BlobReceipt.objects.filter(among("blob", keys), user=erin)] == keys[1:2]
    common = {"media_type": "image/png", "created_by": erin, "project": project, "blob": blobs[0]}
    made = Item.objects.create(path="a", path_fold="a", **common)
    assert Item.objects.filter(among("uuid", [uuid4(), made.uuid])).get() == made
    assert not Item.objects.filter(among("uuid", [])) and not Blob.objects.filter(among("md5", []))


def test_any_number_of_values_is_one_parameter(django_assert_num_queries: Callable[..., Any]) -> None:
    blob = Blob.objects.create(md5="m", sha256="s", size=3)
    with django_assert_num_queries(1):
        assert list(Blob.objects.filter(among("size", range(300_000)))) == [blob]
    query, parameters = Blob.objects.filter(among("size", range(9))).query.sql_with_params()
    assert query.count("%s") == len(parameters) == 1
