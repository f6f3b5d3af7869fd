"""The Parquet files of predictions, truths and matches: in the store, below ``columns/``, named in their rows.

Every machine sees the store, so a part that one web machine took is joined, evaluated and browsed by any other.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from django.conf import settings

from lode_datasets.models import Version
from lode_hooks.evaluations.metrics.columns import write
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.models import PredictionSet
from lode_platform.errors import Gone, known
from lode_platform.store import store

FOLDER = "columns"


def keep(frame: pl.DataFrame, name: str) -> None:
    """Write a frame under the name that a row gives it: whole and forced to disk before it can be seen there.

    Raises ``DiskFull`` where the store has no space left; then nothing of it is kept.
    """
    backend = store().backend
    beside = backend.scratch()
    try:
        write(frame, beside)
        backend.commit([(beside, f"{FOLDER}/{name}")])
    except OSError as error:
        if ours := known(error):
            raise ours from error
        raise
    finally:
        beside.unlink(missing_ok=True)


def has(name: str) -> bool:
    """Whether there is a file under the name."""
    return store().backend.size(f"{FOLDER}/{name}") is not None


def held(name: str) -> Path:
    """The file that a row names, to be read. Raises ``Gone`` where the store has none.

    Files of an installation that kept them in MOTHERLODE_HOME are read where they lie.
    """
    with suppress(FileNotFoundError):
        return store().backend.local(f"{FOLDER}/{name}")
    older = Path(settings.HOME) / FOLDER / name
    if older.is_file():
        return older
    raise Gone(
        f"{FOLDER}/{name} is gone from the store, which holds what was predicted or measured: bring the store back from"
        " a backup, or send the predictions again as a new set.",
        code="columns_gone",
    )


def part_name(prediction_set: UUID, number: int, sha256: str) -> str:
    """A part of a prediction set as it arrived; named by its content too, so that two bodies never share a file."""
    return f"predictions/{prediction_set}/part-{number:06d}-{sha256[:16]}.parquet"


def predictions_name(prediction_set: UUID) -> str:
    """A whole prediction set."""
    return f"predictions/{prediction_set}/predictions.parquet"


def scope_name(prediction_set: UUID) -> str:
    """The items that a prediction set on a part of a split means."""
    return f"predictions/{prediction_set}/scope.parquet"


def truth_names(truth: Version, predicted: PredictionSet, kind: str) -> tuple[str, str]:
    """Items and truths of `truth` for the items that a prediction set means; immutable, since versions and sets are.

    Sets that mean a whole split share the files of that split, truths with those of one `kind` of columns.
    """
    own = predicted.version_id == truth.pk
    key = predicted.split if own else f"{predicted.version.uuid}-{predicted.split}"
    if predicted.control:
        key = f"{key}-{sha256(predicted.control.encode()).hexdigest()[:16]}"
    if predicted.partial:
        key = f"{key}-{predicted.uuid}"
    folder = f"truths/{truth.uuid}"
    return f"{folder}/{key}-items.parquet", f"{folder}/{key}-{kind}.parquet"


def matches_name(evaluation: UUID) -> str:
    """The matches of an evaluation."""
    return f"evaluations/{evaluation}/matches.parquet"
