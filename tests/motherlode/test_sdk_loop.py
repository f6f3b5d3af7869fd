"""The SDK and the CLI against the real application, from a folder of images to a mined queue."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.motherlode.conftest import Lode, picture, predict
from tests.stored import blob_file

import motherlode
from lode_annotation.models import LabelSet
from lode_platform.models import Item, Project, User
from lode_platform.wsgi import application
from motherlode import Client, importing
from motherlode.cache import Cache
from motherlode.cli import main
from motherlode.formats import voc
from motherlode.lock import LOCK_FILE, read_lock
from motherlode.regions import Region

Sdk = Callable[..., Client]

pytestmark = [pytest.mark.once, pytest.mark.django_db]


# import


def test_an_import_makes_what_is_missing_and_says_so(lode: Lode, folder: Path) -> None:
    said = lode.says("import", str(folder), "--dataset", "cells")
    assert "made the schema 'cells' from the labels found: RBC, WBC" in said
    assert "made the dataset 'cells'" in said
    assert "10 items new" in said
    assert "8 label sets with 16 regions" in said


def test_the_same_import_again_sends_nothing_and_changes_nothing(lode: Lode, folder: Path) -> None:
    first = lode("import", str(folder), "--dataset", "cells")
    again = lode("import", str(folder), "--dataset", "cells")
    assert (first["created"], first["sent_bytes"] > 0, first["label_sets"]) == (10, True, 8)
    assert (again["created"], again["existing"], again["sent_bytes"], again["made"]) == (0, 10, 0, [])
    assert (again["label_sets"], again["unchanged"]) == (0, 8)


def test_broken_images_and_labels_are_named_and_the_rest_comes_in(lode: Lode, folder: Path) -> None:
    (folder / "images" / "008.png").write_bytes(b"no picture")
    (folder / "voc" / "000.xml").write_text("<annotation>")
    broken = voc.write_xml("001.png", 64, 48, [Region("a", "box", 1, "RBC", (1, 1, 1, 9))])
    (folder / "voc" / "001.xml").write_bytes(broken)
    report = lode("import", str(folder), "--dataset", "cells")
    named = {(Path(row["file"]).name, row["kind"]): row for row in report["problems"]}
    assert {("008.png", "unreadable"), ("000.xml", "unreadable"), ("001.xml", "degenerate")} <= set(named)
    assert named["001.xml", "degenerate"]["row"] == "object 1"
    assert all(row["remedy"] for row in named.values())
    assert report["unlabelled"] == ["images/000.png", "images/001.png"]
    assert (report["created"], report["label_sets"]) == (9, 6)


def test_labels_of_an_image_that_was_refused_fall_on_no_other_of_its_name(lode: Lode, folder: Path) -> None:
    lode("import", str(folder / "images"), "--dataset", "plain", "--format", "images", "--prefix", "images/")
    (folder / "images" / "000.png").write_bytes(picture(50))  # other bytes than the item of this name
    report = lode("import", str(folder), "--dataset", "cells")
    assert "An item of this name holds other bytes." in [row["what"] for row in report["problems"]]
    assert (report["existing"], report["label_sets"]) == (9, 7)
    assert not LabelSet.objects.filter(item__path__endswith="000.png").exists()


def test_given_splits_that_lose_against_an_earlier_decision_are_counted_and_said(
    lode: Lode, cells: dict[str, Any], folder: Path
) -> None:
    lists = folder / "splits"
    (lists / "train.txt").rename(lists / "other")
    (lists / "test.txt").rename(lists / "train.txt")
    (lists / "other").rename(lists / "test.txt")
    told = lode("import", str(folder), "--dataset", "cells")
    assert told["splits_lost"] == [
        {"given": "test", "kept": "train", "by": "import", "items": 6},
        {"given": "train", "kept": "test", "by": "import", "items": 2},
    ]
    said = lode.says("import", str(folder), "--dataset", "cells")
    assert "8 items in the dataset already" in said and "6 given test: in train, as an earlier import said" in said


def test_a_corrected_file_takes_the_place_of_the_one_before_when_told_to(
    lode: Lode, cells: dict[str, Any], folder: Path
) -> None:
    Image.new("RGB", (128, 96), "white").save(folder / "images" / "009.png")
    Image.new("RGB", (64, 48), "white").save(folder / "images" / "000.png")
    refused = lode("import", str(folder), "--dataset", "cells")
    remedies = {Path(row["file"]).name: row["remedy"] for row in refused["problems"] if row["kind"] == "unreadable"}
    assert set(remedies) == {"000.png", "009.png"}
    assert all("--replace-media" in remedy and "--prefix" in remedy for remedy in remedies.values())
    told = lode("import", str(folder), "--dataset", "cells", "--replace-media")
    assert (told["replaced"], told["created"], told["existing"], told["problems"]) == (2, 0, 8, [])
    assert [Path(path).name for path in told["resized"]] == ["009.png"]
    assert Item.objects.count() == 10 and LabelSet.objects.count() == 8
    lode("publish", "cells", "-m", "corrected scans")
    assert lode("diff", "cells@v1", "v2")["items_replaced"] == 2


def test_a_name_in_decomposed_unicode_comes_into_the_dataset(lode: Lode, machine: Path) -> None:
    (machine / "accents").mkdir()
    (machine / "accents" / "e\u0301.png").write_bytes(picture(1))
    (machine / "accents" / "plain.png").write_bytes(picture(2))
    lode("import", str(machine / "accents"), "--dataset", "accents", "--format", "images")
    assert lode("publish", "accents")["splits"] == {"pool": 2}


def test_where_nothing_can_be_read_nothing_is_made(lode: Lode, machine: Path) -> None:
    for name, files, said in (
        ("empty", {"a.log": b"x"}, "empty: neither images, texts nor labels"),
        ("broken", {"a.png": picture(1), "instances.json": b'{"images": [{'}, "instances.json: is not JSON to its end"),
        ("imageless", {"a.png": picture(1), "x.json": b'{"annotations": [7]}'}, "x.json, annotations[0]: is not an"),
        ("Bad name", {"a.png": picture(1)}, "'Bad name' is not a valid dataset name"),
    ):
        (machine / name).mkdir()
        for file, data in files.items():
            (machine / name / file).write_bytes(data)
        assert said in lode("import", name, "--dataset", name, fails=1)
    (machine / "noise").mkdir()
    (machine / "noise" / "a.jpg").write_bytes(b"no picture")
    assert "a.jpg: the file is not an image" in lode("import", "noise", "--dataset", "noise", fails=1)
    client = lode.connect()
    for kind in ("items", "schemas", "datasets"):
        assert list(client.pages(f"projects/blood/{kind}")) == [], kind


def test_new_labels_are_added_to_the_schema_and_none_moves(lode: Lode, cells: dict[str, Any], machine: Path) -> None:
    other = machine / "other"
    (other / "x").mkdir(parents=True)
    (other / "x" / "new.png").write_bytes(picture(99 % 64))
    region = Region("a", "box", 1, "Platelets", (1, 1, 9, 9))
    (other / "x" / "new.xml").write_bytes(voc.write_xml("new.png", 64, 48, [region]))
    report = lode("import", str(other), "--dataset", "cells")
    assert report["made"] == ["added to the schema 'cells': Platelets"]
    version = lode("publish", "cells", "-m", "more")
    samples = motherlode.load(f"cells@v{version['version']}", client=lode.connect())
    assert samples.classes == {1: "RBC", 2: "WBC", 3: "Platelets"}


def test_labels_alone_go_to_the_items_that_are_there(lode: Lode, folder: Path) -> None:
    lode("import", str(folder / "images"), "--dataset", "plain", "--format", "images")
    report = lode("import", str(folder / "voc"), "--dataset", "cells", "--format", "voc")
    assert (report["created"], report["label_sets"], report["regions"]) == (0, 8, 16)
    assert sum(lode("publish", "cells")["splits"].values()) == 8
    assert lode("import", str(folder / "voc"), "--dataset", "cells", "--format", "voc")["unchanged"] == 8


def test_images_alone_come_in_unlabelled(lode: Lode, folder: Path) -> None:
    report = lode("import", str(folder / "images"), "--dataset", "plain", "--format", "images", "--labels", "cat,dog")
    assert (report["created"], report["label_sets"]) == (10, 0)
    assert LabelSet.objects.count() == 0


class Breaking(httpx.BaseTransport):
    """The network to the application, until it breaks at the ``number``-th request that is such a one."""

    def __init__(self, method: str, ending: str, number: int) -> None:
        self.inner = httpx.WSGITransport(app=application)
        self.method, self.ending, self.number = method, ending, number
        self.seen: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == self.method and self.ending in request.url.path:
            self.seen.append(request)
            if len(self.seen) >= self.number > 0:
                raise httpx.ReadError("the network is gone")
        return self.inner.handle_request(request)


def test_an_import_that_broke_off_sends_only_the_rest(
    sdk: Sdk, erin: User, project: Project, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing.sending, "PACK_FILES", 2)
    source = importing.read_source(folder / "images", "images")
    options = importing.ImportOptions("blood", "cells")
    broken = Breaking("POST", "/items/pack", 3)
    with pytest.raises(motherlode.Unreachable):
        importing.bring_in(sdk(erin, transport=broken), source, options)
    there = set(Item.objects.values_list("path", flat=True))
    assert len(there) == 4
    report = importing.bring_in(sdk(erin), source, options)
    assert (report.created, report.existing, report.problems) == (6, 4, [])
    rest = sum((folder / "images" / name).stat().st_size for name in source.root.names() if name not in there)
    assert report.sent_bytes == rest


@pytest.fixture
def large(machine: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[importing.Source, importing.ImportOptions]:
    """A source of one picture that goes over the wire in four pieces."""
    monkeypatch.setattr(importing.sending, "PIECE", 1 << 20)
    (machine / "large").mkdir()
    Image.frombytes("RGB", (1200, 1000), bytes(range(256)) * 14063, "raw").save(machine / "large" / "a.bmp")
    return importing.read_source(machine / "large", "images"), importing.ImportOptions("blood", "cells")


def test_a_large_file_goes_on_where_it_broke_off(sdk: Sdk, erin: User, project: Project, large: Any) -> None:
    source, options = large
    with pytest.raises(motherlode.Unreachable):
        importing.bring_in(sdk(erin, transport=Breaking("PUT", "/blobs/", 3)), source, options)
    rest = Breaking("PUT", "/blobs/", 0)
    report = importing.bring_in(sdk(erin, transport=rest), source, options)
    assert (report.created, report.problems) == (1, [])
    assert [request.headers["Content-Range"].split("-")[0] for request in rest.seen] == [
        "bytes 2097152",
        "bytes 3145728",
    ]


def test_a_large_file_that_was_all_sent_but_not_taken_over_needs_its_end_alone(
    sdk: Sdk, erin: User, project: Project, large: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, options = large

    def no_space(_place: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as world:
        world.setattr(os, "replace", no_space)
        with pytest.raises(motherlode.ServerFault, match="disk is full"):
            importing.bring_in(sdk(erin), source, options)
    rest = Breaking("PUT", "/blobs/", 0)
    report = importing.bring_in(sdk(erin, transport=rest), source, options)
    assert (report.created, report.problems, len(rest.seen)) == (1, [], 1)


def test_a_token_of_one_project_makes_no_other(
    sdk: Sdk, erin: User, project: Project, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = sdk(erin, project="other", scope=project)
    assert main(["import", str(folder), "--dataset", "d"], lambda *given, **options: client) == 1
    assert "cannot make one" in capsys.readouterr().err
    assert not Project.objects.filter(name="other").exists()


# publish, versions, load


def test_what_was_published_is_what_is_loaded(lode: Lode, cells: dict[str, Any], folder: Path) -> None:
    train = motherlode.load("cells@v1", split="train", client=lode.connect())
    assert (len(train), train.digest) == (6, cells["digest"])
    for sample in train:
        assert sample.file.read_bytes() == (folder / sample.path).read_bytes()
        assert sample.labels.names == ["RBC", "WBC"]
        assert [region.difficult for region in sample.labels] == [False, True]
        assert sample.image().size == (sample.width, sample.height) == (64, 48)
    number = int(Path(train[3].path).stem)
    assert train[3].labels.boxes[0] == [4.0 + number, 5, 24, 25]
    pool = motherlode.load("cells@v1", split="pool", client=lode.connect())
    assert [(Path(sample.path).name, sample.labelled) for sample in pool] == [("008.png", False), ("009.png", False)]


def test_publishing_the_same_gives_the_same_version(lode: Lode, cells: dict[str, Any]) -> None:
    again = lode("publish", "cells", "-m", "again")
    assert (again["unchanged"], again["version"], again["digest"]) == (True, 1, cells["digest"])
    assert [row["version"] for row in lode("versions", "cells")] == [1]
    assert "cells@v1" in lode.says("versions", "cells")


def test_a_diff_tells_what_changed(lode: Lode, cells: dict[str, Any], folder: Path) -> None:
    regions = [Region("a", "box", 1, "RBC", (1, 1, 9, 9))]
    (folder / "voc" / "000.xml").write_bytes(voc.write_xml("000.png", 64, 48, regions))
    lode("import", str(folder), "--dataset", "cells")
    lode("publish", "cells", "-m", "second")
    assert lode("diff", "cells@v1", "cells@v2")
    said = "cells@v1 -> v2\n  label sets: 1 changed\n  regions: 1 added, 2 removed\n  classes: WBC -1\n"
    assert lode.says("diff", "cells@v1", "v2") == said
    assert lode.says("diff", "cells@v2", "v2") == "cells@v2 -> v2\n  nothing differs\n"
    markdown = lode.says("diff", "cells@v1", "v2", "--markdown")
    assert markdown.startswith("### cells@v1 → cells@v2\n\n| | |\n|---|---|\n| Label sets | 1 changed |\n")
    assert "| `WBC` | -1 |" in markdown and "- `images/000.png`: labels changed" in markdown
    assert "/p/blood/datasets/cells/diff/1/2/)" in markdown
    assert "Nothing differs." in lode.says("diff", "cells@v1", "v1", "--markdown")


def test_a_pin_is_what_training_reads(lode: Lode, cells: dict[str, Any]) -> None:
    lode("pin", "cells@v1")
    pin = read_lock(Path(LOCK_FILE))["cells"]
    assert (pin.version, pin.digest, pin.splits) == (1, cells["digest"], {"train": 6, "test": 2, "pool": 2})
    assert len(motherlode.load("cells", split="test", client=lode.connect())) == 2
    assert lode("pin", "cells", "--dry-run")["before"] == "cells@v1"


def test_a_version_that_does_not_exist_is_refused(lode: Lode, cells: dict[str, Any]) -> None:
    assert lode("pin", "cells@v9", fails=1).startswith("lode: ")
    assert not Path(LOCK_FILE).exists()
    with pytest.raises(motherlode.NotFound):
        motherlode.load("cells@v9", client=lode.connect())


def test_a_stranger_loads_nothing(lode: Lode, cells: dict[str, Any], sdk: Sdk, charlie: User) -> None:
    with pytest.raises(motherlode.NotFound):
        motherlode.load("blood/cells@v1", client=sdk(charlie, project="blood"))


def test_a_changed_byte_in_the_servers_store_is_named(lode: Lode, cells: dict[str, Any], cache: Cache) -> None:
    item = Item.objects.select_related("blob").get(path="images/003.png")
    blob = blob_file(item.blob.md5)
    good = blob.read_bytes()
    blob.chmod(0o644)
    blob.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(motherlode.NotVerified, match=r"images/003\.png"):
        motherlode.load("cells@v1", split="train", client=lode.connect())
    assert not cache.blob(item.blob.md5).exists()
    assert "images/003.png" in lode("verify", "cells@v1", fails=3)


def test_a_changed_byte_in_the_cache_is_named_and_repaired(lode: Lode, cells: dict[str, Any]) -> None:
    sample = motherlode.load("cells@v1", split="train", client=lode.connect())[2]
    sample.file.chmod(0o644)
    sample.file.write_bytes(sample.file.read_bytes()[:-1] + b"?")
    assert sample.path in lode("verify", "cells@v1", fails=3)
    lode("pull", "cells@v1", "--split", "train", "--repair")
    assert lode("verify", "cells@v1")["verified"] is True


def test_a_version_is_exported_in_every_format(lode: Lode, cells: dict[str, Any]) -> None:
    for name in ("voc", "coco", "yolo"):
        report = lode("convert", "cells@v1", f"out-{name}", "--to", name)
        assert (report["images"], report["regions"], report["unlabelled"]) == (8, 16, 2)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--dataset", "cells"], "cells"),
        (["--dataset", "blood/cells"], "blood/cells"),
        (["-d", "cells", "-p", "blood"], "blood/cells"),
    ],
)
def test_what_a_command_suggests_names_the_project_where_it_had_to_be_said(
    lode: Lode, folder: Path, words: list[str], named: str
) -> None:
    said = lode.says("import", str(folder), *words)
    assert said.splitlines()[-1].endswith(f'Next: lode publish {named} -m "why"')
    option = words[2:]
    empty = lode.says("versions", words[1], *option)
    assert f'cells has no version yet: lode publish {named} -m "why"' in empty
    assert lode.says("publish", words[1], *option).splitlines()[-1] == f"Next: lode pin {named}@v1"


def test_status_says_who_and_where(lode: Lode, cells: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTHERLODE_URL", lode.connect().url)
    monkeypatch.setenv("MOTHERLODE_TOKEN", "any: the client of this test has its own")
    lode("pin", "cells@v1")
    status = lode("status")
    assert status["user"]["username"] == "erin"
    assert status["pins"]["cells"]["version"] == "cells@v1"
    assert status["lock"].endswith(LOCK_FILE)


# runs


def test_a_coco_results_file_is_taken_for_the_version_that_the_run_uses(
    lode: Lode, cells: dict[str, Any], machine: Path
) -> None:
    client = lode.connect()
    test = motherlode.load("cells@v1", split="test", client=client)
    with motherlode.run("coco", uses=[test], client=client) as run:
        pass
    rows = [
        {"image_id": Path(sample.path).stem, "category_id": 1, "bbox": [4, 5, 20, 20], "score": 0.5} for sample in test
    ]
    (machine / "results.json").write_text(json.dumps(rows))
    sent = lode("predictions", str(run.id), "results.json", "--split", "test")
    assert (sent["items"], sent["problems"]) == (2, [])
    assert sent["evaluation"]["metrics"]["tp"] == 2
    for content, said in (
        (json.dumps([{**rows[0], "category_id": 77}]).encode(), "--ids"),
        (json.dumps([{**rows[0], "image_id": 99}]).encode(), "image_id 99: 1 row is for the image '99'"),
        (b'[{"image_id": ', "is not complete JSON"),
        (b"[\xe4]", "not UTF-8"),
    ):
        (machine / "results.json").write_bytes(content)
        error = lode("predictions", str(run.id), "results.json", "--split", "test", fails=1)
        assert "results.json" in error and said in error
    assert len(client.get(f"runs/{run.id}")["prediction_sets"]) == 1  # nothing half-sent


COCO: dict[str, Any] = {
    "images": [{"id": n, "file_name": f"val_{n}.jpg", "width": 40, "height": 30} for n in (1, 2)],
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
    "annotations": [{"id": n, "image_id": n, "category_id": n, "bbox": [1, 2, 10, 10]} for n in (1, 2)],
}


def coco_folder(folder: Path, seed: int = 0, **more: Any) -> Path:
    """A COCO document and its two pictures, of 40 x 30 pixels."""
    folder.mkdir(parents=True)
    for number in (1, 2):
        Image.new("RGB", (40, 30), (number * 90, seed, 60)).save(folder / f"val_{number}.jpg")
    (folder / "instances_val.json").write_text(json.dumps({**COCO, **more}))
    return folder


@pytest.fixture
def pets(lode: Lode, machine: Path) -> motherlode.Run:
    """A run on pets@v1, which came from a COCO document."""
    lode("import", str(coco_folder(machine / "pets")), "--dataset", "pets")
    lode("publish", "pets", "-m", "first")
    client = lode.connect()
    with motherlode.run("pets", uses=[motherlode.load("pets@v1", split="val", client=client)], client=client) as run:
        return run


def test_results_with_ids_as_data_frames_write_them_are_right(lode: Lode, pets: motherlode.Run, machine: Path) -> None:
    rows = [{"image_id": n, "category_id": n, "bbox": [1, 2, 10, 10], "score": 0.9} for n in (1.0, 2.0)]
    (machine / "results.json").write_text(json.dumps(rows))
    sent = lode("predictions", str(pets.id), "results.json", "--split", "val")
    assert (sent["problems"], sent["evaluation"]["metrics"]["AP"]) == ([], pytest.approx(1.0))


def test_the_results_of_the_case_of_ids_as_numbers_with_a_point(lode: Lode, test_data: Path) -> None:
    case = test_data.parent / "cases" / "door" / "results-float-ids"
    if not case.is_dir():
        pytest.skip("the wild inputs are not beside the real data")
    lode("import", str(case / "input"), "--dataset", "pets")
    lode("publish", "pets", "-m", "first")
    client = lode.connect()
    with motherlode.run("pets", uses=[motherlode.load("pets@v1", split="val", client=client)], client=client) as run:
        pass
    sent = lode("predictions", str(run.id), str(case / "results.json"), "--split", "val")
    assert (sent["problems"], sent["evaluation"]["metrics"]["AP"]) == ([], pytest.approx(1.0))


def test_a_coco_document_with_scores_is_results_and_its_own_id_map(
    lode: Lode, pets: motherlode.Run, machine: Path
) -> None:
    numbers = {1: 7, 2: 8}  # the document counts its images for itself
    images = [{**row, "id": numbers[row["id"]]} for row in COCO["images"]]
    rows = [{**row, "image_id": numbers[row["image_id"]], "score": 0.5} for row in COCO["annotations"]]
    (machine / "scored.json").write_text(
        json.dumps({"annotations": rows, "images": images, "categories": COCO["categories"]})
    )
    sent = lode("predictions", str(pets.id), "scored.json", "--split", "val")
    assert (sent["problems"], sent["evaluation"]["metrics"]["AP"]) == ([], pytest.approx(1.0))


def test_ids_of_documents_that_each_count_from_1_are_asked_for(lode: Lode, machine: Path) -> None:
    for seed, split in enumerate(("train", "valid")):
        coco_folder(machine / "robo" / split, seed)
    lode("import", "robo", "--dataset", "robo")
    lode("publish", "robo", "-m", "first")
    client = lode.connect()
    train = motherlode.load("robo@v1", split="train", client=client)
    with motherlode.run("robo", uses=[train], client=client) as run:
        pass
    rows = [{"image_id": n, "category_id": n, "bbox": [1, 2, 10, 10], "score": 0.9} for n in (1, 2)]
    (machine / "results.json").write_text(json.dumps(rows))
    words = ("predictions", str(run.id), "results.json", "--split", "train")
    asked = lode(*words, fails=1)
    assert "image_id 1 means 'train/val_1.jpg' in train/instances_val.json and 'valid/val_1.jpg'" in asked
    sent = lode(*words, "--ids", "robo/train/instances_val.json")
    assert (sent["problems"], sent["evaluation"]["metrics"]["AP"]) == ([], pytest.approx(1.0))


def test_failures_are_mined_into_a_queue(lode: Lode, cells: dict[str, Any]) -> None:
    client = lode.connect()
    train = motherlode.load("cells@v1", split="train", client=client)
    with motherlode.run("baseline", uses=[train], client=client) as run:
        run.log_predictions(train, predict(train), model="m", out_of_fold=True).wait()
    words = ("mine", str(run.id), "--strategy", "failures", "--budget", "3", "--random", "0.34")
    assert "  control: 1 at random\n" in lode.says(*words, "--preview")
    assert "--queue NAME" in lode(*words, fails=1)
    assert "  control: 1 at random\n" in lode.says(*words, "--queue", "hard")
    queues = list(client.pages("projects/blood/queues"))
    assert [row["name"] for row in queues] == ["hard"]


def test_mining_says_per_strategy_what_was_taken_and_why_it_is_not_more(lode: Lode, cells: dict[str, Any]) -> None:
    client = lode.connect()
    train = motherlode.load("cells@v1", split="train", client=client)
    with motherlode.run("baseline", uses=[train], client=client) as run:
        run.log_predictions(train, predict(train), model="m", out_of_fold=True).wait()
    words = ("mine", "baseline", "--budget", "40", "--random", "0", "--queue", "hard")
    for said, done in ((lode.says(*words, "--preview"), "would be selected"), (lode.says(*words), "queued as 'hard'")):
        assert f"1 item of 40 {done}." in said
        [line] = [line for line in said.splitlines() if line.startswith("  failures: 1 selected of 1 matching: ")]
        assert len(line.split(": ")[-1]) > 10
