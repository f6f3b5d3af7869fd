"""Notifications: one row for one thing, read by whom they are for, mailed once and as each person wants."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lode_platform import jobs, tidy
from lode_platform.callers import Caller
from lode_platform.models import Membership, Project, User
from lode_platform.notifications import mailing
from lode_platform.notifications.kinds import NOTICES
from lode_platform.notifications.models import MailChoice, Notification
from lode_platform.notifications.notify import choose, mentioned, notify, withdraw
from lode_platform.webhooks import managing, sending

Told = Callable[..., None]
Send = Callable[[], int]


@pytest.fixture
def tell(project: Project, bob: User) -> Told:
    """``tell(key, by=rita)``: bob is told that a queue ran dry, or another ``kind``."""

    def go(key: str = "a", kind: str = "queue_dry", **more: Any) -> None:
        data = {"queue": "0b0c9f3e-0000-4000-8000-000000000000", "name": f"cells {key}", "project": project.name}
        notify([bob], kind, project=project, key=key, data=data, **more)

    return go


@pytest.fixture
def mails(settings: LazySettings) -> Send:
    """Mail is set up; what is due is sent, as if its time had come. How many mails went out."""
    settings.MAIL = {"EMAIL_HOST": "localhost"}

    def go() -> int:
        mail.outbox = []
        Notification.objects.exclude(mail_due=None).update(mail_due=timezone.now() - timedelta(seconds=1))
        mailing.look()
        jobs.run_pending()
        return len(mail.outbox)

    return go


def test_the_same_thing_is_one_row_until_it_is_read(tell: Told, bob: User) -> None:
    tell()
    tell()
    tell("b")
    assert list(Notification.objects.order_by("key").values_list("key", "count")) == [("a", 2), ("b", 1)]
    Notification.objects.filter(key="a").update(read_at=timezone.now())
    tell()
    assert sorted(Notification.objects.filter(key="a").values_list("count", flat=True)) == [1, 2]
    withdraw(bob, "queue_dry", "a")
    assert Notification.objects.filter(key="a", read_at=None).count() == 0


def test_nobody_is_told_of_what_they_did_and_nothing_is_told_that_is_rolled_back(tell: Told, bob: User) -> None:
    tell(by=bob)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell()
        raise ZeroDivisionError
    User.objects.filter(pk=bob.pk).update(is_active=False)
    bob.refresh_from_db()
    tell()
    assert not Notification.objects.exists()


def test_the_bell_counts_and_the_page_lists_those_not_read_first(
    tell: Told, client_for: Callable[[User], Client], bob: User, alice: User, project: Project
) -> None:
    browser = client_for(bob)
    for key in "abc":
        tell(key)
    html = browser.get(f"/p/{project.name}/").content.decode()
    assert re.search(r'class="bell-count">.*?3</b>', html, re.DOTALL)
    assert "bell-count" not in client_for(alice).get(f"/p/{project.name}/").content.decode()
    newest = Notification.objects.get(key="c")
    assert client_for(alice).post(f"/notifications/{newest.uuid}/read").status_code == 404
    assert browser.post(f"/notifications/{newest.uuid}/read").status_code == 302
    listed = [row.key for row, *_rest in browser.get("/notifications/").context["rows"]]
    assert listed == ["b", "a", "c"]
    browser.post("/notifications/read")
    assert not Notification.objects.unread().exists()
    assert "bell-count" not in browser.get("/notifications/").content.decode()


def test_a_bell_costs_one_statement_and_a_full_one_says_so(
    tell: Told, client_for: Callable[[User], Client], bob: User
) -> None:
    browser = client_for(bob)

    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/glossary/").status_code == 200
        return [row["sql"] for row in captured]

    asked()
    few = asked()
    assert sum("platform_notification" in sql for sql in few) == 1
    for number in range(101):
        tell(str(number))
    assert len(asked()) == len(few)
    assert "99+" in browser.get("/glossary/").content.decode()


def test_what_others_wrote_runs_nothing(tell: Told, client_for: Callable[[User], Client], bob: User) -> None:
    tell("<script>alert(1)</script>")
    Notification.objects.update(data={**Notification.objects.get().data, "comment": "<img src=x onerror=alert(2)>"})
    html = client_for(bob).get("/notifications/").content.decode()
    assert "<script>alert" not in html and "<img src=x" not in html and "&lt;script&gt;alert(1)" in html


def test_a_kind_that_is_gone_breaks_nothing(client_for: Callable[[User], Client], bob: User, api: Any) -> None:
    Notification.objects.create(user=bob, kind="once", key="x", at=timezone.now())
    assert client_for(bob).get("/notifications/").status_code == 200
    assert api(bob).get("notifications").json()["results"][0]["url"] == ""


def test_notifications_over_rest_and_who_left_a_project_sees_none_of_it(
    tell: Told, api: Any, bob: User, charlie: User, project: Project
) -> None:
    tell("a")
    tell("b")
    program = api(bob)
    rows = program.get("notifications").json()["results"]
    assert [row["text"] for row in rows] == [
        "The queue “cells b” has no open task left.",
        "The queue “cells a” has no open task left.",
    ]
    assert rows[0]["project"] == project.name and rows[0]["url"].startswith(f"/p/{project.name}/queues/")
    assert program.post(f"notifications/{rows[0]['uuid']}/read").json() == {"read": 1}
    assert api(charlie).post(f"notifications/{rows[1]['uuid']}/read").status_code == 404
    assert len(program.get("notifications?unread=true").json()["results"]) == 1
    assert program.get("notifications?unread=perhaps").json()["field"] == "unread"
    Membership.objects.filter(user=bob).delete()
    assert (
        program.get("notifications").json()["results"] == [] and program.post("notifications/read").json()["read"] == 0
    )


def test_a_failed_job_is_told_to_who_started_it(project: Project, erin: User, api: Any) -> None:
    row = jobs.enqueue("items.zip", project=project, user=erin, title="Cells", arguments={"parked": "none"})
    jobs.run_pending()
    [told] = api(erin).get("notifications").json()["results"]
    assert (told["text"], told["url"]) == ("“Cells” failed.", f"/p/{project.name}/jobs/{row.uuid}/")
    row.refresh_from_db()
    jobs.retry(row)
    jobs.run_pending()
    assert api(erin).get("notifications").json()["results"][0]["text"] == "“Cells” failed 2 times."


def test_a_webhook_that_is_switched_off_is_told_to_the_owners(project: Project, alice: User, erin: User) -> None:
    hook = managing.add(project, Caller(alice), url="https://example.org/", kinds=["job.failed"])
    sending.switch_off(hook, "Nothing has arrived.")
    assert list(Notification.objects.values_list("user__username", "kind")) == [("alice", "webhook_off")]


def test_mentions_are_members_named_whole(project: Project, bob: User, rita: User, charlie: User) -> None:
    def named(text: str) -> list[str]:
        return [one.username for one in mentioned(project, text)]

    assert named("@bob, see @rita. And @charlie, @bobby, a@rita, x") == ["bob", "rita"]
    assert named("(@bob)") == ["bob"] and named("@") == [] and named("bob@example.org") == []


def test_what_is_due_is_one_mail_and_each_thing_is_mailed_once(tell: Told, mails: Send, bob: User) -> None:
    tell("a")
    tell("b")
    due = Notification.objects.get(key="a").mail_due
    assert due is not None and timedelta(0) < due - timezone.now() <= timedelta(minutes=2)
    assert mails() == 1
    [sent] = mail.outbox
    assert sent.to == ["bob@example.org"] and sent.subject == "[Motherlode] 2 notifications"
    assert "http://testserver/p/blood/queues/" in sent.body and "cells b" in sent.body
    tell("a")  # more of the same, before it was read
    assert mails() == 0


def test_mail_as_each_person_wants_it(tell: Told, mails: Send, bob: User, client_for: Callable[[User], Client]) -> None:
    browser = client_for(bob)
    browser.post("/account/mail", {"queue_dry": "never", "mention": "daily", "returned": "nonsense"})
    assert dict(MailChoice.objects.values_list("kind", "when")) == {"queue_dry": "never", "mention": "daily"}
    assert 'value="never" selected' in browser.get("/account/").content.decode()
    tell()
    tell("m", "mention")
    never, daily = (Notification.objects.get(key=key).mail_due for key in "am")
    assert never is None and daily is not None and daily.hour == 7 and daily > timezone.now()


def test_what_was_read_or_lies_in_a_project_that_one_has_left_is_not_mailed(
    tell: Told, mails: Send, api: Any, bob: User
) -> None:
    tell("a")
    api(bob).post("notifications/read")
    assert mails() == 0
    tell("b")
    Membership.objects.filter(user=bob).delete()
    assert mails() == 0 and Notification.objects.get(key="b").mail_due is None


def test_without_a_mail_server_or_an_address_nothing_waits(tell: Told, bob: User, settings: LazySettings) -> None:
    tell("a")
    settings.MAIL = {"EMAIL_HOST": "localhost"}
    User.objects.filter(pk=bob.pk).update(email="")
    bob.refresh_from_db()
    tell("b")
    assert not Notification.objects.exclude(mail_due=None).exists()


def test_a_mail_server_that_is_away_is_tried_again_and_not_for_ever(
    tell: Told, mails: Send, settings: LazySettings
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        1,
    )
    tell()
    for tries in range(1, mailing.TRIES + 1):
        assert mails() == 0
        row = Notification.objects.get()
        assert row.mail_tries == tries and (row.mail_due is None) == (tries == mailing.TRIES)
    assert row.mailed_at is None


def test_the_link_in_a_mail_ends_such_mails_and_a_look_at_it_ends_none(tell: Told, mails: Send, bob: User) -> None:
    tell("a\r\nBcc: eve@example.org")
    assert mails() == 1
    [sent] = mail.outbox
    assert "\n" not in sent.subject and not sent.bcc
    link = str(sent.extra_headers["List-Unsubscribe"]).strip("<>").removeprefix("http://testserver")
    assert link in sent.body
    browser = Client(enforce_csrf_checks=True)
    assert "A queue of mine ran dry" in browser.get(link).content.decode() and not MailChoice.objects.exists()
    assert browser.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert list(MailChoice.objects.values_list("user__username", "kind", "when")) == [("bob", "queue_dry", "never")]
    assert browser.get(f"{link[:-2]}xx").status_code == 404
    choose(bob, {"queue_dry": "at_once"})
    browser.post(f"/unsubscribe/{mailing.signed(bob, '')}")
    assert set(MailChoice.objects.values_list("kind", flat=True)) == set(NOTICES)


def test_old_notifications_go(tell: Told) -> None:
    now = timezone.now()
    for key, read, at in (("a", 31, 40), ("b", None, 40), ("c", None, 181), ("d", 1, 40)):
        tell(key)
        Notification.objects.filter(key=key).update(
            read_at=None if read is None else now - timedelta(days=read), at=now - timedelta(days=at)
        )
    assert tidy.shared()["notifications"] == 2
    assert set(Notification.objects.values_list("key", flat=True)) == {"b", "d"}


def test_the_page_tells_of_every_kind() -> None:
    table = (Path(__file__).resolve().parents[2] / "docs" / "notifications.md").read_text()
    assert len(re.findall(r"^\| (?!what|---)", table, re.MULTILINE)) == len(NOTICES)
