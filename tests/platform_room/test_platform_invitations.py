"""Invitations: made by who manages members, opened by anybody with the link, over in time."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail as outgoing
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from lode_platform import invitations, throttle
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Forbidden, Gone, NotFound
from lode_platform.invitation_models import Invitation, InvitationUse
from lode_platform.models import Event, LoginTry, Membership, Project, Role, User
from lode_platform.tokens import make_token

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
NEW = {"username": "nora", "name": "Nora <b>N.</b>", "password": "tr0mbone-lagoon", "again": "tr0mbone-lagoon"}


@pytest.fixture
def invite(project: Project, alice: User) -> Callable[..., str]:
    """The secret of a new link."""
    return lambda role="annotator", **more: invitations.invite(project, Caller(alice), role=role, **more)[1]


@pytest.fixture
def imported(project: Project, monkeypatch: pytest.MonkeyPatch) -> User:
    """The account of somebody whose work was imported, which nobody has."""
    bob = User(username="bob (blood)", email="bob@example.org", is_active=False)
    bob.set_unusable_password()
    bob.save()
    monkeypatch.setattr(
        invitations, "_imported", [lambda of: User.objects.filter(pk=bob.pk) if of == project else User.objects.none()]
    )
    return bob


def opened(text: str, who: Client | None = None) -> tuple[Client, Any]:
    """A browser that has opened the link, and the page that it came to."""
    client = who or Client()
    return client, client.get(f"/join/{text}", follow=True)


def test_somebody_without_an_account_makes_one_and_is_in(project: Project, invite: Callable[..., str]) -> None:
    client, page = opened(invite())
    assert "alice" in page.content.decode() and "Blood cells" in page.content.decode()
    done = client.post("/join/", NEW)
    assert (done.status_code, done["Location"]) == (302, "/p/blood/")
    nora = User.objects.get(username="nora")
    assert (nora.memberships.get().role, nora.is_active, nora.get_full_name()) == ("annotator", True, "Nora <b>N.</b>")
    home = client.get("/p/blood/")
    assert home.status_code == 200 and "You are now Annotator" in home.content.decode()
    assert Client().post("/login/", {"username": "nora", "password": "tr0mbone-lagoon"}).status_code == 302
    verbs = list(Event.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs[-3:] == ["invitation.make", "person.make", "member.join"]


def test_who_is_logged_in_joins_with_the_account_they_have(
    project: Project, charlie: User, invite: Callable[..., str], client_for: Callable[[User], Client]
) -> None:
    client, page = opened(invite("reviewer"), client_for(charlie))
    assert "Join as charlie" in page.content.decode()
    assert client.post("/join/")["Location"] == "/p/blood/"
    assert charlie.memberships.get().role == "reviewer"


@pytest.mark.parametrize(
    ("has", "invited", "then", "uses"),
    [
        ("viewer", "engineer", "engineer", 1),
        ("owner", "viewer", "owner", 0),
        ("reviewer", "engineer", "reviewer", 0),
        ("annotator", "annotator", "annotator", 0),
    ],
)
def test_a_role_is_never_lowered_and_then_no_use_is_spent(
    project: Project, charlie: User, invite: Callable[..., str], has: Role, invited: str, then: str, uses: int
) -> None:
    Membership.objects.create(project=project, user=charlie, role=has)
    joined = invitations.accept(invite(invited), charlie)
    assert (joined.member.role, joined.changed) == (then, bool(uses))
    assert charlie.memberships.get().role == then and InvitationUse.objects.count() == uses


def test_the_secret_is_kept_as_a_digest_and_shown_once(
    alice: User, client_for: Callable[[User], Client], project: Project
) -> None:
    client = client_for(alice)
    made = client.post("/p/blood/settings/invitations", {"role": "annotator", "days": 7, "uses": 1})
    (text,) = set(re.findall(r"http://testserver/join/([\w-]{43})", made.content.decode()))
    assert made.headers["Cache-Control"] == "no-store"
    assert text not in client.get("/p/blood/settings/").content.decode()
    assert invitations.opened(text).uuid == Invitation.objects.get().uuid
    for model in (Invitation, Event):
        assert text not in str(list(model.objects.values()))


def test_the_secret_leaves_the_address_at_once_and_is_told_to_no_other_page(invite: Callable[..., str]) -> None:
    text = invite()
    answer = Client().get(f"/join/{text}")
    assert (answer.status_code, answer["Location"]) == (302, "/join/")
    assert answer.headers["Referrer-Policy"] == "no-referrer" and answer.headers["Cache-Control"] == "no-store"
    cookie = answer.cookies["lode_link"]
    assert cookie["httponly"] and cookie["path"] == "/join/" and cookie["samesite"] == "Lax"
    client, page = opened(text)
    assert text not in page.content.decode()
    done = client.post("/join/", NEW)
    assert done.cookies["lode_link"].value == "" and client.cookies["lode_link"].value == ""


def test_a_link_that_is_over_says_so_and_what_to_do(
    project: Project, alice: User, charlie: User, invite: Callable[..., str]
) -> None:
    used, ended, revoked = invite(), invite(), invite()
    invitations.accept(used, charlie)
    over = timezone.now() - timedelta(seconds=1)
    Invitation.objects.filter(pk=invitations.opened(ended).pk).update(expires_at=over)
    invitations.revoke(project, Caller(alice), invitations.opened(revoked))
    for text, words in ((used, "has been used"), (ended, "ended on"), (revoked, "was revoked"), ("no", "whole link")):
        client, page = opened(text)
        assert page.status_code == 410 and words in page.content.decode(), text
        assert client.post("/join/", NEW).status_code == 410
        assert ("alice" in page.content.decode()) == (text != "no")
    assert not User.objects.filter(username="nora").exists()


def test_it_is_over_with_its_project_and_with_its_makers_right_to_invite(
    project: Project, alice: User, erin: User, invite: Callable[..., str]
) -> None:
    text = invite("owner")
    Membership.objects.filter(user=erin).update(role=Role.OWNER)
    Membership.objects.filter(user=alice).update(role=Role.ENGINEER)
    with pytest.raises(Gone, match="revoked"):
        invitations.opened(text)
    Membership.objects.filter(user=alice).update(role=Role.OWNER)
    assert invitations.opened(text)
    Project.objects.update(trashed_at=timezone.now())
    with pytest.raises(Gone):
        invitations.opened(text)


def test_a_link_has_as_many_uses_as_it_says_and_the_same_person_spends_one(
    project: Project, charlie: User, invite: Callable[..., str]
) -> None:
    text = invite(uses=2)
    for _again in range(3):
        invitations.accept(text, charlie)
    invitations.register(text, username="nora", password="tr0mbone-lagoon")
    with pytest.raises(Gone, match="has been used"):
        invitations.register(text, username="olaf", password="tr0mbone-lagoon")
    assert not User.objects.filter(username="olaf").exists() and InvitationUse.objects.count() == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"username": "ALICE"}, "username"),
        ({"username": "<script>alert(1)</script>"}, "username"),
        ({"username": ".."}, "username"),
        ({"username": ""}, "username"),
        ({"username": "n" * 151}, "username"),
        ({"password": "short", "again": "short"}, "password"),
        ({"password": "password", "again": "password"}, "password"),
        ({"password": "nora-nora", "username": "nora-nora", "again": "nora-nora"}, "password"),
        ({"again": "another"}, "again"),
        ({"name": "N\u202eora"}, "name"),
    ],
)
def test_what_is_refused_is_said_at_its_field_and_spends_nothing(
    project: Project, invite: Callable[..., str], given: dict[str, str], field: str
) -> None:
    text = invite()
    client, _page = opened(text)
    answer = client.post("/join/", {**NEW, **given})
    assert answer.status_code == 200 and list(answer.context["form"].errors) == [field]
    assert User.objects.count() == 1 and invitations.opened(text).state() == Invitation.State.OPEN


def test_names_are_shown_as_text(
    project: Project, alice: User, invite: Callable[..., str], client_for: Callable[[User], Client]
) -> None:
    Project.objects.update(title="<script>alert(1)</script>")
    _client, page = opened(invite())
    User.objects.create(username="eve", first_name="<img src=x onerror=alert(1)>")
    Membership.objects.create(project=project, user=User.objects.get(username="eve"), role=Role.VIEWER)
    settings_page = client_for(alice).get("/p/blood/settings/")
    for html in (page.content.decode(), settings_page.content.decode()):
        assert "<script>alert" not in html and "<img src=x" not in html
    assert "&lt;img src=x" in settings_page.content.decode()


def test_an_imported_author_takes_their_account_over(
    project: Project, imported: User, invite: Callable[..., str]
) -> None:
    text = invite(account="bob (blood)")
    client, page = opened(text)
    assert page.context["form"].initial["username"] == "bob" and "bob (blood)" in page.content.decode()
    client.post("/join/", {**NEW, "username": "bob"})
    imported.refresh_from_db()
    assert (imported.username, imported.is_active, imported.email) == ("bob", True, "bob@example.org")
    assert imported.check_password("tr0mbone-lagoon") and imported.memberships.get().role == "annotator"
    with pytest.raises(Gone):
        invitations.opened(text)


def test_two_links_to_one_account_hand_it_over_once(
    project: Project, imported: User, invite: Callable[..., str]
) -> None:
    first, second = (invite(account="bob (blood)") for _ in range(2))
    invitations.register(first, username="bob", password="tr0mbone-lagoon")
    with pytest.raises(Gone):
        invitations.register(second, username="eve", password="tr0mbone-lagoon")
    imported.refresh_from_db()
    assert imported.username == "bob"


def test_who_is_logged_in_does_not_take_over_anothers_account(
    project: Project, imported: User, charlie: User, invite: Callable[..., str], client_for: Callable[[User], Client]
) -> None:
    client, page = opened(invite(account="bob (blood)"), client_for(charlie))
    assert "log out first" in page.content.decode()
    assert client.post("/join/").status_code == 409
    assert not charlie.memberships.exists()
    out = client.post("/logout/", {"next": "/join/"}, follow=True)
    assert out.redirect_chain[-1][0] == "/join/" and "Create account and join" in out.content.decode()


@pytest.mark.parametrize("change", ["is_active", "password", "last_login", "elsewhere", "token", "staff"])
def test_only_an_account_that_nobody_ever_had_is_handed_over(
    project: Project, alice: User, imported: User, invite: Callable[..., str], change: str
) -> None:
    text = invite(account="bob (blood)")
    if change == "is_active":
        imported.is_active = True
    elif change == "password":
        imported.set_password(PASSWORD)  # as of a person whom the administrator has shut out
    elif change == "last_login":
        imported.last_login = timezone.now()
    elif change == "staff":
        imported.is_staff = True
    elif change == "token":
        make_token(imported)
    else:
        other = Project.objects.create(name="other", created_by=alice)
        Membership.objects.create(project=other, user=imported, role=Role.VIEWER)
    imported.save()
    with pytest.raises(BadInput):
        invite(account="bob (blood)")
    with pytest.raises(Gone):
        invitations.opened(text)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"role": "king"}, "role"),
        ({"days": 0}, "days"),
        ({"days": 91}, "days"),
        ({"uses": 0}, "uses"),
        ({"uses": 1001}, "uses"),
        ({"uses": 2, "email": "ann@example.org"}, "uses"),
        ({"account": "charlie"}, "account"),
        ({"email": "ann"}, "email"),
        ({"rolle": "owner"}, "rolle"),
    ],
)
def test_a_program_is_told_which_field_is_wrong(
    project: Project, alice: User, charlie: User, api: Callable[..., Any], given: dict[str, Any], field: str
) -> None:
    answer = api(alice).post("projects/blood/invitations", {"role": "viewer", **given})
    assert answer.status_code == 400 and (answer.json().get("field") == field or field in answer.json()["fields"])
    assert not Invitation.objects.exists()


def test_programs_make_list_and_revoke(project: Project, alice: User, charlie: User, api: Callable[..., Any]) -> None:
    program = api(alice)
    made = program.post("projects/blood/invitations", {"role": "viewer", "uses": 3}).json()
    assert made["state"] == "open" and not made["mailed"]
    invitations.accept(made["link"].rpartition("/")[2], charlie)
    (row,) = program.get("projects/blood/invitations").json()["results"]
    assert [one["username"] for one in row["people"]] == ["charlie"] and "link" not in row
    assert program.delete(f"projects/blood/invitations/{row['uuid']}").status_code == 204
    (row,) = program.get("projects/blood/invitations").json()["results"]
    assert row["state"] == "revoked"
    other = Project.objects.create(name="other", created_by=alice)
    Membership.objects.create(project=other, user=alice, role=Role.OWNER)
    assert program.delete(f"projects/other/invitations/{row['uuid']}").status_code == 404


def test_the_verbs_ask_who_calls(project: Project, erin: User, charlie: User) -> None:
    for user, error in ((erin, Forbidden), (charlie, NotFound)):
        with pytest.raises(error):
            invitations.invite(project, Caller(user), role="viewer")
        with pytest.raises(error):
            invitations.listed(project, Caller(user))


def test_the_link_is_mailed_where_mail_is_configured_and_else_it_is_said(
    project: Project, alice: User, client_for: Callable[[User], Client], settings: LazySettings
) -> None:
    given = {"role": "annotator", "email": "nora@example.org", "days": 7, "uses": 1}
    client = client_for(alice)
    assert "sends no mail" in client.post("/p/blood/settings/invitations", given).content.decode()
    assert outgoing.outbox == []
    settings.MAIL = {"EMAIL_HOST": "mail.example.org"}
    page = client.post("/p/blood/settings/invitations", given).content.decode()
    (sent,) = outgoing.outbox
    (text,) = set(re.findall(r"/join/([\w-]{43})", page))
    assert sent.to == ["nora@example.org"] and f"http://testserver/join/{text}" in sent.body
    joined = invitations.register(text, username="nora", password="tr0mbone-lagoon")
    assert joined.member.user.email == "nora@example.org"


def test_wrong_links_are_refused_after_some_tries(alice: User) -> None:
    client, _page = opened("x" * 43)
    assert {client.post("/join/", NEW).status_code for _ in range(throttle.LINKS)} == {410}
    refused = client.post("/join/", NEW)
    assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 600
    LoginTry.objects.all().delete()
    assert client.post("/join/", NEW).status_code == 410


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_a_last_use_one_joins(project: Project, alice: User, invite: Callable[..., str]) -> None:
    text = invite()
    people = [User.objects.create(username=f"guest-{number}") for number in range(4)]
    start, told = threading.Barrier(len(people)), []

    def join(user: User) -> None:
        start.wait()
        try:
            told.append(invitations.accept(text, user).changed)
        except Gone:
            told.append(False)
        finally:
            connection.close()

    threads = [threading.Thread(target=join, args=[user]) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False, False, False, True]
    assert InvitationUse.objects.count() == Membership.objects.filter(role="annotator").count() == 1


def test_a_name_that_was_taken_meanwhile_is_said_and_nothing_is_half_written(
    project: Project, invite: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lode_platform.accounts.check_username", lambda name, own=None: name)  # as if just before
    with transaction.atomic(), pytest.raises(BadInput, match="choose another"):
        invitations.register(invite(), username="alice", password="tr0mbone-lagoon")
    assert InvitationUse.objects.count() == 0 and User.objects.count() == 1
