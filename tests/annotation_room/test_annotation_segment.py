"""A segmentation model that the operator gives: what it answers, where, and what goes wrong with it."""

import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core import checks
from PIL import Image as Pillow
from tests import tiny_sam

from lode_annotation.assist import embeddings, promptable_model, standing, training
from lode_annotation.assist.assistants import ASSISTANTS, segment
from lode_annotation.assist.models import AssistantModel, AssistantUse
from lode_annotation.assist.promptable import BadModel, Options, Port, form_of, read_options
from lode_annotation.label_sets import fields_of
from lode_annotation.models import LabelSet, Queue, Schema, Task
from lode_annotation.queues import TaskSpec, add_tasks, create_queue
from lode_annotation.rules import rules_of
from lode_annotation.schemas import create_schema, latest
from lode_platform.callers import Caller
from lode_platform.items import ItemSpec, add_items
from lode_platform.models import Item, Job, Project, User
from lode_platform.store import store
from motherlode.regions import Region, from_result
from motherlode.shapes import SHAPES

CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="cell"/></RectangleLabels>
<PolygonLabels name="outline" toName="image"><Label value="rim"/></PolygonLabels>
<BrushLabels name="mask" toName="image"><Label value="body"/></BrushLabels></View>"""
SIZE = (160, 96)
CELL = (24, 16, 88, 56)
"""On the borders of JPEG's blocks, and grey, so that a view has them to the pixel."""
ASK = {"box": "cell", "outline": "rim", "mask": "body"}


def drawn(cell: tuple[int, int, int, int] = CELL, size: tuple[int, int] = SIZE, seed: int = 0) -> Pillow.Image:
    picture = Pillow.new("RGB", size, (210, 210, 210))
    picture.paste((40, 40, 40), cell)
    picture.paste((128, 128, 128), (size[0] - 16, size[1] - 16, size[0], size[1]))
    picture.putpixel((0, 0), (211, 211, 211 - seed % 100))
    return picture


def saved(picture: Pillow.Image, name: str, **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, name, **how)
    return out.getvalue()


def lying() -> bytes:
    """The picture on its side, with the orientation that turns it upright."""
    exif = Pillow.Exif()
    exif[0x0112] = 6
    return saved(drawn().transpose(Pillow.Transpose.ROTATE_90), "JPEG", quality=100, subsampling=0, exif=exif)


def pages() -> bytes:
    """Two pages, the cell on the second."""
    blank = Pillow.new("RGB", SIZE, (210, 210, 210))
    return saved(blank, "TIFF", save_all=True, append_images=[drawn()])


PICTURES: dict[str, Callable[[], bytes]] = {
    "plain.png": lambda: saved(drawn(), "PNG"),
    "lying.jpg": lying,
    "pages.tif": pages,
}


class Bench:
    """A queue of pictures, and a person who clicks."""

    def __init__(self, project: Project, alice: User, program: Any) -> None:
        self.project, self.alice, self.program = project, alice, program
        self.schema: Schema = create_schema(project, Caller(alice), name="given", config=CONFIG)
        self.queue: Queue = create_queue(project, Caller(alice), name="given", schema=self.schema)

    def add(self, files: dict[str, bytes]) -> list[Item]:
        specs = []
        for path, data in files.items():
            blob = store().add_bytes(data)
            specs.append(ItemSpec(path=path, md5=blob.md5, sha256=blob.sha256))
        made = add_items(self.project, Caller(self.alice), specs, trusted=True)
        assert not made.problems, made.problems
        return made.created

    def task(self, name: str = "plain.png", data: bytes = b"") -> Task:
        items = self.add({name: data or PICTURES[name]()})
        add_tasks(self.queue, Caller(self.alice), [TaskSpec(item=items[0])])
        return Task.objects.get(queue=self.queue, item=items[0])

    def click(self, task: Task, control: str = "box", **where: Any) -> Any:
        body = {"control": control, "label": ASK[control], **(where or {"x": 40, "y": 30})}
        return self.program.post(f"tasks/{task.uuid}/assist", body)


@pytest.fixture
def bench(project: Project, alice: User, bob: User, api: Any) -> Bench:
    return Bench(project, alice, api(bob))


@pytest.fixture
def give(settings: Any, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """``give(slow=9)``: the operator gives a tiny model."""

    def give(**how: Any) -> Path:
        settings.ASSIST_MODEL = str(tiny_sam.write(tmp_path / "tiny", **{"side": 160, **how}))
        return tmp_path / "tiny"

    yield give
    promptable_model.close()


def geometry(bench: Bench, task: Task, answer: Any) -> Any:
    """The one region of an answer, in pixels of the item."""
    assert answer.status_code == 200, answer.content
    [entry] = answer.json()["result"]
    media = Item.objects.get(pk=task.item_id).media
    [region] = from_result([entry], media, rules_of(latest(bench.schema).controls).asked)
    return region


@pytest.mark.parametrize("name", PICTURES)
def test_a_click_and_a_box_find_the_object_to_the_pixel(bench: Bench, give: Any, name: str) -> None:
    give()
    task, page = bench.task(name), 1 if name == "pages.tif" else 0
    for where in ({"x": 40, "y": 30}, {"box": [10, 8, 104, 66]}):
        for control in ASK:
            region = geometry(bench, task, bench.click(task, control, page=page, **where))
            bounds = region.box
            assert bounds == pytest.approx(CELL, abs=1e-6), (control, where)
            assert (region.frame or 0) == page
            assert SHAPES[region.kind].area(region.geometry) == pytest.approx(64 * 40, abs=1e-6)
    assert AssistantUse.objects.filter(assistant="segment").count() == 1
    # the encoder has looked at it once
    assert len(list(store().backend.list(embeddings.FOLDER))) == 1


def test_a_large_picture_is_answered_in_its_own_pixels(bench: Bench, give: Any) -> None:
    give(side=256)
    size, cell = (2048, 1024), (256, 128, 768, 640)
    task = bench.task("large.png", saved(drawn(cell, size), "PNG"))
    for control in ASK:
        region = geometry(bench, task, bench.click(task, control, x=500.5, y=300))
        assert region.box == pytest.approx(cell, abs=2048 / 256)


def test_a_given_model_helps_before_anything_is_learned_and_says_what_it_is(
    bench: Bench, give: Any, api: Any, victor: User, client: Any
) -> None:
    folder = give()
    (folder / "model.json").write_text('{"name": "Tiny SAM"}')
    said = bench.program.post(f"queues/{bench.queue.uuid}/assist").json()
    version = promptable_model.given().version
    assert version.startswith("Tiny SAM ") and said["on"] and said["model"] is None
    assert said["assistant"] == {"name": "segment", "version": version, "boxes": True}
    task = bench.task()
    assert bench.click(task).json()["result"][0]["model_version"] == f"segment {version}"
    rows = {row["assistant"]: row for row in api(victor).get(f"schemas/{bench.schema.uuid}/assistants").json()}
    assert (rows["segment"]["state"], rows["segment"]["version"]) == ("on", version)
    client.force_login(bench.alice)
    page = client.get(f"/p/blood/schemas/{bench.schema.name}/assist/").content.decode()
    assert version in page and "answers clicks" in page and "Not measured on this schema" in page
    training.switch(bench.schema, Caller(bench.alice), "segment", False)
    assert bench.click(task).status_code == 409


def test_one_that_is_not_given_is_not_there(bench: Bench, api: Any, alice: User) -> None:
    program = api(alice)
    rows = program.get(f"schemas/{bench.schema.uuid}/assistants").json()
    assert "segment" not in [row["assistant"] for row in rows]
    said = program.patch(f"schemas/{bench.schema.uuid}/assistants/segment", {"on": True})
    assert said.status_code == 400 and "known: click, find" in said.json()["error"]
    assert bench.click(bench.task()).json()["code"] == "assist_off"


def test_it_is_measured_as_the_learned_ones_are_and_the_best_answers(
    bench: Bench, give: Any, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    give()
    rng = np.random.default_rng(4)
    revision = latest(bench.schema)
    number = next(key for key, name in revision.class_names.items() if name == "cell")
    files, cells = {}, {}
    for seed in range(56):
        x, y, width, height = (8 * int(rng.integers(*span)) for span in ((0, 9), (0, 5), (2, 9), (2, 6)))
        cells[f"{seed:02}.png"] = (x, y, x + width, y + height)
        files[f"{seed:02}.png"] = saved(drawn(cells[f"{seed:02}.png"], seed=seed), "PNG")
    for item in bench.add(files):
        region = Region(item.path, "box", number, "cell", tuple(map(float, cells[item.path])), control="box")
        own = {"item": item, "schema": bench.schema, "schema_revision": revision, "created_by": bench.alice}
        LabelSet.objects.create(source="import", **own, **fields_of([region]))
    monkeypatch.setattr(training, "LEAST", 20)
    monkeypatch.setattr(training, "ASSISTANTS", {"segment": ASSISTANTS["segment"]})
    monkeypatch.setattr(standing, "HELD_OUT", 3)
    training.train(bench.schema, Caller(bench.alice))
    run_jobs()
    assert Job.objects.get().state == "succeeded", Job.objects.get().error
    row = AssistantModel.objects.get()
    assert row.version == promptable_model.given().version
    assert row.accuracy == 1.0 > (row.trivial or 1) and row.answer_ms > 0
    said = bench.program.post(f"queues/{bench.queue.uuid}/assist").json()
    assert said["model"]["accuracy"] == 1.0 and said["assistant"]["name"] == "segment"
    AssistantModel.objects.update(accuracy=0.1, trivial=0.2)
    assert standing.standing(bench.schema, "segment").state == "worse"
    AssistantModel.objects.update(version="another 0a1b2c3d")  # what was measured was another model
    assert standing.standing(bench.schema, "segment").state == "on"


@pytest.mark.parametrize(("answer", "words"), [("nan", "not finite"), ("size", "answered a mask of 80 x 320")])
def test_an_answer_that_is_no_mask_is_named(bench: Bench, give: Any, answer: str, words: str) -> None:
    give(answer=answer)
    said = bench.click(bench.task())
    assert (said.status_code, said.json()["code"]) == (409, "unanswered")
    assert "tiny failed: decoder.onnx" in said.json()["error"] and words in said.json()["error"]


def wait_for(state: Callable[[], Any]) -> Any:
    until = time.monotonic() + 60
    while not (found := state()) and time.monotonic() < until:
        time.sleep(0.02)
    return found


def test_a_model_that_is_slow_goes_on_and_the_next_click_finds_it_done(
    bench: Bench, give: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(slow=400)
    task = bench.task()
    monkeypatch.setattr(segment, "SECONDS", 0.01)
    said = bench.click(task)
    assert (said.status_code, said.json()["code"]) == (409, "preparing")
    assert wait_for(lambda: list(store().backend.list(embeddings.FOLDER)))
    monkeypatch.setattr(segment, "SECONDS", 60.0)
    assert geometry(bench, task, bench.click(task)).box == pytest.approx(CELL)
    monkeypatch.setattr(promptable_model, "HARD", 0.001)
    said = bench.click(bench.task("other.png", saved(drawn(seed=9), "PNG")))
    assert (said.status_code, said.json()["code"]) == (409, "unanswered")
    assert "took longer than" in said.json()["error"]


def test_a_process_that_ends_is_started_again(bench: Bench, give: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    give()
    task = bench.task()
    assert bench.click(task).status_code == 200
    process = promptable_model.requests_of(promptable_model.given()).process
    assert process._child is not None
    process._child.kill()
    process._child.wait()
    assert bench.click(task).status_code == 200  # between two clicks nobody notices

    def killed(_arrays: Any) -> bytes:
        assert process._child is not None
        os.kill(process._child.pid, signal.SIGKILL)
        return b""

    monkeypatch.setattr(promptable_model, "packed", killed)
    said = bench.click(task)
    assert (said.status_code, said.json()["code"]) == (409, "unanswered")
    assert "ended before it had answered" in said.json()["error"]
    monkeypatch.undo()
    assert bench.click(task).status_code == 200


def test_a_process_may_not_take_more_memory_than_it_is_given(bench: Bench, give: Any, settings: Any) -> None:
    give()
    settings.ASSIST_MEMORY = 100
    said = promptable_model.fault()
    assert "ended before it had answered" in said and "100 MiB" in said
    assert bench.click(bench.task()).status_code == 409


def test_what_is_kept_of_pictures_is_bounded(bench: Bench, give: Any, settings: Any) -> None:
    give()
    settings.ASSIST_CACHE_BYTES = 700_000  # two, of 300 kB each
    for seed in range(4):
        assert bench.click(bench.task(f"{seed}.png", saved(drawn(seed=seed), "PNG"))).status_code == 200
    assert len(list(store().backend.list(embeddings.FOLDER))) == 2


def test_a_wrong_file_is_refused_at_start_and_on_the_page_by_name(
    bench: Bench, give: Any, settings: Any, client: Any
) -> None:
    folder = give()
    client.force_login(bench.alice)
    page = f"/p/blood/schemas/{bench.schema.name}/assist/"
    task = bench.task()

    def refused() -> str:
        errors = [one for one in checks.run_checks() if one.id == "annotation.E001"]
        assert len(errors) == 1
        shown = client.get(page)
        assert shown.status_code == 200 and "not ready" in shown.content.decode()
        said = bench.program.post(f"queues/{bench.queue.uuid}/assist").json()
        assert not said["on"] and said["reason"] == errors[0].msg
        assert bench.click(task).status_code == 409
        return str(errors[0].msg)

    assert not [one for one in checks.run_checks() if one.id == "annotation.E001"]
    (folder / "decoder.onnx").write_bytes(b"no model")
    assert "decoder.onnx cannot be loaded as an ONNX model" in refused()
    tiny_sam.write(folder, points="clicks")
    assert "decoder.onnx has no input point_coords or input_points for points; it has image_embeddings" in refused()
    (folder / "model.json").write_text('{"inputs": {"points": "clicks"}}')
    assert promptable_model.fault() == ""
    (folder / "model.json").write_text('{"sise": 3}')
    assert "model.json: 'sise' is not known; known are name, size" in refused()
    (folder / "model.json").unlink()
    (folder / "encoder.onnx").unlink()
    assert "encoder.onnx cannot be read: No such file" in refused()
    settings.ASSIST_MODEL = str(folder / "none")
    assert "is not a folder; one with encoder.onnx and decoder.onnx was expected" in refused()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"x": 3}, "y"),
        ({"box": [1, 2, 3]}, "box"),
        ({"box": [9, 9, 3, 3]}, "box"),
        ({"box": [150, 3, 250, 90]}, "x"),
        ({"box": ["a", 1, 2, 3]}, "box"),
        ({}, "x"),
    ],
)
def test_a_place_that_is_none_is_refused_by_name(bench: Bench, give: Any, body: Any, field: str) -> None:
    give()
    given = {"control": "box", "label": "cell", **body}
    said = bench.program.post(f"tasks/{bench.task().uuid}/assist", given)
    assert said.status_code == 400 and f'"{field}"' in said.content.decode(), said.content


# -- forms of models, without running one --------------------------------------------------------------------------


def port(name: str, *shape: int | None, kind: str = "tensor(float)") -> Port:
    return Port(name, shape, kind)


SAM = (
    ([port("input_image", 1, 3, 1024, 1024)], [port("image_embeddings", 1, 256, 64, 64)]),
    (
        [
            port("image_embeddings", 1, 256, 64, 64),
            port("point_coords", 1, None, 2),
            port("point_labels", 1, None),
            port("mask_input", 1, 1, 256, 256),
            port("has_mask_input", 1),
            port("orig_im_size", 2),
        ],
        [
            port("masks", None, None, None, None),
            port("iou_predictions", None, 1),
            port("low_res_masks", None, 1, None, None),
        ],
    ),
)
SAM2 = (
    (
        [port("image", 1, 3, 1024, 1024)],
        [
            port("high_res_feats_0", 1, 32, 256, 256),
            port("high_res_feats_1", 1, 64, 128, 128),
            port("image_embed", 1, 256, 64, 64),
        ],
    ),
    (
        [
            port("image_embed", 1, 256, 64, 64),
            port("high_res_feats_0", 1, 32, 256, 256),
            port("high_res_feats_1", 1, 64, 128, 128),
            port("point_coords", None, None, 2),
            port("point_labels", None, None),
            port("mask_input", None, 1, 256, 256),
            port("has_mask_input", None),
        ],
        [port("masks", None, None, 256, 256), port("iou_predictions", None, None)],
    ),
)
TRANSFORMERS = (
    (
        [port("pixel_values", None, 3, 1024, 1024)],
        [port("image_embeddings", None, 256, 64, 64), port("image_positional_embeddings", None, 256, 64, 64)],
    ),
    (
        [
            port("input_points", None, 1, None, 2),
            port("input_labels", None, 1, None, kind="tensor(int64)"),
            port("image_embeddings", None, 256, 64, 64),
            port("image_positional_embeddings", None, 256, 64, 64),
        ],
        [port("iou_scores", None, 1, 3), port("pred_masks", None, 1, 3, 256, 256)],
    ),
)


@pytest.mark.once
@pytest.mark.parametrize(
    ("ports", "stretched", "masks"), [(SAM, False, "masks"), (SAM2, True, "masks"), (TRANSFORMERS, False, "pred_masks")]
)
def test_the_usual_exports_need_no_options(ports: Any, stretched: bool, masks: str) -> None:
    form = form_of(Path("m"), Options(), *ports)
    assert (form.side, form.layout, form.stretched, form.answered["masks"]) == (1024, "NCHW", stretched, masks)
    picture = form.prepared(np.zeros((100, 200, 3), dtype=np.uint8))
    assert picture.shape == (1, 3, 1024, 1024)
    below = picture[0, 0, 600, 3]  # below the picture, where it is not stretched
    assert below == (pytest.approx(-123.675 / 58.395) if stretched else 0)
    features = {name: np.zeros([side or 1 for side in form.ports[name].shape]) for name in form.features}
    given = form.prompted(features, np.array([[50.0, 20.0]]), 200, 100)
    for name, value in given.items():
        shape = form.ports[name].shape
        assert len(value.shape) == len(shape) and all(b in (None, a) for a, b in zip(value.shape, shape, strict=True))
    point = given[form.asked["points"].name].reshape(-1, 2)[0]
    assert point.tolist() == pytest.approx([256.0, 204.8 if stretched else 102.4])
    logits = np.full((3, 256, 256), -1.0)
    logits[1, 64 : 128 if stretched else 96, 64:128] = 1.0
    if stretched or masks == "pred_masks":
        mask, score = form.mask(logits[None], np.array([[0.2, 0.9, 0.4]]), 200, 100)
        assert mask.shape == (100, 200) and score == pytest.approx(0.9)
        ys, xs = np.nonzero(mask)
        wanted = (50, 100, 25, 50) if stretched else (50, 100, 50, 75)
        assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == pytest.approx(wanted, abs=1)


@pytest.mark.once
@pytest.mark.parametrize(
    ("encoder", "decoder", "words"),
    [
        ([port("a", 1, 1, 8, 8)], SAM[1][0], "encoder.onnx: its input a [1, 1, 8, 8] of tensor(float) does not take"),
        ([port("a", 1, 3, 8, 9)], SAM[1][0], "not square"),
        ([port("a", 1, 3, 8, 8), port("b", 1)], SAM[1][0], "encoder.onnx has 2 inputs (a [1, 3, 8, 8], b [1])"),
        (SAM[0][0], [port("image_embeddings", 1, 128, 64, 64), *SAM[1][0][1:]], "does not take what"),
        (SAM[0][0], [*SAM[1][0], port("depth", 1)], "nothing says what its input depth [1] is"),
        (SAM[0][0], SAM[1][0][1:], "takes nothing of a picture"),
        (SAM[0][0], [*SAM[1][0][:1], port("point_coords", 1, None, 2, kind="tensor(string)"), SAM[1][0][2]], "numbers"),
    ],
)  # fmt: skip
def test_another_form_is_refused_by_what_was_expected(encoder: Any, decoder: Any, words: str) -> None:
    with pytest.raises(BadModel) as caught:
        form_of(Path("m"), Options(), (encoder, SAM[0][1]), (decoder, SAM[1][1]))
    assert words in str(caught.value)


@pytest.mark.once
@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[1]",
        '{"size": 5}',
        '{"size": true}',
        '{"std": [1, 1, 0]}',
        '{"mean": [1]}',
        '{"resize": "no"}',
        '{"inputs": {"x": "y"}}',
        '{"name": 3}',
    ],
)
def test_options_that_cannot_be_are_refused_by_key(text: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(BadModel, match="model.json"):
        read_options(tmp_path)
