"""The vendored browser files are the ones that vendor.json records."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "platform" / "lode_platform" / "static" / "vendor"
RECORD = json.loads((VENDOR / "vendor.json").read_text())
FILES = {name: digest for package in RECORD for name, digest in package["files"].items()}
FREE = {"MIT", "0BSD", "BSD-3-Clause", "OFL-1.1"}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_vendored_file_has_the_recorded_digest(name: str) -> None:
    digest = hashlib.sha384((VENDOR / name).read_bytes()).digest()
    assert FILES[name] == "sha384-" + base64.b64encode(digest).decode()


def test_nothing_lies_in_the_vendor_folder_that_is_not_recorded() -> None:
    there = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert there == {*FILES, "vendor.json"}


def test_every_package_names_a_version_and_a_free_licence() -> None:
    assert all(package["version"] and package["licence"] in FREE for package in RECORD)


def test_no_vendored_file_points_to_a_source_map_or_another_server() -> None:
    for path in VENDOR.rglob("*.*"):
        text = path.read_text(errors="replace")
        assert "sourceMappingURL=" not in text, path.name
        assert not re.search(r"@import\s|url\(['\"]?https?:", text), path.name


def test_every_icon_that_a_template_or_a_room_names_is_in_the_sprite() -> None:
    sprite = (VENDOR / "tabler-icons" / "sprite.svg").read_text()
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    named: dict[str, str] = {}
    for path in ROOT.glob("*/lode_*/templates/**/*.html"):
        for name in re.findall(r'{% icon "([a-z0-9-]+)"', path.read_text()):
            named[name] = path.name
        for name in re.findall(r'lode/empty\.html" with icon="([a-z0-9-]+)"', path.read_text()):
            named[name] = path.name
    for path in ROOT.glob("*/lode_*/**/*.py"):
        for name in re.findall(r'\bicon="([a-z0-9-]+)"', path.read_text()):
            named[name] = path.name
    assert {name: where for name, where in named.items() if name not in drawn} == {}
