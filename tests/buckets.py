"""An S3 for tests: moto's server in this process, a bucket for each test, and a bad line to it."""

import logging
import socket
import threading
from contextlib import suppress
from functools import cache
from typing import Any
from uuid import uuid4

import s3fs
from moto.server import ThreadedMotoServer

KEYS = {"key": "access", "secret": "secret", "client_kwargs": {"region_name": "eu-west-1"}}


@cache
def endpoint() -> str:
    """The address of the server, which runs as long as this process."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


class Bucket:
    """A bucket of the test's own, and what a server's settings say of it."""

    def __init__(self) -> None:
        self.name = f"bucket-{uuid4().hex}"
        self.url = f"s3://{self.name}/lode"
        self.options: dict[str, Any] = {**KEYS, "endpoint_url": endpoint()}
        self.files = s3fs.S3FileSystem(**self.options, use_listings_cache=False, skip_instance_cache=True)
        self.files.mkdir(self.name)

    def keys(self, folder: str = "") -> list[str]:
        """What lies below a folder of the store."""
        start = f"{self.name}/lode/"
        return [path.removeprefix(start) for path in self.files.find(f"{start}{folder}".rstrip("/"))]

    def unfinished(self) -> list[Any]:
        """Uploads in parts that were begun and neither finished nor taken back."""
        return list(self.files.list_multipart_uploads(self.name))


class Line:
    """A line to the server of S3 that can be cut, or that changes what is sent over it."""

    def __init__(self) -> None:
        self.left: int | None = None  # bytes that still come through; None: all
        self.swapped: tuple[bytes, bytes] | None = None
        self.cuts = 0
        self._host, self._port = endpoint().removeprefix("http://").split(":")
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._door.accept()
                there = socket.create_connection((self._host, int(self._port)))
                threading.Thread(target=self._pass, args=(here, there, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(there, here, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, up: bool) -> None:
        with suppress(OSError), source, target:
            while data := source.recv(1 << 16):
                if up and self.left is not None:
                    self.left -= len(data)
                    if self.left <= 0:
                        self.cuts += 1
                        break
                if up and self.swapped:
                    data = data.replace(*self.swapped)
                target.sendall(data)
            for end in (source, target):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
