"""Polylines from a source to a version, to the SDK's samples and to the difference of two versions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.motherlode.conftest import Lode, picture

import motherlode
from motherlode.convert import convert_folder
from motherlode.formats import FORMATS, Format
from motherlode.formats.source import Draft, Files, Record, is_image, read_text

pytestmark = [pytest.mark.once, pytest.mark.django_db]


def recognise(files: Files) -> bool:
    return "lines.txt" in files.names()


def read(files: Files) -> Iterator[Record]:
    """A file lines.txt, a line of an image's: `a.png lane 1 2 30 40 50 40`."""
    drafts: dict[str, list[Draft]] = {name: [] for name in files.names() if is_image(name)}
    for row in read_text(files, "lines.txt").splitlines():
        name, label, *numbers = row.split()
        points = list(map(float, numbers))
        drafts[name].append(Draft(label, tuple(zip(points[::2], points[1::2], strict=True)), "polyline"))
    for name, found in drafts.items():
        yield Record(name, present=True, labelled=True, source="lines.txt", drafts=tuple(found))


@pytest.fixture
def street(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(FORMATS, "lines", Format("lines", "Lines", recognise, read, holds="lines.txt"))
    folder = machine / "street"
    folder.mkdir()
    (folder / "a.png").write_bytes(picture(1))
    (folder / "lines.txt").write_text("a.png lane 1 2 30 40 50 40\na.png kerb 10 40 10 60\n")
    return folder


def test_lines_are_published_read_as_samples_and_followed_where_they_move(lode: Lode, street: Path) -> None:
    words = ("import", str(street), "--dataset", "street", "--format", "lines", "--split-policy", "train=1")
    lode(*words)
    lode("publish", "street", "-m", "first")
    [sample] = motherlode.load("street@v1", split="train", client=lode.connect())
    assert [(label.kind, label.label, label.geometry) for label in sample.labels] == [
        ("polyline", "lane", ((1.0, 2.0), (30.0, 40.0), (50.0, 40.0))),
        ("polyline", "kerb", ((10.0, 40.0), (10.0, 48.0))),
    ]
    (street / "lines.txt").write_text("a.png lane 1 2 30 40 50 40\na.png kerb 12 40 12 48\n")
    lode(*words, "--replace")
    lode("publish", "street", "-m", "second")
    [moved] = motherlode.load("street@v2", split="train", client=lode.connect())
    assert [label.id for label in moved.labels] == [label.id for label in sample.labels]
    changed = lode("diff", "street@v1", "street@v2")["regions"]
    assert {kind: count for kind, count in changed.items() if count} == {"moved": 1}


def test_a_format_that_holds_none_says_how_many_stayed_out(machine: Path, street: Path) -> None:
    (street / "empty.png").write_bytes(picture(2))
    report = convert_folder(street, machine / "yolo", "yolo", "lines")
    assert "2 polylines were not written: YOLO files do not hold them" in [one["what"] for one in report.problems]
    assert (report.images, report.regions) == (1, 0)
