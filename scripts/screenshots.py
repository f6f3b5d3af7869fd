"""Pictures of every page, light and dark, 1440 and 900 wide, into docs/screenshots/.

``make screenshots`` builds the demo in a folder of its own, serves it, and walks through the pages as an owner (and as
an annotator on the label page). ``--home DIR`` takes a server's state that is there already; ``--only NAME`` takes
some pages only. A page that scrolls sideways, or whose console complains, fails the run. ``--guide`` takes the pictures
of the guides instead, into docs/guide/ (``guide_pictures.py``, ``guide_pages.py``).
"""

import argparse
import io
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "screenshots"
SIZES = {1440: 900, 900: 700}
COLOURS, FREQUENT = 256, 96


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The server on a free port; its address."""
    port = free_port()
    command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port), "--no-worker"]
    with open(home / "screenshots.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            until = time.monotonic() + 120
            while True:
                try:
                    urllib.request.urlopen(f"{url}/login/", timeout=5)
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > until:
                        sys.exit(f"The server did not come up; see {home / 'screenshots.log'}")
                    time.sleep(0.3)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def session_of(user: Any) -> str:
    """A session key that is logged in as ``user``."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def pages(project: Any) -> dict[str, tuple[str, str]]:
    """Every page of the project that has something to show: name -> (who, address). Who: nobody, owner, annotator."""
    from django.urls import reverse

    from lode_annotation.models import Queue, Schema, Task
    from lode_datasets.models import Version
    from lode_hooks.models import Evaluation, Failure, MiningRound
    from lode_platform.models import Item, Job

    name = project.name

    def address(view: str, *more: object) -> str:
        return reverse(view, args=[name, *more])

    found: dict[str, tuple[str, str]] = {
        "login": ("nobody", "/login/"),
        "password-forgotten": ("nobody", "/password/forgotten"),
        "projects": ("owner", "/projects/"),
        "glossary": ("owner", "/glossary/"),
        "home": ("owner", address("platform:home")),
        "items": ("owner", address("platform:items")),
        "items-add": ("owner", address("platform:items_add")),
        "schemas": ("owner", address("annotation:schemas")),
        "schema-new": ("owner", address("annotation:schema_new")),
        "queues": ("owner", address("annotation:queues")),
        "queue-new": ("owner", address("annotation:queue_new")),
        "micro-tasks-new": ("owner", address("annotation:micro_tasks_new")),
        "review-list": ("owner", address("annotation:review_list")),
        "agreement": ("owner", address("annotation:agreement")),
        "person": ("owner", address("annotation:person", "ann")),
        "notifications": ("owner", "/notifications/"),
        "webhooks": ("owner", address("platform:webhooks")),
        "datasets": ("owner", address("datasets:datasets")),
        "runs": ("owner", address("hooks:runs")),
        "mining": ("owner", address("hooks:mining")),
        "jobs": ("owner", address("platform:jobs")),
        "settings": ("owner", address("platform:settings")),
        "account": ("owner", "/account/"),
    }
    labelled = Item.objects.live().filter(project=project, label_sets__current=True).order_by("path").first()
    if item := labelled or Item.objects.live().filter(project=project).first():
        found["item"] = ("owner", address("platform:item", item.uuid))
    if schema := Schema.objects.filter(project=project).first():
        found["schema"] = ("owner", address("annotation:schema", schema.name))
        found["schema-edit"] = ("owner", address("annotation:schema_edit", schema.name))
        found["assist"] = ("owner", address("annotation:assist", schema.name))
    if queue := Queue.objects.filter(project=project).order_by("-created_at").first():
        found["queue"] = ("owner", address("annotation:queue", queue.uuid))
    if task := Task.objects.filter(queue__project=project, state="open").order_by("-pk").first():
        found["label"] = ("annotator", reverse("annotation:label", args=[task.queue.uuid]))
        found["task"] = ("owner", address("annotation:task", task.uuid))
    if waiting := Task.objects.filter(queue__project=project, state="submitted").first():
        found["review"] = ("owner", reverse("annotation:review", args=[waiting.queue.uuid]))
    if versions := list(Version.objects.filter(dataset__project=project, state="published").order_by("number")):
        last = versions[-1]
        found["dataset"] = ("owner", address("datasets:dataset", last.dataset.name))
        found["version"] = ("owner", address("datasets:version", last.dataset.name, last.number))
        if len(versions) > 1:
            numbers = (versions[-2].number, last.number)
            found["diff"] = ("owner", address("datasets:diff", last.dataset.name, *numbers))
    done = Evaluation.objects.filter(prediction_set__run__project=project, state="ready")
    done = done.order_by("prediction_set__run__started_at", "pk")
    if evaluation := done.filter(prediction_set__split="test").last() or done.last():
        run = address("hooks:run", evaluation.prediction_set.run.uuid)
        for tab in ("overview", "failures", "compare", "predictions", "lineage"):
            found[f"run-{tab}"] = ("owner", f"{run}?tab={tab}")
        found["failures"] = ("owner", f"{address('hooks:failures')}?evaluation={evaluation.uuid}")
    if failure := Failure.objects.filter(project=project).order_by("pk").first():
        found["failure"] = ("owner", address("hooks:failure", failure.uuid))
    if mined := MiningRound.objects.filter(project=project).order_by("pk").first():
        found["mining-new"] = ("owner", f"{address('hooks:mine')}?run={mined.run.uuid}")
        found["round"] = ("owner", address("hooks:round", mined.uuid))
    if job := Job.objects.filter(project=project).exclude(result={}).order_by("pk").first():
        found["job"] = ("owner", address("platform:job", job.uuid))
    return found


def saved(picture: bytes, path: Path) -> None:
    """A small PNG of 256 colours: the most frequent as they are, and others so that a small dot finds its own."""
    import numpy as np
    from PIL import Image

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    codes = np.asarray(image, dtype=np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    found, place, counts = np.unique(codes, return_inverse=True, return_counts=True)
    colors = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.uint8)
    frequent = colors[np.argsort(-counts)[:FREQUENT]]
    spread = image.quantize(COLOURS - FREQUENT, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    others = np.array(spread.getpalette(), dtype=np.uint8).reshape(-1, 3)
    palette = np.concatenate([frequent, others])[:COLOURS]
    nearest = np.concatenate(
        [
            ((part[:, None].astype(np.int32) - palette.astype(np.int32)) ** 2).sum(axis=2).argmin(axis=1)
            for part in np.array_split(colors, len(colors) // 4096 + 1)
        ]
    )
    small = Image.fromarray(nearest[place].astype(np.uint8).reshape(image.height, image.width), "P")
    small.putpalette(palette.tobytes())
    small.save(path, optimize=True)


def browser_path() -> str:
    for name in ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser"):
        if found := which(name):
            return found
    sys.exit("Screenshots need a browser: install Debian's package chromium, or Chrome.")


def walk(url: str, shots: dict[str, tuple[str, str]], keys: dict[str, str], target: Path) -> list[str]:
    """Takes every picture; returns what was wrong with the pages."""
    from playwright.sync_api import ConsoleMessage, sync_playwright

    faults: list[str] = []
    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(), args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        )
        for theme in ("light", "dark"):
            for width, height in SIZES.items():
                for who in sorted({who for who, _address in shots.values()}):
                    size: Any = {"width": width, "height": height}
                    context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
                    if who in keys:
                        context.add_cookies([{"name": "lode_session", "value": keys[who], "url": url}])
                    page = context.new_page()
                    for name, address in ((n, a) for n, (w, a) in shots.items() if w == who):
                        where = f"{name}-{theme}-{width}"

                        def heard(said: ConsoleMessage, where: str = where) -> None:
                            if said.type == "error":
                                faults.append(f"{where}: {said.text}")

                        page.on("console", heard)
                        response = page.goto(url + address)
                        page.wait_for_load_state("networkidle")
                        page.wait_for_timeout(400)
                        page.evaluate("document.fonts.ready")
                        if response is None or not response.ok:
                            faults.append(f"{where}: answered {response.status if response else 'nothing'}")
                        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                            faults.append(f"{where}: scrolls sideways")
                        saved(page.screenshot(), target / f"{where}.png")
                        page.remove_listener("console", heard)
                    context.close()
                print(f"{theme} {width}: {len(shots)} pages", flush=True)
        browser.close()
    return faults


def main(arguments: argparse.Namespace, home: Path) -> None:
    os.environ["MOTHERLODE_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lode_platform.settings")
    if not arguments.home:
        print("Building the demo ...", flush=True)
        subprocess.run([sys.executable, str(ROOT / "manage.py"), "demo", "--no-serve"], check=True)
    import django

    django.setup()
    from django.db import connection
    from django.db.models import Count

    from lode_platform import jobs
    from lode_platform.models import Membership, Project

    jobs.run_pending()  # the demo ends before its last jobs have
    project = Project.objects.annotate(n=Count("items")).order_by("-n").first()
    if project is None:
        sys.exit("There is no project to show.")

    def key(*roles: str) -> str:
        return session_of(Membership.objects.filter(project=project, role__in=roles).order_by("pk")[0].user)

    shots = pages(project)
    if arguments.only:
        shots = {name: shot for name, shot in shots.items() if name in arguments.only}
    keys = {"owner": key("owner"), "annotator": key("annotator", "owner")}
    connection.close()
    with served(home) as url:
        faults = walk(url, shots, keys, arguments.out)
    print(f"{len(shots) * 4} pictures in {arguments.out}")
    if faults:
        sys.exit("\n".join(["Faults:", *sorted(set(faults))]))


def guide(home: Path, target: Path, only: list[str] | None) -> None:
    """The pictures of the annotator's guide, in a home of its own."""
    os.environ["MOTHERLODE_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lode_platform.settings")
    subprocess.run([sys.executable, str(ROOT / "manage.py"), "migrate", "-v", "0"], check=True)
    import django

    django.setup()
    import guide_pages
    import guide_pictures
    from django.db import connection
    from playwright.sync_api import sync_playwright

    studio = guide_pictures.furnish()
    people = {"owner": studio.owner, "annotator": studio.annotator, "reviewer": studio.reviewer}
    keys = {who: session_of(user) for who, user in people.items()}
    connection.close()
    shots = [shot for shot in (*guide_pictures.SHOTS, *guide_pages.SHOTS) if shot.name in (only or {shot.name, ""})]
    with served(home) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox", "--disable-gpu"])
        faults = list(guide_pictures.taken(shots, url, studio, keys, target, browser, saved))
        browser.close()
    if faults:
        sys.exit("\n".join(["Faults:", *faults]))


def folder(text: str) -> Path:
    return Path(text).resolve()


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=folder, help="a server's state folder that is there already")
    parser.add_argument("--out", type=folder, default=TARGET, help="where the pictures go (default: docs/screenshots)")
    parser.add_argument("--guide", action="store_true", help="the guides' pictures alone, into docs/guide")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="only these pages")
    return parser.parse_args()


if __name__ == "__main__":
    chosen = parsed()
    if chosen.guide:
        with tempfile.TemporaryDirectory(prefix="motherlode-guide-") as temporary:
            guide(chosen.home or Path(temporary), ROOT / "docs" / "guide", chosen.only)
    elif chosen.home:
        main(chosen, chosen.home)
    else:
        with tempfile.TemporaryDirectory(prefix="motherlode-screenshots-") as temporary:
            main(chosen, Path(temporary))
