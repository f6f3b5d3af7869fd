"""Each command of the editor by its key, and each drawing tool by a real pointer: one walk a page, table in hand.

The table is the one that the list of keys (``?``) shows. A command that no step presses fails here by name.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image
from tests.editor.conftest import SIZE
from tests.editor.walking import Step, begin, keys, less, more, other, to, walk
from tests.label_studio import accepts

from motherlode.shapes import SHAPES

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

HERE = Path(__file__).parent
PRESSED_ELSEWHERE = {
    "assist.accept": ("test_editor_assist.py", "Enter"),
    "tool.assist": ("test_editor_assist.py", "e"),
    "skip.again": ("test_editor_asides.py", "Alt+s"),
    "flag": ("test_editor_asides.py", "Alt+g"),
    "comment.add": ("test_editor_comments.py", "Alt+c"),
    "comment.next": ("test_editor_comments.py", "Alt+v"),
    "comment.previous": ("test_editor_comments.py", "Alt+Shift+v"),
    "comment.reply": ("test_editor_comments.py", "Alt+a"),
    "comment.resolve": ("test_editor_comments.py", "Alt+z"),
    "guidance": ("test_editor_examples.py", "Alt+i"),
    "example": ("test_editor_examples.py", "Alt+e"),
}
"""Commands that need more than a page: the test that presses the key, and says what came of it."""
CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="clot"/></PolygonLabels>
  <VectorLabels name="fibre" toName="image"><Label value="axon"/></VectorLabels>
  <KeyPointLabels name="spot" toName="image"><Label value="nucleus"/></KeyPointLabels>
  <EllipseLabels name="round" toName="image"><Label value="drop"/></EllipseLabels>
  <BrushLabels name="area" toName="image"><Label value="tissue"/></BrushLabels>
  <VectorLabels skeleton="true" name="pose" toName="image">
    <Label value="worm" points="head,waist,tail" edges="head:waist,waist:tail"/>
  </VectorLabels>
  <Choices name="quality" toName="image"><Choice value="sharp"/></Choices>
  <Relations><Relation value="touches"/><Relation value="covers"/></Relations>
  <Number name="count" toName="image"/>
</View>"""
PAIR = """<View><Image name="one" value="$a"/><Image name="two" value="$b"/>
  <RectangleLabels name="label" toName="one"><Label value="RBC"/></RectangleLabels>
  <Pairwise name="pair" toName="one,two"/></View>"""
TEXT = """<View><Labels name="ent" toName="text"><Label value="Part"/><Label value="Fault"/></Labels>
  <Text name="text" value="$text"/></View>"""
ONE_LABEL = """<View><Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/></RectangleLabels></View>"""
NOTE = "The valve of the pump leaks, and the second pump hums beside the third pump."
BOX: dict[str, Any] = {
    "id": "b1",
    "type": "rectanglelabels",
    "from_name": "label",
    "to_name": "image",
    "value": {"x": 20, "y": 20, "width": 10, "height": 10, "rotation": 0, "rectanglelabels": ["RBC"]},
}
OFFERED = [
    {**BOX, "id": f"p{at}", "score": score, "value": {**BOX["value"], "x": 4 + 8 * at, "y": 3}}
    for at, score in enumerate((0.9, 0.8, 0.7, 0.6, 0.02))
]

ONE = "[...editor.store.selection].map((key) => editor.store.regions.get(key))[0]"
REGIONS = "[...editor.store.regions.values()].filter((one) => !one.pending).length"
PENDING = "[...editor.store.regions.values()].filter((one) => one.pending).length"
SELECTED = "editor.store.selection.size"
WHICH = "[...editor.store.selection].join()"
TOOL = "editor.stage.tool?.id"
SCALE = "editor.stage.viewport.scale"
PAGE = "editor.pages.at"
WINDOW = "editor.levels.window"
LINKS = "JSON.stringify([...editor.store.relations.values()].map((one) => [one.from, one.to, one.both, one.labels]))"
BRUSH = "import('/static/editor/kinds/mask_tools.js').then(({ hand }) => hand.size)"
PLACED = "editor.stage.tools.get('skeleton').work?.done ?? 0"
NOTES = "document.querySelector('[data-notes]').textContent"
SHOWN = "document.querySelector('[data-shown]')?.dataset.shown ?? ''"
FOCUS = "document.activeElement.matches('[data-comment]')"
DIALOGS = "document.querySelectorAll('dialog[open]').length"


def scans(pages: int) -> bytes:
    """A TIFF of 16 bits, for a level and a window, of several pages."""
    made = [np.tile(np.linspace(0, 4095, SIZE[0]), (SIZE[1], 1)).astype("u2") for _ in range(pages)]
    made[0][0, :8] = np.frombuffer(uuid4().bytes, "u2") % 4096
    out = io.BytesIO()
    first, *rest = [Image.fromarray(page) for page in made]
    first.save(out, "TIFF", save_all=True, append_images=rest, compression="tiff_lzw")
    return out.getvalue()


def queue_of(clinic: Any, config: str, *, pages: int = 1, count: int = 1, **how: Any) -> str:
    items = clinic.send({f"commands/{uuid4().hex}.tif": scans(pages) for _ in range(count)})
    return str(clinic.queue_of(items, config, **how))


def kept_of(kind: str) -> str:
    """How many regions of a kind there are, as an expression."""
    return f"[...editor.store.regions.values()].filter((one) => one.kind === '{kind}' && !one.pending).length"


def press(*names: str) -> Callable[[Any], None]:
    return lambda seat: seat.press(*names)


def at(x: float, y: float) -> Callable[[Any], None]:
    """The pointer there, and nothing pressed."""
    return lambda seat: seat.page.mouse.move(*seat.point(x, y))


def draws(kind: str, *places: tuple[float, ...], ends: tuple[str, ...] = ()) -> Callable[[Any], None]:
    """Clicks (x, y) and drags (x1, y1, x2, y2) with the tool in hand; then there is one more region of the kind."""

    def act(seat: Any) -> None:
        count = kept_of(kind)
        before = seat.page.evaluate(f"() => {count}")
        for place in places:
            seat.click(*place) if len(place) == 2 else seat.drag(*place)
        seat.press(*ends)
        seat.page.wait_for_function(f"() => {count} === {before + 1}")
        seat.press("Escape")

    return act


def both(*acts: Callable[[Any], None]) -> Callable[[Any], None]:
    def act(seat: Any) -> None:
        for one in acts:
            one(seat)

    return act


LABELS = [
    *[
        Step(f"label:{control}/{label}", "editor.armed?.label.value", to(label), first=press("Escape"))
        for control, label in (
            ("label", "WBC"),
            ("outline", "clot"),
            ("fibre", "axon"),
            ("spot", "nucleus"),
            ("round", "drop"),
            ("area", "tissue"),
            ("pose", "worm"),
            ("label", "RBC"),
        )
    ],
    Step(
        "label:quality/sharp",
        "[...editor.store.regions.values()].filter((one) => one.control === 'quality').length",
        to(1),
    ),
]
PRELABELS = [
    Step("region.accept", SELECTED, to(1), first=press("Escape")),
    Step("region.accept", PENDING, to(4)),
    Step("region.dismiss", PENDING, to(3)),
    Step("prelabels.fewer", "editor.prelabels.percent", more),
    Step("region.acceptAll", PENDING, to(1)),
    Step("prelabels.more", "editor.prelabels.percent", less),
    Step("region.dismissAll", PENDING, to(0)),
    Step("prelabels", "editor.stage.scene.showPrelabels"),
]
TOOLS = [
    Step("tool.pan", TOOL, to("pan"), first=press("Escape")),
    Step("tool.select", TOOL, to("select")),
    Step("tool.box", TOOL, to("box")),
    Step("tool.polygon", TOOL, to("polygon"), first=draws("box", (20, 60, 60, 100))),
    Step(
        "tool.polyline", TOOL, to("polyline"), first=draws("polygon", (80, 60), (120, 60), (110, 90), ends=("Enter",))
    ),
    Step(
        "tool.keypoint", TOOL, to("keypoint"), first=draws("polyline", (140, 60), (180, 70), (160, 90), ends=("Enter",))
    ),
    Step("tool.ellipse", TOOL, to("ellipse"), first=draws("keypoint", (200, 70))),
    Step("tool.mask", TOOL, to("mask"), first=draws("ellipse", (240, 80, 270, 95))),
    Step("mask.more", BRUSH, more),
    Step("mask.less", BRUSH, less),
    Step("tool.mask-erase", TOOL, to("mask-erase"), first=draws("mask", (420, 100, 480, 100))),
    Step("tool.mask-fill", TOOL, to("mask-fill")),
    Step("tool.mask-wand", TOOL, to("mask-wand")),
    Step("tool.skeleton", TOOL, to("skeleton"), first=press("Escape")),
    Step("skeleton.hide", PLACED, to(2), first=both(lambda seat: seat.click(300, 200), at(320, 220))),
    Step("skeleton.skip", REGIONS, more),
    Step("skeleton.missing", "editor.stage.tools.get('skeleton').work?.todo.length", to(1)),
    Step("skeleton.point", NOTES, first=press("Escape")),
]
REGION_STEPS = [
    Step("region.next", WHICH, first=press("Escape", "v", "Escape")),
    Step("region.previous", WHICH, first=press("j")),
    Step("region.all", SELECTED, more),
    Step("region.none", SELECTED, to(0)),
    Step("region.below", SELECTED, to(1), first=at(40, 80)),
    Step("region.copy", "editor.acts.copied.length", to(1)),
    Step("region.paste", REGIONS, more),
    Step("region.duplicate", REGIONS, more),
    Step("undo", REGIONS, less),
    Step("redo", REGIONS, more),
    Step("region.hide", "editor.store.hidden.size", more, first=press("j")),
    Step("region.hideOthers", "editor.store.hidden.size", more, first=press("i")),
    Step("region.lock", "editor.store.locked.size", more, first=press("Shift+I")),
    Step("snap", "editor.stage.snap.on", first=press("l", "Escape")),
    Step("filter", "document.activeElement.matches('.ed-filter-words')", to(True)),
    Step("form", "document.activeElement.closest('[data-field]') !== null", to(True), first=press("Escape")),
    *[
        Step(f"{kind}.middle", kept_of(kind), more, first=press("Escape"))
        for kind in ("polygon", "polyline", "keypoint", "ellipse", "mask", "skeleton", "box")
    ],
    *[
        Step(f"{act}.{where}", f"({ONE}).{side}", check)
        for act in ("move", "moveFar", "grow")
        for where, side, check in (
            ("Right", "width" if act == "grow" else "x", more),
            ("Left", "width" if act == "grow" else "x", less),
            ("Down", "height" if act == "grow" else "y", more),
            ("Up", "height" if act == "grow" else "y", less),
        )
    ],
    Step("turn.right", f"({ONE}).rotation", more),
    Step("turn.left", f"({ONE}).rotation", less),
    Step("relation.link", TOOL, to("link"), first=press("Escape", "v", "Escape", "j")),
    Step("relation.turn", LINKS, first=press("j", "Shift+J")),
    Step("relation.class", LINKS),
    Step("relation.delete", "editor.store.relations.size", to(0)),
    Step("region.delete", REGIONS, less),
]
VIEW = [
    Step("zoom.in", SCALE, more),
    Step("zoom.fit", SCALE, less),
    Step("zoom.out", SCALE, less),
    Step("zoom.region", SCALE, more, first=press("Escape", "j")),
    Step("bright.more", "editor.stage.light.brightness", more, first=press("f")),
    Step("bright.reset", "editor.stage.light.brightness", to(1)),
    Step("bright.less", "editor.stage.light.brightness", less),
    Step("contrast.more", "editor.stage.light.contrast", more),
    Step("contrast.reset", "editor.stage.light.contrast", to(1)),
    Step("contrast.less", "editor.stage.light.contrast", less),
    Step("window.narrower", f"{WINDOW}.high - {WINDOW}.low", less),
    Step("window.wider", f"{WINDOW}.high - {WINDOW}.low", more),
    Step("window.up", f"{WINDOW}.high", more),
    Step("window.down", f"{WINDOW}.high", less, first=press("'")),
    Step("window.reset", f"{WINDOW}.high"),
    Step("names", "editor.stage.scene.showNames"),
    Step("grid", "editor.stage.scene.showGrid", to(True)),
    Step("crosshair", "editor.stage.overlay.showCrosshair"),
    Step("fullscreen", "document.fullscreenElement !== null", to(True)),
    Step("side", "editor.root.classList.contains('is-side-open')", first=press("Shift+F")),
    Step("help", DIALOGS, to(1)),
    Step("why", NOTES, first=press("Escape")),
    Step("page.copy", "[...editor.store.regions.values()].filter((one) => one.frame === 1).length", more),
    Step("page.last", PAGE, to(2)),
    Step("page.previous", PAGE, to(1)),
    Step("page.first", PAGE, to(0)),
    Step("page.next", PAGE, to(1)),
]
TASKS = [
    Step("region.carry", "editor.carrier.load?.shapes.length ?? 0", more, first=press("Home")),
    Step("submit", SHOWN),
    Step("back", SHOWN, first=lambda seat: seat.at(2)),
    Step("skip", SHOWN, first=lambda seat: (seat.press("Enter"), seat.at(2))),
]
PAIRS = [
    Step(
        "pair.left",
        "document.querySelector('[data-panel=pair] [aria-checked=true]')?.textContent",
        first=press("Escape"),
    ),
    Step("pair.right", "document.querySelector('[data-panel=pair] [aria-checked=true]')?.textContent"),
]
SPANS = [
    Step("label:ent/Fault", "editor.armed?.label.value", to("Fault")),
    Step("span.mark", REGIONS, to(1)),
    Step("span.next", f"({ONE}).start", more, first=press("ArrowRight", "ArrowRight")),
    Step("span.previous", f"({ONE}).start", less),
    Step("span.end.later", f"({ONE}).end", more),
    Step("span.end.earlier", f"({ONE}).end", less),
    Step("span.end.laterWord", f"({ONE}).end", more),
    Step("span.start.later", f"({ONE}).start", more),
    Step("span.start.earlier", f"({ONE}).start", less),
    Step("span.start.laterWord", f"({ONE}).start", more),
    Step("span.start.earlierWord", f"({ONE}).start", less),
    Step("span.end.earlierWord", f"({ONE}).end", less),
    Step("span.same", REGIONS, more, first=press("ArrowRight")),
    Step("label:ent/Part", f"({ONE}).labels.join()", to("Part")),
    Step("find", "editor.texts.search.open", to(True)),
    Step("find.next", "editor.texts.search.at", other, first=lambda seat: searches(seat, "pump")),
    Step("find.previous", "editor.texts.search.at"),
]
REVIEW = [
    Step("layer.own", "editor.stage.scene.showOwn"),
    Step("before", "editor.stage.scene.showBefore"),
    Step("layer.others", "[...document.querySelectorAll('[data-layers] button')].at(-1).getAttribute('aria-pressed')"),
    Step("review.other", "document.querySelector('[data-annotator]').textContent"),
    Step("comment", FOCUS, to(True)),
    Step("review.accept", SHOWN, first=press("Escape")),
    Step("back", SHOWN, first=lambda seat: seat.saved("clean")),
    Step("review.fix", "editor.stage.editable", to(True)),
    Step("review.save", SHOWN, first=press("j", "ArrowRight")),
    Step("review.reject", FOCUS, to(True)),
]


def searches(seat: Any, words: str) -> None:
    seat.page.keyboard.type(words)
    seat.page.wait_for_function("() => editor.texts.search.found.length > 1")


def walked(seat: Any, *rows: list[Step]) -> tuple[set[str], set[str]]:
    """What the walk pressed, and which commands the page lists with a key."""
    begin(seat)
    listed = set(keys(seat))
    done: set[str] = set()
    for row in rows:
        done |= walk(seat, row)
        listed |= set(keys(seat))
    return done, listed


def on_pictures(clinic: Any, seat: Any) -> tuple[set[str], set[str]]:
    """A picture of 16 bits and three pages under a schema of every drawing tool; what is submitted is valid."""
    bob = seat("bob").label(queue_of(clinic, CONFIG, pages=3, count=3, prelabels=OFFERED))
    task = bob.task
    done = walked(bob, LABELS, PRELABELS, TOOLS, REGION_STEPS, VIEW, TASKS)
    bob.saved("clean")
    result = clinic.result(task)
    drawn = {one["type"] for one in result}
    tools = {shape.result_type for shape in SHAPES.values() if shape.result_type.endswith("labels")} - {"labels"}
    assert tools <= drawn, "each has drawn with a pointer"
    assert all(accepts(CONFIG, one) for one in result)
    return done


def on_a_pair(clinic: Any, seat: Any) -> tuple[set[str], set[str]]:
    return walked(seat("bob").label(queue_of(clinic, PAIR, pages=2)), PAIRS)


def on_a_text(clinic: Any, seat: Any) -> tuple[set[str], set[str]]:
    items = clinic.send({f"commands/{uuid4().hex}.txt": NOTE.encode()})
    bob = seat("bob").label(clinic.queue_of(items, TEXT))
    done = walked(bob, SPANS)
    bob.saved("there")
    draft = clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]
    assert all(accepts(TEXT, one) and NOTE[one["value"]["start"] : one["value"]["end"]] for one in draft)
    return done


def on_review(clinic: Any, seat: Any) -> tuple[set[str], set[str]]:
    queue = clinic.queue_of(clinic.items(3), ONE_LABEL, overlap=2, review=True)
    for who in ("bob", "carol"):
        for _ in range(3):
            task = clinic.call("POST", f"queues/{queue}/next", {}, who=who)["task"]["id"]
            body = {"result": [BOX], "operation_id": str(uuid4()), "lead_time": 1, "next": False}
            clinic.call("POST", f"tasks/{task}/submit", body, who=who)
    rita = seat("rita").review(queue)
    done = walked(rita, REVIEW)
    why = "Two cells are missing"
    rita.page.keyboard.type(why)
    with rita.page.expect_response(lambda answer: why in (answer.request.post_data or "")):
        rita.press("Control+Enter")  # once the answer has been in sight
    rows = clinic.call("GET", f"queues/{queue}/tasks")["results"]
    states = sorted({one["state"] for row in rows for one in row["annotations"]})
    assert {"accepted", "rejected"} <= set(states), states
    return done


def test_each_command_is_pressed_and_does_what_it_says(clinic: Any, seat: Callable[..., Any]) -> None:
    pressed_here, listed = set(), set()
    for page in (on_pictures, on_a_pair, on_a_text, on_review):
        done, found = page(clinic, seat)
        pressed_here |= done
        listed |= found
    assert sorted(listed - pressed_here - set(PRESSED_ELSEWHERE)) == [], "commands that no step presses"
    for command, (file, key) in PRESSED_ELSEWHERE.items():
        assert f'"{key}"' in (HERE / file).read_text(), f"{command} is not pressed in {file}"
