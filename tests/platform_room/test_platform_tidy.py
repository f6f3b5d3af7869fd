"""What is left behind goes in time, and nothing that somebody may still want."""

import io
import os
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from lode_annotation import import_parts
from lode_platform import jobs, zips
from lode_platform.callers import Caller
from lode_platform.models import Item, Job, Project, User
from lode_platform.store import store

DAY = 24 * 3600


def tidy() -> dict[str, int]:
    """What ``manage.py tidy`` says that it removed."""
    out = io.StringIO()
    call_command("tidy", stdout=out)
    rows = (line.rpartition(": ") for line in out.getvalue().splitlines())
    return {kind: int(said.split()[0]) for kind, _, said in rows}


def aged(path: Path, seconds: float) -> Path:
    """The file, last written so long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(b"x")
    os.utime(path, (time.time() - seconds, time.time() - seconds))
    return path


@pytest.mark.django_db
def test_views_beyond_the_limit_go_oldest_first_a_mosaic_as_one(home: Path, settings: LazySettings) -> None:
    settings.MAX_VIEW_BYTES = 250
    thumbs = home / "thumbs" / "ab"
    for name, age in (("old.jpg", 300), ("new.jpg", 100)):
        (thumbs / name).parent.mkdir(parents=True, exist_ok=True)
        (thumbs / name).write_bytes(bytes(100))
        aged(thumbs / name, age)
    mosaic = thumbs / "cd-mosaic"
    mosaic.mkdir()
    for tile in ("0-0.jpg", "1-0.jpg"):
        (mosaic / tile).write_bytes(bytes(60))
    aged(mosaic, 200)
    for part, age in ((".dead", 7200), (".growing", 60)):
        aged(thumbs / part, age)
    assert tidy()["views"] == 2
    assert sorted(file.name for file in thumbs.iterdir()) == [".growing", "cd-mosaic", "new.jpg"]
    settings.MAX_VIEW_BYTES = 150
    tidy()
    assert sorted(file.name for file in thumbs.iterdir()) == [".growing", "new.jpg"]


@pytest.mark.django_db
def test_a_view_that_was_removed_is_made_again(
    project: Project,
    victor: User,
    make_items: Callable[..., list[Item]],
    client_for: Callable[[User], Client],
    settings: LazySettings,
) -> None:
    settings.MAX_VIEW_BYTES = 1
    (item,) = make_items(project, 1)
    client = client_for(victor)
    first = client.get(f"/thumbs/{item.uuid}").getvalue()
    assert tidy()["views"] == 1
    assert client.get(f"/thumbs/{item.uuid}").getvalue() == first


@pytest.mark.django_db
def test_temporary_files_go_a_day_after_their_last_byte(home: Path) -> None:
    kept = [aged(home / "tmp" / "new", DAY - 60), aged(home / "store" / "tmp" / "new", DAY - 60)]
    gone = [aged(home / "tmp" / "old", DAY + 60), aged(home / "store" / "tmp" / "old", DAY + 60)]
    said = tidy()
    assert (said["temporary files"], said["parts of uploads"]) == (1, 1)
    assert all(path.exists() for path in kept) and not any(path.exists() for path in gone)


@pytest.mark.django_db
def test_expired_sessions_go(victor: User, client_for: Callable[[User], Client]) -> None:
    client, other = client_for(victor), client_for(victor)
    Session.objects.filter(pk=other.session.session_key).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert tidy()["sessions"] == 1
    assert list(Session.objects.values_list("pk", flat=True)) == [client.session.session_key]


@pytest.mark.django_db
def test_zips_that_no_job_will_unpack_go(project: Project, erin: User, home: Path) -> None:
    def sent(state: str, ended: timedelta | None) -> Path:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a.txt", state)
        file.seek(0)
        job = zips.receive(project, erin, file, name=f"{state}.zip")
        ended_at = timezone.now() - ended if ended else None
        Job.objects.filter(pk=job.pk).update(state=state, finished_at=ended_at)
        return aged(home / "store" / "parked" / str(job.arguments["parked"]), 30 * DAY)

    kept = [sent("queued", None), sent("running", None), sent("failed", timedelta(days=6))]
    gone = [sent("failed", timedelta(days=8)), aged(home / "store" / "parked" / "nobody.zip", 2 * DAY)]
    kept.append(aged(home / "store" / "parked" / "just-sent.zip", 60))
    assert tidy()["staged zips"] == 2
    assert all(path.exists() for path in kept) and not any(path.exists() for path in gone)
    late = Job.objects.get(state="failed", finished_at__lt=timezone.now() - timedelta(days=7))
    Job.objects.exclude(pk=late.pk).delete()
    jobs.retry(late)
    jobs.run_pending()
    late.refresh_from_db()
    assert late.state == "failed" and "send the file again" in late.error


@pytest.mark.django_db
def test_an_import_whose_sender_does_not_come_back_is_cancelled_after_a_day(project: Project, erin: User) -> None:
    opened = [import_parts.begin(project, Caller(erin), uuid=uuid4()) for _ in range(2)]
    assert tidy()["unfinished imports"] == 0
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    import_parts.put_part(Caller(erin), opened[1].uuid, 0, b"")
    assert tidy()["unfinished imports"] == 1
    jobs.run_pending()
    assert list(Job.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "receiving"]


@pytest.mark.django_db
def test_items_leave_the_trash_after_its_term_and_never_without_one(
    project: Project, make_items: Callable[..., list[Item]], settings: LazySettings
) -> None:
    old, young, live = make_items(project, 3)
    Item.objects.filter(pk=old.pk).update(trashed_at=timezone.now() - timedelta(days=31))
    Item.objects.filter(pk=young.pk).update(trashed_at=timezone.now() - timedelta(days=29))
    assert tidy()["items from the trash"] == 0
    settings.TRASH_DAYS = 30
    assert tidy()["items from the trash"] == 1
    assert set(Item.objects.all()) == {young, live}
    assert store().exists(old.blob.md5)
    removed: Any = project.events.get(verb="items.remove")
    assert (removed.actor, removed.data) == (None, {"path": old.path})
