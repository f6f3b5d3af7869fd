"""Mail to people, where MOTHERLODE_MAIL_URL names a server that takes it; without it none is sent, and pages say so."""

import logging
from collections.abc import Mapping
from smtplib import SMTPException

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email

from lode_platform.errors import LodeError

AUTOMATIC = {"Auto-Submitted": "auto-generated"}
log = logging.getLogger(__name__)


class Unsent(LodeError):
    """The mail did not leave: no server is configured, or it did not take it."""

    status, code = 502, "mail_unsent"


def configured() -> bool:
    """Whether mail can be sent."""
    return bool(settings.MAIL)


def send(to: str, subject: str, text: str, headers: Mapping[str, str] | None = None) -> None:
    """Sends a plain text to one address, from MOTHERLODE_MAIL_FROM, at once: the server is asked before it returns, for
    at most ``EMAIL_TIMEOUT`` seconds a step. A subject is one line, so line ends in it become spaces.

    Raises ``Unsent`` where no mail server is configured, and where it, or the address, was not taken.
    """
    if not configured():
        raise Unsent("This server sends no mail: its administrator can name a mail server in MOTHERLODE_MAIL_URL.")
    try:
        validate_email(to)
    except ValidationError:
        raise Unsent(f"{to!r} is not a mail address.") from None
    message = EmailMessage(" ".join(subject.split()), text, to=[to], headers={**AUTOMATIC, **(headers or {})})
    try:
        message.send()
    except (SMTPException, OSError, ValueError) as error:
        log.warning("A mail could not be sent.", exc_info=True)
        raise Unsent(f"The mail server did not take the mail ({type(error).__name__}).") from error
