"""Labels and predictions of a schema with several controls of a kind: `--control` says which is answered."""

import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from tests.motherlode.conftest import Lode, picture

import motherlode
from lode_annotation.models import LabelSet, Schema
from lode_annotation.schemas import create_schema
from lode_platform.callers import Caller
from lode_platform.models import Project, User
from motherlode.cli import main
from motherlode.labeling_config import add_labels, build, controls_of

pytestmark = [pytest.mark.once, pytest.mark.django_db]

CARS, SIGNS = [4.0, 4.0, 20.0, 20.0], [30.0, 20.0, 20.0, 20.0]  # x, y, width, height
CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="cars" toName="image">
    <Label value="small"/>
  </RectangleLabels>
  <RectangleLabels
    toName='image' name='signs'>
    <Label value="small"/>
  </RectangleLabels>
  <Choices name="weather" toName="image"><Choice value="wet"/></Choices>
</View>
"""


def source(folder: Path, bbox: list[float], label: str = "small") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "a.png").write_bytes(picture(1))
    (folder / "b.png").write_bytes(picture(2))
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "bbox": bbox}
    images = [{"id": n, "file_name": name, "width": 64, "height": 48} for n, name in ((1, "a.png"), (2, "b.png"))]
    document = {"images": images, "annotations": [annotation], "categories": [{"id": 1, "name": label}]}
    (folder / "instances.json").write_text(json.dumps(document))
    return folder


def said(path: str) -> list[tuple[Any, ...]]:
    found = LabelSet.objects.current().get(item__path=path)
    return sorted((row["control"], *row["geometry"]) for row in found.said)


def test_each_control_is_imported_by_itself_and_predicted_by_itself(
    lode: Lode, machine: Path, project: Project, alice: User, capsys: pytest.CaptureFixture[str]
) -> None:
    create_schema(project, Caller(alice), name="street", config=CONFIG)
    cars, signs = source(machine / "cars", CARS), source(machine / "signs", SIGNS)
    options = ("--dataset", "street", "--split-policy", "test=1")

    def refused(*words: str) -> str:
        assert main(["import", str(cars), *options, *words], lode.connect) != 0
        return capsys.readouterr().err

    told = refused()
    assert "'small' stands under cars and signs in the schema 'street'" in told and "name it with --control" in told
    told = refused("--control", "trucks")
    assert "no control 'trucks'; it has cars (boxes), signs (boxes), weather (classes)" in told
    assert "the control 'weather' of the schema 'street' is for others" in refused("--control", "weather")
    assert not LabelSet.objects.exists()

    car, sign = ("cars", 4.0, 4.0, 24.0, 24.0), ("signs", 30.0, 20.0, 50.0, 40.0)
    lode("import", str(cars), *options, "--control", "cars")
    assert (said("a.png"), said("b.png")) == ([car], [])
    lode("import", str(signs), *options, "--control", "signs")
    assert (said("a.png"), said("b.png")) == ([car, sign], [])
    again = lode("import", str(cars), *options, "--control", "cars")
    assert again["unchanged"] == 2 and said("a.png") == [car, sign]
    lode("import", str(source(machine / "signs", SIGNS, "large")), *options, "--control", "signs")
    controls = Schema.objects.get().revisions.get(number=2).controls
    assert [[label["value"] for label in row["labels"]] for row in controls] == [["small"], ["small", "large"], ["wet"]]

    lode("publish", "street")
    with motherlode.run("signs", client=lode.connect()):
        pass
    rows = [{"image_id": 1, "category_id": 1, "score": 0.9, "bbox": SIGNS}]
    (machine / "results.json").write_text(json.dumps(rows))
    words = ["predictions", "signs", str(machine / "results.json"), "--split", "test", "--version", "street@v1"]
    words += ["--ids", str(cars / "instances.json")]
    assert "several controls for boxes: name one of cars, signs" in lode(*words, fails=1)
    assert "has no control 'trucks': name one of cars (small); signs" in lode(*words, "--control", "trucks", fails=1)
    metrics = lode(*words, "--control", "cars")["evaluation"]["metrics"]
    assert (metrics["tp"], metrics["fp"], metrics["fn"]) == (0, 1, 1)


def test_a_new_schema_calls_its_control_as_it_is_named(lode: Lode, machine: Path) -> None:
    lode("import", str(source(machine / "cars", CARS)), "--dataset", "street", "--control", "cars")
    assert said("a.png") == [("cars", 4.0, 4.0, 24.0, 24.0)]


def test_labels_are_added_to_the_control_that_is_named_whatever_its_attributes_hold() -> None:
    odd = CONFIG.replace('name="cars"', "hint='a > b' name=\"cars\"")
    for config in (CONFIG, odd):
        added = add_labels(config, ["large"], task="boxes", control="signs")
        assert controls_of(fromstring(added))["signs"][1] == ["small", "large"]
        assert added.replace('  <Label value="large"/>\n  ', "") == config
        assert controls_of(fromstring(add_labels(config, ["large"], control="cars")))["cars"][1] == ["small", "large"]
    with pytest.raises(ValueError, match="no control"):
        add_labels(CONFIG, ["large"], task="boxes", control="weather")
    assert controls_of(fromstring(build(["a"], "boxes", control="x&y"))) == {"x&y": ("RectangleLabels", ["a"])}
