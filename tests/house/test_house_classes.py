"""What `make lint` says of the stylesheets."""

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "classes.py"
spec = importlib.util.spec_from_file_location("classes", SCRIPT)
assert spec and spec.loader
classes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(classes)


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small house: one part, one room's stylesheet, a template that uses what both style."""
    written = {
        "parts/chips.css": "@layer parts {\n  .chip,\n  .dot,\n  .heat-3 {\n    color: red;\n  }\n}\n",
        "room/room.css": "/* A room. */\n\n@layer room {\n  .room .chip:is(a, b) {\n    color: blue;\n  }\n}\n",
        "room/room.html": '<p class="room"><b class="chip dot heat-{{ n }}"></b></p>\n',
    }
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(classes, "ROOT", tmp_path)
    monkeypatch.setattr(classes, "files", lambda *ends: [p for e in ends for p in sorted(tmp_path.rglob(f"*.{e}"))])
    return tmp_path


def told(pages: Path, sheet: str, rule: str) -> str:
    file = pages / sheet
    file.write_text(file.read_text().removesuffix("}\n") + f"\n  {rule} {{\n    color: green;\n  }}\n}}\n")
    with pytest.raises(SystemExit) as fault:
        classes.main()
    return str(fault.value)


def test_parts_and_what_a_room_sets_within_its_own_things_pass(pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classes.main()
    assert "4 classes" in capsys.readouterr().out


def test_a_class_that_nothing_uses_is_named(pages: Path) -> None:
    assert told(pages, "parts/chips.css", ".chip-old") == "parts/chips.css: .chip-old is used nowhere"


def test_a_room_that_sets_a_part_everywhere_is_named(pages: Path) -> None:
    assert told(pages, "room/room.css", ".dot") == "room/room.css: .dot belongs to chips.css"


def test_a_stylesheet_outside_the_layers_is_named(pages: Path) -> None:
    (pages / "parts" / "loose.css").write_text(".dot {\n}\n")
    with pytest.raises(SystemExit, match="loose.css says no layer"):
        classes.main()
