"""Files that hold markup and scripts: refused by their name, or, wherever bytes are served, never run by a browser."""

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route
from tests.platform_room.conftest import Machine

pytestmark = [pytest.mark.django_db, pytest.mark.browser, pytest.mark.once]

RUN = "globalThis.ran=1"
HTML = f'<!doctype html><html><body onload="{RUN}"><script>{RUN}</script><img src=x onerror="{RUN}"></body></html>'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUN}"><script>{RUN}</script></svg>'
PASSWORD = "correct horse battery"
ENROL = f"""
from lode_platform import projects
from lode_platform.tokens import make_token
user, _ = projects.find_or_make_user("olga")
user.set_password({PASSWORD!r})
user.save()
project, _ = projects.join(user, "blood", "owner")
print(make_token(user, project=project, role="owner")[1])
"""
CONFIG = """<View><Image name="image" value="$image"/>
<Choices name="mood" toName="image"><Choice value="good"/></Choices></View>"""
# What another page of the site makes of an address: a script, a frame, an object, a style sheet, a picture.
BESIDE = """<script src="{0}"></script><iframe src="{0}"></iframe><object data="{0}"></object>
<embed src="{0}"><link rel="stylesheet" href="{0}"><img src="{0}">"""


def picture(kind: str, shade: int, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("L" if kind == "GIF" else "RGB", (24, 16), shade if kind == "GIF" else (shade, 9, 9)).save(
        out, kind, **options
    )
    return out.getvalue()


def text_chunk() -> PngInfo:
    info = PngInfo()
    info.add_text("Title", HTML)
    return info


def script_gif() -> bytes:
    """A GIF that is a script, too: its width reads as the beginning of a comment, which ends behind the picture."""
    out = io.BytesIO()
    Image.new("L", (int.from_bytes(b"/*", "little"), 1)).save(out, "GIF")
    assert out.getvalue().startswith(b"GIF87a/*") and b"*/" not in out.getvalue()
    return out.getvalue() + f"*/=1;{RUN}//".encode()


TAIL = HTML.encode()
REFUSED = {
    "drawing.svg": SVG.encode(),
    "drawing.png": SVG.encode(),
    "marked.png": f'<?xml version="1.0"?><!-- \x89PNG -->{SVG}'.encode(),
    "page.jpg": TAIL,
    "page.html": TAIL,
}
POLYGLOTS = {
    "behind.jpg": picture("JPEG", 10) + TAIL,
    "comment.jpg": picture("JPEG", 20, comment=TAIL),
    "behind.png": picture("PNG", 30) + TAIL,
    "chunk.png": picture("PNG", 40, pnginfo=text_chunk()),
    "behind.gif": picture("GIF", 5) + TAIL,
    "behind.webp": picture("WEBP", 50) + TAIL,
    "behind.bmp": picture("BMP", 60) + TAIL,
    "behind.tif": picture("TIFF", 70) + TAIL,
    "script.gif": script_gif(),
    "picture.svg": picture("PNG", 80, pnginfo=text_chunk()),
    "picture.html": picture("PNG", 90) + TAIL,
}
TEXTS = {"page.txt": TAIL, "drawing.txt": SVG.encode(), "wide.txt": HTML.encode("utf-16")}
LISTS = {"rows.jsonl": json.dumps({"id": "a", "title": HTML, "body": SVG}).encode()}
MEDIA = {**POLYGLOTS, **TEXTS, **LISTS}
DATASETS = {"pictures": POLYGLOTS, "texts": TEXTS, "lists": LISTS}


class Site:
    """A server with a project, and somebody of it at a browser."""

    def __init__(self, machine: Machine, browser: Browser) -> None:
        self.machine = machine
        self.token = machine.shell(ENROL).splitlines()[-1]
        self.url = machine.serve()
        self.context = browser.new_context(base_url=self.url)
        self.page = self.context.new_page()
        self.page.goto("/login/")
        self.page.fill("input[name=username]", "olga")
        self.page.fill("input[name=password]", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/login" not in url)

    def lode(self, *words: str) -> Any:
        return self.machine.lode(self.url, self.token, *words)

    def ask(self, method: str, address: str, **sent: Any) -> httpx.Response:
        scheme = "Token" if address.startswith("/ls/") else "Bearer"
        headers = {"Authorization": f"{scheme} {self.token}", **sent.pop("headers", {})}
        return httpx.request(method, f"{self.url}{address}", headers=headers, timeout=60, **sent)

    def items(self) -> dict[str, str]:
        """The uuid of each item, by its path."""
        found = self.ask("get", "/api/v1/projects/blood/items?limit=100").json()
        return {row["path"]: row["uuid"] for row in found["results"]}

    def sent(self, files: dict[str, bytes]) -> dict[str, str]:
        """Sent over REST; why each that was refused was."""
        rows = []
        for path, data in files.items():
            md5, sha256 = hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest()
            rows.append({"path": path, "md5": md5, "sha256": sha256})
            self.ask("put", f"/api/v1/projects/blood/blobs/{md5}", content=data, headers={"X-Sha256": sha256})
        answer = self.ask("post", "/api/v1/projects/blood/items", json={"items": rows})
        assert answer.status_code < 300, answer.text
        return {row["path"]: row["error"] for row in answer.json()["problems"]}

    def upload(self, files: dict[str, bytes]) -> dict[str, str]:
        """Chosen on the page; why each that was refused was."""
        self.page.goto("/p/blood/items/add/")
        given: Any = [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in files.items()]
        self.page.locator("[data-files]").first.set_input_files(given)
        self.page.locator("[data-upload-title]", has_text="Done").wait_for()
        rows = self.page.locator("[data-upload-problems] tbody tr").all()
        return {cells[0]: cells[1] for cells in (row.locator("td").all_inner_texts() for row in rows)}


@pytest.fixture
def site(machine: Machine, browser: Browser) -> Iterator[Site]:
    yield Site(machine, browser)


def opened(page: Page, address: str) -> None:
    """Opens an address; what a browser keeps as a file opens no page."""
    try:
        page.goto(address, wait_until="load")
    except Error as error:
        assert "Download is starting" in error.message or "ERR_ABORTED" in error.message, error


def ran(context: BrowserContext, addresses: list[str]) -> list[str]:
    """Those that run something when opened, and "/beside" where a page of the site that has no policy runs one."""
    found: set[str] = set()
    page = context.new_page()
    beside = "".join(BESIDE.format(address) for address in addresses)
    page.route("**/beside", lambda route: route.fulfill(content_type="text/html", body=f"<!doctype html>{beside}"))
    for at in (*addresses, "/beside"):
        opened(page, "about:blank")
        opened(page, at)
        if any(frame.evaluate("() => globalThis.ran === 1") for frame in page.frames):
            found.add(at)
    page.close()
    return sorted(found)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Of each medium what is to come in, and beside the pictures what is not."""
    made = {}
    for name, files in {**DATASETS, "pictures": {**REFUSED, **POLYGLOTS}}.items():
        made[name] = tmp_path / name
        made[name].mkdir()
        for path, data in files.items():
            (made[name] / path).write_bytes(data)
    return made


def test_no_file_runs_where_it_is_served(site: Site, folders: dict[str, Path]) -> None:
    refused = site.upload({**REFUSED, **{f"page-{name}": data for name, data in POLYGLOTS.items()}})
    assert refused.keys() == {*REFUSED, "page-picture.svg", "page-picture.html"} and all(refused.values())
    refused = site.sent({**REFUSED, **{f"sent-{name}": data for name, data in MEDIA.items()}})
    assert refused.keys() == REFUSED.keys() and all(refused.values())

    moved = site.ask("post", "/ls/api/projects", json={"title": "moved", "label_config": CONFIG}).json()["id"]
    address = f"/ls/api/projects/{moved}/import"
    for name, data in REFUSED.items():
        answer = site.ask("post", address, files=[("file", (name, data))])
        assert answer.status_code == 400 and name in answer.json()["error"], answer.text
    answer = site.ask("post", address, files=[("file", (f"moved-{name}", data)) for name, data in POLYGLOTS.items()])
    assert answer.status_code == 201, answer.text

    for name, folder in folders.items():
        report = site.lode("import", str(folder), "--dataset", name, "--project", "blood")
        if name == "pictures":
            named = json.dumps(report)
            assert [one for one in REFUSED if one not in named] == ["page.html"], "which is of no picture's name"
        site.lode("publish", name)

    items = site.items()
    came = {name for name in MEDIA if not name.startswith("picture.")}
    assert items.keys() & REFUSED.keys() == set() and items.keys() >= came
    assert items.keys() >= {f"sent-{name}" for name in MEDIA}
    for scheme, addresses in served(site, items, moved).items():
        site.context.set_extra_http_headers({"Authorization": scheme} if scheme else {})
        assert [one for one in addresses if not site.context.request.get(one).ok] == []
        assert ran(site.context, addresses) == []


def served(site: Site, items: dict[str, str], moved: int) -> dict[str, list[str]]:
    """Where bytes of items are served, by what a browser has to say beside its session."""
    pages, studio = list[str](), list[str]()
    for path, uuid in items.items():
        pages.append(f"/media/{uuid}")
        if path.startswith("sent-"):
            pages += [f"/media/{uuid}?as=file", f"/thumbs/{uuid}", f"/thumbs/{uuid}?crop=0,0,9,9"]
            studio.append(f"/ls/data/upload/{moved}/{path}")
    there = [(name, path, data) for name, files in DATASETS.items() for path, data in files.items() if path in items]
    held = [(name, hashlib.md5(data).hexdigest()) for name, path, data in there]
    remote = [f"/dvc/blood/{name}/files/md5/{md5[:2]}/{md5[2:]}" for name, md5 in held]
    basic = base64.b64encode(f"token:{site.token}".encode()).decode()
    return {"": pages, f"Token {site.token}": studio, f"Basic {basic}": remote}


def test_the_same_bytes_would_run_where_nothing_is_said_of_them(browser: Browser) -> None:
    context = browser.new_context(base_url="http://testserver")

    def naive(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        kind = "text/javascript" if name == "script.gif" else "image/svg+xml" if name.endswith(".svg") else "text/html"
        route.fulfill(body={**MEDIA, **REFUSED}.get(name, b""), content_type=kind)

    context.route("**/naive/*", naive)
    bad = ["drawing.svg", "page.jpg", "behind.png", "chunk.png", "page.txt", "rows.jsonl"]
    assert ran(context, ["/naive/script.gif"]) == ["/beside"]
    assert ran(context, [f"/naive/{name}" for name in bad]) == sorted(["/beside", *(f"/naive/{name}" for name in bad)])
