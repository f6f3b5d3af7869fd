"""A format is one file and one line of the registry: a toy one is recognised, read, refused and written."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from PIL import Image

from motherlode import formats
from motherlode.convert import convert_folder
from motherlode.errors import BadInput
from motherlode.formats import FORMATS, Format, detect, writers
from motherlode.formats.format import Seems
from motherlode.formats.leftovers import leftovers
from motherlode.formats.source import Draft, Files, Folder, Problem, Record, is_image, read_text
from motherlode.formats.writing import Put, Rows, Writer, put_image, put_text
from motherlode.importing import read_source

pytestmark = pytest.mark.once

# the module: a file toy.txt, a line an image and box: `a.png cat 1 2 30 40`


def recognise(files: Files) -> bool:
    return "toy.txt" in files.names()


def read(files: Files) -> Iterator[Record | Problem]:
    drafts: dict[str, list[Draft]] = {name: [] for name in files.names() if is_image(name)}
    for number, line in enumerate(read_text(files, "toy.txt").splitlines(), start=1):
        name, label, *box = line.split()
        if name in drafts:
            drafts[name].append(Draft(label, tuple(map(float, box)), row=f"line {number}"))
        else:
            yield Problem("unknown", "toy.txt", f"line {number}", f"there is no {name}", "Put the image beside it")
    for name, found in drafts.items():
        yield Record(name, present=True, labelled=True, source="toy.txt", drafts=tuple(found))


def write(target: Path, rows: Rows, classes: Mapping[int, str], put: Put) -> None:
    lines = []
    for path, row in rows:
        put_image(row, target / path, put)
        lines += [f"{path} {region.label} {' '.join(map(str, region.box or ()))}\n" for region in row.regions]
    put_text(target / "toy.txt", "".join(lines).encode())


TOY = Format(
    "toy",
    "Toy",
    recognise,
    read,
    holds="toy.txt",
    writer=Writer("Toy files", frozenset({"box"}), write, lambda path, row: path),
    seems=lambda name, text: Seems("Toy rows", "Rename it") if text.startswith("a.png ") else None,
    offers=lambda files, task: task == "classes",
)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(FORMATS, "toy", TOY)  # the line
    for name in ("a.png", "b.png"):
        (tmp_path / "in").mkdir(exist_ok=True)
        Image.new("RGB", (64, 48)).save(tmp_path / "in" / name)
    (tmp_path / "in" / "toy.txt").write_text("a.png cat 1 2 30 40\na.png dog 5 5 90 40\nc.png cat 1 1 2 2\n")
    return tmp_path / "in"


def test_it_is_read_by_name_with_what_is_wrong(source: Path) -> None:
    found = read_source(source, "toy")
    assert {record.path: [draft.label for draft in record.drafts] for record in found.records} == {
        "a.png": ["cat", "dog"],
        "b.png": [],
    }
    assert [str(problem) for problem in found.problems] == [
        "toy.txt, line 3: there is no c.png. Put the image beside it"
    ]
    assert (found.task, found.labels) == ("boxes", ["cat", "dog"])


def test_it_is_recognised_in_its_turn(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert detect(Folder(source)).name == "images"  # which is tried before it
    monkeypatch.setattr(formats, "FORMATS", {"toy": TOY, **FORMATS})
    assert detect(Folder(source)) is TOY


def test_what_it_knows_among_files_that_were_not_taken_is_called_by_its_name(source: Path) -> None:
    (source / "toy.txt").rename(source / "rows.txt")
    [found] = leftovers(Folder(source), frozenset())
    assert (found.what, found.remedy) == ("looks like Toy rows and was not taken", "Rename it")


def test_it_is_asked_where_labels_of_a_task_are_wanted_and_none_are_found(source: Path) -> None:
    assert [read_source(source, asked=task).format.name for task in (None, "boxes", "classes")] == [
        "images", "images", "toy",
    ]  # fmt: skip


def test_a_folder_that_is_named_so_and_is_not_is_refused(source: Path) -> None:
    (source / "toy.txt").unlink()
    with pytest.raises(BadInput, match=r"holds no toy\.txt"):
        read_source(source, "toy")


def test_other_formats_are_written_as_it_and_it_as_others(source: Path, tmp_path: Path) -> None:
    assert "toy" in writers()
    convert_folder(source, tmp_path / "voc", "voc", "toy")
    report = convert_folder(tmp_path / "voc", tmp_path / "toy", "toy", "voc")
    assert (report.images, report.regions) == (2, 2)
    lines = sorted((tmp_path / "toy" / "toy.txt").read_text().splitlines())
    assert [line.split(maxsplit=1)[1] for line in lines] == ["cat 1.0 2.0 30.0 40.0", "dog 5.0 5.0 64.0 40.0"]
