"""A kind goes as it came: without polygon's module and its two lines the SDK's other kinds and formats work on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import motherlode.cli.importing, motherlode.convert, motherlode.shapes as shapes
from motherlode.formats import FORMATS
from motherlode.labeling_config import build
from motherlode.regions import Region, dump, load
assert motherlode.__file__.startswith({folder!r}), motherlode.__file__
assert "polygon" not in shapes.SHAPES and FORMATS["coco"].tasks == ("boxes", "skeletons", "masks")
places = {{
    "box": [1, 2, 3, 4], "rotated_box": [1, 2, 3, 4, 5], "ellipse": [1, 2, 3, 4, 5], "keypoint": [1, 2],
    "polyline": [[1, 2], [3, 4]], "mask": {{"size": [2, 3], "counts": [1, 2, 3]}},
    "skeleton": [[1, 2, 2]], "span": {{"start": 1, "end": 3, "text": "be"}},
}}
for kind, shape in shapes.SHAPES.items():
    place = None if shape.whole else shape.from_json(places[kind])
    region = Region("a", kind, 1, "", place) if shape.labelled else Region("a", kind, 0, value=3)
    assert load(dump([region])) == [region] and shape.tag in build(["cat"], shape.task)
"""


def test_the_other_kinds_do_not_know_of_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sdk" / "motherlode", tmp_path / "motherlode", ignore=shutil.ignore_patterns("__pycache__"))
    shapes = tmp_path / "motherlode" / "shapes"
    (shapes / "polygon.py").unlink()
    lines = (shapes / "__init__.py").read_text().splitlines(keepends=True)
    left = [line for line in lines if "polygon" not in line.lower()]
    assert len(lines) - len(left) == 2
    (shapes / "__init__.py").write_text("".join(left))
    program = PROGRAM.format(folder=str(tmp_path))
    place = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=place, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
