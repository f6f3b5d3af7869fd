"""The platform's own pages, through the front door."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lode_platform import shell
from lode_platform.models import ApiToken, Item, Job, JobState, Membership, Project, Role, User
from motherlode.formats import FORMATS
from motherlode.media import BY_SUFFIX, MEDIA, Media

ClientFor = Callable[[User], Client]
MakeItems = Callable[..., list[Item]]
STATIC = Path(shell.__file__).parent / "static"


@pytest.fixture
def job(project: Project, alice: User) -> Job:
    result = {"items": 3, "left_out": [{"file": "a.xml", "row": 7, "what": "no area", "remedy": "draw it again"}]}
    return Job.objects.create(
        project=project, verb="items.zip", title="Cells", state=JobState.SUCCEEDED, result=result, created_by=alice
    )


@pytest.fixture
def addresses(project: Project, make_items: MakeItems, job: Job) -> list[str]:
    (item,) = make_items(project, 1)
    names = ["home", "items", "items_add", "jobs", "jobs_bar", "settings"]
    return [
        *[reverse(f"platform:{name}", args=[project.name]) for name in names],
        reverse("platform:item", args=[project.name, item.uuid]),
        reverse("platform:job", args=[project.name, job.uuid]),
        reverse("platform:job_progress", args=[project.name, job.uuid]),
    ]


def test_nobody_sees_a_page_without_logging_in(client: Client, addresses: list[str]) -> None:
    for address in [*addresses, "/", "/glossary/", "/projects/", "/account/"]:
        response = client.get(address)
        assert response.status_code == 302 and response.url.startswith("/login/"), address  # type: ignore[attr-defined]


def test_a_stranger_finds_nothing(client_for: ClientFor, charlie: User, addresses: list[str]) -> None:
    for address in addresses:
        assert client_for(charlie).get(address).status_code == 404, address


def test_every_page_is_there_for_its_owner(client_for: ClientFor, alice: User, addresses: list[str]) -> None:
    for address in [*addresses, "/glossary/", "/projects/", "/account/"]:
        assert client_for(alice).get(address).status_code == 200, address


def test_no_page_carries_inline_styles_or_handlers_or_scripts_without_the_nonce(
    client_for: ClientFor, alice: User, addresses: list[str]
) -> None:
    for address in [*addresses, "/glossary/", "/projects/", "/account/"]:
        response = client_for(alice).get(address)
        html = response.content.decode()
        assert not re.search(r"<[^>]+\sstyle=", html), address
        assert not re.search(r"<[^>]+\son[a-z]+=", html), address
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        for tag in re.findall(r"<script[^>]*>", html):
            assert "nonce=" in tag or "src=" in tag or "application/json" in tag, tag


def test_the_login_page_says_the_same_for_a_wrong_name_and_a_wrong_password(client: Client, alice: User) -> None:
    said = []
    for name in ("alice", "nobody"):
        response = client.post("/login/", {"username": name, "password": "wrong"})
        said.append(re.findall(r"note-danger.*?<span>(.*?)</span>", response.content.decode(), re.DOTALL))
    assert said[0] == said[1] != []


def test_logging_in_leads_to_the_only_project(client: Client, alice: User, project: Project) -> None:
    response = client.post("/login/", {"username": "alice", "password": "correct horse battery"}, follow=True)
    assert response.redirect_chain[-1][0] == f"/p/{project.name}/"


@pytest.mark.parametrize(
    "next_page", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_logging_in_leads_to_no_other_site(client: Client, alice: User, project: Project, next_page: str) -> None:
    signed = client.post("/login/", {"username": "alice", "password": "correct horse battery", "next": next_page})
    assert (signed.status_code, signed["Location"]) == (302, "/")


def test_home_shows_six_stations_and_counts_the_items(
    client_for: ClientFor, alice: User, project: Project, make_items: MakeItems
) -> None:
    make_items(project, 3)
    response = client_for(alice).get(f"/p/{project.name}/")
    places = response.context["places"]
    assert [place.station.name for place in places] == ["items", "labels", "version", "run", "failures", "queue"]
    assert (places[0].station.figures.count, places[0].station.figures.change) == (3, 3)


def test_a_room_says_all_of_its_station_of_the_loop(
    client_for: ClientFor, alice: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "_stations", {**shell._stations})
    shell.station(
        "wells", title="Wells", icon="stack-2", order=15, url="platform:items", figures=lambda *_: shell.Figures(7)
    )
    page = client_for(alice).get(f"/p/{project.name}/")
    assert [place.station.title for place in page.context["places"]][:2] == ["Items", "Wells"]


def test_home_tells_what_happened_lately(
    client_for: ClientFor, alice: User, project: Project, make_items: MakeItems
) -> None:
    make_items(project, 3)
    rows = client_for(alice).get(f"/p/{project.name}/").context["lately"]
    assert [(str(row.text), row.who) for row in rows] == [("3 items added", alice)]


def test_no_two_places_have_the_same_key(client_for: ClientFor, alice: User, project: Project) -> None:
    keys = re.findall(r'data-go="(.)"', client_for(alice).get(f"/p/{project.name}/").content.decode())
    assert len(keys) == len(set(keys)) >= 9


def test_my_account_leads_to_the_description_of_rest(client_for: ClientFor, alice: User) -> None:
    client = client_for(alice)
    assert 'href="/api/v1/schema/?format=json"' in client.get("/account/").content.decode()
    assert client.get("/api/v1/schema/?format=json").json()["info"]["title"] == "Motherlode"


@pytest.mark.parametrize(("page", "count"), [("items", "0 items"), ("runs", "0 runs")])
def test_an_empty_list_counts_nothing(
    page: str, count: str, client_for: ClientFor, alice: User, project: Project
) -> None:
    assert count not in client_for(alice).get(f"/p/{project.name}/{page}/").content.decode()


def test_no_two_fields_of_the_settings_have_the_same_id(client_for: ClientFor, alice: User, project: Project) -> None:
    ids = re.findall(r' id="([^"]+)"', client_for(alice).get(f"/p/{project.name}/settings/").content.decode())
    assert len(ids) == len(set(ids))


def test_a_failed_job_waits_for_the_person_who_began_it(
    client_for: ClientFor, alice: User, erin: User, project: Project, job: Job
) -> None:
    from django.utils import timezone

    Job.objects.update(state=JobState.FAILED, finished_at=timezone.now())
    titles = [row.url for row in client_for(alice).get(f"/p/{project.name}/").context["waiting"]]
    assert f"/p/{project.name}/jobs/?state=failed" in titles
    others = [row.url for row in client_for(erin).get(f"/p/{project.name}/").context["waiting"]]
    assert f"/p/{project.name}/jobs/?state=failed" not in others


@pytest.mark.parametrize("page", ["items", "jobs", "home", "settings"])
def test_a_page_asks_no_more_of_the_database_when_there_are_more_rows(
    page: str, client_for: ClientFor, alice: User, project: Project, make_items: MakeItems
) -> None:
    client = client_for(alice)
    address = reverse(f"platform:{page}", args=[project.name])

    def more(start: int) -> None:
        make_items(project, 3, prefix=f"more-{start}")
        for number in range(start, start + 3):
            Job.objects.create(project=project, verb="items.zip", title=f"job {number}", created_by=alice)
            user = User.objects.create(username=f"u{number}")
            Membership.objects.create(project=project, user=user, role=Role.VIEWER)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    more(0)
    asked()
    before = asked()
    more(10)
    assert asked() == before


def test_items_are_found_by_a_part_of_their_path(
    client_for: ClientFor, alice: User, project: Project, make_items: MakeItems
) -> None:
    make_items(project, 2, prefix="red")
    make_items(project, 1, prefix="white")
    response = client_for(alice).get(f"/p/{project.name}/items/?q=WHITE")
    assert [card.item.path for card in response.context["cards"]] == ["white-00002.png"]


@pytest.mark.parametrize("asked", ["sort=blob__md5", "sort=", "labelled=perhaps"])
def test_sorts_and_filters_of_items_are_a_closed_list(
    client_for: ClientFor, alice: User, project: Project, asked: str
) -> None:
    refused = client_for(alice).get(f"/p/{project.name}/items/?{asked}")
    assert refused.status_code == 400 and asked.partition("=")[2] in refused.content.decode()


def test_the_trash_holds_what_was_thrown_away_and_gives_it_back(
    client_for: ClientFor, alice: User, project: Project, make_items: MakeItems
) -> None:
    client, (item,) = client_for(alice), make_items(project, 1)
    page = client.post(f"/p/{project.name}/items/trash", {"item": str(item.uuid)}, follow=True)
    undo = re.search(r'data-undo="([^"]+)"', page.content.decode())
    assert undo and not page.context["cards"]
    assert len(client.get(f"/p/{project.name}/items/?trash=1").context["cards"]) == 1
    client.post(undo[1].replace("&amp;", "&"))
    assert len(client.get(f"/p/{project.name}/items/").context["cards"]) == 1


def test_an_annotator_cannot_throw_items_away(
    client_for: ClientFor, bob: User, project: Project, make_items: MakeItems
) -> None:
    (item,) = make_items(project, 1)
    assert client_for(bob).post(f"/p/{project.name}/items/trash", {"item": str(item.uuid)}).status_code == 403
    assert Item.objects.live().count() == 1


def test_an_upload_takes_what_is_good_and_says_what_is_not(
    client_for: ClientFor, alice: User, project: Project, png_bytes: bytes
) -> None:
    files = [
        SimpleUploadedFile("file", png_bytes),
        SimpleUploadedFile("file", b"no picture"),
        SimpleUploadedFile("file", png_bytes),
    ]
    data = {"file": files, "paths": json.dumps(["a/good.png", "a/bad.png", "../up.png"])}
    answer = client_for(alice).post(f"/p/{project.name}/items/upload", data).json()
    assert answer["created"] == 1
    assert {problem["path"] for problem in answer["problems"]} == {"a/bad.png", "../up.png"}
    assert all(problem["error"] for problem in answer["problems"])


def test_the_page_for_adding_items_names_every_format_and_ending_that_there_is(
    client_for: ClientFor, alice: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page() -> str:
        return client_for(alice).get(f"/p/{project.name}/items/add/").content.decode()

    plain = {"plain images", "plain texts", "plain lists"}
    assert {title for title in re.findall(r"<li>(.*?)</li>", page())} >= {one.title for one in FORMATS.values()} - plain
    assert not any(title in page() for title in plain)
    [accepted] = re.findall(r'accept="(.*?)"', page())
    assert set(accepted.split(",")) == {*BY_SUFFIX, ".zip"}
    monkeypatch.setitem(FORMATS, "tiles", replace(FORMATS["coco"], name="tiles", title="Tiles of <clay>"))
    assert "<li>Tiles of &lt;clay&gt;</li>" in page()


@pytest.mark.parametrize("medium", MEDIA.values(), ids=list(MEDIA))
def test_the_page_takes_files_of_the_endings_that_the_server_knows(medium: type[Media]) -> None:
    module = (STATIC / "lode" / "media" / f"{medium.kind}.js").read_text()
    [endings] = re.findall(r"endings: /(.*)/i", module)
    assert [ending for ending in medium.suffixes if not re.search(endings, f"a{ending}")] == []


@pytest.fixture
def png_bytes() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(out, "PNG")
    return out.getvalue()


def test_a_jobs_page_lists_what_was_left_out_and_what_to_do(client_for: ClientFor, alice: User, job: Job) -> None:
    html = client_for(alice).get(reverse("platform:job", args=["blood", job.uuid])).content.decode()
    assert "a.xml:7" in html and "no area" in html and "draw it again" in html


def test_a_jobs_page_counts_what_is_listed_and_leaves_empty_lists_out(
    client_for: ClientFor, alice: User, project: Project, job: Job
) -> None:
    Job.objects.update(result={"items": 0, "clipped": [], "refused": [{"path": "a.png", "error": "unreadable"}]})
    report = client_for(alice).get(f"/p/{project.name}/jobs/{job.uuid}/").context["report"]
    assert report == [("Items", 0), ("Refused", 1)]


def test_a_running_jobs_part_asks_again_and_an_ended_one_reloads_the_page(
    client_for: ClientFor, alice: User, job: Job
) -> None:
    address = reverse("platform:job_progress", args=["blood", job.uuid])
    ended = client_for(alice).get(address)
    assert ended.headers["HX-Trigger"] == "lode:reload" and "hx-trigger" not in ended.content.decode()
    Job.objects.update(state=JobState.RUNNING)
    running = client_for(alice).get(address)
    assert "HX-Trigger" not in running.headers and 'hx-trigger="every' in running.content.decode()


def test_a_token_is_shown_once(client_for: ClientFor, alice: User, project: Project) -> None:
    client = client_for(alice)
    data = {"name": "training", "role": "engineer", "days": "30"}
    shown = client.post(f"/p/{project.name}/settings/tokens", data)
    token = re.search(r"lode_[0-9a-f]{8}_[\w-]{20,}", shown.content.decode())
    assert token and shown.headers["Cache-Control"] == "no-store"
    assert token[0] not in client.get(f"/p/{project.name}/settings/").content.decode()
    assert token[0] not in ApiToken.objects.get().digest


def test_only_an_owner_manages_people(client_for: ClientFor, erin: User, bob: User, project: Project) -> None:
    answer = client_for(erin).post(f"/p/{project.name}/settings/members", {"username": "bob", "role": "owner"})
    assert answer.status_code == 403
    assert Membership.objects.get(user=bob).role == Role.ANNOTATOR


def test_the_last_owner_stays(client_for: ClientFor, alice: User, project: Project) -> None:
    answer = client_for(alice).post(f"/p/{project.name}/settings/members/{alice.uuid}/remove")
    assert answer.status_code == 409 and Membership.objects.filter(user=alice).exists()


def test_a_project_goes_to_the_trash_only_when_its_name_is_typed(
    client_for: ClientFor, alice: User, project: Project
) -> None:
    client = client_for(alice)
    client.post(f"/p/{project.name}/settings/trash", {"name": "wrong"})
    assert Project.objects.get().trashed_at is None
    client.post(f"/p/{project.name}/settings/trash", {"name": project.name})
    assert Project.objects.get().trashed_at is not None


def test_a_new_project_belongs_to_the_one_who_makes_it(client_for: ClientFor, charlie: User) -> None:
    response = client_for(charlie).post("/projects/", {"name": "cells", "title": "Cells"})
    assert response.status_code == 302
    assert Membership.objects.get(project__name="cells").role == Role.OWNER


def test_a_taken_name_is_said_at_the_field(client_for: ClientFor, charlie: User, project: Project) -> None:
    html = client_for(charlie).post("/projects/", {"name": project.name}).content.decode()
    assert "This name is taken" in html and '<dialog id="new-project" open>' in html


def test_the_theme_of_the_cookie_is_written_into_the_page(client_for: ClientFor, alice: User) -> None:
    client = client_for(alice)
    assert 'data-bs-theme="' not in client.get("/projects/").content.decode()
    client.cookies["lode_theme"] = "dark"
    assert 'data-bs-theme="dark"' in client.get("/projects/").content.decode()


def test_an_unknown_address_answers_with_our_page(client_for: ClientFor, alice: User) -> None:
    response = client_for(alice).get("/p/none/items/")
    assert response.status_code == 404 and "fault" in response.content.decode()


def test_an_address_that_leads_nowhere_answers_with_our_page_to_anybody(client: Client) -> None:
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "500"])
def test_an_error_page_needs_nothing_but_itself(code: str) -> None:
    from django.template.loader import render_to_string

    html = render_to_string(f"{code}.html")
    assert html.count("<h1>") == 1
    assert 'class="btn btn-primary"' in html


def test_home_shows_the_way_from_an_empty_project_to_the_first_run(
    client_for: ClientFor, alice: User, victor: User, bob: User, project: Project, make_items: MakeItems
) -> None:
    def steps(user: User) -> list[shell.StepView]:
        return list(client_for(user).get(f"/p/{project.name}/").context["steps"])

    assert [(step.name, step.done, step.is_next) for step in steps(alice)] == [
        ("pictures", False, True),
        ("schema", False, False),
        ("queue", False, False),
        ("label", False, False),
        ("publish", False, False),
        ("run", False, False),
    ]
    assert not [step.name for step in steps(alice) if "picture" in f"{step.title} {step.why}"], "items may be texts"
    make_items(project, 1)
    pictures, schema, *_ = steps(alice)
    assert pictures.done and schema.is_next
    assert client_for(alice).get(schema.href).status_code == 200
    assert f'href="{schema.href}"' in client_for(alice).get(f"/p/{project.name}/items/add/").content.decode()
    assert [step.href for step in steps(victor)] == [""] * 6, "who only looks is sent nowhere"
    assert "First steps" not in client_for(bob).get(f"/p/{project.name}/").content.decode()


def test_an_annotators_navigation_folds_away_the_rooms_without_work_for_them(
    client_for: ClientFor, alice: User, bob: User, project: Project
) -> None:
    folded = {"review", "datasets", "runs", "failures", "mining", "jobs", "settings"}
    assert {link.name for link in shell.links(project, bob).folded} == folded
    assert [link.name for group in shell.links(project, bob).groups for link in group] == [
        *("home", "items", "schemas", "queues", "agreement")
    ]
    assert shell.links(project, alice).folded == []
    page = client_for(bob).get(f"/p/{project.name}/").content.decode()
    assert page.index("side-more") < page.index(reverse("platform:settings", args=[project.name]))
