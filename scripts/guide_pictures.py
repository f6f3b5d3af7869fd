"""The pictures of the annotator's guide, taken of the real editor: ``screenshots.py --guide`` writes docs/guide/.

It makes a project of its own in the given home: drawn blood cells whose places are known, texts, queues, and answers.
"""

import io
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from PIL import Image, ImageDraw, ImageFilter

SIZE = (720, 540)
WINDOW = {"width": 1180, "height": 720}
LABELS = ("RBC", "WBC", "Platelets")
GUIDE = {
    "RBC": "- **whole** cells, also where they touch\n- cells that the border cuts, if half of them shows",
    "WBC": "The *whole* cell, not its nucleus alone.",
}
CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image">
    <Label value="RBC"/><Label value="WBC"/><Label value="Platelets"/>
  </RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="Clump"/></PolygonLabels>
  <Choices name="quality" toName="image"><Choice value="sharp"/><Choice value="blurred"/></Choices>
</View>"""
NOTES = """<View>
  <Text name="text" value="$text"/>
  <Labels name="entity" toName="text"><Label value="Part"/><Label value="Fault"/><Label value="Place"/></Labels>
  <Relations><Relation value="has"/></Relations>
  <Choices name="tone" toName="text"><Choice value="calm"/><Choice value="urgent"/></Choices>
</View>"""
NOTE = """The valve V-12 in hall 3 leaks again, about two litres an hour.

The pump beside it hums since Tuesday; the bearing was changed in March. Please send somebody before the night shift,
as the floor under the valve is wet."""
TOOLS = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="RBC"/></RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="clump"/></PolygonLabels>
  <BrushLabels name="mask" toName="image"><Label value="stain"/></BrushLabels>
  <KeyPointLabels name="point" toName="image"><Label value="centre"/></KeyPointLabels>
  <EllipseLabels name="ellipse" toName="image"><Label value="WBC"/></EllipseLabels>
</View>"""
# Where a character of the text begins or ends on the screen.
PLACE = """(page, [at, end]) => {
  const walker = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (at < node.length) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      const { left, right, top, bottom } = range.getBoundingClientRect();
      return [end ? right : left, (top + bottom) / 2];
    }
    at -= node.length;
  }
}"""
REASONS = ["out of focus", "no cells", "wrong stain"]
Box = tuple[str, list[float]]


def smear(seed: int) -> tuple[bytes, list[Box]]:
    """A drawn picture of blood cells, and where they are: label and x1, y1, x2, y2 in pixels."""
    chance = random.Random(seed)
    image = Image.new("RGB", SIZE, (238, 226, 224))
    draw, boxes = ImageDraw.Draw(image), list[Box]()
    radii = {"RBC": (30, 40), "WBC": (56, 66), "Platelets": (8, 11)}
    for label, count in (("WBC", 1), ("RBC", 14), ("Platelets", 4)):
        for _try in range(count * 8):
            radius = chance.uniform(*radii[label])
            x, y = (chance.uniform(radius + 4, side - radius - 4) for side in SIZE)
            place = [x - radius, y - radius * 0.94, x + radius, y + radius * 0.94]
            apart = all(place[0] > b[2] or place[2] < b[0] or place[1] > b[3] or place[3] < b[1] for _, b in boxes)
            if not apart or sum(one == label for one, _ in boxes) >= count:
                continue
            boxes.append((label, place))
            tint = chance.randint(-10, 10)
            if label == "RBC":
                draw.ellipse(place, fill=(214 + tint, 142 + tint, 140 + tint))
                inner = [x - radius * 0.42, y - radius * 0.4, x + radius * 0.42, y + radius * 0.4]
                draw.ellipse(inner, fill=(228, 176 + tint, 172 + tint))
            else:
                draw.ellipse(place, fill=(190, 176, 206) if label == "WBC" else (150, 110, 170))
            for lobe in range(3 if label == "WBC" else 0):
                dx, dy = ((-0.3, -0.2), (0.3, -0.15), (0.0, 0.35))[lobe]
                part = [x + (dx - 0.38) * radius, y + (dy - 0.34) * radius]
                draw.ellipse([*part, part[0] + 0.76 * radius, part[1] + 0.7 * radius], fill=(104, 70, 146))
    out = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(1.6)).save(out, "PNG")
    return out.getvalue(), boxes


def result(label: str, box: list[float], *, control: str = "label", score: float | None = None) -> dict[str, Any]:
    """A box as Label Studio writes it."""
    x, y = (100 * box[at] / SIZE[at] for at in (0, 1))
    width, height = (100 * (box[at + 2] - box[at]) / SIZE[at] for at in (0, 1))
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [label]}
    made = {"id": str(uuid4()), "from_name": control, "to_name": "image", "type": "rectanglelabels", "value": value}
    return made | {"original_width": SIZE[0], "original_height": SIZE[1]} | ({} if score is None else {"score": score})


@dataclass
class Studio:
    """A project for the pictures: what is asked of it through the verbs, and who looks."""

    owner: Any
    annotator: Any
    reviewer: Any
    queues: dict[str, str] = field(default_factory=dict)


def furnish() -> Studio:
    """Makes the project: items, a schema with guidelines and examples, trained assistants, queues, an answer."""
    from lode_annotation import class_examples, queues, schemas
    from lode_annotation.assist.training import train
    from lode_annotation.micro import asking
    from lode_platform import items, jobs, projects
    from lode_platform.callers import Caller
    from lode_platform.store import store

    people = []
    for name, role in (("olga", "owner"), ("ann", "annotator"), ("rita", "reviewer")):
        people.append(projects.find_or_make_user(name)[0])
        project, _new = projects.join(people[-1], "cells", role)
    caller = Caller(people[0])
    studio = Studio(*people)

    def added(files: dict[str, bytes]) -> list[Any]:
        blobs = {path: store().add_bytes(data) for path, data in files.items()}
        specs = [items.ItemSpec(path=path, md5=blob.md5, sha256=blob.sha256) for path, blob in blobs.items()]
        return list(items.add_items(project, caller, specs, trusted=True).created)

    smears = {f"smear-{number:02d}.png": smear(number) for number in range(40)}
    slides = added({path: data for path, (data, _boxes) in smears.items()})
    schema = schemas.create_schema(project, caller, name="cells", config=CONFIG, guidelines=GUIDE)
    for path, label, good, caption in (
        ("smear-30.png", "RBC", True, "count as RBC"),
        ("smear-31.png", "Platelets", False, "not an RBC: a platelet"),
        ("smear-32.png", "WBC", True, "nucleus and rim"),
    ):
        place = next(box for one, box in smears[path][1] if one == label)
        found = next(item for item in slides if item.path == path)
        class_id = 2 if label == "WBC" else 1
        class_examples.add(schema, caller, class_id=class_id, item=found.uuid, box=place, good=good, caption=caption)
    imported(caller, project, {item.path: smears[item.path][1] for item in slides[20:]})
    train(schema, caller)
    jobs.run_pending()

    def queue(
        name: str, chosen: list[Any], under: Any = schema, *, why: str = "few labels of this stain", **facts: Any
    ) -> None:
        prelabelled = name in ("suggested cells", "checked cells")
        made = queues.create_queue(project, caller, name=name, schema=under, skip_reasons=REASONS, **facts)
        specs = []
        for item in chosen:
            known = smears[item.path][1] if prelabelled else []
            sure = [result(label, box, score=0.95 - at * 0.04) for at, (label, box) in enumerate(known)]
            specs.append(queues.TaskSpec(item=item, prelabels=sure, reason={"text": why}))
        queues.add_tasks(made, caller, specs)
        studio.queues[name] = str(made.uuid)

    queue("first cells", slides[:4])
    queue("more cells", slides[:4])
    queue("suggested cells", slides[4:8])
    queue("checked cells", slides[8:10], review=True)
    tools = schemas.create_schema(project, caller, name="tools", config=TOOLS)
    queue("every tool", slides[14:16], tools)
    notes = schemas.create_schema(project, caller, name="notes", config=NOTES)
    asked = asking.create_queue(project, caller, name="doubtful cells", schema=schema)
    asking.ask(asked, caller, list(asking.about(schema, slides[24:26], 1)))
    studio.queues["doubtful cells"] = str(asked.uuid)
    queue("service notes", added({"note.txt": NOTE.encode()}), notes, why="a new customer")
    return studio


def imported(caller: Any, project: Any, lines: dict[str, list[Box]]) -> None:
    """Labels for items, as an import brings them."""
    import json

    from lode_annotation import import_parts
    from lode_platform import jobs

    entry = import_parts.begin(project, caller, uuid=uuid4(), schema="cells")
    rows = [
        {
            "path": path,
            "labelled": True,
            "regions": [{"kind": "box", "label": label, "box": box} for label, box in boxes],
        }
        for path, boxes in lines.items()
    ]
    import_parts.put_part(caller, entry.uuid, 0, "\n".join(map(json.dumps, rows)).encode())
    import_parts.finish(caller, entry.uuid)
    jobs.run_pending()


# -- the pictures -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shot:
    """A picture: its name, whose page it is, which queue, and what is done there before it is taken, which answers
    another page that it is taken of, if any. The page is there once ``ready`` is on it."""

    name: str
    who: str
    queue: str
    acts: Callable[[Any], Any]
    address: str = "/label/{queue}/"
    ready: str = '[data-face="task"]'
    window: Mapping[str, int] = field(default_factory=lambda: WINDOW)


def pressed(*keys: str) -> Callable[[Any], None]:
    """Focuses the picture and presses the keys."""

    def act(page: Any) -> None:
        page.locator("[data-stage]").focus()
        for key in keys:
            page.keyboard.press(key)

    return act


def _on_screen(page: Any, *points: float) -> list[float]:
    """Points of the picture (x, y, x, y, ...) on the screen, where it is fitted into the page."""
    stage = page.locator("[data-stage]").bounding_box()
    scale = min((stage["width"] - 32) / SIZE[0], (stage["height"] - 32) / SIZE[1])
    scale = round(scale, 2) if abs(scale - round(scale, 2)) < 0.001 else scale
    begin = [stage["x"] + (stage["width"] - SIZE[0] * scale) / 2, stage["y"] + (stage["height"] - SIZE[1] * scale) / 2]
    return [begin[at % 2] + value * scale for at, value in enumerate(points)]


def _dragged(page: Any, box: list[float]) -> None:
    x1, y1, x2, y2 = _on_screen(page, *box)
    page.mouse.move(x1, y1)
    page.mouse.down()
    page.mouse.move((x1 + x2) / 2, (y1 + y2) / 2, steps=4)
    page.mouse.move(x2, y2, steps=4)
    page.mouse.up()


def _cells(number: int, label: str) -> list[list[float]]:
    return [box for one, box in smear(number)[1] if one == label]


def _middle(box: list[float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _first_boxes(page: Any) -> None:
    page.locator("[data-stage]").focus()
    for key, label, count in (("1", "RBC", 5), ("2", "WBC", 1)):
        for box in _cells(0, label)[:count]:
            page.keyboard.press("Escape")
            page.keyboard.press(key)
            _dragged(page, box)


def _each_tool(page: Any) -> None:
    page.locator("[data-stage]").focus()
    red = _cells(14, "RBC")
    page.keyboard.press("b")
    _dragged(page, red[0])
    page.keyboard.press("Escape")
    page.keyboard.press("o")
    x, y = _middle(red[1])
    around = [(x + 39 * math.cos(turn * math.pi / 4), y + 37 * math.sin(turn * math.pi / 4)) for turn in range(8)]
    for point in around:
        page.mouse.click(*_on_screen(page, *point))
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    x1, y1, x2, y2 = red[2]
    for share in (0.3, 0.5, 0.7):
        _dragged(page, [x1 + 12, y1 + (y2 - y1) * share, x2 - 12, y1 + (y2 - y1) * share])
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    page.mouse.click(*_on_screen(page, *_middle(red[3])))
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    _dragged(page, _cells(14, "WBC")[0])


def _suggested(page: Any) -> None:
    page.locator('[data-command="tool.assist"]:not([aria-disabled="true"])').wait_for(timeout=20_000)
    pressed("1", "e")(page)
    page.mouse.click(*_on_screen(page, *_middle(_cells(0, "RBC")[2])))
    page.locator("[data-region-list] [role=option]").first.wait_for(timeout=20_000)


def _guideline(page: Any) -> None:
    pressed("Alt+i")(page)
    page.locator("[data-guidance] .example img").first.wait_for()


def _marked(page: Any) -> None:
    for key, words in (("1", "valve V-12"), ("3", "hall 3"), ("2", "leaks again"), ("1", "pump"), ("2", "hums")):
        page.keyboard.press("Escape")
        page.keyboard.press(key)
        start = NOTE.index(words)
        left, top = page.locator(".ed-text").evaluate(PLACE, [start, False])
        right, bottom = page.locator(".ed-text").evaluate(PLACE, [start + len(words) - 1, True])
        page.mouse.move(left + 1, top)
        page.mouse.down()
        page.mouse.move(right - 1, bottom, steps=6)
        page.mouse.up()
    rows = page.locator("[data-region-list] [role=option]")
    rows.nth(0).click()
    page.keyboard.press("Shift+J")
    rows.nth(2).click()


def _accept_and_submit(page: Any) -> None:
    pressed("Shift+A")(page)
    page.wait_for_timeout(700)  # what was not seen is not submitted
    page.keyboard.press("Enter")
    page.locator('[data-progress]:has-text("2 of 2")').wait_for()


SHOTS = (
    Shot("keys", "annotator", "first cells", pressed("?")),
    Shot("skip", "annotator", "first cells", pressed("s")),
    Shot("flag", "annotator", "first cells", pressed("Alt+g")),
    Shot("guideline", "annotator", "first cells", _guideline),
    Shot("assist", "annotator", "first cells", _suggested),
    Shot("first-task", "annotator", "more cells", _first_boxes),
    Shot("tools", "annotator", "every tool", _each_tool),
    Shot("prelabels", "annotator", "suggested cells", pressed("j")),
    Shot("", "annotator", "checked cells", _accept_and_submit),
    Shot("review", "reviewer", "checked cells", pressed("j"), "/review/{queue}/"),
    Shot("text", "annotator", "service notes", _marked),
)


def taken(
    shots: Sequence[Shot], url: str, studio: Studio, keys: dict[str, str], target: Path, browser: Any, save: Any
) -> Iterator[str]:
    """Takes every picture into ``target``; what was wrong with the pages."""
    target.mkdir(parents=True, exist_ok=True)
    for shot in shots:
        context = browser.new_context(viewport=shot.window, color_scheme="light", reduced_motion="reduce")
        context.add_cookies([{"name": "lode_session", "value": keys[shot.who], "url": url}])
        page, faults = context.new_page(), list[str]()
        page.on("pageerror", lambda error, faults=faults: faults.append(str(error)))
        page.goto(url + shot.address.format(queue=studio.queues.get(shot.queue)))
        page.wait_for_selector(shot.ready)
        page.wait_for_timeout(400)
        page = shot.acts(page) or page
        page.wait_for_timeout(500)
        if shot.name:
            save(page.screenshot(), target / f"{shot.name}.png")
        context.close()
        yield from (f"{shot.name}: {fault}" for fault in faults)
