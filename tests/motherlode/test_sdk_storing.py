"""`lode fsck` and `lode gc`."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.motherlode.conftest import Lode, Sdk
from tests.stored import blob_file

from lode_platform.models import Blob, Item, User
from lode_platform.store import store
from motherlode import Client

pytestmark = [pytest.mark.once, pytest.mark.django_db]


@pytest.fixture
def owner(sdk: Sdk, alice: User, lode: Lode, capsys: pytest.CaptureFixture[str]) -> Lode:
    """The command line of a project's owner."""

    def connect(url: str | None = None, token: str | None = None, *, project: str | None = None) -> Client:
        return sdk(alice, project=project or "blood")

    return Lode(connect, capsys)


def test_fsck_says_what_was_read_and_names_what_is_broken(lode: Lode, cells: dict[str, Any], folder: Path) -> None:
    lode("publish", "cells", "-m", "first")
    said = lode.says("fsck")
    assert "hashed, 0 broken." in said
    assert lode("fsck", "--sample", "2")["wrong"] == 0
    item = Item.objects.select_related("blob").order_by("pk")[0]
    blob_file(item.blob.md5).unlink()
    said = lode("fsck", fails=3)
    assert "1 file in the server's store not as stored" in said


def test_gc_counts_then_removes_and_says_who_needs_what(owner: Lode, lode: Lode, cells: dict[str, Any]) -> None:
    spare = store().add_bytes(b"spare")
    Blob.objects.filter(pk=spare.pk).update(created_at=timezone.now() - timedelta(days=2))
    assert "Would remove 1 file, 5 bytes, that nothing needs." in owner.says("gc", "--dry-run")
    assert store().exists(spare.md5)
    assert owner("gc")["removed"] == 1 and not store().exists(spare.md5)
    item = Item.objects.select_related("blob").order_by("pk")[0]
    assert f"blood/{item.path}" in lode.says("gc", "--why", item.blob.sha256)
    assert "needs the role owner" in lode("gc", fails=1)
    assert "Nothing here needs bytes" in lode("gc", "--why", "0" * 32, fails=1)
