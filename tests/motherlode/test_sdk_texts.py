"""Texts from a folder to a version, by the command line and the SDK."""

import codecs
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

import motherlode
from lode_annotation.models import LabelSet, Schema
from lode_platform.models import Item
from motherlode.errors import BadInput
from motherlode.importing import Source, read_source
from motherlode.media import Image, Text

pytestmark = [pytest.mark.django_db, pytest.mark.once]

TEXTS = {
    "train/good/a.txt": "A fine day — schön".encode(),
    "train/bad/b.txt": codecs.BOM_UTF16_LE + "Rain 🌧".encode("utf-16-le"),
    "val/good/train.txt": b"Sun\r\n",
    "c.txt": b"Who knows",
}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def read(source: Source) -> dict[str, tuple[str | None, str | None]]:
    """The label and the split of each record by path."""
    found = {}
    for record in source.records:
        found[record.path] = (record.drafts[0].label if record.drafts else None, record.split)
    return found


@pytest.fixture
def picture_bytes() -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", (4, 3)).save(file, "PNG")
    return file.getvalue()


def test_folders_are_the_classes_where_classes_are_asked_for(tmp_path: Path) -> None:
    folder = written(tmp_path, TEXTS)
    expected = {
        "train/good/a.txt": ("good", "train"),
        "train/bad/b.txt": ("bad", "train"),
        "val/good/train.txt": ("good", "val"),
        "c.txt": (None, None),
    }
    for source in (read_source(folder, "folders"), read_source(folder, asked="classes")):
        assert (source.format.name, source.medium, source.task) == ("folders", Text, "classes")
        assert read(source) == expected
    plain = read_source(folder)
    assert (plain.format.name, {label for label, _ in read(plain).values()}) == ("texts", {None})


def test_a_list_of_a_split_is_not_an_item(tmp_path: Path) -> None:
    folder = written(tmp_path, {"a.txt": b"one", "b.txt": b"two", "val.txt": b"b.txt\n"})
    assert read(read_source(folder)) == {"a.txt": (None, None), "b.txt": (None, "val")}


def test_a_source_comes_in_as_one_medium(tmp_path: Path, picture_bytes: bytes) -> None:
    folder = written(tmp_path, {"cat/a.png": picture_bytes, "cat/b.txt": b"one", "dog/c.txt": b"two", "train.txt": b""})
    images = read_source(folder, "folders")
    assert (images.medium, list(read(images))) == (Image, ["cat/a.png"])
    [note] = [problem for problem in images.problems if "stayed out" in problem.what]
    assert str(note) == (
        "cat/b.txt: 2 texts beside the images stayed out. A source comes in as one medium; --medium text takes them,"
        " into a dataset of their own"
    )
    texts = read_source(folder, "folders", medium="text")
    assert (texts.medium, list(read(texts))) == (Text, ["cat/b.txt", "dog/c.txt"])
    assert read_source(folder).format.name == "images"
    assert read_source(folder, medium="text").format.name == "texts"
    with pytest.raises(BadInput, match="plain images are read of images, not of texts"):
        read_source(folder, "images", medium="text")


def test_a_folder_of_what_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    folder = written(tmp_path, {"a.txt": b"\xff\xff", "b.txt": b""})
    with pytest.raises(BadInput) as raised:
        read_source(folder)
    assert "no text that can be read as plain texts" in str(raised.value)
    assert "a.txt: the file is not UTF-8 at byte 0" in str(raised.value)
    assert "Save it as UTF-8 and import again" in str(raised.value)


def test_texts_are_imported_published_read_and_exported(lode: Any, tmp_path: Path) -> None:
    folder = written(tmp_path / "source", {**TEXTS, "train/bad/empty.txt": b"", "train/bad/latin.txt": b"\xe9"})
    report = lode("import", str(folder), "--dataset", "tone", "--task", "classes")
    assert (report["format"], report["created"], report["label_sets"]) == ("folders", 4, 3)
    wrong = {row["item"]: f"{row['what']} {row['remedy']}" for row in report["problems"] if row["kind"] == "unreadable"}
    assert "is empty" in wrong["train/bad/empty.txt"] and "save it as UTF-8" in wrong["train/bad/latin.txt"]
    assert '<Text name="text" value="$text"/>' in Schema.objects.get().revisions.get().config
    assert dict(Item.objects.values_list("path", "length")) == {
        "train/good/a.txt": 18,
        "train/bad/b.txt": 6,
        "val/good/train.txt": 5,
        "c.txt": 9,
    }
    assert LabelSet.objects.current().count() == 3
    again = lode("import", str(folder), "--dataset", "tone", "--task", "classes")
    assert (again["created"], again["label_sets"], again["unchanged"]) == (0, 0, 3)

    lode("publish", "tone", "-m", "first")
    samples = motherlode.load("tone@v1", client=lode.connect())
    found = {sample.path: sample for sample in samples}
    assert found["train/bad/b.txt"].text == "Rain 🌧"
    assert found["train/bad/b.txt"].media == Text(6)
    assert found["train/bad/b.txt"].labels.label == "bad"
    assert found["c.txt"].media.block() == {"kind": "text", "length": 9} and not found["c.txt"].labelled
    lode("convert", "tone@v1", str(tmp_path / "out"), "--to", "folders")
    written_out = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.txt")}
    assert written_out == {"train/good/a.txt", "train/bad/b.txt", "val/good/train.txt"}
    why = lode("convert", "tone@v1", str(tmp_path / "coco"), "--to", "coco", fails=1)
    assert "is a text, and" in why and "hold images" in why


def test_predictions_on_texts_are_evaluated_and_failures_are_shown_as_text(
    lode: Any, tmp_path: Path, client_for: Any, erin: Any
) -> None:
    lode("import", str(written(tmp_path / "source", TEXTS)), "--dataset", "tone", "--task", "classes")
    lode("publish", "tone", "-m", "first")
    client = lode.connect()
    train = motherlode.load("tone@v1", split="train", client=client)
    with motherlode.run("always good", uses=[train], client=client) as run:
        found = [motherlode.Prediction(sample.path, label="good") for sample in train]
        evaluation = run.log_predictions(train, found, model="m", out_of_fold=True).evaluation()
    assert evaluation.metrics["accuracy"] == 0.5
    [failure] = evaluation.failures()
    assert failure.path == "train/bad/b.txt"
    page = client_for(erin).get(f"/p/blood/failures/?evaluation={evaluation.id}").content.decode()
    assert '"medium": "text"' in page and "<lode-text" in page


def test_a_dataset_of_texts_takes_no_images(lode: Any, tmp_path: Path, picture_bytes: bytes) -> None:
    lode("import", str(written(tmp_path / "texts", TEXTS)), "--dataset", "tone", "--task", "classes")
    images = written(tmp_path / "images", {"good/a.png": picture_bytes})
    why = lode("import", str(images), "--dataset", "tone", "--task", "classes", fails=1)
    assert "the source holds images, and the schema 'tone' asks about texts, so nothing was brought in" in why
