"""A real server for the editor's tests, people who can sign in, and queues made through REST."""

import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, ViewportSize
from tests.serving import ROOT, Server, environment_of, furnish

PROJECT = "cells"
PASSWORD = "correct horse battery"
PEOPLE = {"alice": "owner", "bob": "annotator", "carol": "annotator", "rita": "reviewer"}
CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image">
    <Label value="RBC"/><Label value="WBC"/><Label value="Platelets"/>
  </RectangleLabels>
</View>"""
ASKING = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
  <Choices name="quality" toName="image" choice="single" required="true">
    <Choice value="sharp"/><Choice value="blurred"/>
  </Choices>
</View>"""
SIZE = (640, 480)
VIEW: ViewportSize = {"width": 1280, "height": 800}
ENROL = f"""
import json
from lode_platform import projects
from lode_platform.tokens import make_token
tokens = {{}}
for name, role in {PEOPLE!r}.items():
    user, _ = projects.find_or_make_user(name)
    user.set_password({PASSWORD!r})
    user.save()
    project, _ = projects.join(user, {PROJECT!r}, role)
    tokens[name] = make_token(user, project=project, role=role)[1]
print(json.dumps(tokens))
"""


def picture(seed: int) -> bytes:
    """A picture of a few discs, different for every seed."""
    image = Image.new("RGB", SIZE, (208, 205, 214))
    draw = ImageDraw.Draw(image)
    for n in range(9):
        x, y = (seed * 97 + n * 71) % SIZE[0], (seed * 53 + n * 131) % SIZE[1]
        draw.ellipse((x - 30, y - 30, x + 30, y + 30), fill=(190, 120 + n * 5, 130 + seed % 80))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


class Clinic:
    """A running server with a project, its people, and what a test asks of it through REST."""

    def __init__(self, folder: Path, tables: Path) -> None:
        furnish(folder, tables)
        self.environment = environment_of(folder)
        self.server = Server(self.environment, folder / "server.log", "--no-worker")
        self.url = self.server.url
        self.tokens: dict[str, str] = json.loads(self.manage("shell", "-c", ENROL).strip().splitlines()[-1])
        self.pictures = 0
        self.clients: dict[str, httpx.Client] = {}
        self.cookies: dict[str, Any] = {}
        """Of everybody who has signed in here: what a context of theirs begins with."""

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def call(self, method: str, path: str, data: Any = None, *, who: str = "alice", status: int = 0) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        answer = httpx.request(method, f"{self.url}/api/v1/{path}", json=data, headers=headers, timeout=60)
        if status:
            assert answer.status_code == status, answer.text
        else:
            assert answer.status_code < 300, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def items(self, count: int) -> list[str]:
        """New images; their uuids."""
        first, self.pictures = self.pictures + 1, self.pictures + count
        return self.send({f"page-{n:03d}.png": picture(n) for n in range(first, first + count)})

    def send(self, contents: dict[str, bytes]) -> list[str]:
        """New items, their bytes sent as any client sends them; their uuids."""
        files = []
        for path, data in contents.items():
            md5, sha256 = hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest()
            files.append({"path": path, "md5": md5, "sha256": sha256})
            headers = {"Authorization": f"Bearer {self.tokens['alice']}", "X-Sha256": sha256}
            address = f"{self.url}/api/v1/projects/{PROJECT}/blobs/{md5}"
            assert httpx.put(address, content=data, headers=headers, timeout=60).status_code < 300
        made = self.call(
            "POST", f"projects/{PROJECT}/items", {"items": [{"uuid": str(uuid4()), **file} for file in files]}
        )
        return [row["uuid"] for row in made["created"]]

    def queue(self, count: int, *, asks: bool = False, review: bool = False, config: str = CONFIG, **task: Any) -> str:
        """A queue over so many new items, with a schema of its own; its uuid. ``asks`` adds a required question."""
        return self.queue_of(self.items(count), ASKING if asks else config, review=review, **task)

    def queue_of(self, items: list[str], config: str, *, review: bool = False, overlap: int = 1, **task: Any) -> str:
        """A queue over these items, with a schema of its own, each answered by ``overlap`` people; its uuid."""
        count, name = len(items), f"s{uuid4().hex[:8]}"
        self.call("POST", f"projects/{PROJECT}/schemas", {"name": name, "config": config})
        body = {"name": f"queue {name}", "schema": name, "items": [], "review": review, "overlap": overlap}
        queue = self.call("POST", f"projects/{PROJECT}/queues", body)
        uuid = str(queue["uuid"])
        tasks = [{"item": item, "priority": count - at, **task} for at, item in enumerate(items)]
        self.call("POST", f"queues/{uuid}/tasks", {"tasks": tasks})
        return uuid

    def result(self, task: str, who: str = "bob") -> list[dict[str, Any]]:
        """What the server holds of a person's answer to a task, as their page would show it."""
        annotation = self.call("POST", f"tasks/{task}/open", who=who)["annotation"] or {}
        found: list[dict[str, Any]] = annotation.get("result", [])
        return found

    def held(self, queue: str) -> bool:
        """Whether the queue's page says that somebody has a task in hand."""
        page = self._signed_in("alice").get(f"{self.url}/p/{PROJECT}/queues/{queue}/")
        assert page.status_code == 200, page.status_code
        return "Tasks being labelled" in page.text

    def _signed_in(self, who: str) -> httpx.Client:
        if who not in self.clients:
            client = httpx.Client(follow_redirects=True, timeout=60)
            page = client.get(f"{self.url}/login/")
            token = client.cookies.get("lode_csrf") or ""
            form = {"username": who, "password": PASSWORD, "csrfmiddlewaretoken": token}
            assert page.status_code == 200
            client.post(f"{self.url}/login/", data=form, headers={"Referer": self.url})
            self.clients[who] = client
        return self.clients[who]


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Clinic]:
    """One server for all of the editor's tests."""
    made = Clinic(tmp_path_factory.mktemp("clinic"), migrated_file)
    yield made
    made.server.stop()


class Seat:
    """A person at a browser."""

    def __init__(self, clinic: Clinic, context: Any, who: str) -> None:
        self.clinic = clinic
        self.context = context
        self.who = who
        self.faults: list[str] = []
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._heard)

    def sign_in(self) -> None:
        self.page.goto(f"{self.clinic.url}/login/")
        self.page.fill("input[name=username]", self.who)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/login" not in url)

    def _heard(self, message: Any) -> None:
        if "Content Security Policy" in message.text or "integrity" in message.text:
            self.faults.append(message.text)

    def label(self, queue: str) -> "Seat":
        self.page.goto(f"{self.clinic.url}/label/{queue}/")
        self.ready()
        return self

    def review(self, queue: str) -> "Seat":
        self.page.goto(f"{self.clinic.url}/review/{queue}/")
        self.ready()
        return self

    def ready(self, face: str = "task") -> None:
        self.page.wait_for_selector(f'[data-face="{face}"]')
        self.settled()  # no key is heard before the first frame

    def press(self, *keys: str) -> None:
        """Keys one after the other; Enter, which submits, once the picture has been in sight for a moment."""
        for key in keys:
            if key in ("Enter", "Control+Enter", "s"):
                self.seen()
            self.page.keyboard.press(key)

    def seen(self) -> None:
        """Waits until the picture has been in sight for a moment."""
        self.page.wait_for_selector("[data-editor][data-seen]")

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the picture is on the screen, the picture fitted."""
        edge = self.page.locator("[data-stage]").bounding_box()
        scale = min((edge["width"] - 32) / SIZE[0], (edge["height"] - 32) / SIZE[1])
        left = edge["x"] + (edge["width"] - SIZE[0] * scale) / 2
        top = edge["y"] + (edge["height"] - SIZE[1] * scale) / 2
        return left + x * scale, top + y * scale

    def drag(self, x1: float, y1: float, x2: float, y2: float) -> None:
        self.page.mouse.move(*self.point(x1, y1))
        self.page.mouse.down()
        self.page.mouse.move(*self.point((x1 + x2) / 2, (y1 + y2) / 2))
        self.page.mouse.move(*self.point(x2, y2))
        self.page.mouse.up()

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.point(x, y))

    def settled(self) -> None:
        """Waits until the frame that draws the last change is over."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def rows(self) -> list[str]:
        """The regions as the list reads them out."""
        self.settled()
        found: list[str] = self.page.locator("[data-region-list] [role=option]").evaluate_all(
            "rows => rows.map(row => row.querySelector('.visually-hidden').textContent)"
        )
        return found

    def saved(self, state: str) -> None:
        """Waits until the dot says ``clean``, ``here`` or ``there``."""
        self.page.wait_for_selector(f'[data-saved="{state}"]')

    @property
    def task(self) -> str:
        """The task whose picture is in sight, once there is one."""
        return str(self.page.locator("[data-shown]").get_attribute("data-shown"))

    def at(self, position: int) -> None:
        """Waits until the task of this place in the queue is shown."""
        self.page.locator("[data-progress]", has_text=f"{position} of").wait_for()


@pytest.fixture
def seat(clinic: Clinic, browser: Browser) -> Iterator[Callable[..., Seat]]:
    """``seat("bob")``: that person, signed in, in a context of their own; ``at=`` the same one as another seat."""
    seats: list[Seat] = []

    def make(who: str, at: Seat | None = None) -> Seat:
        known = clinic.cookies.get(who)
        context = at.context if at else browser.new_context(viewport=VIEW, storage_state=known)
        context.set_default_timeout(60_000)
        seats.append(Seat(clinic, context, who))
        if at:
            context.clear_cookies()
        if at or known is None:
            seats[-1].sign_in()
            clinic.cookies[who] = {"cookies": context.storage_state()["cookies"], "origins": []}
        return seats[-1]

    yield make
    faults = [fault for one in seats for fault in one.faults]
    for one in seats:
        one.context.close()
    assert not faults, faults
