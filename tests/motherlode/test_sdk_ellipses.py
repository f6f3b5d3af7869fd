"""Ellipses from a source to a published version and its diff, by the registries alone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.motherlode.conftest import Lode, picture

import motherlode
from lode_annotation.labeling_config import parse_config
from lode_annotation.models import Schema
from motherlode.formats import FORMATS, Format
from motherlode.formats.source import Draft, Files, Record, is_image, read_text

pytestmark = [pytest.mark.once, pytest.mark.django_db]

LYING = [30.0, 20.0, 12.5, 6.25, 0.0]
TURNED = [32.0, 24.0, 20.0, 5.0, 30.0]
OVER = [0.0, 24.0, 8.0, 4.0, 45.0]
BEYOND = [-20.0, 24.0, 8.0, 4.0, 45.0]


def read(files: Files) -> Iterator[Record]:
    found = json.loads(read_text(files, "ellipses.json"))
    for name in filter(is_image, files.names()):
        drafts = [Draft("cell", tuple(value), "ellipse") for value in found[name]]
        yield Record(name, present=True, labelled=True, source="ellipses.json", drafts=tuple(drafts))


@pytest.fixture
def folder(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    name = "ellipses.json"
    made = Format("ellipses", "Ellipses", lambda files: name in files.names(), read, holds=name)
    monkeypatch.setitem(FORMATS, "ellipses", made)
    (machine / "round").mkdir()
    for number in range(2):
        (machine / "round" / f"{'ab'[number]}.png").write_bytes(picture(number))
    return machine / "round"


def test_ellipses_are_imported_published_read_and_compared(lode: Lode, folder: Path) -> None:
    def bring(**ellipses: list[list[float]]) -> list[str]:
        (folder / "ellipses.json").write_text(json.dumps({f"{name}.png": said for name, said in ellipses.items()}))
        options = ("--split-policy", "test=1", "--replace")
        told = lode("import", str(folder), "--dataset", "round", "--format", "ellipses", *options)
        lode("publish", "round", "-m", "next")
        return [problem["what"] for problem in told["problems"] if "split" not in problem["what"]]

    [left_out] = bring(a=[LYING, TURNED], b=[OVER, BEYOND])
    assert "the cell ellipse (16 x 8 about -20, 24, turned by 45 degrees)" in left_out
    [control] = parse_config(Schema.objects.get().revisions.get().config).controls
    assert control.type == "EllipseLabels"
    a, b = motherlode.load("round@v1", split="test", client=lode.connect())
    assert [(region.kind, region.label, list(region.geometry)) for region in a.labels] == [
        ("ellipse", "cell", LYING),
        ("ellipse", "cell", TURNED),
    ]
    assert [list(region.geometry) for region in b.labels] == [OVER], "whole, though it reaches over the edge"
    assert a.labels.boxes[0] == [17.5, 13.75, 42.5, 26.25]

    bring(a=[LYING, [*TURNED[:4], 32.0]], b=[OVER])
    again, _ = motherlode.load("round@v2", split="test", client=lode.connect())
    assert [region.id for region in again.labels] == [region.id for region in a.labels], "a small turn is a move"
    told = lode("diff", "round@v1", "v2")
    assert told["regions"]["moved"] == 1 and sum(told["regions"].values()) == 1
