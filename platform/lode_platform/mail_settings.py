"""Where mail is sent through, as ``EMAIL_URL`` says it."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """A mail server: ``starts_tls`` for STARTTLS, ``is_tls`` for TLS from the first byte; ``sender`` stands in From."""

    host: str
    port: int
    user: str
    password: str
    starts_tls: bool
    is_tls: bool
    sender: str


def of(address: str) -> MailServer | None:
    """The server of ``smtp://[user:password@]host[:port]?from=address``, ``smtp+tls://`` (STARTTLS) or ``smtps://``;
    None for "". What it cannot be is refused by the variable's name, without its password."""
    if not address:
        return None
    try:
        url = urlsplit(address)
        sender = parse_qs(url.query, strict_parsing=bool(url.query)).get("from", [""])[0]
        port = url.port or PORTS[url.scheme]
        right = bool(url.hostname) and "@" in sender and sender.isprintable()
    except (ValueError, KeyError):
        right = False
    if not right:
        raise ImproperlyConfigured(
            "EMAIL_URL is not the address of a mail server:"
            " write smtp+tls://user:password@host:587?from=motherlode@example.org (or smtps:, or smtp:)"
        )
    return MailServer(
        host=url.hostname or "",
        port=port,
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        starts_tls=url.scheme == "smtp+tls",
        is_tls=url.scheme == "smtps",
        sender=sender,
    )
