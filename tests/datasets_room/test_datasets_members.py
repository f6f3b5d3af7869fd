"""The members of a version: whatever came and went, under any filter a page is what a look at every item gives."""

import dataclasses
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.test import Client
from tests.datasets_room.test_datasets_pages import BASE, ClientFor, text
from tests.stored import root

from lode_datasets import members, version_members, versions
from lode_datasets.members import BadMembers, Gathering, Items, Members, Wanted
from lode_datasets.models import Version
from lode_platform import paging
from lode_platform.models import Job, User


class Member(NamedTuple):
    entry: int
    path: str
    split: str
    classes: list[int] | None


FILTERS = [
    Wanted(),
    Wanted(class_id=2),
    Wanted(class_id=9),
    Wanted(split="val"),
    Wanted(split="no-such"),
    Wanted(empty=True),
    Wanted(text="B1"),
    Wanted(split="train", class_id=1, text="ä"),
    Wanted(split="train", empty=True, text="a"),
]


def by_looking(held: dict[str, Member], wanted: Wanted) -> list[int]:
    return [
        one.entry
        for path, one in sorted(held.items())
        if wanted.split in ("", one.split)
        and (wanted.class_id is None or wanted.class_id in (one.classes or ()))
        and (not wanted.empty or one.classes == [])
        and wanted.text.lower() in path.lower()
    ]


def columns(some: list[Member]) -> Items:
    return Items(*[[one[at] for one in some] for at in range(4)])  # type: ignore[arg-type]


def folder(version: Version) -> Path:
    return root() / f"{version_members.FOLDER}/{version.dataset.uuid}"


@pytest.mark.once
def test_pages_of_many_versions_are_what_a_look_at_every_item_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "SLACK", 5)
    monkeypatch.setattr(members, "FREQUENT", 6)
    rng, held, keys = random.Random(7), dict[str, Member](), iter(range(1, 10_000))

    def member(path: str) -> Member:
        said = rng.choice([None, [], [1], [2, 2], [1, 2, 3]])
        return Member(next(keys), path, "pool" if said is None else rng.choice(["train", "val", "test"]), said)

    names = [f"{folder}/{letter}{n}.png" for folder in "aä" for letter in "Bbz" for n in range(20)]
    for path in names[::2]:
        held[path] = member(path)
    gathering = Gathering()
    gathering.add(columns([held[path] for path in sorted(held)]))
    now, bases = Members(gathering.rows(), "first"), 0
    for _version in range(25):
        over = rng.sample(sorted(held), 4)
        ended = [held.pop(path) for path in over]
        began = [member(path) for path in {*rng.sample(names, 3), *over[:2]} if path not in held]
        held |= {one.path: one for one in began}
        now = now.changed(columns(ended), columns(began))
        bases += not now.name
        now = dataclasses.replace(now, name="kept")
        for wanted in FILTERS:
            right, found = by_looking(held, wanted), now.chosen(wanted)
            assert len(found) == len(right)
            pages = [found.entries(start, start + 3) for start in range(0, len(right), 3)]
            assert [key for page in pages for key in page] == right, wanted
    assert 1 < bases < 25


def test_a_version_keeps_what_changed_and_reads_it_again(cells: Any) -> None:
    items = cells.add(9, split="train")
    cells.publish()
    cells.label(items[4], [])
    cells.add(2, labelled=False)
    second = cells.publish()
    cells.label(items[5], [cells.box(items[5], 0, 3)])
    for version in (second, cells.publish()):
        found = version_members.of(version)
        assert found is not None and len(found.base) == 9 and found.name != str(version.uuid)
        for wanted in FILTERS:
            rows = versions.entries(version, wanted.split or None)
            right = [
                row.path
                for row in rows
                if (wanted.class_id is None or wanted.class_id in [one["class_id"] for one in _said(row)])
                and (not wanted.empty or (row.label_set and not row.label_set.said))
                and wanted.text.lower() in row.path.lower()
            ]
            assert [row.path for row in version_members.Listed(found, wanted)] == right, wanted


def _said(row: Any) -> list[dict[str, Any]]:
    return row.label_set.said if row.label_set else []


def test_a_version_without_a_file_is_listed_from_its_rows_until_a_job_makes_it(
    cells: Any, client_for: ClientFor, erin: User, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    cells.add(4, split="train")
    version = cells.publish()
    client: Client = client_for(erin)
    queries = ["", "?class=2", "?split=train", "?empty=1", "?q=2", "?class=1&q=3", "?class=9"]

    def shown() -> list[list[str]]:
        pages = [client.get(f"{BASE}cells/v1/{query}").context["samples"] for query in queries]
        return [[sample.entry.path for sample in page] for page in pages]

    right = shown()
    (folder(version) / str(version.uuid)).unlink()
    assert shown() == right
    assert "Index it" not in text(client.get(f"{BASE}cells/v1/")), "a small version is looked through at once"
    monkeypatch.setattr(paging, "MOST", 3)
    assert "Index it" in text(client.get(f"{BASE}cells/v1/"))
    assert client.post(f"{BASE}cells/v1/index/").status_code == 302
    assert client.post(f"{BASE}cells/v1/index/").status_code == 302, "one is on its way"
    job = Job.objects.get(verb=version_members.VERB)
    assert f"/jobs/{job.uuid}/progress" in text(client.get(f"{BASE}cells/v1/"))
    assert run_jobs() == 1
    assert "Index it" not in text(client.get(f"{BASE}cells/v1/"))
    assert version_members.of(version) is not None and shown() == right


def test_a_version_whose_parent_has_no_file_gets_its_own_by_a_job(cells: Any) -> None:
    items = cells.add(3)
    first = cells.publish()
    file = folder(first) / str(first.uuid)
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:100])
    cells.label(items[0], [])
    second = cells.publish()
    found = version_members.of(second)
    assert found is not None and found.name == str(second.uuid) and len(found) == 3
    assert version_members.of(first) is None


@pytest.mark.once
def test_bytes_that_are_no_members_are_refused(tmp_path: Path) -> None:
    for number, data in enumerate(
        [b"", b"members 1\n", b'members 1\n{"arrays":[["at","<u4",9]]}\n', b"members 1\n[]\n"]
    ):
        file = tmp_path / str(number)
        file.write_bytes(data)
        with pytest.raises(BadMembers):
            members.load(file)
