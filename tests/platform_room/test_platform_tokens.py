"""Tokens: kept as digests, shown once, limited to a project and a role, expiring, revoked; the shell command."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lode_platform import token_uses
from lode_platform.callers import Caller, Token
from lode_platform.models import ApiToken, Membership, Project, Role, User
from lode_platform.tokens import BadToken, caller_for_token, make_token, revoke

Apis = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]


def bearer(text: str) -> Client:
    return Client(headers={"authorization": f"Bearer {text}"})


def test_a_token_is_kept_as_a_digest_alone(alice: User) -> None:
    token, text = make_token(alice)
    kept = " ".join(str(value) for value in ApiToken.objects.filter(pk=token.pk).values_list()[0])
    assert text not in kept and text.split("_", 2)[2] not in kept
    assert text.startswith(f"lode_{token.prefix}_") and caller_for_token(text).user == alice


def test_the_text_is_shown_once(project: Project, erin: User, api: Apis) -> None:
    client = api(erin)
    made = client.post("projects/blood/tokens", {"name": "laptop", "role": "viewer", "days": 7})
    assert made.status_code == 201 and caller_for_token(made.json()["token"]).user == erin
    listed = client.get("projects/blood/tokens")
    assert made.json()["token"] not in listed.content.decode()
    assert [row["name"] for row in listed.json()["results"]] == ["laptop"]


def test_a_token_is_checked_in_one_statement(alice: User) -> None:
    _, text = make_token(alice)
    caller_for_token(text)
    with CaptureQueriesContext(connection) as statements:
        caller_for_token(text)
    assert len(statements) == 1


def test_a_session_answers_who_i_am_in_two_statements_and_a_token_in_one(
    alice: User, api: Apis, client_for: Callable[[User], Client]
) -> None:
    program, browser = api(alice), client_for(alice)
    for client, most in ((program.client, 1), (browser, 2)):
        client.get("/api/v1/me")
        with CaptureQueriesContext(connection) as statements:
            assert client.get("/api/v1/me").json()["user"]["username"] == "alice"
        assert len(statements) <= most


def test_an_expired_a_revoked_and_a_made_up_token_are_refused(alice: User) -> None:
    expired, old = make_token(alice, days=1)
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    revoked, gone = make_token(alice)
    revoke(revoked, alice)
    for text in (old, gone, "lode_00000000_nonsense", "", "x" * 5000):
        with pytest.raises(BadToken):
            caller_for_token(text)
        answer = bearer(text).get("/api/v1/me")
        assert answer.status_code == 401 and answer["WWW-Authenticate"].startswith("Bearer")


def test_the_token_of_a_person_or_project_that_is_gone_is_refused(project: Project, alice: User) -> None:
    _, of_project = make_token(alice, project=project)
    _, of_person = make_token(alice)
    Project.objects.update(trashed_at=timezone.now())
    with pytest.raises(BadToken):
        caller_for_token(of_project)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(BadToken):
        caller_for_token(of_person)


def test_what_limits_a_token_is_with_the_caller_and_not_with_the_person(project: Project, alice: User) -> None:
    token, text = make_token(alice, project=project, role=Role.VIEWER)
    found = caller_for_token(text)
    assert found == Caller(alice, Token(token.pk, project.pk, "viewer"))
    assert set(vars(found.user)) == set(vars(User.objects.get(pk=alice.pk)))


def test_nothing_that_a_token_reaches_makes_a_caller_of_a_person_alone() -> None:
    rooms = [ROOT / room for room in ("platform", "annotation", "datasets", "hooks")]
    reached = [file for room in rooms for file in (*room.rglob("api/*.py"), *room.rglob("views/*_http.py"))]
    assert len(reached) > 20
    assert [file.name for file in reached if "Caller(" in file.read_text()] == []


def test_a_projects_token_sees_that_project_alone(project: Project, alice: User, api: Apis) -> None:
    other = Project.objects.create(name="other", created_by=alice)
    Membership.objects.create(project=other, user=alice, role=Role.OWNER)
    client = api(alice, project=project)
    assert [row["name"] for row in client.get("projects").json()["results"]] == ["blood"]
    assert client.get("projects/other").status_code == 404
    assert client.get("projects/other/items").status_code == 404
    assert client.get("me").json()["project"] == "blood"


def test_a_token_does_no_more_than_its_role(project: Project, alice: User, api: Apis) -> None:
    client = api(alice, project=project, role=Role.VIEWER)
    assert client.get("projects/blood/items").status_code == 200
    assert client.post("projects/blood/uploads", {"files": []}).status_code == 403
    assert client.post("projects/blood/members", {"username": "alice", "role": "viewer"}).status_code == 403


def test_a_token_does_no_more_than_its_person(project: Project, victor: User, api: Apis) -> None:
    assert (
        api(victor, project=project, role=Role.OWNER).post("projects/blood/uploads", {"files": []}).status_code == 403
    )


def test_a_projects_token_never_makes_projects_or_tokens(project: Project, alice: User, api: Apis) -> None:
    client = api(alice, project=project)
    assert client.post("projects", {"name": "new"}).json()["code"] == "project_token"
    assert client.post("projects/blood/tokens", {}).json()["code"] == "project_token"
    assert api(alice).post("projects", {"name": "new"}).status_code == 201


def test_nobody_makes_a_token_above_their_own_role(project: Project, bob: User, api: Apis) -> None:
    answer = api(bob).post("projects/blood/tokens", {"role": "engineer"})
    assert (answer.status_code, answer.json()["code"]) == (403, "role_above_yours")


def test_a_member_ends_their_own_tokens_an_owner_anybodys(
    project: Project, alice: User, bob: User, erin: User, api: Apis
) -> None:
    token, text = make_token(bob, project=project)
    assert api(erin).delete(f"projects/blood/tokens/{token.uuid}").status_code == 404
    assert api(alice).delete(f"projects/blood/tokens/{token.uuid}").status_code == 204
    assert bearer(text).get("/api/v1/me").status_code == 401


def shell(*words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("token", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_projects_token_ends_itself_and_no_other(project: Project, alice: User, api: Apis) -> None:
    strong, _ = make_token(alice, project=project)
    weak = api(alice, project=project, role="viewer")
    owner = api(alice, project=project)
    for program in (weak, owner):
        assert program.delete(f"projects/blood/tokens/{strong.uuid}").status_code == 404
        own = ApiToken.objects.get(digest=hashlib.sha256(program.token.encode()).hexdigest())
        assert program.delete(f"projects/blood/tokens/{own.uuid}").status_code == 204
        assert program.get("me").status_code == 401
    strong.refresh_from_db()
    assert strong.revoked_at is None


def test_a_token_made_over_rest_expires_unless_it_is_said_that_it_never_does(
    project: Project, erin: User, api: Apis
) -> None:
    made = [api(erin).post("projects/blood/tokens", body).json()["expires_at"] for body in ({}, {"days": None})]
    assert datetime.fromisoformat(made[0]) - timezone.now() > timedelta(days=89) and made[1] is None


def test_the_command_prints_the_token_alone_and_makes_what_is_missing(db: None) -> None:
    out, err = shell("dora", "--project", "cells", "--role", "engineer")
    user = caller_for_token(out.strip()).user
    assert out.count("\n") == 1 and user.username == "dora" and not user.has_usable_password()
    assert Membership.objects.get(project__name="cells", user=user).role == Role.OWNER
    assert "dora" in err
    second, _ = shell("emil", "--project", "cells", "--role", "annotator")
    assert caller_for_token(second.strip()).user.username == "emil"
    assert Membership.objects.get(project__name="cells", user__username="emil").role == Role.ANNOTATOR


def test_the_command_gives_a_member_the_role_that_the_token_needs(project: Project, victor: User) -> None:
    shell("victor", "--project", "blood", "--role", "engineer")
    assert Membership.objects.get(user=victor).role == Role.ENGINEER
    shell("victor", "--project", "blood", "--role", "viewer")
    assert Membership.objects.get(user=victor).role == Role.ENGINEER


def test_the_command_refuses_a_role_without_a_project(db: None) -> None:
    with pytest.raises(CommandError):
        shell("dora", "--role", "viewer")


def test_when_a_token_was_used_is_written_by_no_read(api: Any, erin: User, django_assert_num_queries: Any) -> None:
    program = api(erin)
    with django_assert_num_queries(1):
        assert program.get("me").status_code == 200
    assert ApiToken.objects.get(user=erin).last_used_at is None
    assert token_uses.write() >= 1
    used = ApiToken.objects.get(user=erin).last_used_at
    assert used is not None
    program.get("me")
    assert token_uses.write() == 0, "it was noted a moment ago"
