"""People: logging in, not too often; one's own password; how they come to be."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from lode_platform import throttle
from lode_platform.models import LoginTry, User
from lode_platform.throttle import Wrong

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.django_db


def log_in(password: str, name: str = "alice", address: str = "192.0.2.1", **headers: str) -> Any:
    return Client(REMOTE_ADDR=address, headers=headers).post("/login/", {"username": name, "password": password})


def test_who_tries_too_often_is_told_when_to_come_again_and_the_password_is_not_looked_at(alice: User) -> None:
    for _ in range(throttle.PAIR):
        assert log_in("wrong").status_code == 200
    for password in ("wrong", PASSWORD):
        refused = log_in(password)
        assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 600
        assert "Try again in 10 minutes" in refused.content.decode()
    assert log_in(PASSWORD, address="192.0.2.2").status_code == 302
    LoginTry.objects.update(since=timezone.now() - throttle.WINDOW - timedelta(seconds=1))
    assert log_in(PASSWORD).status_code == 302


def test_the_right_password_takes_the_wrong_ones_back(alice: User) -> None:
    for _ in range(throttle.PAIR * 2):
        assert log_in("wrong").status_code == 200
        assert log_in(PASSWORD).status_code == 302


def test_a_name_and_an_address_are_counted_on_their_own_too(alice: User, charlie: User) -> None:
    for number in range(throttle.EITHER):
        log_in("wrong", name=f"nobody-{number}")
        log_in("wrong", name="Charlie", address=f"198.51.100.{number}")
    assert log_in(PASSWORD).status_code == 429
    assert log_in(PASSWORD, name="charlie", address="192.0.2.99").status_code == 429
    assert log_in(PASSWORD, address="192.0.2.99").status_code == 302


def test_the_callers_address_is_that_which_our_own_proxies_saw(alice: User, settings: LazySettings) -> None:
    for proxies, forwarded, address in (
        (0, "198.51.100.7", "192.0.2.1"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (3, "203.0.113.9", "192.0.2.1"),
    ):
        settings.PROXIES = proxies
        request = Client(REMOTE_ADDR="192.0.2.1").get("/login/", headers={"X-Forwarded-For": forwarded}).wsgi_request
        assert throttle.address_of(request) == address


def test_wrong_tokens_are_told_to_wait_and_good_ones_are_not(alice: User, api: Callable[..., Any]) -> None:
    address = "192.0.2.50"
    wrong = Client(REMOTE_ADDR=address, headers={"authorization": "Bearer lode_x_y"})
    assert {wrong.get("/api/v1/me").status_code for _ in range(throttle.TOKENS)} == {401}
    refused = wrong.get("/api/v1/me")
    assert refused.status_code == 429 and refused.json()["code"] == "too_many"
    assert 0 < int(refused.headers["Retry-After"]) <= throttle.TOKEN_SECONDS
    good = Client(REMOTE_ADDR=address, headers={"authorization": f"Bearer {api(alice).token}"})
    assert good.get("/api/v1/me").status_code == 200


def test_addresses_are_remembered_within_a_bound() -> None:
    counts = Wrong(most=2, seconds=1000, remembered=3)
    assert [counts.count("first") is None for _ in range(3)] == [True, True, False]
    for number in range(3):
        counts.count(str(number))
    assert counts.count("first") is None


def test_a_person_changes_their_password_and_other_sessions_end(alice: User, client_for: Callable[..., Client]) -> None:
    here, there = client_for(alice), client_for(alice)
    new = {"new_password1": "tr0mbone-lagoon", "new_password2": "tr0mbone-lagoon"}
    wrong = here.post("/account/password", {"old_password": "wrong", **new})
    assert wrong.status_code == 200 and "old password" in wrong.content.decode()
    weak = here.post("/account/password", {"old_password": PASSWORD, "new_password1": "1", "new_password2": "1"})
    assert "too short" in weak.content.decode()
    done = here.post("/account/password", {"old_password": PASSWORD, **new})
    assert done.status_code == 302 and "Password changed" in here.get("/account/").content.decode()
    assert there.get("/account/").status_code == 302
    assert log_in("tr0mbone-lagoon").headers["Location"] == "/" and log_in(PASSWORD).status_code == 200


def test_the_command_makes_a_person_who_can_log_in(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    for password, words in (("tr0mbone-lagoon", "can log in now"), ("lagoon-tr0mbone", "new password")):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        call_command("person", "ada", stdout=said)
        assert words in said.getvalue() and log_in(password, name="ada").headers["Location"] == "/"
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(CommandError, match="too short"):
        call_command("person", "eve")
    assert not User.objects.filter(username="eve").exists()
