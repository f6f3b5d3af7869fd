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
