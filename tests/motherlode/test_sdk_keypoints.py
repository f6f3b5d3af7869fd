"""Keypoints from a folder into versions, to the SDK and through a diff."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.motherlode.conftest import Lode, picture

import motherlode
from lode_datasets import diff
from lode_datasets.models import Version
from motherlode import formats
from motherlode.formats import Format
from motherlode.formats.source import Draft, Files, Record, is_image, read_text
from motherlode.predictions import BadPrediction, Prediction

pytestmark = [pytest.mark.once, pytest.mark.django_db]


def read(files: Files) -> Iterator[Record]:
    found = json.loads(read_text(files, "places.json"))
    for name in filter(is_image, files.names()):
        drafts = tuple(Draft("eye", (float(x), float(y)), "keypoint") for x, y in found[name])
        yield Record(name, present=True, labelled=True, source="places.json", drafts=drafts)


@pytest.fixture
def source(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two images, one with two keypoints; no format of ours holds any."""
    made = Format("places", "Places", lambda files: "places.json" in files.names(), read)
    monkeypatch.setitem(formats.FORMATS, "places", made)
    folder = machine / "faces"
    folder.mkdir()
    for number, name in enumerate(("a.png", "b.png")):
        (folder / name).write_bytes(picture(number))
    return folder


def publish(lode: Lode, source: Path, *places: tuple[float, float]) -> None:
    (source / "places.json").write_text(json.dumps({"a.png": places, "b.png": []}))
    lode("import", str(source), "--dataset", "faces", "--format", "places", "--split-policy", "test=1", "--replace")
    lode("publish", "faces", "-m", "places")


def test_keypoints_are_imported_published_loaded_and_compared(lode: Lode, source: Path) -> None:
    publish(lode, source, (10, 20), (40.5, 30))
    publish(lode, source, (13, 18), (40.5, 30))
    old, new = (motherlode.load(f"faces@v{number}", split="test", client=lode.connect()) for number in (1, 2))
    before, after = ({sample.path: sample.labels for sample in samples} for samples in (old, new))
    assert sorted(region.geometry for region in before["a.png"]) == [(10.0, 20.0), (40.5, 30.0)]
    assert [(region.kind, region.label) for region in before["a.png"]] == [("keypoint", "eye")] * 2
    assert len(before["b.png"]) == 0
    assert {region.id for region in before["a.png"]} == {region.id for region in after["a.png"]}
    first, second = Version.objects.order_by("number")
    assert diff.summary(first, second).regions == {"moved": 1}


def test_keypoints_are_predicted_under_their_task() -> None:
    made = Prediction("a.png", keypoints=[(1, 2)], labels=["eye"], scores=[0.5])
    assert (made.task, made.places) == ("keypoints", ([1.0, 2.0],))
    with pytest.raises(BadPrediction, match="a.png: keypoint 1: .* is not a keypoint, which is two numbers"):
        Prediction("a.png", keypoints=[(1, 2, 2)], labels=["eye"], scores=[0.5])
