"""Where the Parquet files of predictions, truths and matches lie: below MOTHERLODE_HOME, named in their rows."""

from pathlib import Path
from uuid import UUID

from django.conf import settings

from lode_datasets.models import Version
from lode_platform.errors import Gone

FOLDER = "columns"


def at(name: str) -> Path:
    """The file that a row names."""
    return Path(settings.HOME) / FOLDER / name


def held(name: str) -> Path:
    """The file that a row names, to be read. Raises ``Gone`` where it is not on this machine."""
    path = at(name)
    if not path.is_file():
        raise Gone(
            f"{path} is gone, which holds what was measured: bring MOTHERLODE_HOME/{FOLDER} back from a backup, or send"
            " the predictions again as a new set.",
            code="columns_gone",
        )
    return path


def part_name(prediction_set: UUID, number: int) -> str:
    """A part of a prediction set as it arrived."""
    return f"predictions/{prediction_set}/part-{number:06d}.parquet"


def predictions_name(prediction_set: UUID) -> str:
    """A whole prediction set."""
    return f"predictions/{prediction_set}/predictions.parquet"


def truth_names(truth: Version, covered: Version, split: str) -> tuple[str, str]:
    """Items and truths of `truth` for the items that `covered` has in a split; immutable, since versions are."""
    folder = f"truths/{truth.uuid}"
    key = split if covered.pk == truth.pk else f"{covered.uuid}-{split}"
    return f"{folder}/{key}-items.parquet", f"{folder}/{key}-truths.parquet"


def matches_name(evaluation: UUID) -> str:
    """The matches of an evaluation."""
    return f"evaluations/{evaluation}/matches.parquet"
