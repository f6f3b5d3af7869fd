"""The editor's pure modules under node's own test runner, and what holds for the text of every module."""

import re
import subprocess
from pathlib import Path

import pytest

from motherlode.media import MEDIA
from motherlode.shapes import BY_TAG

pytestmark = pytest.mark.once

HERE = Path(__file__).parent
MODULES = HERE.parents[1] / "annotation" / "lode_annotation" / "static" / "editor"
ROOMS = list(HERE.parents[1].glob("*/lode_*/static"))
STRING = r'"((?:[^"\\]|\\.)*)"'


def test_the_pure_modules_pass_under_node(node_path: str) -> None:
    files = sorted(str(path) for path in HERE.glob("*.test.js"))
    command = [node_path, "--import", (HERE / "rooms.mjs").as_uri(), "--test", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_every_sentence_of_a_script_can_be_collected_for_translation() -> None:
    said = 0
    for room in ROOMS:
        for path in room.rglob("*.js"):
            if "vendor" in path.parts or path.name == "words.js":
                continue
            text = path.read_text()
            calls = re.findall(r"(?<![\w.])n?gettext\(", text)
            whole = re.findall(rf"(?<![\w.])(?:gettext\(\s*{STRING}|ngettext\(\s*{STRING},\s*{STRING},)", text)
            assert len(calls) == len(whole), f"{path}: a sentence is made up of parts"
            said += len(calls)
    assert said > 200


def test_every_medium_has_a_module_in_pages_and_in_the_editor() -> None:
    for folder in (HERE.parents[1] / "platform" / "lode_platform" / "static" / "lode" / "media", MODULES / "media"):
        assert {path.stem for path in folder.glob("*.js")} - {"index"} == set(MEDIA), folder


def test_no_module_or_style_asks_which_medium_it_is_by_name() -> None:
    asks = re.compile(rf"""[!=]=\s*["']({"|".join(MEDIA)})["']""")
    files = [
        path for room in ROOMS for path in (*room.rglob("*.js"), *room.rglob("*.css")) if "vendor" not in path.parts
    ]
    asking = {
        (path.name, found) for path in files if path.parent.name != "media" for found in asks.findall(path.read_text())
    }
    assert asking == set(), "ask the medium's module, as isPicture"


def test_no_page_and_no_style_names_a_kind() -> None:
    # "text" and "number" are types of fields, "text" is a medium, and "labels" are everybody's
    kinds = [shape.kind for shape in BY_TAG.values() if shape.kind not in ("text", "number")]
    tags = [tag for tag in BY_TAG if tag not in ("Number", "Labels")]
    named = re.compile("|".join([*(rf"\b{tag}\b" for tag in tags), *(f'"{kind}"' for kind in kinds)]))
    rooms = HERE.parents[1].glob("*/lode_*")
    files = [path for room in rooms for ending in ("html", "css") for path in room.rglob(f"*.{ending}")]
    assert {path.name for path in files if "vendor" not in path.parts and named.search(path.read_text())} == set()


def test_a_kind_of_shape_stands_in_one_module_alone() -> None:
    modules = [path for room in ROOMS for path in room.rglob("*.js") if "vendor" not in path.parts]
    kinds = [path for path in (MODULES / "kinds").glob("*.js") if "\n  drawn: true," in path.read_text()]
    assert kinds
    for kind in kinds:
        result = re.search(r'result: (?:"(\w+)"|\w+\.result)', kind.read_text())
        assert result, kind
        if result[1] in (None, "labels"):  # that of the kind whose tag it shares, and a word of everybody's
            continue
        knowing = [path for path in modules if result[1] in path.read_text().lower()]
        assert knowing == [kind], knowing


def test_no_module_writes_markup_or_style_from_text() -> None:
    for path in MODULES.rglob("*.js"):
        text = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text), path
