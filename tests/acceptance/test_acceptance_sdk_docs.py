"""The examples of docs/sdk.md, run in their order against a real server."""

import io
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from motherlode.formats import voc
from motherlode.regions import Region

pytestmark = pytest.mark.once

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "sdk.md"
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def make_cells(folder: Path) -> None:
    """Ten labelled images in train, four in test, two without labels."""
    folder.mkdir()
    for number in range(16):
        image = Image.new("RGB", (80, 60), (number * 15, 90, 200))
        out = io.BytesIO()
        image.save(out, "PNG")
        (folder / f"{number:02}.png").write_bytes(out.getvalue())
        if number < 14:
            regions = [Region("a", "box", 1, "RBC", (5, 6, 25, 26)), Region("b", "box", 2, "WBC", (40, 20, 70, 50))]
            (folder / f"{number:02}.xml").write_bytes(voc.write_xml(f"{number:02}.png", 80, 60, regions))
    (folder / "train.txt").write_text("".join(f"{number:02}\n" for number in range(10)))
    (folder / "test.txt").write_text("".join(f"{number:02}\n" for number in range(10, 14)))


def test_every_example_of_the_guide_runs(served, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    token = served.token("erin", "guide", "engineer")
    make_cells(tmp_path / "cells")
    said: dict[str, str] = {}
    for kind, text in BLOCK.findall(GUIDE.read_text()):
        if kind == "python":
            said[text] = served.run(sys.executable, "-c", text, cwd=tmp_path, MOTHERLODE_TOKEN=token)
            continue
        for line in re.findall(r"^\$ (.+)$", text, re.MULTILINE):
            command = line.replace("lode ", f"{sys.executable} -m motherlode ", 1)
            said[line] = served.run("sh", "-c", command, cwd=tmp_path, MOTHERLODE_TOKEN=token)
    everything = "\n".join(said.values())
    assert "made the schema 'cells' from the labels found: RBC, WBC" in everything
    assert "<cells@v1 train: 10 samples, RBC, WBC>" in everything
    assert "'tp': 4" in everything and "'fn': 4" in everything
    assert everything.count(" WBC (40.0, 20.0, 70.0, 50.0) ") == 4
    assert (tmp_path / "snapshot" / "items" / "00.png").is_file()
    assert "queued as 'hard cells'" in everything
