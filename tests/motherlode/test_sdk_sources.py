"""Sources as they are met: what comes in of each, what is left out and named, and what is refused whole."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from motherlode import BadInput
from motherlode.importing import Source, read_source

pytestmark = pytest.mark.once

Data = str | bytes | None  # None: a JPEG of 40 x 30
UNLABELLED = "unlabelled"
NAMES = "names: [cat, dog]\n"
ROW = "0 .5 .5 .2 .2\n"
BOX = "0.4 0.4 0.6 0.6"  # of the row


def jpeg(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (9, 99, 200)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def xml(filename: str, *objects: str, size: tuple[int, int] | None = (40, 30)) -> str:
    stated = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>" if size else ""
    return f"<annotation><filename>{filename}</filename>{stated}{''.join(objects)}</annotation>"


def thing(name: str, corners: str = "1 1 20 20", more: str = "") -> str:
    sides = zip(("xmin", "ymin", "xmax", "ymax"), corners.split(), strict=True)
    box = "".join(f"<{side}>{number}</{side}>" for side, number in sides)
    return f"<object><name>{name}</name>{more}<bndbox>{box}</bndbox></object>"


CAT = thing("cat")
SAID = "cat 1 1 20 20"


def coco(*names: str, **parts: Any) -> str:
    """A document of these images with a cat on the first; parts that are None are left away."""
    document: dict[str, Any] = {
        "images": [{"id": n, "file_name": name} for n, name in enumerate(names or ("a.jpg",), start=1)],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 10]}],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        **parts,
    }
    return json.dumps({key: value for key, value in document.items() if value is not None})


def note(**parts: Any) -> dict[str, Any]:
    return {"image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 10], **parts}


HERE = "cat 1 2 11 12"


@dataclass(frozen=True)
class Wild:
    """Files, and what is right: the labels of each image, or the words of the refusal."""

    files: Mapping[str, Data]
    right: Mapping[str, str | list[str]] | str
    told: tuple[str, ...] = ()
    splits: Mapping[str, str] | None = None


def read(folder: Path, files: Mapping[str, Data], **options: Any) -> Source:
    for name, data in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(jpeg() if data is None else data.encode() if isinstance(data, str) else data)
    return read_source(folder, **options)


def labels(source: Source) -> dict[str, str | list[str]]:
    """The labels of each image as "name x1 y1 x2 y2", or UNLABELLED."""
    found: dict[str, str | list[str]] = {}
    for record in source.records:
        drafts = [f"{d.label} {' '.join(f'{round(v, 6):g}' for v in d.box or ())}".strip() for d in record.drafts]
        found[record.path] = drafts if record.labelled else UNLABELLED
    return found


def check(folder: Path, wild: Wild) -> None:
    if isinstance(wild.right, str):
        with pytest.raises(BadInput) as refused:
            read(folder, wild.files)
        assert wild.right in str(refused.value)
        return
    source = read(folder, wild.files)
    assert labels(source) == wild.right
    for words in wild.told:
        assert any(words in str(problem) for problem in source.problems), [str(p) for p in source.problems]
    assert all(problem.what and problem.remedy for problem in source.problems)
    if wild.splits is not None:
        assert {record.path: record.split for record in source.records if record.split} == wild.splits
        assert all(bool(record.split) == bool(record.split_from) for record in source.records)


COCO = {
    "it names no annotations at all": Wild(
        {"a.jpg": None, "x.json": coco(annotations=None)}, {"a.jpg": UNLABELLED}, ("has no `annotations`",)
    ),
    "it states that there are none": Wild({"a.jpg": None, "x.json": coco(annotations=[])}, {"a.jpg": []}),
    "annotations are not a list": Wild(
        {"a.jpg": None, "x.json": coco(annotations={"1": {}})}, "annotations: is not a list"
    ),
    "its arrays stand behind a long preface": Wild(
        {"a.jpg": None, "x.json": json.dumps({"info": "x" * 100_000, **json.loads(coco())})}, {"a.jpg": [HERE]}
    ),
    "it is UTF-16": Wild({"a.jpg": None, "x.json": coco().encode("utf-16")}, {"a.jpg": [HERE]}),
    "it has a byte order mark": Wild({"a.jpg": None, "x.json": coco().encode("utf-8-sig")}, {"a.jpg": [HERE]}),
    "ids are floats and texts": Wild(
        {
            "a.jpg": None,
            "x.json": coco(
                annotations=[note(image_id=1.0, category_id="2"), note(image_id="1.0", category_id=2.0)],
            ),
        },
        {"a.jpg": ["dog 1 2 11 12"] * 2},
    ),
    "one id is two images'": Wild(
        {
            "a.jpg": None,
            "b.jpg": None,
            "c.jpg": None,
            "x.json": coco(
                images=[{"id": i, "file_name": f"{n}.jpg"} for i, n in ((1, "a"), ("1", "b"), (3, "c"))],
                annotations=[note(), note(image_id=3)],
            ),
        },
        {"a.jpg": UNLABELLED, "b.jpg": UNLABELLED, "c.jpg": [HERE]},
        ("the image id 1 is given to 'a.jpg' and 'b.jpg'",),
    ),
    "one category id has two names": Wild(
        {
            "a.jpg": None,
            "x.json": coco(
                categories=[{"id": 1, "name": "cat"}, {"id": 1.0, "name": "dog"}, {"id": 3, "name": "hen"}],
                annotations=[note(), note(category_id=3)],
            ),
        },
        {"a.jpg": ["hen 1 2 11 12"]},
        ("categories[1]: the category id 1 is 'cat' in categories[0] and 'dog' here",),
    ),
    "two categories of one name without a supercategory": Wild(
        {
            "a.jpg": None,
            "x.json": coco(
                categories=[{"id": 1, "name": "cat"}, {"id": 2, "name": " cat "}],
                annotations=[note(), note(category_id=2)],
            ),
        },
        {"a.jpg": [HERE, "cat (2) 1 2 11 12"]},
        ("ids 1, 2 are all called 'cat'",),
    ),
    "masks alone": Wild(
        {
            "a.jpg": None,
            "b.jpg": None,
            "x.json": coco(
                "a.jpg",
                "b.jpg",
                annotations=[
                    note(bbox=None, segmentation={"counts": "abc", "size": [30, 40]}),
                    note(image_id=2),
                ],
            ),
        },
        {"a.jpg": UNLABELLED, "b.jpg": [HERE]},
        ("annotations[0]: cannot be read (its mask: a mask's counts break off", "no label of a.jpg could come in"),
    ),
    "keypoints alone": Wild(
        {"a.jpg": None, "x.json": coco(annotations=[note(bbox=None, keypoints=[1, 2, 2])])}, "no labels that come in"
    ),
    "panoptic segments": Wild(
        {"a.jpg": None, "x.json": coco(annotations=[{"image_id": 1, "segments_info": [{"category_id": 1}]}])},
        "panoptic segments and no box",
    ),
    "captions beside instances": Wild(
        {"a.jpg": None, "boxes.json": coco(), "words.json": coco(annotations=[{"image_id": 1, "caption": "a cat"}])},
        {"a.jpg": [HERE]},
        ("words.json, annotations: 1 annotation holds captions and no box",),
    ),
    "Roboflow's category of all categories": Wild(
        {
            "a.jpg": None,
            "x.json": coco(
                categories=[
                    {"id": 0, "name": "pets", "supercategory": "none"},
                    {"id": 1, "name": "cat", "supercategory": "pets"},
                ]
            ),
        },
        {"a.jpg": [HERE]},
        ("'pets' has no labels and is the supercategory of the others",),
    ),
    "numbers that are none": Wild(
        {
            "a.jpg": None,
            "x.json": coco(
                annotations=[
                    note(bbox=[1, 2, float("nan"), 4]),
                    note(bbox=[1, 2, 3]),
                    note(bbox={"x": 1}),
                    note(bbox=["1", 2, "10", 10.0], iscrowd="maybe", area="much"),
                ]
            ),
        },
        {"a.jpg": [HERE]},
        ("annotations[0]", "annotations[1]", "annotations[2]", "its iscrowd 'maybe'", "its area cannot be read"),
    ),
    "a number of thousands of digits": Wild(
        {"a.jpg": None, "x.json": coco().replace("[1,", f"[1{'0' * 5000},")}, "is not JSON to its end"
    ),
    "nested a hundred thousand deep": Wild(
        {"a.jpg": None, "x.json": f'{coco()[:-1]}, "z": {"[" * 100_000}{"]" * 100_000}}}'}, "nested too deeply"
    ),
    "annotations that name no image": Wild(
        {"a.jpg": None, "b.jpg": None, "x.json": coco("a.jpg", "b.jpg", annotations=[note(image_id=77)])},
        "1 annotation names the image id 77",
    ),
    "an annotation without an image id": Wild(
        {"a.jpg": None, "b.jpg": None, "x.json": coco("a.jpg", "b.jpg", annotations=[note(), {"bbox": [1, 1, 2, 2]}])},
        {"a.jpg": [HERE], "b.jpg": UNLABELLED},
        ("annotations[1]: has no 'image_id'",),
    ),
    "names with escapes, backslashes and steps": Wild(
        {"my pics/a b.jpg": None, "x.json": coco(".\\my%20pics\\a%20b.jpg")}, {"my pics/a b.jpg": [HERE]}
    ),
    "names of another machine": Wild(
        {"pics/a.jpg": None, "x.json": coco("C:\\work\\pics\\a.jpg")}, {"pics/a.jpg": [HERE]}
    ),
    "a folder that is not the image's": Wild(
        {"pics/a.jpg": None, "x.json": coco("/work/other/a.jpg")}, "no image '/work/other/a.jpg' was found"
    ),
    "an address": Wild({"a.jpg": None, "x.json": coco("https://example.org/a.jpg?size=9")}, {"a.jpg": [HERE]}),
    "another ending and case": Wild({"A.PNG": None, "x.json": coco("a.jpg")}, {"A.PNG": [HERE]}),
    "an exact name beats a loose one that comes first": Wild(
        {"b.jpg": None, "x.json": coco("b.png", "b.jpg", annotations=[note(), note(image_id=2, category_id=2)])},
        {"b.jpg": ["dog 1 2 11 12"]},
        ("it says that it speaks of b.jpg, which x.json speaks of",),
    ),
    "two documents that disagree": Wild(
        {
            "a.jpg": None,
            "b.jpg": None,
            "x.json": coco("a.jpg", "b.jpg", annotations=[note(), note(image_id=2)]),
            "y.json": coco(annotations=[note(category_id=2)]),
        },
        {"a.jpg": UNLABELLED, "b.jpg": [HERE]},
        ("a.jpg is labelled by x.json too, and otherwise",),
    ),
    "two documents that say the same": Wild(
        {"a.jpg": None, "x.json": coco(), "y.json": coco()}, {"a.jpg": [HERE]}, ("what x.json says",)
    ),
    "documents of splits over images of one name": Wild(
        {
            "images/train/1.jpg": None,
            "images/val/1.jpg": None,
            "annotations/train.json": coco("1.jpg"),
            "annotations/val.json": coco("1.jpg", annotations=[]),
        },
        {"images/train/1.jpg": [HERE], "images/val/1.jpg": []},
        splits={"images/train/1.jpg": "train", "images/val/1.jpg": "val"},
    ),
    "a bare name beside others is none of the root's": Wild(
        {
            "1.jpg": None,
            "train/2.jpg": None,
            "train/x.json": coco("1.jpg", "2.jpg", annotations=[note(), note(image_id=2)]),
        },
        {"train/2.jpg": [HERE], "1.jpg": UNLABELLED},
        ("images[0]: no image '1.jpg' was found",),
    ),
    "documents named for splits": Wild(
        {"a.jpg": None, "instances_val2017.json": coco()}, {"a.jpg": [HERE]}, splits={"a.jpg": "val"}
    ),
}

VOC = {
    "Roboflow's folders": Wild(
        {
            **{f"{split}/{split}.jpg": None for split in ("Train", "valid", "TEST")},
            **{f"{split}/{split}.xml": xml(f"{split}.jpg", CAT) for split in ("Train", "valid", "TEST")},
        },
        {f"{split}/{split}.jpg": [SAID] for split in ("Train", "valid", "TEST")},
        splits={"Train/Train.jpg": "train", "valid/valid.jpg": "val", "TEST/TEST.jpg": "test"},
    ),
    "the folder of the labels names the split": Wild(
        {"images/a.jpg": None, "Annotations/validate/a.xml": xml("a.jpg", CAT)},
        {"images/a.jpg": [SAID]},
        splits={"images/a.jpg": "val"},
    ),
    "an image is missing in its own folder": Wild(
        {"train/1.xml": xml("1.jpg", CAT), "train/2.jpg": None, "valid/1.jpg": None}, "no image '1.jpg' was found"
    ),
    "a tree of labels mirrors another": Wild(
        {"JPEGImages/cam2/1.jpg": None, "Annotations/cam1/1.xml": xml("1.jpg", CAT)}, "no image '1.jpg' was found"
    ),
    "folders of any names": Wild({"photos/a.jpg": None, "truth/a.xml": xml("a.jpg", CAT)}, {"photos/a.jpg": [SAID]}),
    "two files of one image": Wild(
        {
            "a.jpg": None,
            "b.jpg": None,
            "b.xml": xml("b.jpg", CAT),
            "x/a.xml": xml("a.jpg", CAT),
            "y/a.xml": xml("a.jpg", thing("dog")),
        },
        {"a.jpg": UNLABELLED, "b.jpg": [SAID]},
        ("y/a.xml: a.jpg is labelled by x/a.xml too",),
    ),
    "a file that breaks off": Wild(
        {"a.jpg": None, "b.jpg": None, "a.xml": "<annotation>", "b.xml": xml("b.jpg", CAT)},
        {"a.jpg": UNLABELLED, "b.jpg": [SAID]},
        ("a.xml: is not XML", "no label of a.jpg could come in"),
    ),
    "a document type": Wild(
        {"a.jpg": None, "a.xml": f"<!DOCTYPE annotation>{xml('a.jpg', CAT)}"}, "declares a document type"
    ),
    "an outline without a box": Wild(
        {
            "a.jpg": None,
            "a.xml": xml(
                "a.jpg",
                "<object><name>cat</name><polygon><x1>1</x1><y1>2</y1><x2>9</x2><y2>3</y2><x3>5</x3><y3>8</y3>"
                "</polygon></object>",
            ),
        },
        {"a.jpg": ["cat 1 2 9 8"]},
        ("1 object has outlines",),
    ),
    "an object without a box": Wild(
        {
            "a.jpg": None,
            "b.jpg": None,
            "a.xml": xml("a.jpg", "<object><name>cat</name></object>"),
            "b.xml": xml("b.jpg"),
        },
        "object 1: the cat has no <bndbox>",
    ),
    "no objects": Wild({"a.jpg": None, "a.xml": xml("a.jpg")}, {"a.jpg": []}),
    "an odd flag": Wild(
        {"a.jpg": None, "a.xml": xml("a.jpg", thing("cat", more="<truncated>Unspecified</truncated>"))},
        {"a.jpg": [SAID]},
        ("object 1: its <truncated> 'Unspecified' is neither yes nor no",),
    ),
    "parts and attributes": Wild(
        {"a.jpg": None, "a.xml": xml("a.jpg", thing("cat", more="<part><name>ear</name></part><attributes/>"))},
        {"a.jpg": [SAID]},
        ("1 object has parts", "1 object has attributes"),
    ),
    "Shift_JIS": Wild(
        {
            "a.jpg": None,
            "a.xml": f'<?xml version="1.0" encoding="Shift_JIS"?>{xml("a.jpg", thing("猫"))}'.encode("shift_jis"),
        },
        {"a.jpg": ["猫 1 1 20 20"]},
    ),
    "UTF-16": Wild(
        {"a.jpg": None, "a.xml": f'<?xml version="1.0" encoding="UTF-16"?>{xml("a.jpg", CAT)}'.encode("utf-16")},
        {"a.jpg": [SAID]},
    ),
    "lists with columns, absolute paths and strangers": Wild(
        {
            "JPEGImages/a.jpg": None,
            "JPEGImages/b 1.jpg": None,
            "Annotations/a.xml": xml("a.jpg", CAT),
            "Annotations/b 1.xml": xml("b 1.jpg", CAT),
            "ImageSets/Main/train.txt": "\ufeffa -1\r\n",
            "ImageSets/Main/Validation.TXT": "/home/me/VOC/JPEGImages/b 1.jpg\nmissing\nlost\n",
        },
        {"JPEGImages/a.jpg": [SAID], "JPEGImages/b 1.jpg": [SAID]},
        ("Validation.TXT, line 2: 'missing' names no image that is here, nor does 1 line more",),
        splits={"JPEGImages/a.jpg": "train", "JPEGImages/b 1.jpg": "val"},
    ),
    "a size that fits in no way": Wild(
        {"a.jpg": None, "a.xml": xml("a.jpg", CAT, size=(30, 40))}, "says 30 x 40, the upright image is 40 x 30"
    ),
    "a name that no schema can hold": Wild(
        {"a.jpg": None, "a.xml": xml("a.jpg", CAT, thing("x" * 201))}, {"a.jpg": [SAID]}, ("has 201 letters",)
    ),
}

YOLO = {
    "Darknet's list": Wild(
        {
            "obj.names": "cat\ndog\n",
            "train.txt": "data/obj_train_data/a.jpg\n",
            "obj_train_data/a.jpg": None,
            "obj_train_data/a.txt": ROW,
        },
        {"obj_train_data/a.jpg": [f"cat {BOX}"]},
        splits={"obj_train_data/a.jpg": "train"},
    ),
    "an entry that names no folder": Wild(
        {
            "data.yaml": f"{NAMES}train: ../train/images\nval: ../valid/images\n",
            "train/images/a.jpg": None,
            "train/labels/a.txt": ROW,
            "validate/images/b.jpg": None,
            "validate/labels/b.txt": ROW,
        },
        {"train/images/a.jpg": [f"cat {BOX}"], "validate/images/b.jpg": [f"cat {BOX}"]},
        ("data.yaml, val: `val` names '../valid/images', where no image is",),
        splits={"train/images/a.jpg": "train", "validate/images/b.jpg": "val"},
    ),
    "entries of another machine": Wild(
        {
            "data.yaml": f"{NAMES}path: /content/set\ntrain: /content/set/images/fit\nval: images/check\n",
            "images/fit/a.jpg": None,
            "labels/fit/a.txt": ROW,
            "images/check/b.jpg": None,
            "labels/check/b.txt": ROW,
        },
        {"images/fit/a.jpg": [f"cat {BOX}"], "images/check/b.jpg": [f"cat {BOX}"]},
        splits={"images/fit/a.jpg": "train", "images/check/b.jpg": "val"},
    ),
    "an entry inside another": Wild(
        {
            "data.yaml": f"{NAMES}train: images\nval: images/held\n",
            "images/a.jpg": None,
            "labels/a.txt": ROW,
            "images/held/b.jpg": None,
            "labels/held/b.txt": ROW,
        },
        {"images/a.jpg": [f"cat {BOX}"], "images/held/b.jpg": [f"cat {BOX}"]},
        splits={"images/a.jpg": "train", "images/held/b.jpg": "val"},
    ),
    "two entries of one folder": Wild(
        {"data.yaml": f"{NAMES}train: images\nval: images\n", "images/a.jpg": None, "labels/a.txt": ROW},
        {"images/a.jpg": [f"cat {BOX}"]},
        ("data.yaml, val: `val` names 'images', as `train` does",),
        splits={"images/a.jpg": "train"},
    ),
    "missing label files that say nothing": Wild(
        {
            "data.yaml": f"{NAMES}skip_if_label_file_missing: true\n",
            "images/a.jpg": None,
            "images/b.jpg": None,
            "labels/a.txt": ROW,
        },
        {"images/a.jpg": [f"cat {BOX}"], "images/b.jpg": UNLABELLED},
    ),
    "a missing label file beside a label file of no image": Wild(
        {"data.yaml": NAMES, "images/a.jpg": None, "images/b.jpg": None, "labels/a.txt": ROW, "labels/z.txt": ROW},
        {"images/a.jpg": [f"cat {BOX}"], "images/b.jpg": UNLABELLED},
        ("labels/z.txt: no image belongs to these labels",),
    ),
    "names that YAML would turn": Wild(
        {
            "data.yaml": "names: [no, 1.0, null, 2020-01-01]",
            "images/a.jpg": None,
            "labels/a.txt": f"{ROW}1 .5 .5 .2 .2",
        },
        {"images/a.jpg": [f"no {BOX}", f"1.0 {BOX}"]},
    ),
    "names by number, with an anchor": Wild(
        {
            "data.yaml": "names: &n\n  0: cat\n  '1': dog\nagain: *n\n",
            "images/a.jpg": None,
            "labels/a.txt": f"1{ROW[1:]}",
        },
        {"images/a.jpg": [f"dog {BOX}"]},
    ),
    "JSON with tabs": Wild(
        {"data.yaml": '{\n\t"names": {"0": "cat", "1": "dog"}\n}', "images/a.jpg": None, "labels/a.txt": f"1{ROW[1:]}"},
        {"images/a.jpg": [f"dog {BOX}"]},
    ),
    "a yaml that breaks off": Wild(
        {"data.yaml": "names: [cat, dog\n - x: {", "images/a.jpg": None, "labels/a.txt": ROW}, "it is not YAML"
    ),
    "classes that cannot be read": Wild(
        {"classes.txt": b"caf\xe9\n", "images/a.jpg": None, "labels/a.txt": ROW}, "classes.txt: cannot be read"
    ),
    "no names at all": Wild(
        {"images/a.jpg": None, "labels/a.txt": f"2{ROW[1:]}"}, {"images/a.jpg": [f"class 2 {BOX}"]}, ("'class 0'",)
    ),
    "poses with visibility": Wild(
        {
            "data.yaml": f"{NAMES}kpt_shape: [2, 3]\n",
            "images/a.jpg": None,
            "labels/a.txt": f"0 .5 .5 .2 .2 .4 .4 2 .6 .6 1\n{ROW}0 .5 .5 .2 .2 .4 .4\n",
        },
        {"images/a.jpg": [f"cat {BOX}"] * 2},
        ("1 row holds keypoints", "line 3"),
    ),
    "poses of which the yaml says nothing": Wild(
        {"data.yaml": NAMES, "images/a.jpg": None, "labels/a.txt": "0 .5 .5 .2 .2 .4 .4 2 .6 .6 1\n"}, "not an outline"
    ),
    "a score": Wild(
        {"data.yaml": NAMES, "images/a.jpg": None, "labels/a.txt": "0 .5 .5 .2 .2 .93\n"},
        {"images/a.jpg": [f"cat {BOX}"]},
        ("1 row holds a score",),
    ),
    "a track or an outline": Wild(
        {
            "data.yaml": NAMES,
            "images/a.jpg": None,
            "images/b.jpg": None,
            "labels/a.txt": "0 .5 .5 .2 .2 .9 1\n",
            "labels/b.txt": "0 .5 .5 .2 .2 .9 1\n0 .5 .5 .2 .2 .9 2\n",
        },
        {"images/a.jpg": UNLABELLED, "images/b.jpg": [f"cat {BOX}"] * 2},
        ("may be an outline of three points", "2 rows hold scores"),
    ),
    "an outline": Wild(
        {"data.yaml": NAMES, "images/a.jpg": None, "labels/a.txt": "1 .1 .2 .3 .2 .3 .4 .1 .4\n"},
        {"images/a.jpg": ["dog 0.1 0.2 0.3 0.4"]},
        ("1 row holds an outline",),
    ),
    "an outline that leaves the image": Wild(
        {"data.yaml": NAMES, "images/a.jpg": None, "labels/a.txt": "1 .1 .2 .3 .2 .3 1.4 .1 .4\n"}, "not an outline"
    ),
    "class numbers that are none": Wild(
        {
            "data.yaml": NAMES,
            "images/a.jpg": None,
            "images/b.jpg": None,
            "labels/a.txt": f"1.0{ROW[1:]}",
            "labels/b.txt": f"0.7{ROW[1:]}cat{ROW[1:]}-1{ROW[1:]}",
        },
        {"images/a.jpg": [f"dog {BOX}"], "images/b.jpg": UNLABELLED},
        ("'0.7' is not a whole number", "line 2", "class -1"),
    ),
    "two images and one label file": Wild(
        {
            "data.yaml": NAMES,
            "images/a.jpg": None,
            "images/a.png": None,
            "images/c.jpg": None,
            "labels/a.txt": ROW,
            "labels/c.txt": ROW,
        },
        {"images/a.jpg": UNLABELLED, "images/a.png": UNLABELLED, "images/c.jpg": [f"cat {BOX}"]},
        ("have one label file",),
    ),
    "dots in names": Wild(
        {"data.yaml": NAMES, "images/a.v2.jpg": None, "images/a.jpg": None, "labels/a.v2.txt": ROW, "labels/a.txt": ""},
        {"images/a.v2.jpg": [f"cat {BOX}"], "images/a.jpg": []},
    ),
    "a name in two compositions": Wild(
        {"data.yaml": NAMES, "images/e\u0301.jpg": None, "labels/\u00e9.txt": ROW},
        {"images/e\u0301.jpg": [f"cat {BOX}"]},
    ),
    "numbers with gaps": Wild(
        {"data.yaml": "names: {1: cat, 3: dog}", "images/a.jpg": None, "labels/a.txt": f"3{ROW[1:]}"},
        {"images/a.jpg": [f"dog {BOX}"]},
        ("with gaps or from 1",),
    ),
    "a list that has an image's name": Wild(
        {"classes.txt": "cat\n", "test.jpg": None, "a.jpg": None, "a.txt": ROW, "test.txt": "a.jpg\n"},
        {"a.jpg": [f"cat {BOX}"], "test.jpg": []},
        splits={"a.jpg": "test"},
    ),
}

OTHER = {
    "labels of formats that are not read": Wild(
        {
            "a.jpg": None,
            "a.json": json.dumps({"_via_settings": {}}),
            "b.xml": "<dataset><images/></dataset>",
            "c.csv": "image,x,y\n",
            "d.nii": "x",
            "e": None,
            "README.txt": "no labels",
        },
        {"a.jpg": UNLABELLED},
        ("VGG Image Annotator (VIA)", "dlib or ICDAR XML", "(CSV)", "d.nii", "e: looks like pictures by their bytes"),
    ),
    "plain images in folders of splits": Wild(
        {"train_images/a.jpg": None, "test2017/b.jpg": None, "contest/c.jpg": None},
        {"train_images/a.jpg": UNLABELLED, "test2017/b.jpg": UNLABELLED, "contest/c.jpg": UNLABELLED},
        splits={"train_images/a.jpg": "train", "test2017/b.jpg": "test"},
    ),
    "images that are all cut short": Wild({"a.jpg": jpeg()[:-30], "b.jpg": jpeg()[:-30]}, "no image that can be read"),
    "labelled images that are all cut short": Wild(
        {"data.yaml": NAMES, "images/a.jpg": jpeg()[:-30], "labels/a.txt": ROW}, "no labels that come in"
    ),
    "images that are none": Wild({"a.jpg": "no picture"}, "no image that can be read"),
    "one name in two compositions": Wild(
        {"e\u0301.jpg": None, "\u00e9.jpg": None}, {"e\u0301.jpg": UNLABELLED}, ("but for its composition",)
    ),
}


@pytest.mark.parametrize("name", COCO)
def test_a_coco_source(name: str, tmp_path: Path) -> None:
    check(tmp_path / "set", COCO[name])


@pytest.mark.parametrize("name", VOC)
def test_a_voc_source(name: str, tmp_path: Path) -> None:
    check(tmp_path / "set", VOC[name])


@pytest.mark.parametrize("name", YOLO)
def test_a_yolo_source(name: str, tmp_path: Path) -> None:
    check(tmp_path / "set", YOLO[name])


@pytest.mark.parametrize("name", OTHER)
def test_another_source(name: str, tmp_path: Path) -> None:
    check(tmp_path / "set", OTHER[name])


def test_asked_strictly_an_image_that_lost_any_label_is_unlabelled(tmp_path: Path) -> None:
    files: dict[str, Data] = {
        "data.yaml": NAMES,
        "images/a.jpg": None,
        "images/b.jpg": None,
        "labels/a.txt": f"{ROW}7 .5 .5 .1 .1\n",
        "labels/b.txt": ROW,
    }
    assert labels(read(tmp_path, files))["images/a.jpg"] == [f"cat {BOX}"]
    source = read(tmp_path, files, strict=True)
    assert labels(source) == {"images/a.jpg": UNLABELLED, "images/b.jpg": [f"cat {BOX}"]}
    assert any("1 of its 2 labels could not come in" in str(problem) for problem in source.problems)


def test_a_long_label_file_is_read_to_its_end(tmp_path: Path) -> None:
    files: dict[str, Data] = {"data.yaml": NAMES, "images/a.jpg": None, "labels/a.txt": ROW * 6_000}
    assert labels(read(tmp_path, files))["images/a.jpg"] == [f"cat {BOX}"] * 6_000


def test_links_to_nowhere_and_round_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "labels").mkdir(parents=True)
    (folder / "data.yaml").write_text(NAMES)
    for name in "ab":
        (folder / f"{name}.jpg").write_bytes(jpeg())
    (folder / "a.txt").write_text(ROW)
    (folder / "b.txt").symlink_to(folder / "gone.txt")
    (folder / "c.jpg").symlink_to(folder / "gone.jpg")
    (folder / "d.jpg").symlink_to(folder / "a.jpg")
    (folder / "again").symlink_to(folder)
    (folder / "one").symlink_to(folder / "two")
    (folder / "two").symlink_to(folder / "one")
    source = read_source(folder)
    assert labels(source) == {"a.jpg": [f"cat {BOX}"], "b.jpg": UNLABELLED, "d.jpg": []}
    named = {problem.file: problem.what for problem in source.problems if "link" in problem.what}
    assert set(named) == {"b.txt", "c.jpg", "again", "one", "two"}
