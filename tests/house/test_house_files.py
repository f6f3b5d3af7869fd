"""What holds for the repository as a whole: pins, hosts, links, settings."""

import os
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_every_pinned_requirement_has_hashes_and_no_index() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text()
        assert "://" not in text, f"{file.name} names a host"
        pins = re.findall(r"^[a-z0-9][\w.\-\[\],]*==", text, re.MULTILINE | re.IGNORECASE)
        assert pins and text.count("--hash=sha256:") >= len(pins)


def test_no_file_names_a_package_registrys_host() -> None:
    hosts = ["pypi" + ".org", "files.python" + "hosted", "registry." + "npmjs", "cdn.js" + "delivr", "unpkg" + ".com"]
    for file in tracked():
        if file.suffix in {".png", ".jpg", ".woff2"} or not file.is_file():
            continue
        text = file.read_text(errors="ignore")
        assert not [host for host in hosts if host in text], file


def test_every_link_between_our_documents_leads_somewhere() -> None:
    for file in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", file.read_text()):
            assert (file.parent / target).exists(), f"{file.name} links to {target}, which is not there"


def test_no_module_is_named_for_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "core", "misc", "mixins"}
    assert not [file for file in tracked() if file.suffix == ".py" and file.stem in vague]


@pytest.mark.xdist_group("house")
def test_tests_of_a_group_are_kept_together(request: pytest.FixtureRequest) -> None:
    """pytest-xdist names the group behind the test; where it does not, every shared world is made in every worker."""
    assert "PYTEST_XDIST_WORKER" not in os.environ or request.node.nodeid.endswith("@house")


def test_a_migration_imports_no_code_that_may_change() -> None:
    for file in tracked():
        if file.parent.name == "migrations":
            live = re.findall(r"^(?:from|import) (?:lode_|motherlode)\w*.*$", file.read_text(), re.MULTILINE)
            assert not live, f"{file.name}: {live}"


def test_a_browser_waits_for_a_function() -> None:
    """An expression is evaluated again at each look, which our content security policy refuses."""
    for file in (ROOT / "tests").rglob("*.py"):
        waits = re.findall(r"wait_for_function\(\s*[\"'](.*)", file.read_text())
        assert not [wait for wait in waits if "=>" not in wait], file.name


def test_each_picture_that_is_kept_is_shown_by_a_document() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        (file.parent / target).resolve()
        for file in documents
        for target in re.findall(r"[(\"]([^)(\"\s]+\.png)", file.read_text())
    }
    kept = {file for file in tracked() if file.suffix == ".png" and file.is_relative_to(ROOT / "docs")}
    assert not kept - shown
