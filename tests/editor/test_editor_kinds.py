"""A kind of region is one module and one line: one is added to a copy of the editor, and one taken out of a copy."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STATIC = (
    "platform/lode_platform/static/lode",
    "annotation/lode_annotation/static/editor",
    "annotation/lode_annotation/static/annotation",
)
KINDS = "annotation/lode_annotation/static/editor/kinds"
DRAWN = "platform/lode_platform/static/lode/canvas/kinds"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The modules of the editor and of the pages, and their unit tests."""
    for room in ("platform", "annotation", "datasets", "hooks"):
        (tmp_path / room).mkdir()
    for folder in STATIC:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    tests = tmp_path / "tests" / "editor"
    tests.mkdir(parents=True)
    for path in [*HERE.glob("*.js"), *HERE.glob("*.mjs")]:
        shutil.copy(path, tests)
    return tmp_path


def passes(node: str, copy: Path) -> None:
    files = sorted(str(path) for path in (copy / "tests" / "editor").glob("*.test.js"))
    command = [node, "--import", (copy / "tests/editor/rooms.mjs").as_uri(), "--test", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_a_kind_that_somebody_adds_is_one_module_and_one_line(copy: Path, node_path: str) -> None:
    module = HERE / "toy" / "point.js"
    assert len(module.read_text().splitlines()) < 120
    shutil.copy(module, copy / KINDS)
    shutil.copy(HERE / "toy" / "point.test.js", copy / "tests" / "editor")
    index = copy / KINDS / "index.js"
    text = re.sub(r"(const KINDS = \[.*)\]", r"\1, point]", index.read_text())
    index.write_text('import { point } from "./point.js";\n' + text)
    passes(node_path, copy)


def test_without_the_modules_of_polygons_the_rest_works(copy: Path, node_path: str) -> None:
    (copy / "tests" / "editor" / "polygon.test.js").unlink()
    for folder in (KINDS, DRAWN):
        (copy / folder / "polygon.js").unlink()
        index = copy / folder / "index.js"
        text = re.sub(r'import \{ polygon \} from "./polygon.js";\n', "", index.read_text())
        index.write_text(text.replace(", polygon", ""))
        assert "polygon" not in index.read_text()
    passes(node_path, copy)
