"""A click that suggests a region, in a real browser, answered by what was learned from real labels."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import httpx
import pytest
from label_studio_sdk.label_interface.interface import LabelInterface
from tests.editor.conftest import CONFIG, PROJECT

from motherlode.media import Image
from motherlode.shapes import DEFAULT

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]
Boxes = list[tuple[str, list[float]]]
LEARNED, OPEN = 24, 5
WORK = "from lode_platform.jobs import run_pending; run_pending()"


def boxes_of(path: Path) -> Boxes:
    found = []
    for one in ElementTree.parse(path).getroot().iter("object"):
        box = [float(one.findtext(f"bndbox/{side}") or 0) for side in ("xmin", "ymin", "xmax", "ymax")]
        if box[2] > box[0] and box[3] > box[1]:
            found.append((one.findtext("name") or "", box))
    return found


class Lab:
    """A schema with labelled pictures of blood cells, and a queue of others; ``truth`` holds the boxes of these."""

    def __init__(self, clinic: Any, root: Path) -> None:
        self.clinic = clinic
        names = (root / "splits" / "trainval.txt").read_text().split()[: LEARNED + OPEN]
        items = clinic.send({f"cells-{name}.jpg": (root / "images" / f"{name}.jpg").read_bytes() for name in names})
        self.truth = {f"cells-{name}.jpg": boxes_of(root / "voc" / f"{name}.xml") for name in names}
        self.queue = clinic.queue_of(items[LEARNED:], CONFIG)
        self.schema = clinic.call("GET", f"queues/{self.queue}")["schema"]
        self._label(names[:LEARNED])
        self.uuid = next(
            row["uuid"]
            for row in clinic.call("GET", f"projects/{PROJECT}/schemas")["results"]
            if row["name"] == self.schema
        )
        self.clinic.call("POST", f"schemas/{self.uuid}/assistants/train")
        self.clinic.manage("shell", "-c", WORK)

    def _label(self, names: list[str]) -> None:
        opened = str(uuid4())
        body = {"uuid": opened, "schema": self.schema, "format": "voc"}
        self.clinic.call("POST", f"projects/{PROJECT}/label-imports", body)
        lines = [
            {
                "path": f"cells-{name}.jpg",
                "labelled": True,
                "regions": [
                    {"kind": "box", "label": label, "box": box} for label, box in self.truth[f"cells-{name}.jpg"]
                ],
            }
            for name in names
        ]
        answer = httpx.put(
            f"{self.clinic.url}/api/v1/label-imports/{opened}/parts/0",
            content="\n".join(map(json.dumps, lines)),
            headers={
                "Authorization": f"Bearer {self.clinic.tokens['alice']}",
                "Content-Type": "application/x-ndjson",
            },
        )
        assert answer.status_code == 200, answer.text
        self.clinic.call("POST", f"label-imports/{opened}/finish")
        self.clinic.manage("shell", "-c", WORK)


@pytest.fixture(scope="module")
def lab(clinic: Any) -> Iterator[Lab]:
    import os

    root = os.environ.get("MOTHERLODE_TEST_DATA")
    if not root:
        pytest.skip("MOTHERLODE_TEST_DATA is not set, so the real data is not at hand")
    yield Lab(clinic, Path(root) / "bccd")


def test_where_nothing_was_learned_the_tool_is_off_and_says_why(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1))
    bob.page.wait_for_selector('[data-assist="off"]')
    tool = bob.page.locator('[data-command="tool.assist"]')
    assert "has not learned anything yet" in tool.get_attribute("title")
    assert tool.get_attribute("aria-disabled") == "true"
    bob.press("e")
    bob.settled()
    assert bob.page.locator('[data-editor][data-tool="assist"]').count() == 0


def test_a_click_suggests_a_box_that_is_adjusted_accepted_and_taken_back(lab: Lab, seat: SeatMaker) -> None:
    bob = seat("bob").label(lab.queue)
    bob.page.wait_for_selector('[data-assist="on"]')
    boxes = lab.truth[bob.page.locator("[data-facts] dd").first.text_content()]
    label, box = next((label, box) for label, box in boxes if label == "RBC" and min(box) > 5 and box[2] < 630)
    bob.press("1", "e")
    bob.page.wait_for_selector('[data-editor][data-tool="assist"]')
    bob.click((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    bob.page.wait_for_selector("[data-region-list] [role=option]")
    [row] = bob.rows()
    assert row.startswith("Pre-label, RBC")
    bob.page.locator("[data-handle=se]").wait_for()
    found = at_handles(bob)
    assert DEFAULT.similarity(tuple(found), tuple(box)) > 0.5
    bob.drag(found[2], found[3], found[2] + 20, found[3] + 15)  # a handle of it, not another click
    assert len(bob.rows()) == 1
    bob.press("Enter")  # accepts, does not submit
    bob.saved("there")
    assert not bob.rows()[0].startswith("Pre-label")
    [region] = lab.clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]
    interface: Any = LabelInterface  # untyped
    assert interface(CONFIG).validate_region(region)
    assert region["origin"] == "prediction-changed" and region["meta"]["prediction"]["model_version"].startswith(
        "click"
    )
    kept = DEFAULT.from_result(region["value"], Image(640, 480))
    assert kept[2] == pytest.approx(found[2] + 20, abs=2) and kept[0] == pytest.approx(found[0], abs=1)
    bob.press("Control+z", "Control+z")
    assert bob.rows()[0].startswith("Pre-label")
    bob.press("Control+z")
    assert bob.rows() == []


def at_handles(bob: Any) -> list[float]:
    """The box that the handles in sight are of, xyxy in pixels of the picture."""
    corners = []
    origin, unit = bob.point(0, 0), bob.point(100, 100)
    scale = (unit[0] - origin[0]) / 100
    for name in ("nw", "se"):
        edge = bob.page.locator(f"[data-handle={name}]").bounding_box()
        middle = (edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2)
        corners += [(middle[0] - origin[0]) / scale, (middle[1] - origin[1]) / scale]
    return corners


def test_an_assistant_that_does_not_answer_holds_nothing_up(lab: Lab, seat: SeatMaker) -> None:
    bob = seat("carol").label(lab.queue)
    bob.page.wait_for_selector('[data-assist="on"]')
    held: list[Any] = []
    bob.page.route(
        "**/assist", lambda route: held.append(route) if "/tasks/" in route.request.url else route.continue_()
    )
    bob.press("1", "e")
    bob.click(200, 200)
    bob.page.wait_for_selector('[data-assist="asking"]')
    bob.press("b")
    bob.drag(300, 200, 380, 280)  # one goes on drawing
    assert bob.rows() == ["Region 1, RBC, 80 × 80"]
    task = bob.task
    bob.press("Enter")
    bob.page.wait_for_selector(f'[data-shown]:not([data-shown="{task}"])')
    for route in held:
        route.continue_()
    bob.page.wait_for_selector('[data-assist="on"]')
    bob.settled()
    assert bob.rows() == []  # the answer was the earlier task's
