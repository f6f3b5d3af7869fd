"""One's own account: name and mail address, and a password that was forgotten."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail as outgoing
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from lode_platform import accounts, jobs, throttle
from lode_platform.callers import Caller
from lode_platform.errors import Conflict, Forbidden, Gone, NotFound
from lode_platform.models import Event, Job, LoginTry, Membership, Project, Role, User

pytestmark = pytest.mark.django_db
PASSWORD, OTHER = "correct horse battery", "tr0mbone-lagoon"
NEW = {"password": OTHER, "again": OTHER}


@pytest.fixture
def mailing(settings: LazySettings) -> None:
    settings.MAIL = {"EMAIL_HOST": "mail.example.org"}


def secret_of(user: User) -> str:
    return accounts.password_link(user).rpartition("/")[2]


def test_a_forgotten_password_is_set_by_the_link_that_was_mailed(
    alice: User, mailing: None, client_for: Callable[[User], Client]
) -> None:
    elsewhere = client_for(alice)
    Client().post("/password/forgotten", {"email": "ALICE@example.org"})
    jobs.run_pending()
    (sent,) = outgoing.outbox
    assert sent.to == ["alice@example.org"]
    (address,) = re.findall(r"http://testserver(/password/new/\S+)", str(sent.body))
    client = Client()
    answer = client.get(address)
    assert answer["Location"] == "/password/new/" and answer.headers["Referrer-Policy"] == "no-referrer"
    page = client.get("/password/new/")
    assert address.rpartition("/")[2] not in page.content.decode() and page.headers["Cache-Control"] == "no-store"
    assert client.post("/password/new/", NEW)["Location"] == "/"
    assert client.get("/account/").status_code == 200 and elsewhere.get("/account/").status_code == 302
    assert Client().post("/login/", {"username": "alice", "password": OTHER}).status_code == 302
    assert Event.objects.get(verb="password.reset").target == alice.uuid
    again = Client()
    again.get(address)
    assert again.post("/password/new/", NEW).status_code == 410


def test_the_answer_is_the_same_whether_or_not_there_is_such_an_account(alice: User, mailing: None) -> None:
    said = []
    for address in ("alice@example.org", "nobody@example.org"):
        answer = Client().post("/password/forgotten", {"email": address})
        said.append((answer.status_code, answer.content.decode().replace(address, ""), Job.objects.count()))
    first, second = (
        re.sub(r"nonce=\"[^\"]+\"|value=\"\w{64}\"|content=\"\w{64}\"|\w{64}", "", text) for _, text, _n in said
    )
    assert said[0][0] == said[1][0] == 200 and first == second and [row[2] for row in said] == [1, 2]
    jobs.run_pending()
    assert [sent.to for sent in outgoing.outbox] == [["alice@example.org"]]


def test_mails_are_asked_for_a_few_times_only(alice: User, mailing: None) -> None:
    client = Client()
    for _ in range(throttle.MAILS):
        assert client.post("/password/forgotten", {"email": "alice@example.org"}).status_code == 200
    refused = client.post("/password/forgotten", {"email": "Alice@example.org"})
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0
    assert Job.objects.count() == throttle.MAILS


def test_without_mail_the_page_says_who_makes_a_link(alice: User) -> None:
    page = Client().get("/password/forgotten")
    assert "sends no mail" in page.content.decode() and "owner of your project" in page.content.decode()
    Client().post("/password/forgotten", {"email": "alice@example.org"})
    assert not Job.objects.exists()


def test_a_mail_server_that_is_away_is_asked_again(alice: User, mailing: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", away)
    accounts.send_password_links("alice@example.org")
    jobs.run_pending()
    row = Job.objects.get()
    assert (row.state, row.attempts) == ("queued", 1)


def test_a_link_is_over_once_it_was_used_or_the_person_logged_in_or_a_day_went_by(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = secret_of(alice)
    accounts.set_password(text, OTHER)
    with pytest.raises(Gone):
        accounts.set_password(text, PASSWORD)
    alice.refresh_from_db()
    text = secret_of(alice)
    Client().post("/login/", {"username": "alice", "password": OTHER})
    with pytest.raises(Gone):
        accounts.person_of_link(text)
    alice.refresh_from_db()
    text = secret_of(alice)
    later = (timezone.now() + timedelta(days=1, minutes=1)).replace(tzinfo=None)
    monkeypatch.setattr("django.contrib.auth.tokens.PasswordResetTokenGenerator._now", lambda self: later)
    with pytest.raises(Gone):
        accounts.person_of_link(text)


@pytest.mark.parametrize("text", ["", "x", "0" * 32, f"{'0' * 32}-abc-{'0' * 32}", "é" * 70])
def test_what_is_no_link_is_said(db: None, text: str) -> None:
    client = Client()
    client.get(f"/password/new/{text or 'x'}")
    assert client.get("/password/new/").status_code == 410 and client.post("/password/new/", NEW).status_code == 410


def test_a_weak_password_is_refused_and_the_link_goes_on(alice: User) -> None:
    client = Client()
    client.get(f"/password/new/{secret_of(alice)}")
    for given, field in (({"password": "1", "again": "1"}, "password"), ({**NEW, "again": "x"}, "again")):
        answer = client.post("/password/new/", given)
        assert answer.status_code == 200 and list(answer.context["form"].errors) == [field]
    assert client.post("/password/new/", NEW).status_code == 302


def test_an_owner_makes_a_link_for_a_member_of_their_own_projects_alone(
    project: Project, alice: User, erin: User, bob: User, client_for: Callable[[User], Client]
) -> None:
    page = client_for(alice).post(f"/p/blood/settings/members/{bob.uuid}/password")
    (text,) = set(re.findall(r"/password/new/([\w-]+)", page.content.decode()))
    assert page.headers["Cache-Control"] == "no-store" and Event.objects.get(verb="password.link").actor == alice
    assert accounts.set_password(text, OTHER) == bob
    other = Project.objects.create(name="other", created_by=erin)
    Membership.objects.create(project=other, user=bob, role=Role.OWNER)
    refused = client_for(alice).post(f"/p/blood/settings/members/{bob.uuid}/password", follow=True)
    assert "/password/new/" not in refused.content.decode() and "manage.py person" in refused.content.decode()


def test_whose_password_link_one_may_make(project: Project, alice: User, erin: User, bob: User, charlie: User) -> None:
    for caller, user, error in ((erin, bob, Forbidden), (charlie, bob, NotFound), (alice, charlie, NotFound)):
        with pytest.raises(error):
            accounts.password_link_for(project, Caller(caller), user)
    with pytest.raises(Conflict, match="My account"):
        accounts.password_link_for(project, Caller(alice), alice)
    User.objects.filter(pk=bob.pk).update(is_superuser=True)
    bob.refresh_from_db()
    with pytest.raises(Conflict, match="administrator"):
        accounts.password_link_for(project, Caller(alice), bob)


def test_the_command_prints_a_link(alice: User) -> None:
    said = StringIO()
    call_command("person", "alice", "--link", stdout=said)
    assert accounts.set_password(said.getvalue().strip().rpartition("/")[2], OTHER) == alice
    with pytest.raises(CommandError, match="Nobody"):
        call_command("person", "nobody", "--link")


def test_name_and_mail_address_are_changed_the_address_with_the_password_alone(
    project: Project, alice: User, client_for: Callable[[User], Client]
) -> None:
    client = client_for(alice)
    same = {"email": "alice@example.org"}
    assert client.post("/account/profile", {**same, "name": " Alice  Åkesson "}).status_code == 302
    alice.refresh_from_db()
    assert alice.get_full_name() == "Alice Åkesson"
    assert 'title="alice"' in client.get("/p/blood/settings/").content.decode()
    for given, field in (
        ({"email": "a@example.org"}, "password"),
        ({"email": "a@example.org", "password": "wrong"}, "password"),
        ({"email": "a"}, "email"),
        ({**same, "name": "A\u202eB"}, "name"),
    ):
        refused = client.post("/account/profile", given)
        assert refused.status_code == 200 and list(refused.context["profile_form"].errors) == [field], given
    assert client.post("/account/profile", {"email": "a@example.org", "password": PASSWORD}).status_code == 302
    alice.refresh_from_db()
    assert (alice.email, alice.get_full_name()) == ("a@example.org", "")
    for _ in range(throttle.PAIR):
        client.post("/account/profile", {"email": "b@example.org", "password": "wrong"})
    assert (
        "Too many" in client.post("/account/profile", {"email": "b@example.org", "password": PASSWORD}).content.decode()
    )
    LoginTry.objects.all().delete()
