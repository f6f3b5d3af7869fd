"""The one path rule."""

import pytest

from motherlode.paths import PathClash, PathSet, UnsafePath, check_path, clashes, fold, folders

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    "path",
    [
        "a.jpg",
        "a/b/c.jpg",
        "a b/ö.png",
        "..a/b",
        "a.b/c",
        ".hidden/x",
        "console/auxiliary.nul",
        "dvc/x.jpg",
        "git/x",
        "a/x.dvcx",
        "日本/雪.png",
    ],
)
def test_ordinary_names_come_back_as_they_are(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../x",
        "a/..",
        "./x",
        "a//b",
        "a/",
        "a\\b",
        "C:/x",
        "c:x",
        "a\0b",
        "a\nb",
        ".git/config",
        "a/.GIT/x",
        ".dvc/config",
        "a/.dvcignore",
        ".gitignore",
        "dvc.yaml",
        "x/DVC.yaml",
        "data.dvc",
        "x.DVC/y",
        "bad\udc80name.jpg",
        "img:1.jpg",
        "a/con.jpg",
        "NUL.png",
        "Com1/x.jpg",
        "a/aux/b/x.txt",
        "lpt9.jpeg",
        "a.jpg\n",
        "what?.png",
        'a"b.png',
        "a<b>/c.png",
        "a|b",
        "a*",
        "a./b",
        "a /b.png",
        "b.png ",
        "CON",
        "a/nul.png",
        "Aux.tar.gz/x",
        "com1",
        "lpt³.jpg",
        "a" * 256,
        "/".join(["abcdefgh"] * 200),
    ],
)
def test_names_that_leave_the_folder_or_that_git_dvc_or_windows_cannot_hold_are_refused(path: str) -> None:
    with pytest.raises(UnsafePath):
        check_path(path)


def test_a_decomposed_name_is_composed() -> None:
    assert check_path("cafe\u0301.jpg") == "caf\u00e9.jpg"


def test_names_that_differ_by_case_or_composition_fold_together() -> None:
    assert fold("A/B.JPG") == fold("a/b.jpg")
    assert fold("CAFE\u0301") == fold("caf\u00e9")
    assert fold("STRASSE") == fold("straße")
    assert fold("a") != fold("b")


def test_folders_are_those_above_a_path() -> None:
    assert list(folders("a/b/c.jpg")) == ["a", "a/b"]
    assert list(folders("c.jpg")) == []


def test_a_file_cannot_be_a_folder_too() -> None:
    with pytest.raises(PathClash, match="is a folder"):
        PathSet(["a/b.jpg", "A"])
    with pytest.raises(PathClash, match="lies in 'a'"):
        PathSet(["a", "a/b.jpg"])


def test_a_clash_names_the_path_that_was_there_first() -> None:
    found = list(clashes(["x/A.jpg", "y.jpg", "x/a.jpg"]))
    assert [(clash.path, clash.other) for clash in found] == [("x/a.jpg", "x/A.jpg")]


def test_a_path_set_takes_the_same_path_twice_as_one() -> None:
    paths = PathSet(["a.jpg"])
    assert paths.add("b.jpg") is True
    assert paths.add("a.jpg") is False
    assert (len(paths), sorted(paths), "a.jpg" in paths, "A.jpg" in paths) == (2, ["a.jpg", "b.jpg"], True, False)
