"""Zips on the command line: unpacked under their own names, or refused before anything is made."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lode_platform.models import Item, Project, User
from motherlode.cli import main
from motherlode.client import Client
from motherlode.errors import BadInput
from motherlode.formats import voc
from motherlode.regions import Region
from motherlode.zips import unpacked


def picture(number: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (number * 20, 90, 200)).save(out, "PNG")
    return out.getvalue()


def zipped(path: Path, members: dict[str, bytes], *names: tuple[str, bytes]) -> Path:
    """A zip in which names were swapped for raw bytes of the same length."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    data = path.read_bytes()
    for old, new in names:
        assert len(old) == len(new)
        data = data.replace(old.encode(), new)
    path.write_bytes(data)
    return path


@pytest.mark.django_db
def test_a_zip_is_imported_as_the_folder_in_it(
    sdk: Callable[..., Client], project: Project, erin: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label = voc.write_xml("", 64, 48, [Region("a", "box", 1, "RBC", (4.0, 5, 24, 25))])
    members = {"set\\images\\xxxx.png": picture(1), "set\\voc\\xxxx.xml": label, "__MACOSX/._a": b"x"}
    name = "猫咪".encode("gbk")
    path = zipped(tmp_path / "cells.zip", members, ("xxxx.png", name + b".png"), ("xxxx.xml", name + b".xml"))

    def lode(*words: str) -> tuple[int, Any]:
        code = main(["import", str(path), "--dataset", "cells", "--json", *words], connect)
        said = capsys.readouterr()
        return code, json.loads(said.out)

    def connect(url: str | None = None, token: str | None = None, *, project: str | None = None) -> Client:
        return sdk(erin, project="blood")

    code, said = lode()
    assert code == 1 and "--zip-encoding" in said["error"] and not Item.objects.exists()
    code, said = lode("--zip-encoding", "gbk")
    assert (code, said["created"], said["regions"]) == (0, 1, 1), said
    assert [item.path.rpartition("/")[2] for item in Item.objects.all()] == ["猫咪.png"]


@pytest.mark.once
@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"../up.png": b"x"}, "has a part '..'"),
        ({"c:\\up.png": b"x"}, "starts with a drive letter"),
        ({"a.png": b"x", "A.png": b"y"}, "only by case"),
    ],
)
def test_a_member_that_must_be_refused_is_named(tmp_path: Path, members: dict[str, bytes], words: str) -> None:
    path = zipped(tmp_path / "a.zip", members)
    with pytest.raises(BadInput, match="a.zip") as refused, unpacked(path):
        raise AssertionError("it was unpacked")
    assert words in str(refused.value)


@pytest.mark.once
def test_what_is_no_zip_is_said_to_be_none(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.png": picture(1)})
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(BadInput, match="cut short"), unpacked(path):
        raise AssertionError("it was unpacked")


def spoilt(kind: int) -> bytes:
    """A zip whose only member is damaged amid its bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        archive.writestr("a.png", picture(1) * 30)
    data = bytearray(out.getvalue())
    data[60:75] = b"\xff" * 15
    return bytes(data)


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.once
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            packed({"a.png": b"\0" * 50_000_000}),
            "'a.png' unpacks to more than 200 times its size in the zip: unpack it",
        ),
        (spoilt(zipfile.ZIP_DEFLATED), "'a.png' cannot be unpacked"),
        (spoilt(zipfile.ZIP_BZIP2), "'a.png' cannot be unpacked"),
        (spoilt(zipfile.ZIP_LZMA), "'a.png' cannot be unpacked"),
        (packed({"a.png": picture(1)})[30:], "'a.png' cannot be unpacked"),
        (packed({"é.png": picture(1)}).replace("é".encode(), b"\xff\xfe"), "cannot be unpacked"),
    ],
    ids=["bomb", "deflate", "bzip2", "lzma", "without a beginning", "a name that is not the UTF-8 it is said to be"],
)
def test_a_bomb_and_whatever_is_damaged_is_refused_in_words(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(BadInput) as refused, unpacked(path):
        raise AssertionError("it was unpacked")
    assert str(path) in str(refused.value) and words in str(refused.value)
