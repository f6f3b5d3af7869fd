"""Webhooks: what is told, signed, retried, switched off; the log; who may; what may not be asked."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lode_platform import events, jobs, outgoing, tidy
from lode_platform.callers import Caller
from lode_platform.models import Event, Job, JobState, Project, User
from lode_platform.outgoing import Unanswered
from lode_platform.webhooks import kinds, managing, sending
from lode_platform.webhooks.models import Webhook, WebhookDelivery

Send = Callable[[], int]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"


class Receiver:
    """A program that is told: ``got`` is what came, ``answers`` what it will answer, 204 when there is nothing."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                status, body = receiver.answers.pop(0) if receiver.answers else (204, b"")
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.got]


@pytest.fixture
def receiver(settings: LazySettings) -> Iterator[Receiver]:
    settings.PRIVATE_HOSTS = frozenset({"127.0.0.1"})
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def hook(receiver: Receiver, project: Project, alice: User) -> Webhook:
    return managing.add(project, Caller(alice), url=receiver.url, kinds=["member.changed", "job.failed"])


@pytest.fixture
def send() -> Send:
    """What the workers' next sweep and the jobs that it wakes do; how many jobs ran."""

    def go() -> int:
        sending.look()
        return jobs.run_pending()

    return go


def happen(project: Project, name: str = "bob", **data: Any) -> Event:
    return events.record(project, project.created_by, "member.set", project.created_by, username=name, **data)


def hurry(hook: Webhook) -> None:
    """As if the time until the next try had passed."""
    now = timezone.now() - timedelta(seconds=1)
    hook.deliveries.filter(state="waiting").update(due_at=now)
    Webhook.objects.filter(pk=hook.pk).update(rest_until=now)


def test_what_happens_arrives_signed_as_the_page_says(
    receiver: Receiver, hook: Webhook, project: Project, alice: User, send: Send
) -> None:
    event = happen(project, role="viewer")
    events.record(project, alice, "token.revoke", project)  # nobody's kind
    assert send() == 1 and send() == 0
    [(headers, body)] = receiver.got
    assert json.loads(body) == {
        "id": str(event.uuid),
        "kind": "member.changed",
        "at": event.at.isoformat(),
        "project": "blood",
        "by": "alice",
        "data": {"user": str(alice.uuid), "username": "bob", "role": "viewer"},
    }
    block = next(one for one in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL))
    assert len(block.strip().splitlines()) <= 12
    page: dict[str, Any] = {}
    exec(compile(block, "docs/webhooks.md", "exec"), page)  # noqa: S102
    genuine = page["is_genuine"]
    assert genuine(hook.secret, headers, body)
    assert not genuine(hook.secret, headers, body.replace(b"viewer", b"owner"))
    assert not genuine(sending.new_secret(), headers, body)
    assert not genuine(
        hook.secret, {**headers, "Webhook-Timestamp": str(int(headers["Webhook-Timestamp"]) - 301)}, body
    )
    delivery = hook.deliveries.get()
    assert headers["Webhook-Id"] == str(delivery.uuid) and headers["Motherlode-Kind"] == "member.changed"
    assert (delivery.state, delivery.status, delivery.attempts, delivery.error) == ("delivered", 204, 1, "")


def test_the_example_of_the_specification_has_the_signature_that_it_says() -> None:
    secret, delivery = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    made = sending.signature(secret, delivery, 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_is_rolled_back_is_never_sent(receiver: Receiver, hook: Webhook, project: Project, send: Send) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        happen(project)
        raise ZeroDivisionError
    assert not WebhookDelivery.objects.exists()
    assert send() == 0 and receiver.got == []


def test_a_commit_wakes_a_job_and_no_second_one_while_it_is_open(
    hook: Webhook, project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    for _time in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            happen(project)
    row = Job.objects.get()
    assert (row.verb, row.state, row.project, hook.deliveries.count()) == (sending.VERB, "queued", None, 2)


def test_a_worker_that_dies_after_it_took_a_delivery_leaves_it_to_be_sent(
    receiver: Receiver, hook: Webhook, project: Project, send: Send
) -> None:
    happen(project)
    delivery = hook.deliveries.get()
    assert sending.claim(delivery)
    again = hook.deliveries.get()
    again.attempts = 0
    assert not sending.claim(again), "two workers take the same try"
    assert send() == 0, "another is sending it as far as anybody knows"
    hurry(hook)
    assert send() == 1 and len(receiver.got) == 1
    assert hook.deliveries.get().attempts == 2


def test_what_failed_is_tried_again_later_each_time_and_then_the_webhook_is_switched_off(
    receiver: Receiver, hook: Webhook, project: Project, send: Send
) -> None:
    receiver.answers = [(500, b"<b>broken\0</b>")] * 20
    happen(project)
    waits = []
    for number in range(1, 8):
        assert send() == 1 and len(receiver.got) == number
        row = hook.deliveries.get()
        assert (row.state, row.status, row.attempts) == ("waiting", 500, number)
        assert row.answer == "<b>broken\ufffd</b>" and "500" in row.error
        waits.append((row.due_at - timezone.now()).total_seconds())
        assert send() == 0
        hurry(hook)
    assert waits == sorted(waits) and sum(waits) < 86_400
    happen(project, "later")
    hook.deliveries.filter(body__contains="later").update(due_at=timezone.now() + timedelta(hours=1))
    assert send() == 1
    hook.refresh_from_db()
    assert not hook.on and "8 tries" in hook.off_why and hook.failures == 8
    assert set(hook.deliveries.values_list("state", flat=True)) == {"failed"}
    assert Event.objects.filter(verb="webhook.off", target=hook.uuid).exists()
    happen(project)
    assert hook.deliveries.count() == 2 and send() == 0, "what happens while it is off is not sent"
    assert len({headers["Webhook-Id"] for headers, _body in receiver.got}) == 1
    assert len({body for _headers, body in receiver.got}) == 1


def test_a_refusal_of_one_event_switches_nothing_off_while_others_arrive(
    receiver: Receiver, hook: Webhook, project: Project, send: Send
) -> None:
    happen(project)
    hook.deliveries.update(attempts=7)
    happen(project, "other")
    receiver.answers = [(204, b""), (400, b"no")]
    first, second = hook.deliveries.order_by("pk")
    hook.deliveries.filter(pk=second.pk).update(due_at=first.created_at - timedelta(seconds=5))
    send()
    hook.refresh_from_db()
    assert hook.on and hook.failures == 1 and hook.rest_until is not None
    assert [row.state for row in hook.deliveries.order_by("pk")] == ["failed", "delivered"]


def test_a_success_ends_the_rest_and_the_count(receiver: Receiver, hook: Webhook, project: Project, send: Send) -> None:
    receiver.answers = [(503, b"")]
    happen(project)
    send()
    hurry(hook)
    assert send() == 1
    hook.refresh_from_db()
    assert (hook.failures, hook.rest_until, hook.deliveries.get().state) == (0, None, "delivered")


def test_an_address_that_is_gone_is_switched_off_at_once(
    receiver: Receiver, hook: Webhook, project: Project, send: Send
) -> None:
    receiver.answers = [(410, b"")]
    happen(project)
    send()
    hook.refresh_from_db()
    assert not hook.on and "410" in hook.off_why


def test_a_redirect_is_not_followed_and_a_private_address_is_not_asked(
    receiver: Receiver, hook: Webhook, project: Project, send: Send, settings: LazySettings
) -> None:
    receiver.answers = [(302, b"")]
    happen(project)
    send()
    assert "redirects are not followed" in hook.deliveries.get().error and len(receiver.got) == 1
    settings.PRIVATE_HOSTS = frozenset()  # a name that leads elsewhere since it was added
    hurry(hook)
    send()
    row = hook.deliveries.get()
    assert "127.0.0.1" in row.error and "MOTHERLODE_PRIVATE_HOSTS" in row.error and row.status is None
    assert len(receiver.got) == 1


def test_an_answer_without_end_and_one_that_drips_are_cut_short(settings: LazySettings) -> None:
    settings.PRIVATE_HOSTS = frozenset({"127.0.0.1"})
    dripping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if self.path == "/endless":
                self.send_response(200)
                self.end_headers()
                try:
                    while True:
                        self.wfile.write(b"x" * 4096)
                except OSError:
                    return
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not dripping.wait(0.05):
                try:
                    self.wfile.write(b"X: y\r\n")
                except OSError:
                    return

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        got = outgoing.post(f"{address}/endless", b"{}", {}, seconds=60, most=5000)
        assert (got.status, len(got.text)) == (200, 5000)
        with pytest.raises(Unanswered, match="ReadTimeout"):
            outgoing.post(f"{address}/drip", b"{}", {}, seconds=0.5, most=5000)
    finally:
        dripping.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:8000/x", "address_refused"),
        ("http://localhost/", "address_refused"),
        ("https://a.localhost./", "address_refused"),
        ("http://[::1]/", "address_refused"),
        ("http://169.254.169.254/latest/meta-data/", "address_refused"),
        ("http://2130706433/", "address_refused"),
        ("http://0x7f.1/", "address_refused"),
        ("http://[::ffff:10.0.0.1]/", "address_refused"),
        ("file:///etc/passwd", "bad_input"),
        ("gopher://example.org/", "bad_input"),
        ("https://user:word@example.org/", "bad_input"),
        ("https://example.org/a\nHost: b", "bad_input"),
        ("https://example.org/" + "x" * 500, "bad_input"),
        ("", "bad_input"),
    ],
)
def test_addresses_that_may_not_be_asked_are_refused_by_name_when_they_are_added(
    url: str, code: str, api: Any, alice: User, project: Project
) -> None:
    answer = api(alice).post(f"projects/{project.name}/webhooks", {"url": url, "kinds": ["job.failed"]})
    assert answer.status_code == 400
    if url and len(url) <= 500:
        assert answer.json()["code"] == code and answer.json()["field"] == "url"
    assert not Webhook.objects.exists()


def test_a_webhook_is_added_changed_tested_and_removed_over_rest(
    api: Any, alice: User, project: Project, receiver: Receiver, send: Send
) -> None:
    program = api(alice)
    address = f"projects/{project.name}/webhooks"
    listed = program.get("webhook-kinds").json()
    assert {"annotation.submitted", "version.published", "run.finished"} <= {one["name"] for one in listed}
    wrong = program.post(address, {"url": receiver.url, "kinds": ["run.started", "no.such"]})
    assert wrong.status_code == 400 and "'no.such'" in wrong.json()["error"] and wrong.json()["field"] == "kinds"
    assert program.post(address, {"url": receiver.url, "kinds": []}).json()["field"] == "kinds"
    made = program.post(address, {"url": receiver.url, "kinds": ["run.started"]}).json()
    assert made["secret"].startswith("whsec_") and made["url"] == receiver.url
    [row] = program.get(address).json()["results"]
    assert "secret" not in row and row["uuid"] == made["uuid"]
    own = f"webhooks/{made['uuid']}"
    assert program.patch(own, {"kinds": ["member.changed"]}).json()["kinds"] == ["member.changed"]
    assert program.post(f"{own}/test").status_code == 202
    send()
    [told] = receiver.told()
    assert (told["kind"], told["by"], told["data"]) == ("webhook.test", "alice", {"webhook": made["uuid"]})
    [delivery] = program.get(f"{own}/deliveries?state=delivered").json()["results"]
    assert delivery["event"] == told["id"] and delivery["status"] == 204
    again = program.post(f"{own}/deliveries/{delivery['uuid']}/again").json()
    assert again["event"] == told["id"] and again["uuid"] != delivery["uuid"] and again["state"] == "waiting"
    refused = program.post(f"{own}/deliveries/{again['uuid']}/again")
    assert (refused.status_code, refused.json()["code"]) == (409, "waiting")
    send()
    assert receiver.told() == [told, told]
    other = program.post(f"{own}/secret").json()["secret"]
    assert other != made["secret"] and Webhook.objects.get().secret == other
    assert program.patch(own, {"on": False}).json()["on"] is False
    assert program.post(f"{own}/test").json()["code"] == "webhook_off"
    assert program.delete(own).status_code == 204 and not WebhookDelivery.objects.exists()
    assert set(Event.objects.filter(verb__startswith="webhook.").values_list("verb", flat=True)) == {
        "webhook.add",
        "webhook.change",
        "webhook.secret",
        "webhook.remove",
    }


def test_a_project_has_so_many_webhooks_and_no_more(project: Project, alice: User, monkeypatch: Any, api: Any) -> None:
    monkeypatch.setattr(managing, "MOST", 1)
    body = {"url": "https://example.org/", "kinds": ["run.started"]}
    assert api(alice).post(f"projects/{project.name}/webhooks", body).status_code == 201
    assert api(alice).post(f"projects/{project.name}/webhooks", body).json()["code"] == "too_many"


def test_the_secret_stands_on_the_answer_that_adds_it_and_nowhere_else(
    client_for: Callable[[User], Client], alice: User, project: Project, receiver: Receiver
) -> None:
    browser, address = client_for(alice), f"/p/{project.name}/settings/webhooks/"
    added = browser.post(address, {"url": receiver.url, "kinds": ["run.started"]})
    made = Webhook.objects.get()
    assert made.secret in added.content.decode() and added.headers["Cache-Control"] == "no-store"
    own = f"{address}{made.uuid}/"
    for page in (address, own, f"{own}log", f"/p/{project.name}/settings/"):
        assert made.secret not in browser.get(page).content.decode()
    shown = browser.post(f"{own}secret").content.decode()
    made.refresh_from_db()
    assert made.secret in shown
    refused = browser.post(address, {"url": "http://10.0.0.1/", "kinds": ["run.started"]})
    assert refused.status_code == 400 and "10.0.0.1" in refused.content.decode()
    assert browser.post(f"{own}change", {"url": receiver.url}).status_code == 400
    assert browser.post(f"{own}switch", {"on": "0"}).status_code == 302 and not Webhook.objects.get().on


def test_what_others_wrote_runs_nothing_on_the_log(
    client_for: Callable[[User], Client], alice: User, project: Project, hook: Webhook, receiver: Receiver, send: Send
) -> None:
    receiver.answers = [(500, b"<script>alert(1)</script>")]
    happen(project, "<img src=x onerror=alert(2)>")
    send()
    for page in ("", "log"):
        html = client_for(alice).get(f"/p/{project.name}/settings/webhooks/{hook.uuid}/{page}").content.decode()
        assert "<script>alert" not in html and "<img src=x" not in html
        assert "&lt;script&gt;alert(1)" in html


def test_the_log_asks_no_more_of_the_database_for_more_deliveries(
    client_for: Callable[[User], Client], alice: User, project: Project, hook: Webhook
) -> None:
    browser, address = client_for(alice), f"/p/{project.name}/settings/webhooks/{hook.uuid}/"

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address).status_code == 200
        return len(captured)

    happen(project)
    asked()
    before = asked()
    for number in range(5):
        happen(project, str(number))
    assert asked() == before


def test_a_webhook_of_another_project_is_not_found_at_this_ones_address(
    client_for: Callable[[User], Client], alice: User, hook: Webhook
) -> None:
    from lode_platform.projects import create_project

    create_project(alice, name="other")
    assert client_for(alice).get(f"/p/other/settings/webhooks/{hook.uuid}/").status_code == 404


def test_an_event_costs_one_statement_more_where_nobody_is_told(project: Project, hook: Webhook) -> None:
    def asked(verb: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            events.record(project, None, verb, project)
        return len(captured)

    assert asked("bulk.unknown") == 1
    assert asked("items.replace") == 2  # a kind that this webhook does not want


def test_a_failed_job_is_told_and_one_that_sends_is_not(
    receiver: Receiver, hook: Webhook, project: Project, alice: User, send: Send
) -> None:
    jobs.enqueue("items.zip", project=project, user=alice, title="Cells", arguments={"parked": "none"})
    jobs.run_pending()
    failed = Job.objects.get(state=JobState.FAILED)
    send()
    [told] = receiver.told()
    assert (told["kind"], told["by"], told["data"]["job"], told["data"]["title"]) == (
        "job.failed",
        "alice",
        str(failed.uuid),
        "Cells",
    )
    assert told["data"]["error"] == failed.error


def test_the_page_lists_every_kind_and_no_other() -> None:
    table = PAGE.read_text().split("\n## Kinds\n")[1]
    assert set(re.findall(r"^\| `([\w.]+)`", table, re.MULTILINE)) == set(kinds.KINDS)


def test_long_texts_are_cut(project: Project, hook: Webhook) -> None:
    happen(project, "x" * 5000)
    assert len(hook.deliveries.get().body) < 2500


def test_old_deliveries_and_the_jobs_that_sent_go_in_time(
    receiver: Receiver, hook: Webhook, project: Project, send: Send
) -> None:
    happen(project)
    send()
    happen(project, "waits")
    old = timezone.now() - timedelta(days=31)
    WebhookDelivery.objects.update(created_at=old)
    Job.objects.update(finished_at=old)
    assert tidy.shared()["webhook deliveries"] == 1
    assert [row.state for row in hook.deliveries.all()] == ["waiting"]
    assert not Job.objects.filter(verb=sending.VERB).exists()
