"""What an image encoder made of pictures, in the store below ``embeddings/``, so that it looks at each but once.

A file a page of a blob and a model; of more than ``MOST_BYTES`` the oldest go, and those of other models with them.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.conf import settings

from lode_annotation.assist.promptable_model import Given
from lode_annotation.assist.promptable_process import packed, unpacked
from lode_platform.errors import known
from lode_platform.store import store

FOLDER = "embeddings"


def key_of(model: Given, picture: str) -> str:
    """Where what a model made of a picture lies; ``picture`` names a page of a blob."""
    return f"{FOLDER}/{model.digest}/{picture}.npz"


def kept(key: str) -> dict[str, Any] | None:
    """What was made; None where it is not there, or broken."""
    with suppress(OSError, ValueError, EOFError, KeyError), store().backend.open(key) as file:
        return unpacked(file.read()[8:])
    return None


def keep(key: str, features: Mapping[str, Any]) -> None:
    """Keeps what was made, and makes room for it. On a full disk nothing is kept, and who asked is answered."""
    data = packed(features)
    try:
        store().backend.put(key, [data])
    except OSError as error:
        if known(error):
            return
        raise
    _make_room(key, len(data))


def _make_room(newest: str, size: int) -> None:
    """Files of one model are of one size, so their number says how much they take."""
    most = max(1, settings.ASSIST_CACHE_BYTES // size)
    own = newest.rpartition("/")[0]
    backend = store().backend
    rows = sorted(backend.list(FOLDER), key=lambda row: (not row[0].startswith(own), row[1]))
    for key, _age in rows[most:]:
        if key != newest:
            backend.delete(key)
