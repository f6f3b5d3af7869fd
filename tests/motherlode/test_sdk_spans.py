"""Spans of texts from a folder into versions, to the SDK and through a diff: code points, and what they quote."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.motherlode.conftest import Lode

import motherlode
from lode_datasets import diff
from lode_datasets.models import Version
from motherlode import formats
from motherlode.formats import Format
from motherlode.formats.source import Draft, Files, Record, read_text
from motherlode.media import Text
from motherlode.media.text import decoded
from motherlode.shapes.span import Span

pytestmark = [pytest.mark.once, pytest.mark.django_db]

NOTE = "Valve V-12 leaks 🔧 since Monday.\r\nCafe\u0301 pump: fine."
FILES = {"a.txt": codecs.BOM_UTF8 + NOTE.encode(), "b.txt": codecs.BOM_UTF16_LE + NOTE.encode("utf-16-le")}


def read(files: Files) -> Iterator[Record]:
    found = json.loads(read_text(files, "spans.json"))
    for name in FILES:
        spans = [Draft("Part", Span(start, end, quote), "span") for start, end, quote in found[name]]
        yield Record(name, present=True, labelled=True, source="spans.json", drafts=spans)


@pytest.fixture
def source(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One text in two encodings; no format of ours holds spans."""
    made = Format("spans", "Spans", lambda files: "spans.json" in files.names(), read, media=(Text,))
    monkeypatch.setitem(formats.FORMATS, "spans", made)
    folder = machine / "notes"
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    return folder


def bring(lode: Lode, source: Path, *spans: tuple[int, int]) -> dict[str, object]:
    rows = [[start, end, NOTE[start:end]] for start, end in spans]
    (source / "spans.json").write_text(json.dumps({"a.txt": rows, "b.txt": rows[:1]}))
    return dict(lode("import", str(source), "--dataset", "notes", "--format", "spans", "--task", "spans", "--replace"))


def test_spans_are_imported_published_loaded_and_compared(lode: Lode, source: Path) -> None:
    bring(lode, source, (0, 10), (6, 16), (25, 31))
    lode("publish", "notes", "-m", "spans")
    bring(lode, source, (0, 10), (6, 18), (25, 31))
    lode("publish", "notes", "-m", "a longer one")
    old, new = (motherlode.load(f"notes@v{number}", client=lode.connect()) for number in (1, 2))
    before, after = ({sample.path: sample for sample in samples} for samples in (old, new))
    assert [region.geometry.text for region in before["a.txt"].labels] == ["Valve V-12", "V-12 leaks", "Monday"]
    for sample in after.values():
        assert sample.media == Text(len(NOTE)) and sample.text == NOTE == decoded(FILES[sample.path])
        for region in sample.labels:
            start, end, quote = region.geometry
            assert sample.text[start:end] == quote and (region.kind, region.label) == ("span", "Part")
    assert {one.id for one in before["a.txt"].labels} == {one.id for one in after["a.txt"].labels}
    first, second = Version.objects.order_by("number")
    assert diff.summary(first, second).regions == {"moved": 1}


def test_what_the_text_does_not_say_is_left_out_and_named(lode: Lode, source: Path) -> None:
    spans = [[0, 10, "Valve V-13"], [26, 32, "Monday"], [0, 5, "Valve"], [50, 99, "x" * 49]]
    (source / "spans.json").write_text(json.dumps({"a.txt": spans, "b.txt": []}))
    report = lode("import", str(source), "--dataset", "notes", "--format", "spans", "--task", "spans")
    said = [row["what"] for row in report["problems"]]
    assert len(said) == 3, said
    assert report["regions"] == 1
    assert any('quotes "Valve V-13", and from 0 to 10 the text says "Valve V-12"' in what for what in said)
    assert any("not UTF-16 units: it is from 25 to 31" in what for what in said)
    assert any("is not within the 51 characters" in what for what in said)
