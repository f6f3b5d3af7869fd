"""Our folders must never shadow the standard library or another distribution."""

import importlib.util
import platform
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]


def test_import_platform_is_the_standard_librarys() -> None:
    assert platform.system()
    assert not Path(platform.__file__).is_relative_to(ROOT / "platform")


def test_no_room_is_a_package() -> None:
    assert not [
        room
        for room in ("platform", "annotation", "datasets", "hooks", "sdk")
        if (ROOT / room / "__init__.py").exists()
    ]


def test_no_test_folder_is_a_package() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_datasets_is_not_taken_from_hugging_face() -> None:
    found = importlib.util.find_spec("datasets")
    assert found is None or found.origin is None or not Path(found.origin).is_relative_to(ROOT)
