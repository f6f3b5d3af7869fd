"""Every setting is documented, and what is documented is a setting; nonsense is refused by name."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"[\"'](MOTHERLODE_[A-Z_]+|LODE_[A-Z_]+|DATABASE_URL)[\"']")
SHELL = re.compile(r"\$\{(MOTHERLODE_[A-Z_]+|LODE_[A-Z_]+)")


def test_the_settings_page_names_every_variable_that_is_read_and_no_other() -> None:
    read: set[str] = set()
    for room in ("platform", "annotation", "datasets", "hooks"):
        for file in (ROOT / room).rglob("*.py"):
            read |= set(NAME.findall(file.read_text()))
    told = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    tests = {name for name in told if name.startswith(("LODE_TEST", "LODE_REQUIRE", "MOTHERLODE_TEST"))}
    for file in [*(ROOT / "scripts").glob("*.sh"), ROOT / ".ci" / "run"]:
        tests -= set(SHELL.findall(file.read_text()))
    for file in (ROOT / "tests").rglob("*.py"):
        tests -= set(NAME.findall(file.read_text()))
    assert told - tests - read <= {name for name in told if name.startswith(("LODE_", "MOTHERLODE_TEST"))}
    assert read <= told and not tests


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MOTHERLODE_DEBUG", "maybe"),
        ("MOTHERLODE_JOB_LEASE", "soon"),
        ("MOTHERLODE_JOB_SWEEP", "0"),
        ("MOTHERLODE_SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://root@localhost/x"),
    ],
)
def test_nonsense_is_refused_at_start_by_name(name: str, value: str, tmp_path: Path) -> None:
    env = {**os.environ, "MOTHERLODE_HOME": str(tmp_path), name: value}
    done = subprocess.run(
        [sys.executable, "-c", "import lode_platform.settings"], env=env, capture_output=True, text=True
    )
    assert done.returncode != 0 and name in done.stderr


def test_the_signing_key_is_made_once_and_kept_to_oneself(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "MOTHERLODE_SECRET_KEY"}
    env["MOTHERLODE_HOME"] = str(tmp_path)
    code = "import lode_platform.settings as s; print(s.SECRET_KEY)"
    first, second = (
        subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True).stdout for _ in range(2)
    )
    assert first == second and len(first.strip()) >= 48
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_cookies_go_over_tls_alone_where_the_address_says_https(tmp_path: Path) -> None:
    said = []
    for address in ("https://lode.example.org", "http://lode.example.org", ""):
        env = {**os.environ, "MOTHERLODE_HOME": str(tmp_path), "MOTHERLODE_PUBLIC_URL": address}
        code = "import lode_platform.settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)"
        said.append(
            subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True).stdout.split()
        )
    assert said == [["True", "True"], ["False", "False"], ["False", "False"]]
