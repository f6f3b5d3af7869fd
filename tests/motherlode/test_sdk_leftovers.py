"""What lies in a source and was not taken, by name."""

from pathlib import Path

import pytest

from motherlode.formats.leftovers import leftovers
from motherlode.formats.source import Folder
from motherlode.media import BY_SUFFIX, Text

pytestmark = pytest.mark.once


def test_a_file_of_a_medium_that_somebody_adds_is_not_called_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    [found] = leftovers(Folder(tmp_path), frozenset())
    assert found.what == "looks like media that is not read (.wav) and was not taken"
    monkeypatch.setitem(BY_SUFFIX, ".wav", Text)
    assert list(leftovers(Folder(tmp_path), frozenset())) == []


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("labels.mat", "data that is not read (.mat)", "Turn it into COCO"),
        ("train.PARQUET", "data that is not read (.parquet)", "Turn it into COCO"),
        ("more.zip", "an archive (.zip)", "Unpack it and import again"),
        ("labels.tar.gz", "an archive (.gz)", "Unpack it and import again"),
    ],
)
def test_data_and_archives_that_may_hold_labels_are_named(tmp_path: Path, name: str, what: str, remedy: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    [found] = leftovers(Folder(tmp_path), frozenset())
    assert found.what == f"looks like {what} and was not taken" and found.remedy.startswith(remedy)


def test_what_systems_leave_in_folders_is_not_named(tmp_path: Path) -> None:
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini", "weights.pt"):
        (tmp_path / name).write_bytes(b"x")
    assert list(leftovers(Folder(tmp_path), frozenset())) == []
