"""Projects and members over REST: made, joined, left; the last owner stays."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from lode_platform.models import Event, Membership, Project, Role, User

Apis = Callable[..., Any]


def test_whoever_makes_a_project_owns_it(charlie: User, api: Apis) -> None:
    made = api(charlie).post("projects", {"name": "cells", "title": "Cells"})
    assert (made.status_code, made.json()["role"]) == (201, "owner")
    assert Event.objects.get().verb == "project.create"


def test_a_name_is_taken_once(project: Project, charlie: User, api: Apis) -> None:
    answer = api(charlie).post("projects", {"name": "blood"})
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


@pytest.mark.parametrize("name", ["", "Two Words", "UPPER", "../x", "-x", "x" * 65, "ünder"])
def test_a_name_that_cannot_stand_in_an_address_is_refused(charlie: User, api: Apis, name: str) -> None:
    assert api(charlie).post("projects", {"name": name}).status_code == 400


def test_an_owner_adds_changes_and_removes_members(project: Project, alice: User, charlie: User, api: Apis) -> None:
    client = api(alice)
    added = client.post("projects/blood/members", {"username": "charlie", "role": "reviewer"})
    assert added.status_code == 201
    address = f"projects/blood/members/{charlie.uuid}"
    assert client.patch(address, {"role": "engineer"}).json()["role"] == "engineer"
    assert {row["user"]["username"] for row in client.get("projects/blood/members").json()["results"]} == {
        "alice",
        "charlie",
    }
    assert client.delete(address).status_code == 204
    assert api(charlie).get("projects/blood").status_code == 404


def test_the_last_owner_neither_leaves_nor_becomes_less(project: Project, alice: User, api: Apis) -> None:
    client, address = api(alice), f"projects/blood/members/{alice.uuid}"
    assert client.delete(address).json()["code"] == "last_owner"
    assert client.patch(address, {"role": "viewer"}).json()["code"] == "last_owner"
    assert Membership.objects.get().role == Role.OWNER


def test_a_word_that_is_none_of_a_choice_is_answered_with_those_that_are(
    project: Project, alice: User, api: Apis
) -> None:
    answer = api(alice).post("projects/blood/members", {"username": "charlie", "role": "boss {0}"})
    assert answer.status_code == 400
    known = "owner, engineer, reviewer, annotator, viewer"
    assert answer.json()["error"] == f'role: "boss {{0}}" is not one of {known}.'


def test_errors_have_words_and_a_code(charlie: User, api: Apis) -> None:
    client = api(charlie)
    assert client.get("projects/nothing").json() == {"error": "There is no project 'nothing'.", "code": "not_found"}
    wrong = client.post("projects", {"title": 7}).json()
    assert wrong["code"] == "bad_input" and "name" in wrong["fields"]


def test_an_owner_takes_a_project_out_of_the_trash_unless_its_name_is_taken(
    project: Project, alice: User, erin: User, client_for: Callable[[User], Client], api: Apis
) -> None:
    client, back = client_for(alice), f"/projects/{project.uuid}/restore"
    assert back in client.post("/p/blood/settings/trash", {"name": "blood"}, follow=True).content.decode()
    assert client.get("/p/blood/").status_code == 404
    assert client_for(erin).post(back).status_code == 404
    api(erin).post("projects", {"name": "blood"})
    client.post(back)
    project.refresh_from_db()
    assert project.trashed_at is not None
    Project.objects.filter(created_by=erin).update(name="other")
    assert client.post(back, follow=True).request["PATH_INFO"] == "/p/blood/"
    assert Event.objects.filter(verb="project.restore").count() == 1


def test_who_is_refused_is_told_which_role_it_needs_and_who_has_it(
    project: Project, erin: User, bob: User, api: Callable[..., Any], client_for: Callable[[User], Client]
) -> None:
    said = "Your role here is annotator; this needs the role owner or engineer. Ask alice or erin."
    told = api(bob).post("projects/blood/items", {"items": []})
    assert told.status_code == 403 and told.json()["error"] == said
    page = client_for(bob).get("/p/blood/items/add/")
    assert page.status_code == 403 and said in page.content.decode() and "items.add" not in page.content.decode()
    weak = api(erin, project=project, role="viewer").post("projects/blood/items", {"items": []})
    assert "This token's role is viewer; this needs the role owner or engineer" in weak.json()["error"]


def test_an_error_stands_under_a_title_of_its_own(
    project: Project, alice: User, erin: User, client_for: Callable[[User], Client]
) -> None:
    page = client_for(alice).post(f"/p/blood/settings/members/{alice.uuid}/remove")
    assert page.status_code == 409 and "<h1>A project needs an owner</h1>" in page.content.decode()
    assert "faster" not in page.content.decode()
