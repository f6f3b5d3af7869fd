"""The editor's pure modules under node's own test runner, and the words that its modules speak."""

import re
import subprocess
from pathlib import Path

import pytest

from lode_annotation.views.editor_words import SENTENCES

pytestmark = pytest.mark.once

HERE = Path(__file__).parent
MODULES = HERE.parents[1] / "annotation" / "lode_annotation" / "static" / "editor"
ROOMS = list(HERE.parents[1].glob("*/lode_*/static"))
STRING = r'"((?:[^"\\]|\\.)*)"'


def test_the_pure_modules_pass_under_node(node_path: str) -> None:
    files = sorted(str(path) for path in HERE.glob("*.test.js"))
    done = subprocess.run([node_path, "--test", *files], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_every_sentence_of_the_editor_can_be_translated() -> None:
    said: set[str] = set()
    for path in MODULES.rglob("*.js"):
        text = path.read_text()
        said |= {match[1] for match in re.finditer(rf"\bt\(\s*{STRING}", text)}
        for match in re.finditer(rf"\btn\(\s*{STRING},\s*{STRING}", text):
            said |= {match[1], match[2]}
    listed = set(SENTENCES)
    assert said == listed, f"not listed: {sorted(said - listed)}; not said: {sorted(listed - said)}"


def test_a_kind_of_shape_stands_in_one_module_alone() -> None:
    modules = [path for room in ROOMS for path in room.rglob("*.js") if "vendor" not in path.parts]
    kinds = [path for path in (MODULES / "kinds").glob("*.js") if "drawn: true" in path.read_text()]
    assert len(kinds) >= 1
    for kind in kinds:
        result = re.search(r'result: "(\w+)"', kind.read_text())
        assert result, kind
        knowing = [path for path in modules if result[1] in path.read_text().lower()]
        assert knowing == [kind], knowing


def test_no_module_writes_markup_or_style_from_text() -> None:
    for path in MODULES.rglob("*.js"):
        text = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text), path
