"""Several controls of one kind: labels brought in, drawn and answered in a real browser, published, compared, and read
by the SDK, each class its own control's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

import motherlode

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="vehicle" toName="image"><Label value="car"/><Label value="other"/></RectangleLabels>
  <RectangleLabels name="sign" toName="image"><Label value="stop"/><Label value="other"/></RectangleLabels>
  <Choices name="blurred" toName="image"><Choice value="yes"/><Choice value="no"/></Choices>
  <Choices name="night" toName="image" required="true"><Choice value="yes"/><Choice value="no"/></Choices>
</View>"""
PROJECT = "cells"  # the clinic's
CAR, OTHER_CAR, STOP, OTHER_SIGN, BLURRED, SHARP, NIGHT, DAY = range(1, 9)


class Street:
    """A project's dataset under that schema, of two pictures."""

    def __init__(self, clinic: Any) -> None:
        self.clinic = clinic
        self.name = f"street-{uuid4().hex[:8]}"
        self.items = clinic.items(2)
        self.at = f"projects/{PROJECT}"
        clinic.call("POST", f"{self.at}/schemas", {"name": self.name, "config": CONFIG})
        clinic.call("POST", f"{self.at}/datasets", {"name": self.name, "schema": self.name})
        chosen = {"items": self.items, "splits": dict.fromkeys(self.items, "train")}
        clinic.call("POST", f"{self.at}/datasets/{self.name}/items", chosen)

    def work(self) -> None:
        self.clinic.manage("shell", "-c", "from lode_platform.jobs import run_pending; run_pending()")

    def bring(self, item: str, *regions: dict[str, Any]) -> dict[str, Any]:
        """Labels of an item, sent as an import sends them; the job's result."""
        path = self.clinic.call("GET", f"items/{item}")["path"]
        uuid = str(uuid4())
        self.clinic.call("POST", f"{self.at}/label-imports", {"uuid": uuid, "schema": self.name})
        line = json.dumps({"path": path, "labelled": True, "regions": list(regions)})
        headers = {"Authorization": f"Bearer {self.clinic.tokens['alice']}", "Content-Type": "application/x-ndjson"}
        part = f"{self.clinic.url}/api/v1/label-imports/{uuid}/parts/0"
        assert httpx.put(part, content=line.encode(), headers=headers).status_code < 300
        job = self.clinic.call("POST", f"label-imports/{uuid}/finish", {})
        self.work()
        result: dict[str, Any] = self.clinic.call("GET", f"jobs/{job['uuid']}")["result"]
        return result

    def publish(self) -> None:
        self.clinic.call("POST", f"{self.at}/datasets/{self.name}/publish", {"message": "why"})
        self.work()

    def queue(self) -> str:
        body = {"name": self.name, "schema": self.name, "items": [], "review": False}
        uuid = str(self.clinic.call("POST", f"{self.at}/queues", body)["uuid"])
        tasks = [{"item": item, "priority": -at} for at, item in enumerate(self.items)]
        self.clinic.call("POST", f"queues/{uuid}/tasks", {"tasks": tasks})
        return uuid


def pick(seat: Any, control: str, label: str) -> None:
    seat.page.click(f'[data-panel="{control}"] [data-label="{label}"]')


def said(result: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["from_name"], *one["value"][one["type"]]) for one in result]


def test_two_controls_of_a_kind_from_an_import_to_the_sdk(
    clinic: Any, seat: SeatMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    street = Street(clinic)
    came = street.bring(street.items[0], {"kind": "box", "label": "stop", "box": [10, 20, 110, 120]})
    assert (came["label_sets"], came["classes_made"]) == (1, [])
    street.publish()

    bob = seat("bob").label(street.queue())
    task = bob.task
    assert [row.split(", ")[1] for row in bob.rows()] == ["stop"]
    titles = bob.page.locator("[data-panel] h2").all_inner_texts()
    assert [title.rstrip("*\n") for title in titles] == ["vehicle", "sign", "blurred", "night"]
    pick(bob, "blurred", "yes")
    bob.press("Enter")
    assert bob.page.locator('[data-panel="night"].is-missing').count() == 1  # the other question is not answered
    pick(bob, "night", "yes")
    for at, control in enumerate(("vehicle", "sign")):
        bob.press("Escape")
        pick(bob, control, "other")
        bob.drag(200 + 100 * at, 200, 260 + 100 * at, 260)
    bob.press("Escape", "v")
    bob.click(330, 230)
    pick(bob, "sign", "stop")
    bob.press("Enter")
    bob.at(2)
    bob.saved("clean")
    assert sorted(said(clinic.result(task))) == [
        ("blurred", "yes"), ("night", "yes"), ("sign", "stop"), ("sign", "stop"), ("vehicle", "other"),
    ]  # fmt: skip
    street.publish()

    compared = clinic.call("GET", f"{street.at}/datasets/{street.name}/diff/1/2")
    [change] = compared["results"]
    added = [(row["after"]["control"], row["after"]["class_id"]) for row in change["regions"]]
    assert all(row["kinds"] == ["added"] for row in change["regions"])
    assert sorted(added) == [("blurred", BLURRED), ("night", NIGHT), ("sign", STOP), ("vehicle", OTHER_CAR)]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTHERLODE_CACHE", str(tmp_path / "cache"))
    client = motherlode.Client(clinic.url, clinic.tokens["alice"])
    samples = motherlode.load(f"{street.name}@v2", client=client)
    [labelled] = [one for one in samples if one.labelled]
    found = sorted((region.class_id, region.control, region.label) for region in labelled.labels)
    assert found == [
        (OTHER_CAR, "vehicle", "other"), (STOP, "sign", "stop"), (STOP, "sign", "stop"), (BLURRED, "blurred", "yes"),
        (NIGHT, "night", "yes"),
    ]  # fmt: skip
    assert samples.classes_of("blurred") == {BLURRED: "yes", SHARP: "no"}
    assert samples.classes_of("sign") == {STOP: "stop", OTHER_SIGN: "other"}
