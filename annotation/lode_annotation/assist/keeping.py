"""What an assistant has learned, in the store below ``assistants/``: NumPy's arrays (npz), never pickles."""

import io
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.conf import settings

from lode_platform.errors import Busy, Gone, known
from lode_platform.store import store

FOLDER = "assistants"


def name_of(model: UUID) -> str:
    """What the file of a model is called."""
    return f"{model}.npz"


def keep(name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Writes arrays whole, or not at all. Raises ``DiskFull``."""
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    try:
        store().backend.put(f"{FOLDER}/{name}", [out.getvalue()])
    except OSError as error:
        if ours := known(error):
            raise ours from error
        raise


def kept(name: str) -> Mapping[str, npt.NDArray[Any]]:
    """The arrays of a name, "" for none; those asked for last stay in memory. Raises ``Gone``."""
    return _read(str(settings.STORE), name) if name else {}


@lru_cache(maxsize=8)
def _read(_store: str, name: str) -> Mapping[str, npt.NDArray[Any]]:
    try:
        with np.load(store().backend.local(f"{FOLDER}/{name}"), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Busy:
        raise
    except (OSError, ValueError, EOFError) as error:
        raise Gone(
            f"What the assistant learned ({name}) is gone from the store, or broken; train again.",
            code="assistant_gone",
        ) from error
