"""Mail: where it is sent to is one address in the environment; what is sent is plain text."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail as outgoing
from django.core.exceptions import ImproperlyConfigured

from lode_platform import mail
from lode_platform.settings import mail_settings


@pytest.fixture
def server(settings: LazySettings) -> Iterator[None]:
    settings.MAIL = mail_settings("smtp://lode:secret@mail.example.org")
    yield


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("smtp://mail.example.org", {"EMAIL_PORT": 587, "EMAIL_USE_TLS": True, "EMAIL_USE_SSL": False}),
        ("smtps://mail.example.org", {"EMAIL_PORT": 465, "EMAIL_USE_TLS": False, "EMAIL_USE_SSL": True}),
        ("smtp://relay:25?tls=0", {"EMAIL_HOST": "relay", "EMAIL_PORT": 25, "EMAIL_USE_TLS": False}),
        ("smtp://a%40b:p%2Fw@mail", {"EMAIL_HOST_USER": "a@b", "EMAIL_HOST_PASSWORD": "p/w"}),
        ("file:///var/mails", {"EMAIL_FILE_PATH": "/var/mails"}),
        ("", {}),
    ],
)
def test_the_address_of_a_mail_server_is_read(address: str, told: dict[str, Any]) -> None:
    made = mail_settings(address)
    assert told.items() <= made.items() and bool(made) == bool(address)


@pytest.mark.parametrize(
    "address",
    [
        "mail.example.org",
        "http://mail",
        "smtp://",
        "smtp://mail:0",
        "smtp://mail:port",
        "smtp://ann:secret@mail?tsl=0",
        "smtp://mail?tls=2",
        "smtp://mail?tls",
        "smtps://mail?tls=0",
        "smtp://mail/inbox",
        "file://var/mails",
        "smtp://[mail",
    ],
)
def test_what_is_no_mail_server_is_refused_and_its_password_not_repeated(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="MOTHERLODE_MAIL_URL") as refused:
        mail_settings(address)
    assert "secret" not in str(refused.value)


def test_a_mail_has_one_line_of_subject_and_says_that_a_program_wrote_it(server: None) -> None:
    mail.send("ann@example.org", "Join\r\nBcc: eve@example.org", "Hello")
    (sent,) = outgoing.outbox
    assert (sent.to, sent.subject, sent.body) == (["ann@example.org"], "Join Bcc: eve@example.org", "Hello")
    assert sent.message()["Auto-Submitted"] == "auto-generated" and sent.message()["Bcc"] is None


def test_without_a_server_and_with_one_that_is_away_it_is_said(settings: LazySettings) -> None:
    with pytest.raises(mail.Unsent, match="MOTHERLODE_MAIL_URL"):
        mail.send("ann@example.org", "Hello", "Hello")
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        settings.MAIL = mail_settings(f"smtp://127.0.0.1:{taken.getsockname()[1]}?tls=0")
        for name, value in settings.MAIL.items():
            setattr(settings, name, value)
        with pytest.raises(mail.Unsent, match="ConnectionRefusedError"):
            mail.send("ann@example.org", "Hello", "Hello")


@pytest.mark.parametrize("address", ["ann@example.org\nBcc: eve@example.org", "", "ann"])
def test_an_address_that_is_none_is_refused(server: None, address: str) -> None:
    with pytest.raises(mail.Unsent, match="not a mail address"):
        mail.send(address, "Hello", "Hello")
    assert outgoing.outbox == []
