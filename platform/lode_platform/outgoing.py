"""HTTP to addresses that people gave: never to the server's own network, unless the operator names the host.

A name is resolved once, each of its addresses is checked, and the connection is made to the address that was checked; a
redirect is another connection, and checked alike. Proxies of the environment are not asked.
"""

import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpcore
import httpx
from django.conf import settings

from lode_platform.errors import BadInput, LodeError

MOST_BYTES = 16 * 1024**2
HOPS = 3
CONNECT_SECONDS = 3.0


class Unanswered(LodeError):
    """Whoever was asked did not answer, or not in words that are understood."""

    status, code = 502, "unanswered"


def check_address(address: str) -> str:
    """An address to ask later, as it was given. Raises ``BadInput`` for one that is none; where it leads is checked
    when it is asked."""
    try:
        parts = urlsplit(address)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        right = False
    if not right or not address.isprintable() or " " in address or len(address) > 500:
        raise BadInput(f"{address[:200]!r} is not an address: write http(s)://host[:port][/path].", field="url")
    return address.rstrip("/")


def refuse_private(address: str) -> None:
    """Raises ``BadInput`` (``address_refused``) for an address whose host is written as a private one, such as
    127.0.0.1 or localhost. Nothing is looked up: where a name leads is checked when it is asked."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or 80
    try:
        _checked("127.0.0.1" if _is_localhost(host) else host, port, flags=socket.AI_NUMERICHOST, said=host)
    except httpcore.ConnectError:
        return


def _is_localhost(host: str) -> bool:
    return host.lower().rstrip(".").rpartition(".")[2] == "localhost"


@dataclass(frozen=True)
class Answer:
    """What an address answered: its status, and the beginning of its words."""

    status: int
    text: str


def post(address: str, body: bytes, headers: Mapping[str, str], *, seconds: float, most: int) -> Answer:
    """Sends a body, follows no redirect, and reads at most ``most`` bytes of what is answered, all within ``seconds``.

    Raises ``Unanswered``, and ``BadInput`` (``address_refused``) for an address that may not be asked.
    """
    until = time.monotonic() + seconds
    limits = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
    read = bytearray()
    try:
        with (
            httpx.Client(transport=_Guarded(until), timeout=limits, trust_env=False) as client,
            client.stream("POST", address, content=body, headers=dict(headers)) as answer,
        ):
            for chunk in answer.iter_raw(4096):
                read += chunk
                if len(read) >= most:
                    break
    except httpx.HTTPError as error:
        raise Unanswered(f"{urlsplit(address).netloc} did not answer: {_why(error)}.") from None
    except httpx.InvalidURL:
        raise BadInput(f"{address!r} is not an address.", field="url") from None
    return Answer(answer.status_code, bytes(read[:most]).decode(errors="replace"))


def _why(error: httpx.HTTPError) -> str:
    said = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}, {said}" if said else type(error).__name__


def ask(method: str, address: str, body: Any = None, *, seconds: float) -> Any:
    """The JSON that an address answers to JSON. Raises ``Unanswered``, and ``BadInput`` (``address_refused``) for one
    that may not be asked."""
    until = time.monotonic() + seconds
    with _asked(method, address, body, seconds, until) as answer:
        text = b"".join(_chunks(answer, until, MOST_BYTES))
    if answer.status_code >= 300:
        raise Unanswered(f"{address} answered {answer.status_code}.")
    try:
        return json.loads(text or b"null")
    except (ValueError, RecursionError):
        raise Unanswered(f"{address} did not answer in JSON.") from None


def fetch(address: str, into: BinaryIO, *, seconds: float, most: int) -> str:
    """Writes what an address answers to GET ``into`` a file; the type that it says it is of.

    Raises ``Unanswered``, also for more than ``most`` bytes, and ``BadInput`` as ``ask`` does.
    """
    until = time.monotonic() + seconds
    with _asked("GET", address, None, seconds, until) as answer:
        for chunk in _chunks(answer, until, most):
            into.write(chunk)
    if answer.status_code >= 300:
        raise Unanswered(f"{address} answered {answer.status_code}.")
    return str(answer.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


@contextmanager
def _asked(method: str, address: str, body: Any, seconds: float, until: float) -> Iterator[httpx.Response]:
    limits = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
    try:
        with (
            httpx.Client(
                transport=_Guarded(until), timeout=limits, follow_redirects=True, max_redirects=HOPS, trust_env=False
            ) as client,
            client.stream(method, address, json=body) as answer,
        ):
            yield answer
    except httpx.HTTPError as error:
        raise Unanswered(f"{address} did not answer: {type(error).__name__}.") from None
    except httpx.InvalidURL:
        raise BadInput(f"{address!r} is not an address.", field="url") from None


def _chunks(answer: httpx.Response, until: float, most: int) -> Iterator[bytes]:
    read = 0
    for chunk in answer.iter_bytes(1 << 20):
        read += len(chunk)
        if read > most:
            raise Unanswered(f"{answer.url} answered more than {most // 1024**2} MiB.")
        if time.monotonic() > until:
            raise Unanswered(f"{answer.url} took too long.")
        yield chunk


class _Guarded(httpx.HTTPTransport):
    """httpx's transport over connections that are checked, and that end at a moment of the monotonic clock."""

    def __init__(self, until: float) -> None:
        super().__init__(trust_env=False)
        context = httpx.create_ssl_context(trust_env=False)
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_Checked(until))


class _Ending(httpcore.NetworkStream):
    """A connection that waits for nothing after a moment: a peer that sends a byte now and then ends there as well."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def _left(self, timeout: float | None, error: type[Exception]) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise error("it took too long")
        return left if timeout is None else min(left, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._left(timeout, httpcore.ConnectTimeout)
        return _Ending(self._stream.start_tls(ssl_context, server_hostname, left), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Checked(httpcore.SyncBackend):
    """Connects to an address of the host that may be asked."""

    def __init__(self, until: float) -> None:
        self._until = until

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = _checked(host, port)
        stream = super().connect_tcp(address, port, timeout, local_address, socket_options)
        return _Ending(stream, self._until)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise BadInput("A socket of this machine is not asked.", code="address_refused")


def _checked(host: str, port: int, *, flags: int = 0, said: str = "") -> str:
    """The first address of a host, all of which may be asked; it is called ``said`` where that is another name."""
    said = said or host
    try:
        found = [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)]
    except (OSError, UnicodeError):
        raise httpcore.ConnectError(f"{said} has no address") from None
    if said.lower() not in settings.PRIVATE_HOSTS:
        for address in found:
            if not is_public(address):
                raise BadInput(
                    f"{said} lies at {address}, in a private network: an operator may name it in"
                    " MOTHERLODE_PRIVATE_HOSTS.",
                    code="address_refused",
                    field="url",
                )
    return found[0]


def is_public(address: str) -> bool:
    """Whether an IP address is of the public internet, and so is any that it carries within it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return False
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if any(one is not None and not is_public(str(one)) for one in inner):
            return False
        if ip.ipv4_mapped is not None:
            return True
    return ip.is_global and not ip.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
